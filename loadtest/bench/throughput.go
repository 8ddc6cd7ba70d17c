package bench

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"

	"encora/loadtest/closedloop"
	"encora/loadtest/fakeorigin"
	"encora/loadtest/mdtable"
	"encora/loadtest/subject"
	"encora/shared/token"
)

// tables are the two that a comparison fills.
func tables(title string) (*mdtable.Table, *mdtable.Table) {
	return &mdtable.Table{Title: title, Columns: []string{"answer", "server", "req/s:", "server CPU µs/req:", "errors:"}},
		&mdtable.Table{Title: title + ": the edge's throughput over its peers'",
			Columns: []string{"answer", "against", "median ratio:", "range:", "floor / aim:", "verdict"}}
}

// hits compares warm hits of all sizes.
func (r *rig) hits(ctx context.Context, out io.Writer) error {
	f, err := r.servers(ctx, out)
	if err != nil {
		return err
	}
	values, ratios := tables("Warm hits, identity encoding")
	for _, p := range f.pages {
		plan := closedloop.Request{Path: p.Path, Token: r.token}
		entrants, err := r.enter(f.all(), func(*subject.Subject) (closedloop.Request, error) { return plan, nil })
		if err != nil {
			return err
		}
		goals := hitGoals
		if p.Path == fakeorigin.HomePath {
			goals = homeGoals
		}
		if err := r.compare(ctx, fmt.Sprintf("200, %d B", len(p.Body)), entrants, values, ratios, goals); err != nil {
			return err
		}
	}
	return write(out, values, ratios)
}

// revalidations compares 304 answers of the servers that give them, each asked with its own ETag.
func (r *rig) revalidations(ctx context.Context, out io.Writer) error {
	f, err := r.servers(ctx, out)
	if err != nil {
		return err
	}
	able := slices.DeleteFunc(slices.Clone(f.all()), func(s *subject.Subject) bool { return !s.Validates })
	page := f.pages[0]
	entrants, err := r.enter(able, func(s *subject.Subject) (closedloop.Request, error) {
		header, _, _, err := s.Fetch(ctx, page.Path, r.token, "")
		if err != nil {
			return closedloop.Request{}, err
		}
		etag := header.Get("ETag")
		if _, status, _, err := s.Fetch(ctx, page.Path, r.token, etag); err != nil || status != http.StatusNotModified {
			return closedloop.Request{}, fmt.Errorf("%s answers its own ETag %s with status %d, %v", s.Name, etag, status, err)
		}
		return closedloop.Request{Path: page.Path, Token: r.token, ETag: etag}, nil
	})
	if err != nil {
		return err
	}
	values, ratios := tables("Revalidation")
	if err := r.compare(ctx, "304", entrants, values, ratios, revalidationGoals); err != nil {
		return err
	}
	return write(out, values, ratios)
}

// enter prepares a plan of one request for each server.
func (r *rig) enter(servers []*subject.Subject, ask func(*subject.Subject) (closedloop.Request, error)) ([]*contestant, error) {
	var entrants []*contestant
	for i, s := range servers {
		req, err := ask(s)
		if err != nil {
			return nil, err
		}
		plan, err := r.generator.Prepare(fmt.Sprintf("plan-%d", i), closedloop.Plan{Requests: []closedloop.Request{req}, Connections: r.Connections})
		if err != nil {
			return nil, err
		}
		entrants = append(entrants, &contestant{name: s.Name, server: s, plan: plan})
	}
	return entrants, nil
}

func (r *rig) compare(ctx context.Context, what string, entrants []*contestant, values, ratios *mdtable.Table, goals map[string]goal) error {
	if err := r.contest(ctx, entrants); err != nil {
		return err
	}
	absolute(values, what, entrants)
	if len(entrants) > 0 && entrants[0].name == edgeName {
		relative(ratios, what, entrants[0], entrants[1:], goals)
	}
	return nil
}

// write prints the tables that have rows.
func write(out io.Writer, tables ...*mdtable.Table) error {
	for _, t := range tables {
		if len(t.Rows) == 0 {
			continue
		}
		if _, err := t.WriteTo(out); err != nil {
			return err
		}
	}
	return nil
}

// maxTokensRatio is how much more CPU a request may cost when tokens and films are many.
const maxTokensRatio = 1.2

// tokens compares the edge with itself: every request with another of many tokens for another of as many films, against
// the same number of prepared requests for one film with one token.
func (r *rig) tokens(ctx context.Context, out io.Writer) error {
	title := fmt.Sprintf("%d tokens × %d films against one of each", r.Keys, r.Keys)
	edge, err := r.edge(ctx, 7, r.Core, roomy)
	if err != nil {
		return without(out, title, err)
	}
	defer edge.Stop()
	many, err := r.pairs()
	if err != nil {
		return err
	}
	one := slices.Repeat([]closedloop.Request{{Path: film(fakeorigin.Small, 0), Token: r.token}}, len(many))
	entrants := []*contestant{{name: "one", server: edge}, {name: "many", server: edge}}
	for i, requests := range [][]closedloop.Request{one, many} {
		entrants[i].plan, err = r.generator.Prepare(entrants[i].name, closedloop.Plan{Requests: requests, Connections: r.Connections})
		if err != nil {
			return err
		}
	}
	if err := r.warm(ctx, edge, many); err != nil {
		return err
	}
	if err := r.contest(ctx, entrants); err != nil {
		return err
	}
	values, _ := tables(title)
	absolute(values, "200, 1536 B", entrants)
	if err := write(out, values); err != nil {
		return err
	}
	ratio := mdtable.Median(mdtable.Ratios(entrants[1].rounds.micros, entrants[0].rounds.micros))
	_, err = fmt.Fprintf(out, "CPU per request, many over one: %.3f (at most %.1f).\n\n", ratio, maxTokensRatio)
	return err
}

// pairs gives every token a film of its own, both in random order. More pairs than that would show the server nothing
// new, and the generator's copy of them would push the server's memory out of the core's cache.
func (r *rig) pairs() ([]closedloop.Request, error) {
	rng := rand.New(rand.NewPCG(1, 1))
	accounts := rng.Perm(r.Keys)
	requests := make([]closedloop.Request, r.Keys)
	for i, n := range rng.Perm(r.Keys) {
		account, profile := token.AccountID(accounts[i]), token.ProfileID(accounts[i])
		t, err := r.issuer.Mint(token.Spec{Role: "viewer", Account: account.String(), Profiles: []string{profile.String()}})
		if err != nil {
			return nil, err
		}
		requests[i] = closedloop.Request{Path: film(fakeorigin.Small, n), Token: t}
	}
	return requests, nil
}
