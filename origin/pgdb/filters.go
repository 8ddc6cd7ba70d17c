package pgdb

import (
	"strings"

	"github.com/jackc/pgx/v5"
)

// Filters is the WHERE of a list: conditions of our own text with named arguments of the caller's values.
type Filters struct {
	conditions []string
	values     pgx.NamedArgs
}

// And adds a condition whose arguments are named in it; pairs are names and values.
func (f *Filters) And(condition string, pairs ...any) {
	f.conditions = append(f.conditions, condition)
	if f.values == nil {
		f.values = pgx.NamedArgs{}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.values[pairs[i].(string)] = pairs[i+1]
	}
}

// With is And for arguments that come by name.
func (f *Filters) With(condition string, args pgx.NamedArgs) {
	f.And(condition)
	for name, value := range args {
		f.values[name] = value
	}
}

// Where renders the conditions, each with AND before it.
func (f *Filters) Where() string {
	if len(f.conditions) == 0 {
		return ""
	}
	return " AND " + strings.Join(f.conditions, " AND ")
}

// Args is a copy of the arguments, with room for the caller's own.
func (f *Filters) Args() pgx.NamedArgs {
	args := make(pgx.NamedArgs, len(f.values)+4)
	for k, v := range f.values {
		args[k] = v
	}
	return args
}
