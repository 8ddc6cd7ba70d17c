package propagate

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"encora/loadtest/device"
	"encora/loadtest/editor"
	"encora/loadtest/latency"
)

// run is writers that change films of their own while watchers look at every edge.
type run struct {
	origin   *editor.Client
	edges    []*device.Client
	token    string
	name     string // begins the titles, so that runs do not meet
	pause    time.Duration
	poll     time.Duration
	patience time.Duration    // how long an edge may take before its answer counts as missing
	recorder latency.Recorder // by kind of write: from its acknowledgement until all edges show it

	reads, old, missing atomic.Int64
	mu                  sync.Mutex
	odd                 []string
}

// write publishes, changes, takes down and publishes one film, again and again until ctx ends, then removes it.
func (r *run) write(ctx context.Context, writer int) error {
	id, err := r.origin.Create(r.title(writer, 0))
	if err != nil {
		return err
	}
	f := &film{run: r, id: id, writer: writer}
	for err == nil && ctx.Err() == nil {
		err = f.cycle(ctx)
	}
	if f.shown != absent {
		_ = r.origin.Unpublish(id) // an error would hide the one that matters, and shows in the deletion
	}
	if gone := r.origin.Delete(id); err == nil {
		err = gone
	}
	return err
}

func (r *run) title(writer, version int) string {
	return fmt.Sprintf("%s writer %d version %d", r.name, writer, version)
}

// film is the film of one writer.
type film struct {
	*run
	id      string
	writer  int
	version int
	shown   state
}

// cycle is publish, change twice, unpublish, and a change that nobody may see.
func (f *film) cycle(ctx context.Context) error {
	publish := func() error { return f.origin.Publish(f.id) }
	unpublish := func() error { return f.origin.Unpublish(f.id) }
	change := func() error { return f.save("published") }
	for _, step := range []struct {
		kind  string
		write func() error
		shows bool
		next  bool // shows the next version
	}{
		{"publish", publish, true, false}, {"change", change, true, true}, {"change", change, true, true}, {"unpublish", unpublish, false, false},
	} {
		if ctx.Err() != nil {
			return nil
		}
		if step.next {
			f.version++
		}
		after := absent
		if step.shows {
			after = state(f.title(f.writer, f.version))
		}
		if err := f.step(step.kind, after, step.write); err != nil {
			return err
		}
		time.Sleep(f.pause)
	}
	f.version++
	return f.save("unpublished")
}

func (f *film) save(status string) error {
	return f.origin.Save(f.id, editor.Film(f.title(f.writer, f.version), status))
}

// step does one write under the eyes of a watcher for each edge.
func (f *film) step(kind string, after state, write func() error) error {
	c := &change{path: "/v2/movies/" + f.id, token: f.token, before: f.shown, after: after}
	sightings, errs := make([]sighting, len(f.edges)), make([]error, len(f.edges))
	var watchers sync.WaitGroup
	for i, edge := range f.edges {
		watchers.Go(func() {
			w := watcher{edge: edge, every: f.poll, linger: 20 * time.Millisecond, patience: f.patience}
			sightings[i], errs[i] = w.watch(c)
		})
	}
	err := write()
	now := time.Now()
	c.acked.Store(&now) // also after an error, or the watchers would wait
	watchers.Wait()
	if err != nil {
		return err
	}
	f.shown = after
	f.count(kind, c, sightings)
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *run) count(kind string, c *change, sightings []sighting) {
	r.reads.Add(c.readsOfThis.Load())
	slowest, all := time.Duration(0), true
	for _, s := range sightings {
		slowest, all = max(slowest, s.took), all && s.seen
		r.old.Add(s.old)
		r.mu.Lock()
		r.odd = append(r.odd, s.odd...)
		r.mu.Unlock()
	}
	if !all {
		r.missing.Add(1)
		return
	}
	r.recorder.Record(kind, slowest, 200, nil)
}
