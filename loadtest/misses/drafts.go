package misses

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"encora/loadtest/device"
	"encora/loadtest/editor"
	"encora/loadtest/latency"
	"encora/loadtest/mdtable"
	"encora/loadtest/openloop"
)

// DraftsCommand is `loadtest drafts`.
type DraftsCommand struct {
	Origin     string        `required:"" help:"The origin, such as http://127.0.0.1:8081."`
	Edge       string        `required:"" help:"The edge whose hits are counted."`
	AdminToken string        `required:"" help:"Token of an editor or admin (bin/origin token --role admin)."`
	Tokens     string        `required:"" help:"File of viewer tokens, one a line."`
	Saves      float64       `default:"10" help:"Saves of drafts a second."`
	Reads      float64       `default:"300" help:"Reads of lists a second."`
	Duration   time.Duration `default:"15s" help:"How long."`
	MinRatio   float64       `default:"0.99" help:"Fail at a hit ratio of this or less."`
}

// lists are what is read: none of them can change by a draft.
var lists = []string{"/v2/movies", "/v2/movies?limit=50", "/v2/movies?sort=title", "/v2/movies?sort=-release_year&limit=50", "/v2/genres"}

// drafts is how many drafts take the saves in turn.
const drafts = 5

// Run saves drafts and reads lists at the same time, and prints the share of the reads that were hits.
func (c *DraftsCommand) Run(ctx context.Context, out io.Writer) error {
	reads := openloop.Load{Rate: c.Reads, Arrivals: openloop.Poisson, Duration: c.Duration, Workers: 16, Backlog: int(c.Reads) + 1, Seed: 1}
	saves := openloop.Load{Rate: c.Saves, Arrivals: openloop.Constant, Duration: c.Duration, Workers: drafts, Backlog: int(c.Saves) + 1, Seed: 1}
	if err := errors.Join(reads.Validate(), saves.Validate()); err != nil {
		return err
	}
	tokens, err := device.ReadTokens(c.Tokens)
	if err != nil {
		return err
	}
	edge, err := device.NewClient(c.Edge, reads.Workers, 10*time.Second)
	if err != nil {
		return err
	}
	desk, err := newDesk(c.Origin, c.AdminToken)
	if err != nil {
		return errors.Join(err, desk.clear())
	}
	r := &reading{edge: edge, token: tokens[0]}
	err = r.warm()
	var both sync.WaitGroup
	if err == nil {
		both.Go(func() { saves.Run(ctx, desk.save) })
		both.Go(func() { reads.Run(ctx, r.read) })
	}
	both.Wait()
	if err := errors.Join(err, desk.clear()); err != nil {
		return err
	}
	return c.report(out, desk, r)
}

func (c *DraftsCommand) report(out io.Writer, d *desk, r *reading) error {
	saves, reads := d.recorder.Rows(c.Duration), r.recorder.Rows(c.Duration)
	for _, t := range []*mdtable.Table{latency.Table("Saves of drafts", saves), latency.Table("Reads of lists meanwhile", reads)} {
		if _, err := t.WriteTo(out); err != nil {
			return err
		}
	}
	if err := latency.Explain(out, append(d.recorder.Faults(), r.recorder.Faults()...)); err != nil {
		return err
	}
	none := latency.Limits{MaxErrors: 0}
	if err := errors.Join(none.Check(saves), none.Check(reads)); err != nil {
		return err
	}
	ratio := float64(r.hits.Load()) / float64(r.answers.Load())
	fmt.Fprintf(out, "Hit ratio of lists at %.0f draft saves a second: %.4f (%d of %d; must be above %.2f).\n",
		c.Saves, ratio, r.hits.Load(), r.answers.Load(), c.MinRatio)
	if !(ratio > c.MinRatio) {
		return fmt.Errorf("threshold: hit ratio %.4f, must be above %.2f", ratio, c.MinRatio)
	}
	return nil
}

// desk is the editor with some drafts.
type desk struct {
	origin   *editor.Client
	ids      []string
	saved    atomic.Int64
	recorder latency.Recorder
}

// newDesk returns the desk with the drafts that it made even when it fails.
func newDesk(origin, token string) (*desk, error) {
	d := &desk{}
	var err error
	if d.origin, err = editor.New(origin, token); err != nil {
		return d, err
	}
	for n := range drafts {
		id, err := d.origin.Create(fmt.Sprintf("Draft %d of a load test", n))
		if err != nil {
			return d, err
		}
		d.ids = append(d.ids, id)
	}
	return d, nil
}

// save changes the draft of one worker.
func (d *desk) save(worker int, due time.Time) {
	err := d.origin.Save(d.ids[worker], editor.Film(fmt.Sprintf("Draft %d, save %d", worker, d.saved.Add(1)), "draft"))
	status := 200
	if err != nil {
		status = 0
	}
	d.recorder.Record("save", time.Since(due), status, err)
}

func (d *desk) clear() error {
	var errs []error
	for _, id := range d.ids {
		errs = append(errs, d.origin.Delete(id))
	}
	return errors.Join(errs...)
}

// reading counts the hits among reads of lists.
type reading struct {
	edge          *device.Client
	token         string
	next          atomic.Int64
	hits, answers atomic.Int64
	recorder      latency.Recorder
}

// warm reads every list once, uncounted.
func (r *reading) warm() error {
	for _, path := range lists {
		req := device.Request{Path: path, Token: r.token}
		answer, err := r.edge.Do(req, false)
		if err != nil {
			return err
		}
		if answer.Status != 200 {
			return answer.Fault(req)
		}
	}
	return nil
}

func (r *reading) read(_ int, due time.Time) {
	path := lists[r.next.Add(1)%int64(len(lists))]
	req := device.Request{Path: path, Token: r.token}
	answer, err := r.edge.Do(req, false)
	if err == nil && answer.Status != 200 {
		err = answer.Fault(req)
	}
	r.recorder.Record("list", time.Since(due), answer.Status, err)
	r.answers.Add(1)
	if err == nil && isHit(answer.CacheStatus) {
		r.hits.Add(1)
	}
}

// isHit reads a Cache-Status field (RFC 9211): the last member is the cache nearest to the viewer, and `hit` is a
// parameter without value.
func isHit(field string) bool {
	members := strings.Split(field, ",")
	for parameter := range strings.SplitSeq(members[len(members)-1], ";") {
		if strings.TrimSpace(parameter) == "hit" {
			return true
		}
	}
	return false
}
