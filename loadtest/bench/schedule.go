package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"encora/loadtest/device"
	"encora/loadtest/latency"
	"encora/loadtest/mdtable"
	"encora/loadtest/openloop"
	"encora/loadtest/process"
	"encora/loadtest/subject"
)

const (
	// maxScheduleP99 is how long a page of the schedule may take.
	maxScheduleP99 = 5 * time.Millisecond
	// scheduleChoices is how many choices of channels are asked for; each has a schedule of some twenty pages.
	scheduleChoices  = 100
	scheduleChannels = 50
	schedulePath     = "/v2/epg"
	firstPage        = "first page"
	lastPage         = "last page"
)

// schedule measures pages of the schedule in an open loop: of 50 channels and one day the first and the last, which one
// gets to by its cursor.
func (r *rig) schedule(ctx context.Context, out io.Writer) error {
	title := fmt.Sprintf("Schedule of %d channels × 1 day, limit=100, %.0f requests a second", scheduleChannels, r.Rate)
	edge, err := r.edge(ctx, 7, r.Core, roomy)
	if err != nil {
		return without(out, title, err)
	}
	defer edge.Stop()
	pages, sizes, err := r.schedulePages(edge)
	if err != nil {
		return err
	}
	restore, err := process.Avoid(r.Core) // or the generator would take its time
	if err != nil {
		return err
	}
	asked := r.origin.Fills()
	rows, micros, err := r.browse(ctx, edge, pages, r.Rate)
	if err := errors.Join(err, restore()); err != nil {
		return err
	}
	if n := r.origin.Fills() - asked; n > 0 {
		return fmt.Errorf("the origin was asked for %d days meanwhile: not all answers were hits", n)
	}
	if err := write(out, latency.Table(title, rows), sizes); err != nil {
		return err
	}
	p99, verdict := rows[len(rows)-1].P99, "reached"
	if p99 > float64(maxScheduleP99)/float64(time.Millisecond) {
		verdict = "MISSED"
	}
	_, err = fmt.Fprintf(out, "p99 %.2f ms, asked for at most %s: %s. The edge's CPU per request: %.1f µs.\n\n", p99, maxScheduleP99, verdict, micros)
	return err
}

// schedulePages reads schedules to their ends, so that all days are held and the last pages' cursors known. It says how
// long the pages are.
func (r *rig) schedulePages(edge *subject.Subject) ([]device.Request, *mdtable.Table, error) {
	client, err := device.NewClient("http://"+edge.Addr, 1, 10*time.Second)
	if err != nil {
		return nil, nil, err
	}
	defer client.Close()
	rng, today := rand.New(rand.NewPCG(3, 3)), time.Now().UTC().Truncate(24*time.Hour)
	var pages []device.Request
	walked, count, bytes := 0, map[string]int{}, map[string]int{}
	for range scheduleChoices {
		path := schedulePath + "?" + url.Values{"channel_ids": {choice(rng, scheduleChannels)}, "limit": {"100"},
			"start_time": {today.Format(time.RFC3339)}, "end_time": {today.Add(24 * time.Hour).Format(time.RFC3339)}}.Encode()
		walk, err := walkSchedule(client, path, r.token)
		if err != nil {
			return nil, nil, err
		}
		walked += len(walk)
		for _, page := range []walkedPage{walk[0], walk[len(walk)-1]} {
			op := firstPage
			if page.path != path {
				op = lastPage
			}
			pages = append(pages, device.Request{Op: op, Path: page.path, Token: r.token})
			count[op] += page.programmes
			bytes[op] += page.bytes
		}
	}
	t := &mdtable.Table{Title: fmt.Sprintf("What they hold, in the mean of %d choices of channels", scheduleChoices),
		Columns: []string{"", "programmes:", "bytes:"}}
	for _, op := range []string{firstPage, lastPage} {
		t.Add(op, fmt.Sprintf("%.1f", float64(count[op])/scheduleChoices), bytes[op]/scheduleChoices)
	}
	t.Add("pages of a schedule", fmt.Sprintf("%.1f", float64(walked)/scheduleChoices), "")
	return pages, t, nil
}

// walkedPage is a page on the way to the last one.
type walkedPage struct {
	path              string
	programmes, bytes int
}

// walkSchedule follows the cursors from the first page to the last.
func walkSchedule(client *device.Client, path, token string) ([]walkedPage, error) {
	var walk []walkedPage
	for next := path; ; {
		answer, err := client.Do(device.Request{Path: next, Token: token}, true)
		if err != nil {
			return nil, err
		}
		if answer.Status != http.StatusOK {
			return nil, fmt.Errorf("GET %s: status %d: %.300s", next, answer.Status, answer.Body)
		}
		var page struct {
			Data map[string][]json.RawMessage `json:"data"`
			Meta struct {
				NextCursor string `json:"next_cursor"`
			} `json:"meta"`
		}
		if err := json.Unmarshal(answer.Body, &page); err != nil {
			return nil, fmt.Errorf("GET %s: %w", next, err)
		}
		step := walkedPage{path: next, bytes: len(answer.Body)}
		for _, programmes := range page.Data {
			step.programmes += len(programmes)
		}
		walk = append(walk, step)
		if page.Meta.NextCursor == "" {
			return walk, nil
		}
		next = path + "&cursor=" + url.QueryEscape(page.Meta.NextCursor)
	}
}

// browse asks for the pages at random, at a rate, and returns what that came to with the server's CPU µs per request.
func (r *rig) browse(ctx context.Context, edge *subject.Subject, pages []device.Request, rate float64) ([]latency.Row, float64, error) {
	load := openloop.Load{Rate: rate, Arrivals: openloop.Poisson, Duration: time.Duration(r.Rounds) * r.round,
		Workers: r.Connections, Backlog: int(rate) + 1, Seed: 1}
	if err := load.Validate(); err != nil {
		return nil, 0, err
	}
	client, err := device.NewClient("http://"+edge.Addr, r.Connections, 10*time.Second)
	if err != nil {
		return nil, 0, err
	}
	defer client.Close()
	warmUp := load
	warmUp.Duration = r.warmUp
	drive(ctx, warmUp, client, pages, new(latency.Recorder))
	var recorder latency.Recorder
	before, err := edge.CPU()
	if err != nil {
		return nil, 0, err
	}
	outcome := drive(ctx, load, client, pages, &recorder)
	after, err := edge.CPU()
	if err != nil {
		return nil, 0, err
	}
	rows := recorder.Rows(outcome.Elapsed)
	slices.SortStableFunc(rows[:len(rows)-1], func(a, b latency.Row) int { return strings.Compare(a.Op, b.Op) })
	if faults := recorder.Faults(); len(faults) > 0 || outcome.Dropped > 0 {
		return nil, 0, fmt.Errorf("%d requests dropped unsent; first errors: %v", outcome.Dropped, faults)
	}
	return rows, float64((after - before).Microseconds()) / float64(rows[len(rows)-1].Count), ctx.Err()
}

// drive sends the load, each request one of the pages.
func drive(ctx context.Context, load openloop.Load, client *device.Client, pages []device.Request, recorder *latency.Recorder) openloop.Outcome {
	rolls := make([]*rand.Rand, load.Workers)
	for w := range rolls {
		rolls[w] = rand.New(rand.NewPCG(load.Seed, uint64(w)))
	}
	return load.Run(ctx, func(w int, due time.Time) {
		req := pages[rolls[w].IntN(len(pages))]
		answer, err := client.Do(req, false)
		if err == nil && answer.Status != http.StatusOK {
			err = answer.Fault(req)
		}
		recorder.Record(req.Op, time.Since(due), answer.Status, err)
	})
}
