package filter

import "github.com/jackc/pgx/v5"

type Filter struct{}
type Problem struct {
	Line, Column int
	Message      string
}

func Compile(text string) (*Filter, []Problem)                     { return &Filter{}, nil }
func (f *Filter) SQL(alias, prefix string) (string, pgx.NamedArgs) { return "true", pgx.NamedArgs{} }
