package proxy

import (
	"context"
	"sync"
	"time"

	"encora/edge/epg"
	"encora/edge/fill"
	"encora/shared/obs"
)

// How the guide is kept ahead.
const (
	aheadEvery   = 30 * time.Second
	aheadWorkers = 4 // few: nobody waits for it
)

// KeepAhead holds tomorrow's day of every channel that is asked for, until ctx ends. So midnight is a turn like any other:
// without a question to the origin, and without the origin.
func (p *Proxy) KeepAhead(ctx context.Context) {
	tick := time.NewTicker(aheadEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			p.keepAhead(ctx)
		}
	}
}

// keepAhead fetches what is not held, or is not good any more.
func (p *Proxy) keepAhead(ctx context.Context) {
	lineup := p.lineup.current.Load()
	m, ok := p.moment(p.clock.Base())
	if lineup == nil || !ok || p.Filler.Origin.Away() {
		return
	}
	wants := make(chan epg.Want)
	var working sync.WaitGroup
	for range aheadWorkers {
		working.Go(func() {
			for w := range wants {
				p.fetchAhead(w)
			}
		})
	}
	at := floorSeconds(m.now)
	for c := range lineup.value.Asked(at) {
		var key [partKey]byte
		w := epg.Want{Channel: c, Day: epg.DayOf(at) + 1}
		if a := p.store.Newest(dayKey(&key, w)); a != nil && m.good(a) {
			continue
		}
		select {
		case wants <- w:
		case <-ctx.Done():
		}
	}
	close(wants)
	working.Wait()
}

// fetchAhead asks for a channel's day. What fails is asked for again by the next round, or by whoever needs it.
func (p *Proxy) fetchAhead(w epg.Want) {
	var key [partKey]byte
	q := &fill.Query{Key: dayKey(&key, w), Path: dayPath(w), Part: epg.PackDay, RequestID: obs.NewRequestID()}
	if r := p.Filler.Fill(q, p.clock.Base().Add(p.Patience)); r.Err != nil {
		p.Log.Debug("a channel's next day could not be fetched ahead", "path", q.Path, "error", r.Err)
	}
}
