package bulk

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"encora/loadtest/device"
	"encora/loadtest/mdtable"
	"encora/shared/wire"
)

// run is the rounds of one command.
type run struct {
	*Command
	stage    *stage
	audience *audience
	outcomes []*outcome // in the order of a round
	wrong    []error
}

// outcome is what changes of one kind came to, one value a round; of a genre's, two.
type outcome struct {
	name    string
	editing []time.Duration            // the editor's own request
	shown   []time.Duration            // from its answer until the last edge showed the last answer
	kinds   map[string][]time.Duration // the same for each kind of answer
	fills   []int                      // that went to the origin until a second later
	bound   []int                      // of these
	joined  []int                      // of the fills those that the origin answered from another edge's
	calm    []int                      // fills in the second before
	asked   []int                      // distinct answers that somebody asked an edge for meanwhile
}

// after is how long fills are counted once everything shows.
const after = time.Second

func (r *run) rounds(ctx context.Context) error {
	if err := r.audience.warm(); err != nil {
		return err
	}
	stop := r.audience.read(ctx, r.load())
	defer stop()
	for n := 0; n < r.Rounds; n++ {
		for _, c := range r.stage.changes() {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err := r.change(c); err != nil {
				return fmt.Errorf("round %d, %s: %w", n+1, c.name, err)
			}
		}
	}
	return nil
}

// change makes a change before warm edges, and warms them again.
func (r *run) change(c change) error {
	o := r.of(c.name)
	watchers, err := r.watchers(c)
	if err != nil {
		return err
	}
	calm, err := r.during("calm", func() error { time.Sleep(after); return nil })
	if err != nil {
		return err
	}
	spent, err := r.during(c.name, func() error {
		began := time.Now()
		if err := c.write(); err != nil {
			return err
		}
		acked := time.Now()
		o.editing = append(o.editing, acked.Sub(began))
		if err := r.watch(o, watchers, acked); err != nil {
			return err
		}
		time.Sleep(after - linger)
		return nil
	})
	if err != nil {
		return err
	}
	o.calm, o.fills, o.joined, o.asked = append(o.calm, calm.fills), append(o.fills, spent.fills), append(o.joined, spent.joined), append(o.asked, spent.asked)
	o.bound = append(o.bound, spent.bound(len(r.stage.edges)))
	return r.audience.warm()
}

// of is the outcome of that name.
func (r *run) of(name string) *outcome {
	for _, o := range r.outcomes {
		if o.name == name {
			return o
		}
	}
	o := &outcome{name: name, kinds: map[string][]time.Duration{}}
	r.outcomes = append(r.outcomes, o)
	return o
}

// watchers learn what every edge shows before the change.
func (r *run) watchers(c change) ([]*watcher, error) {
	var all []*watcher
	for _, edge := range r.stage.looks {
		for _, l := range c.looks {
			w := &watcher{edge: edge, look: l, token: r.stage.tokens[l.country], every: r.Poll, patience: r.Patience}
			var err error
			if _, w.before, err = ask(edge, l, w.token); err != nil {
				return nil, err
			}
			all = append(all, w)
		}
	}
	return all, nil
}

// watch waits until every edge shows everything, and holds it against the origin.
func (r *run) watch(o *outcome, watchers []*watcher, acked time.Time) error {
	sightings := make([]sighting, len(watchers))
	var all errgroup.Group
	for i, w := range watchers {
		r.audience.note(i/(len(watchers)/len(r.stage.looks)), w.look.country, w.look.path)
		all.Go(func() error {
			var err error
			sightings[i], err = w.watch(acked)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return err
	}
	slowest := map[string]time.Duration{}
	for i, s := range sightings {
		kind := watchers[i].look.kind
		slowest[kind] = max(slowest[kind], s.took)
		if s.old > 0 {
			r.wrong = append(r.wrong, fmt.Errorf("%s: %s shows what was before it again, %d times", o.name, watchers[i].look.path, s.old))
		}
	}
	o.shown = append(o.shown, 0)
	for kind, took := range slowest {
		o.kinds[kind] = append(o.kinds[kind], took)
		o.shown[len(o.shown)-1] = max(o.shown[len(o.shown)-1], took)
	}
	return r.compare(o, watchers, sightings)
}

// compare wants edges to show what the origin says.
func (r *run) compare(o *outcome, watchers []*watcher, sightings []sighting) error {
	right := map[look]device.Answer{}
	for i, w := range watchers {
		want, known := right[w.look]
		if !known {
			var err error
			if want, _, err = ask(r.stage.public, w.look, w.token); err != nil {
				return err
			}
			right[w.look] = want
		}
		if got := sightings[i].last; got.Status != want.Status || got.Status == 200 && !bytes.Equal(got.Body, want.Body) {
			r.wrong = append(r.wrong, fmt.Errorf("%s: an edge's %s for %s is not the origin's: status %d and %d", o.name, w.look.path, w.look.country, got.Status, want.Status))
		}
	}
	return nil
}

// spent is what something cost.
type spent struct {
	fills, joined int
	asked         int
}

// bound is what may be asked of the origin at most: each answer that somebody wants, and its successor, once an edge; each part of the
// corpus of suggestions, likewise, and the map of audiences.
func (s spent) bound(edges int) int { return 2 * (s.asked + edges*(wire.SuggestParts+1)) }

// during counts what fn costs. Reads that are due meanwhile go by the name.
func (r *run) during(name string, fn func() error) (spent, error) {
	before, err := r.counts()
	if err != nil {
		return spent{}, err
	}
	r.audience.begin(name)
	defer r.audience.begin(between)
	if err := fn(); err != nil {
		return spent{}, err
	}
	now, err := r.counts()
	return spent{now.fills - before.fills, now.joined - before.joined, r.audience.asked()}, err
}

// counts reads the fills of all edges, and those that the origin answered together.
func (r *run) counts() (spent, error) {
	var s spent
	for _, edge := range r.stage.looks {
		m, err := edge.Metrics()
		if err != nil {
			return s, err
		}
		s.fills += int(m["encora_edge_fills_total"])
	}
	m, err := r.stage.public.Metrics()
	s.joined = int(m["encora_fills_joined_total"])
	return s, err
}

func (r *run) changesTable(title string) *mdtable.Table {
	t := &mdtable.Table{Title: title, Columns: []string{"change", "editor's request ms:", "shown by all ms:", "answers asked for:", "fills:", "of them joined:", "allowed:", "fills a calm second:"}}
	for _, o := range r.outcomes {
		t.Add(o.name, span(millis(o.editing)), span(millis(o.shown)), span(o.asked), span(o.fills), span(o.joined), span(o.bound), span(o.calm))
	}
	return t
}

func (r *run) answersTable() *mdtable.Table {
	t := &mdtable.Table{Title: "From the editor's answer until the last edge shows it, ms: median, slowest", Columns: []string{"answer"}}
	var kinds []string
	for _, o := range r.outcomes {
		t.Columns = append(t.Columns, o.name+":")
		for kind := range o.kinds {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	for _, kind := range slices.Compact(kinds) {
		row := []any{kind}
		for _, o := range r.outcomes {
			row = append(row, span(millis(o.kinds[kind])))
		}
		t.Add(row...)
	}
	return t
}

// span prints the median and the largest.
func span(values []int) string {
	if len(values) == 0 {
		return ""
	}
	return fmt.Sprintf("%d, %d", mdtable.Median(values), slices.Max(values))
}

func millis(times []time.Duration) []int {
	ms := make([]int, len(times))
	for i, t := range times {
		ms[i] = int(t.Round(time.Millisecond) / time.Millisecond)
	}
	return ms
}

func largest(times []time.Duration) time.Duration { return slices.Max(append(times, 0)) }
