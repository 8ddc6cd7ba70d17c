package conf

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// environment gives flags that are not on the command line their values. It keeps what is wrong with them instead of
// stopping, as kong would, at the first.
type environment struct {
	lookup func(string) (string, bool)
	faults []error
}

// variable is the name of a flag's environment variable.
func variable(flag string) string { return strings.ToUpper(strings.ReplaceAll(flag, "-", "_")) }

// describe is a flag's line in --help.
func describe(v *kong.Value) string {
	if v.Flag == nil || v.Name == "help" {
		return v.Help
	}
	return strings.TrimSpace(v.Help + " ($" + variable(v.Name) + ")")
}

// resolve is a kong.ResolverFunc.
func (e *environment) resolve(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
	if f.Name == "help" {
		return nil, nil
	}
	value, _ := e.lookup(variable(f.Name))
	if value == "" {
		if f.Required {
			e.fault(f.Name, errors.New("is required"))
		}
		return nil, nil
	}
	if err := try(f, value); err != nil {
		e.fault(f.Name, err)
		return nil, nil
	}
	return value, nil
}

func (e *environment) fault(flag string, err error) {
	e.faults = append(e.faults, fmt.Errorf("--%s (%s): %w", flag, variable(flag), err))
}

// try decodes a value without setting the flag.
func try(f *kong.Flag, value string) error {
	scan := kong.Scan().PushTyped(value, kong.FlagValueToken)
	scratch := reflect.New(f.Target.Type()).Elem()
	if err := f.Mapper.Decode(&kong.DecodeContext{Value: f.Value, Scan: scan}, scratch); err != nil {
		return err
	}
	if f.Enum != "" && scratch.Kind() == reflect.String && !slices.Contains(f.EnumSlice(), value) {
		return fmt.Errorf("%q is none of %s", value, strings.Join(f.EnumSlice(), ", "))
	}
	return nil
}

// explain adds to kong's error what else is wrong, and the variables' names.
func (e *environment) explain(err error) error {
	var parse *kong.ParseError
	if !errors.As(err, &parse) {
		return err
	}
	text := err.Error()
	if strings.HasPrefix(text, "missing flags: ") && len(e.faults) > 0 { // resolve has seen each of them
		return errors.Join(e.faults...)
	}
	for _, p := range parse.Context.Path {
		for _, f := range p.Flags {
			if rest, ok := strings.CutPrefix(text, "--"+f.Name+":"); ok {
				err = fmt.Errorf("--%s (%s):%s", f.Name, variable(f.Name), rest)
			} else if parse.Context.Error != nil && !f.Set { // kong stopped on the command line, before the environment
				_, _ = e.resolve(parse.Context, p, f) // for the faults that it keeps
			}
		}
	}
	return errors.Join(append(e.faults, err)...)
}
