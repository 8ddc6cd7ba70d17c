// Package fleet is a generator of the load that a fleet of devices browsing the catalogue makes: an open loop over
// Zipf-skewed titles, with revalidation and a mix of encodings.
package fleet

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"encora/loadtest/device"
	"encora/loadtest/latency"
	"encora/loadtest/openloop"
)

// Fleet is one run against one or several edges, which are asked in turn.
type Fleet struct {
	Edges      []*device.Client
	Tokens     []string
	Catalogue  Catalogue
	Mix        Mix
	Skew       float64 // of the titles' popularity, above 1
	Revalidate float64 // share of the requests for a known answer that carry its ETag
	Load       openloop.Load
}

// Result is what a run came to; the last row is that of all operations.
type Result struct {
	openloop.Outcome
	Rows   []latency.Row `json:"operations"`
	Faults []string      `json:"first_errors,omitempty"`
}

// Run offers the load until its end or ctx's.
func (f *Fleet) Run(ctx context.Context) Result {
	var recorder latency.Recorder
	known := &etags{of: map[string]string{}}
	viewers, rolls := make([]*viewer, f.Load.Workers), make([]*rand.Rand, f.Load.Workers)
	for w := range viewers {
		viewers[w] = newViewer(f.Load.Seed, uint64(w), f.Skew, f.Mix, f.Catalogue, f.Tokens)
		rolls[w] = rand.New(rand.NewPCG(f.Load.Seed+1, uint64(w)))
	}
	outcome := f.Load.Run(ctx, func(w int, due time.Time) {
		req := viewers[w].next()
		if rolls[w].Float64() < f.Revalidate {
			req.ETag = known.get(req)
		}
		answer, err := f.Edges[w%len(f.Edges)].Do(req, false)
		known.put(req, answer)
		if err == nil && failed(req, answer) {
			err = answer.Fault(req)
		}
		recorder.Record(req.Op, time.Since(due), answer.Status, err)
	})
	return Result{Outcome: outcome, Rows: recorder.Rows(outcome.Elapsed), Faults: recorder.Faults()}
}

// warm offers the load with other draws and forgets the result.
func (f *Fleet) warm(ctx context.Context, d time.Duration) {
	before := *f
	before.Load.Duration, before.Load.Seed = d, f.Load.Seed+1000
	before.Run(ctx)
}

// failed tells errors from answers that a correct server may give: a title, channel or programme may be gone since it was
// listed, and 304 answers nothing but If-None-Match.
func failed(req device.Request, a device.Answer) bool {
	switch a.Status {
	case 200:
		return false
	case 304:
		return req.ETag == ""
	case 404:
		return !slices.Contains([]string{getMovie, listRelated, getChannel, getProgram}, req.Op)
	}
	return true
}

// etags remembers the latest ETag of each answer, as a device's HTTP cache would, but for all viewers together.
type etags struct {
	mu sync.Mutex
	of map[string]string
}

// remembered bounds the memory of the generator; what does not fit is never revalidated.
const remembered = 200_000

func (e *etags) get(req device.Request) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.of[req.Encoding+" "+req.Path]
}

func (e *etags) put(req device.Request, a device.Answer) {
	if a.Status != 200 || a.ETag == "" {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	key := req.Encoding + " " + req.Path
	if _, held := e.of[key]; held || len(e.of) < remembered {
		e.of[key] = a.ETag
	}
}
