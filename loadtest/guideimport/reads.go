package guideimport

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"encora/loadtest/device"
	"encora/loadtest/latency"
	"encora/loadtest/openloop"
)

// What viewers read, out of every ten.
const (
	nowShare      = 5 // what's on now on 20 channels
	scheduleShare = 2 // 20 channels for four hours, limit=100
	screen        = 20
	window        = 4 * time.Hour
)

// readers are viewers of an edge.
type readers struct {
	edge     *device.Client
	tokens   []string
	channels []string
	films    []string
	rate     float64
	seed     uint64
}

// run offers the reads until the duration is over, or ctx is.
func (r *readers) run(ctx context.Context, d time.Duration) (*latency.Recorder, openloop.Outcome) {
	load := openloop.Load{Rate: r.rate, Arrivals: openloop.Poisson, Duration: d, Workers: readConnections, Backlog: int(r.rate) + 1, Seed: r.seed}
	rolls := make([]*rand.Rand, load.Workers)
	for w := range rolls {
		rolls[w] = rand.New(rand.NewPCG(r.seed, uint64(w)))
	}
	recorder := new(latency.Recorder)
	outcome := load.Run(ctx, func(w int, due time.Time) {
		req := r.draw(rolls[w], due)
		answer, err := r.edge.Do(req, false)
		if err == nil && answer.Status != http.StatusOK {
			err = answer.Fault(req)
		}
		recorder.Record(req.Op, time.Since(due), answer.Status, err)
	})
	return recorder, outcome
}

// readConnections are as many as may wait at once.
const readConnections = 64

// draw is one viewer's request.
func (r *readers) draw(rng *rand.Rand, now time.Time) device.Request {
	req := device.Request{Token: r.tokens[rng.IntN(len(r.tokens))]}
	switch at := rng.IntN(10); {
	case at < nowShare:
		req.Op, req.Path = "getEpgNow", "/v2/epg/now?channel_ids="+r.choice(rng)
	case at < nowShare+scheduleShare:
		from := now.UTC().Truncate(30 * time.Minute)
		req.Op, req.Path = "getEpgSchedule", "/v2/epg?channel_ids="+r.choice(rng)+"&limit=100&"+url.Values{
			"start_time": {from.Format(time.RFC3339)}, "end_time": {from.Add(window).Format(time.RFC3339)}}.Encode()
	default:
		req.Op, req.Path = "getMovie", "/v2/movies/"+r.films[rng.IntN(len(r.films))]
	}
	return req
}

func (r *readers) choice(rng *rand.Rand) string {
	ids := make([]string, min(screen, len(r.channels)))
	for i, n := range rng.Perm(len(r.channels))[:len(ids)] {
		ids[i] = r.channels[n]
	}
	return strings.Join(ids, ",")
}
