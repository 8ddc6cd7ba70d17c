package devices

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"encora/loadtest/device"
	"encora/loadtest/fleet"
	"encora/loadtest/latency"
	"encora/loadtest/openloop"
)

// fleetOf is the devices with their connections.
type fleetOf struct {
	devices  []viewer
	lines    []*line
	recorder latency.Recorder
	skipped  atomic.Int64 // beats and ends of devices whose start failed
}

// viewer is one device. Only its line changes it.
type viewer struct {
	device.Player
	film    string
	mine    string // ids of the channels that it shows, in an order of its own
	session string
	since   time.Duration // when it started to play, as planned
}

// line is a connection. What its devices have due waits for its turn there.
type line struct {
	client *device.Client
	due    chan due
	late   uint64
}

// outcome is what became of the plan.
type outcome = openloop.Outcome

const (
	shown = 20 // channels on a device's screen
	// queued is how much may wait for a line; more is dropped.
	queued = 64
	// kept is how long a connection may be idle: longer than between two beats, shorter than the edge keeps it.
	kept = 70 * time.Second
)

func (c *Command) fleet(players []device.Player, cat fleet.Catalogue) (*fleetOf, error) {
	f := &fleetOf{devices: make([]viewer, len(players))}
	rng := rand.New(rand.NewPCG(c.Seed, 1<<40))
	zipf := rand.NewZipf(rng, c.Skew, 1, uint64(min(c.Films, len(cat.Films))-1))
	for i, p := range players {
		mine := make([]string, 0, shown)
		for _, n := range rng.Perm(len(cat.Channels))[:min(shown, len(cat.Channels))] {
			mine = append(mine, cat.Channels[n])
		}
		f.devices[i] = viewer{Player: p, film: cat.Films[zipf.Uint64()], mine: strings.Join(mine, ",")}
	}
	for range min(c.Connections, len(players)) {
		client, err := device.NewClient(c.Edge(), 1, c.Timeout)
		if err != nil {
			return nil, err
		}
		client.Keep(kept)
		f.lines = append(f.lines, &line{client: client, due: make(chan due, queued)})
	}
	return f, nil
}

func (f *fleetOf) close() {
	for _, l := range f.lines {
		l.client.Close()
	}
}

// run hands every step to its device's line at its instant, until the plan or ctx ends, and waits for the answers.
func (f *fleetOf) run(ctx context.Context, plan []due) outcome {
	var all sync.WaitGroup
	var out outcome
	began := time.Now()
	for _, l := range f.lines {
		all.Go(func() {
			for d := range l.due {
				f.do(l, d, began.Add(d.at))
			}
		})
	}
	for _, d := range plan {
		if openloop.SleepUntil(began.Add(d.at)); ctx.Err() != nil {
			break
		}
		out.Offered++
		select {
		case f.lines[int(d.device)%len(f.lines)].due <- d:
		default:
			out.Dropped++
		}
	}
	for _, l := range f.lines {
		close(l.due)
	}
	all.Wait()
	out.Elapsed = time.Since(began)
	for _, l := range f.lines {
		out.Late += l.late
	}
	return out
}

// do is one request and its answer.
func (f *fleetOf) do(l *line, d due, at time.Time) {
	v := &f.devices[d.device]
	if v.session == "" && d.step > start {
		f.skipped.Add(1)
		return
	}
	if time.Since(at) > openloop.LateAfter {
		l.late++
	}
	req := v.request(d)
	answer, err := l.client.Do(req, d.step == start)
	took := time.Since(at)
	if err == nil {
		err = v.take(d, req, answer)
	}
	f.recorder.Record(phaseOf[d.step], took, answer.Status, err)
}

func (v *viewer) request(d due) device.Request {
	switch d.step {
	case start:
		return v.Play(v.film)
	case heartbeat:
		return v.Beat(v.session, int((d.at - v.since).Seconds()))
	case stop:
		return v.End(v.session)
	}
	return device.Request{Path: v.path(d.step), Token: v.Token, Encoding: "gzip, deflate, br"}
}

func (v *viewer) path(s step) string {
	return map[step]string{
		config: "/v2/config?platform=tvos", plans: "/v2/subscriptions/plans",
		movies: "/v2/movies?limit=20", channels: "/v2/channels?limit=50", genres: "/v2/genres", now: "/v2/epg/now?channel_ids=" + v.mine,
		movie: "/v2/movies/" + v.film, related: "/v2/movies/" + v.film + "/related",
	}[s]
}

// take judges an answer; that to a start brings the session.
func (v *viewer) take(d due, req device.Request, answer device.Answer) error {
	var err error
	switch d.step {
	case start:
		v.session, err = device.Started(answer, req)
		v.since = d.at
		return err
	case stop:
		if answer.Status == http.StatusNoContent {
			return nil
		}
	default:
		if answer.Status == http.StatusOK {
			return nil
		}
	}
	return answer.Fault(req)
}
