package guideimport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"encora/loadtest/device"
	"encora/loadtest/editor"
	"encora/loadtest/latency"
)

// run is one run of the command.
type run struct {
	*Command
	origin  *editor.Client
	readers *readers
	feed    *feed
}

// result is what an import came to. Times count from the beginning of its submission.
type result struct {
	bytes              int
	completed, visible time.Duration
	got                editor.ImportCounts // of all documents together
	before, during     []latency.Row       // of reads
	faults             []string            // of reads
}

// phase reads for a while, then imports an edition while reading goes on.
func (r *run) phase(ctx context.Context, p phase) (*result, error) {
	bodies, err := r.feed.bodies(p.edition)
	if err != nil {
		return nil, err
	}
	res := &result{}
	for _, body := range bodies {
		res.bytes += len(body)
	}
	r.readers.run(ctx, r.WarmUp)
	recorder, outcome := r.readers.run(ctx, r.Before)
	res.before, res.faults = recorder.Rows(outcome.Elapsed), recorder.Faults()
	if err := ctx.Err(); err != nil {
		return nil, err
	}

	ctx, cancel := context.WithTimeoutCause(ctx, r.Patience, errors.New("the import did not end within --patience"))
	defer cancel()
	reading, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		recorder, outcome = r.readers.run(reading, r.Patience)
	}()
	err = r.load(ctx, p, bodies, res)
	stop()
	<-done
	if err != nil {
		return nil, err
	}
	res.during = recorder.Rows(outcome.Elapsed)
	if res.faults = append(res.faults, recorder.Faults()...); outcome.Dropped > 0 {
		res.faults = append(res.faults, fmt.Sprintf("%d reads were dropped unsent", outcome.Dropped))
	}
	return res, nil
}

// load submits the documents and waits until the edge shows all of them.
func (r *run) load(ctx context.Context, p phase, bodies [][]byte, res *result) error {
	began := time.Now()
	together := len(bodies)
	if r.InTurn {
		together = 1
	}
	for some := range slices.Chunk(bodies, together) {
		if err := r.submit(ctx, some, res); err != nil {
			return err
		}
	}
	res.completed = time.Since(began)
	for {
		shown, err := r.shown(stamp(p.edition))
		if err != nil {
			return err
		}
		if res.visible = time.Since(began); shown {
			return nil
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
}

// submit submits documents and waits until they are imported.
func (r *run) submit(ctx context.Context, bodies [][]byte, res *result) error {
	ids := make([]string, len(bodies))
	for i, body := range bodies {
		job, err := r.origin.Submit(body)
		if err != nil {
			return err
		}
		ids[i] = job.ID
	}
	for _, id := range ids {
		job, err := r.await(ctx, id)
		if err != nil {
			return err
		}
		res.got.Add(job.ImportCounts)
	}
	return nil
}

// await asks for an import until it has ended.
func (r *run) await(ctx context.Context, id string) (editor.Import, error) {
	for {
		job, err := r.origin.Import(id)
		if err != nil {
			return job, err
		}
		switch job.Status {
		case "completed":
			if job.Faults > 0 {
				return job, fmt.Errorf("import %s has %d errors, the first %s: %s", id, job.Faults, job.Errors[0].Code, job.Errors[0].Message)
			}
			return job, nil
		case "failed":
			return job, fmt.Errorf("import %s failed: %+v", id, job.Errors)
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return job, err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// most is how many channels one question may be about.
const most = 50

// shown reports whether what is on now is of the edition that the stamp tells, on every channel.
func (r *run) shown(stamp string) (bool, error) {
	for ids := range slices.Chunk(r.readers.channels, most) {
		path := "/v2/epg/now?channel_ids=" + strings.Join(ids, ",")
		answer, err := r.readers.edge.Do(device.Request{Path: path, Token: r.readers.tokens[0]}, true)
		if err != nil {
			return false, err
		}
		if answer.Status != http.StatusOK {
			return false, answer.Fault(device.Request{Path: path})
		}
		if bytes.Count(answer.Body, []byte(stamp)) != len(ids) {
			return false, nil
		}
	}
	return true, nil
}
