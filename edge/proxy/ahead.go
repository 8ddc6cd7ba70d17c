package proxy

import (
	"context"
	"strings"
	"sync"
	"time"

	"encora/edge/epg"
	"encora/edge/fill"
	"encora/shared/obs"
	"encora/shared/wire"
)

// How the guide is kept ahead.
const (
	aheadEvery   = 30 * time.Second
	aheadWorkers = 4 // few: nobody waits for them
	aheadQueue   = 4096
)

// KeepAhead holds today and tomorrow of every channel that is asked for, until ctx ends. So midnight is a turn like any
// other, without a question to the origin, and without the origin; and of a change that is applied the next reader finds
// what it is now, mostly without waiting.
func (p *Proxy) KeepAhead(ctx context.Context) {
	var working sync.WaitGroup
	defer working.Wait()
	for range aheadWorkers {
		working.Go(func() { p.workAhead(ctx) })
	}
	tick := time.NewTicker(aheadEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			p.lookAhead()
		}
	}
}

func (p *Proxy) workAhead(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case w := <-p.ahead:
			p.fetchAhead(w)
		}
	}
}

// lookAhead queues tomorrow's days.
func (p *Proxy) lookAhead() {
	lineup := p.lineup.current.Load()
	if lineup == nil {
		return
	}
	at := p.second()
	for c := range lineup.value.Asked(at) {
		p.queueAhead(epg.Want{Channel: c, Day: epg.DayOf(at) + 1})
	}
}

// Changed is told of changes that were applied. It queues the days of channels that are asked for and whose schedules changed.
func (p *Proxy) Changed(changes []wire.Change) {
	lineup := p.lineup.current.Load()
	if lineup == nil {
		return
	}
	at := p.second()
	for _, change := range changes {
		for _, tag := range change.Tags {
			text, of := strings.CutPrefix(strings.TrimPrefix(tag, string(wire.Hard)), wire.TagSchedule(""))
			id, ok := epg.ParseID(text)
			if !of || !ok {
				continue
			}
			if c := lineup.value.Channel(id); c != nil && c.Known(at) != nil {
				today := epg.DayOf(at)
				p.queueAhead(epg.Want{Channel: c, Day: today})
				p.queueAhead(epg.Want{Channel: c, Day: today + 1})
			}
		}
	}
}

// second is the current Unix second, by the corrected clock.
func (p *Proxy) second() int64 { return floorSeconds(p.clock.Now().UnixNano()) }

// queueAhead queues a day, unless too many wait: whoever needs it will ask for it.
func (p *Proxy) queueAhead(w epg.Want) {
	select {
	case p.ahead <- w:
	default:
	}
}

// fetchAhead asks for a channel's day if it is not held as it is now. What fails is asked for again by the next look, or by
// whoever needs it.
func (p *Proxy) fetchAhead(w epg.Want) {
	var b [partKey]byte
	key := dayKey(&b, w)
	m, ok := p.moment(p.clock.Base())
	if !ok || p.Filler.Origin.Away() {
		return
	}
	if a := p.store.Newest(key); a != nil && m.good(a) {
		return
	}
	q := &fill.Query{Key: key, Path: dayPath(w), Part: epg.PackDay, RequestID: obs.NewRequestID()}
	if r := p.Filler.Fill(q, p.clock.Base().Add(p.Patience)); r.Err != nil {
		p.Log.Debug("a channel's day could not be fetched ahead", "path", q.Path, "error", r.Err)
	}
}
