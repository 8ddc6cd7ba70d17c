package starts

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"encora/loadtest/device"
	"encora/loadtest/latency"
	"encora/loadtest/openloop"
)

// stage is players who start titles.
type stage struct {
	edge    *device.Client // for starts
	ends    *device.Client // its own, so that starts wait for no end
	players []device.Player
	films   []string
	hold    time.Duration
	next    atomic.Int64
}

// result is what a run came to.
type result struct {
	openloop.Outcome
	rows      []latency.Row
	faults    []string
	ended     int64
	endFaults int64
	endFault  error
}

// playing is a session that is to end.
type playing struct {
	player  device.Player
	session string
	until   time.Time
}

func (s *stage) close() {
	s.edge.Close()
	s.ends.Close()
}

// run offers starts and ends each after the hold; it returns when all have ended.
func (s *stage) run(ctx context.Context, load openloop.Load) result {
	var recorder latency.Recorder
	queue := make(chan playing, int(load.Rate*load.Duration.Seconds()*2)+1000) // more than ever start
	closing := s.closing(load.Workers, queue)
	outcome := load.Run(ctx, func(_ int, due time.Time) {
		n := int(s.next.Add(1) - 1)
		player := s.players[n%len(s.players)]
		req := player.Play(s.films[n%len(s.films)])
		answer, err := s.edge.Do(req, true)
		took := time.Since(due)
		var session string
		if err == nil {
			session, err = device.Started(answer, req)
		}
		recorder.Record(req.Op, took, answer.Status, err)
		if err == nil {
			queue <- playing{player, session, time.Now().Add(s.hold)}
		}
	})
	close(queue)
	r := closing()
	r.Outcome, r.rows, r.faults = outcome, recorder.Rows(outcome.Elapsed), recorder.Faults()
	return r
}

// closing ends what is queued, at the pace at which it came. The function that it returns waits until the queue is closed and
// empty.
func (s *stage) closing(workers int, queue <-chan playing) func() result {
	var r result
	var mu sync.Mutex
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for p := range queue {
				time.Sleep(time.Until(p.until))
				err := s.end(p)
				mu.Lock()
				if r.ended++; err != nil {
					r.endFaults, r.endFault = r.endFaults+1, err
				}
				mu.Unlock()
			}
		})
	}
	return func() result {
		all.Wait()
		return r
	}
}

func (s *stage) end(p playing) error {
	req := p.player.End(p.session)
	answer, err := s.ends.Do(req, false)
	if err == nil && answer.Status != http.StatusNoContent {
		err = answer.Fault(req)
	}
	return err
}
