// Package conf reads a binary's settings from flags and environment: --origin-addr and ORIGIN_ADDR are the same setting,
// and the flag wins. Everything is checked before anything starts.
package conf

import (
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"
)

// ErrHelp says that --help was asked for and printed: the program ends with status 0.
var ErrHelp = errors.New("help was printed")

// Program is what Parse needs to know beside the settings.
type Program struct {
	Name        string
	Description string
	Args        []string                    // without the program's name
	LookupEnv   func(string) (string, bool) // os.LookupEnv
	Out         io.Writer                   // where --help goes
}

// Parse fills cfg, a pointer to a struct with kong's tags (help, default, required, enum, cmd …, but not env, which is
// derived from the flag's name). The `Validate() error` of cfg and of the chosen command, if they have one, is called
// last. The error names flag and variable of everything that is missing or wrong in the environment, and of the first
// flag that is wrong. An empty variable counts as absent.
func Parse(cfg any, p Program) (*kong.Context, error) {
	e := &environment{lookup: p.LookupEnv}
	helped := false
	k, err := kong.New(cfg, kong.Name(p.Name), kong.Description(p.Description), kong.Writers(p.Out, p.Out),
		kong.Exit(func(int) { helped = true }), kong.ValueFormatter(describe),
		kong.Resolvers(kong.ResolverFunc(e.resolve)))
	if err != nil {
		return nil, fmt.Errorf("settings of %s: %w", p.Name, err)
	}
	ctx, err := k.Parse(p.Args)
	if helped { // kong goes on after printing, and may then miss a flag
		return nil, ErrHelp
	}
	if err != nil {
		return nil, e.explain(err)
	}
	return ctx, errors.Join(e.faults...)
}
