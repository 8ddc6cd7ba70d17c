package beats

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/valyala/fasthttp"

	"encora/loadtest/latency"
	"encora/loadtest/loopback"
	"encora/shared/wire"
)

// result is what a run came to.
type result struct {
	began    time.Time // the warm-up, too
	recorder latency.Recorder
	beats    atomic.Int64 // those that were counted
	distinct atomic.Int64 // sessions that beat, in the warm-up or later
	stored   int64        // of these, those that the database shows to have
}

// run has the sessions beat until the time is up.
func (c *Command) run(ctx context.Context, sessions []session) (*result, error) {
	host, err := loopback.Host(c.Internal())
	if err != nil {
		return nil, err
	}
	client := &fasthttp.HostClient{Addr: host, Dial: loopback.Dial, MaxConns: c.Edges, MaxIdemponentCallAttempts: 1, NoDefaultUserAgentHeader: true,
		ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second}
	defer client.CloseIdleConnections()
	r := &result{began: time.Now().Truncate(time.Millisecond)}
	counted := r.began.Add(c.WarmUp)
	share := (len(sessions) + c.Edges - 1) / c.Edges
	var all sync.WaitGroup
	for n := range c.Edges {
		own := sessions[min(n*share, len(sessions)):min((n+1)*share, len(sessions))]
		e := &edge{client: client, url: c.Internal() + wire.SyncPath, bearer: "Bearer " + c.Key(), in: wire.Sync{Edge: uuid.NewString()}, result: r}
		all.Go(func() { e.beat(ctx, own, c.Batch, counted, counted.Add(c.Duration)) })
	}
	all.Wait()
	return r, ctx.Err()
}

// edge sends what an edge would.
type edge struct {
	client      *fasthttp.HostClient
	url, bearer string
	in          wire.Sync
	*result
}

// beat goes round the sessions, in an order of its own.
func (e *edge) beat(ctx context.Context, own []session, size int, from, until time.Time) {
	rand.Shuffle(len(own), func(i, j int) { own[i], own[j] = own[j], own[i] })
	for at := 0; ctx.Err() == nil; at += size {
		e.fill(own, at, size)
		began := time.Now()
		if began.After(until) {
			e.distinct.Add(int64(min(at, len(own))))
			return
		}
		status, err := e.exchange()
		if began.Before(from) && err == nil {
			continue
		}
		e.recorder.Record(fmt.Sprintf("batch of %d", size), time.Since(began), status, err)
		if err == nil {
			e.beats.Add(int64(size))
		}
	}
}

// fill takes the next beats in the order of the sessions, as of now.
func (e *edge) fill(own []session, at, size int) {
	now := time.Now().UnixMilli()
	e.in.Beats = e.in.Beats[:0]
	for i := range size {
		s := own[(at+i)%len(own)]
		e.in.Beats = append(e.in.Beats, wire.Beat{AccountID: s.account.String(), SessionID: s.id.String(), At: now,
			ExpiresAt: now + wire.SessionFor.Milliseconds(), Position: (at / len(own) * 30) % length})
	}
}

// exchange is one; the error says, too, that the origin does not know a session.
func (e *edge) exchange() (int, error) {
	body, err := json.Marshal(&e.in)
	if err != nil {
		return 0, err
	}
	q, p := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(q)
	defer fasthttp.ReleaseResponse(p)
	q.SetRequestURI(e.url)
	q.Header.SetMethod(fasthttp.MethodPost)
	q.Header.SetContentType("application/json")
	q.Header.Set(fasthttp.HeaderAuthorization, e.bearer)
	q.SetBodyRaw(body)
	if err := e.client.Do(q, p); err != nil {
		return 0, err
	}
	return p.StatusCode(), e.read(p)
}

func (e *edge) read(p *fasthttp.Response) error {
	if p.StatusCode() != fasthttp.StatusOK {
		return fmt.Errorf("status %d: %.300s", p.StatusCode(), p.Body())
	}
	var out wire.Synced
	if err := json.Unmarshal(p.Body(), &out); err != nil {
		return err
	}
	e.in.Ends = out.Ends
	if len(out.Gone) > 0 {
		return fmt.Errorf("%d sessions are said to be gone, such as %+v", len(out.Gone), out.Gone[0])
	}
	return nil
}
