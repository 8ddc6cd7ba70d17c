package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"encora/origin/api"
	"encora/origin/migrations"
	"encora/shared/token"
)

type migrate struct{ database }

// Run migrates the database.
func (m *migrate) Run(ctx context.Context, p *program) error {
	if err := migrations.Up(ctx, string(m.DatabaseURL)); err != nil {
		return err
	}
	p.log.Info("the database has the newest schema")
	return nil
}

type tokens struct {
	Role    string        `help:"Whose token." enum:"viewer,editor,admin" default:"viewer"`
	Account string        `help:"Account id of a viewer. Default: the demo account."`
	Profile []string      `help:"Profile ids of the account. Default: the demo account's."`
	Country string        `help:"ISO 3166-1 alpha-2 country claim."`
	Plan    string        `help:"Plan id claim."`
	TTL     time.Duration `name:"ttl" help:"How long it is valid; negative for one that has expired." default:"12h"`
	Count   int           `help:"How many tokens, each of an account of its own, one a line." default:"0"`
	Out     string        `help:"File to write them to, instead of standard output." type:"path"`
}

// Run prints tokens of the development issuer.
func (t *tokens) Run(_ context.Context, p *program) error {
	if env, set := os.LookupEnv("ENV"); set && env == "production" {
		return errors.New("the built-in token issuer is refused when ENV=production")
	}
	issuer, err := token.OpenIssuer(p.settings.StateDir)
	if err != nil {
		return err
	}
	spec := token.Spec{Role: t.Role, Account: t.Account, Profiles: t.Profile, Country: t.Country, Plan: t.Plan, TTL: t.TTL}
	return toFile(t.Out, p.out, func(w io.Writer) error {
		if t.Count > 0 {
			return issuer.MintMany(w, t.Count, spec)
		}
		text, err := issuer.Mint(spec)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(w, text)
		return err
	})
}

// toFile writes to the named file, or to out when the name is empty.
func toFile(name string, out io.Writer, write func(io.Writer) error) error {
	if name == "" {
		return write(out)
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

type gen struct {
	Dir string `help:"Root of the source tree." default:"." type:"path"`
}

// Run writes shared/op/ops.gen.json.
func (g *gen) Run(_ context.Context, _ *program) error {
	ops, err := json.MarshalIndent(api.Ops(newDomains(nil, nil, "").entries()), "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(g.Dir, "shared/op/ops.gen.json"), append(ops, '\n'), 0o644)
}
