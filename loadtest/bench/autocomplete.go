package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"encora/loadtest/closedloop"
	"encora/loadtest/device"
	"encora/loadtest/fakeorigin"
	"encora/loadtest/latency"
	"encora/loadtest/mdtable"
	"encora/loadtest/process"
	"encora/loadtest/subject"
)

const (
	autocompletePath = "/v2/search/autocomplete"
	// autocompleteRate is how many requests a second the case makes, and maxAutocompleteP99 how long they may take.
	autocompleteRate   = 5000
	maxAutocompleteP99 = time.Millisecond
	// mostLetters are typed of a word.
	mostLetters = 8
)

// autocomplete measures suggestions over many titles in an open loop, and how many a second the edge's core can give.
func (r *rig) autocomplete(ctx context.Context, out io.Writer) error {
	title := fmt.Sprintf("Autocomplete over %d titles, another prefix in every request, %d requests a second", fakeorigin.Titles, autocompleteRate)
	edge, err := r.edge(ctx, 7, r.Core, roomy)
	if err != nil {
		return without(out, title, err)
	}
	defer edge.Stop()
	prefixes := r.prefixes()
	began := time.Now()
	_, status, body, err := edge.Fetch(ctx, prefixes[0].Path, r.token, "")
	first := time.Since(began)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the edge answers GET %s with status %d: %.300s", prefixes[0].Path, status, body)
	}
	if err != nil {
		return err
	}
	asked := r.origin.Fills()
	c, err := r.complete(ctx, edge, prefixes)
	if err != nil {
		return err
	}
	if n := r.origin.Fills() - asked; n > 0 {
		return fmt.Errorf("the origin was asked for %d parts meanwhile: not all answers were hits", n)
	}
	if err := write(out, latency.Table(title, c.rows)); err != nil {
		return err
	}
	p99, verdict := c.rows[len(c.rows)-1].P99, "reached"
	if p99 > float64(maxAutocompleteP99)/float64(time.Millisecond) {
		verdict = "MISSED"
	}
	_, err = fmt.Fprintf(out, "p99 %.2f ms, asked for at most %s: %s. The edge's CPU per request: %.1f µs; as fast as it can, it answers %.0f a second on its core. "+
		"The first answer, for which all parts are fetched, took %d ms.\n\n", p99, maxAutocompleteP99, verdict, c.micros, c.most, first.Milliseconds())
	return err
}

// completed is what the case came to.
type completed struct {
	rows   []latency.Row // at the rate
	micros float64       // of the edge's CPU a request, at the rate
	most   float64       // requests a second, as fast as the edge answers
}

// complete asks for the prefixes from other cores than the edge's.
func (r *rig) complete(ctx context.Context, edge *subject.Subject, prefixes []device.Request) (completed, error) {
	restore, err := process.Avoid(r.Core)
	if err != nil {
		return completed{}, err
	}
	var c completed
	if c.rows, c.micros, err = r.browse(ctx, edge, prefixes, autocompleteRate); err == nil {
		c.most, err = r.ceiling(ctx, edge, prefixes)
	}
	return c, errors.Join(err, restore())
}

// ceiling is how many requests a second the edge answers that are sent as fast as that.
func (r *rig) ceiling(ctx context.Context, edge *subject.Subject, prefixes []device.Request) (float64, error) {
	requests := make([]closedloop.Request, len(prefixes))
	for i, p := range prefixes {
		requests[i] = closedloop.Request{Path: p.Path, Token: p.Token}
	}
	beside := *r
	beside.generator.Core = anyCore // of those that this process has left
	plan, err := beside.generator.Prepare("autocomplete", closedloop.Plan{Requests: requests, Connections: r.Connections})
	if err != nil {
		return 0, err
	}
	alone := &contestant{name: edgeName, server: edge, plan: plan}
	if err := beside.contest(ctx, []*contestant{alone}); err != nil {
		return 0, err
	}
	if n := alone.rounds.errors; n > 0 {
		return 0, fmt.Errorf("%d requests failed", n)
	}
	return mdtable.Median(alone.rounds.perSecond), nil
}

// prefixes are as many requests as there are keys, each for the first letters of some word of a title. One in four has a
// whole word before it.
func (r *rig) prefixes() []device.Request {
	rng := rand.New(rand.NewPCG(8, 8))
	requests := make([]device.Request, r.Keys)
	for i := range requests {
		words := strings.Fields(fakeorigin.TitleName(rng.IntN(fakeorigin.Titles)))
		at, letters := rng.IntN(len(words)), 1+rng.IntN(mostLetters)
		q, op := words[at][:min(letters, len(words[at]))], fmt.Sprintf("letters: %d", letters)
		if at > 0 && rng.IntN(4) == 0 {
			q, op = words[at-1]+" "+q, "two words"
		}
		requests[i] = device.Request{Op: op, Path: autocompletePath + "?" + url.Values{"q": {q}}.Encode(), Token: r.token}
	}
	return requests
}
