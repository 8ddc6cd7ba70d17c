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

// KeepAhead holds today and tomorrow of every channel that is asked for, and the corpus of suggestions once that was asked
// for, until ctx ends. So midnight is a turn like any other, without a question to the origin, and without the origin; and of
// a change that is applied the next reader finds what it is now, mostly without waiting.
func (p *Proxy) KeepAhead(ctx context.Context) {
	var working sync.WaitGroup
	defer working.Wait()
	for range aheadWorkers {
		working.Go(func() { p.workAhead(ctx) })
	}
	working.Go(func() { p.keepCorpus(ctx) })
	tick := time.NewTicker(aheadEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			p.lookAhead()
			p.wakeCorpus()
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

// Changed is told of changes that were applied. It queues the days of channels that are asked for and whose schedules changed,
// and has the corpus of suggestions looked at.
func (p *Proxy) Changed(changes []wire.Change) {
	p.wakeCorpus()
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

const (
	corpusPause   = 50 * time.Millisecond // between two looks that found something, at least
	corpusWorkers = 4
)

// wakeCorpus has the corpus looked at, if it was ever asked for.
func (p *Proxy) wakeCorpus() {
	if p.corpus[0].current.Load() == nil {
		return
	}
	select {
	case p.outdated <- struct{}{}:
	default:
	}
}

// keepCorpus fetches the parts of the corpus that a change made old, until ctx ends. While changes come without end, as in an
// import, it does so half of the time at most: whoever needs a part then asks for it.
func (p *Proxy) keepCorpus(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.outdated:
		}
		began := p.clock.Base()
		if p.renewCorpus() == 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(max(corpusPause, p.clock.Base().Sub(began))):
		}
	}
}

// renewCorpus fetches the parts that are not held as they are now, and returns how many those were.
func (p *Proxy) renewCorpus() int {
	m, ok := p.moment(p.clock.Base())
	if !ok || p.Filler.Origin.Away() {
		return 0
	}
	id, renewed := obs.NewRequestID(), 0
	places := make(chan struct{}, corpusWorkers)
	var flying sync.WaitGroup
	for _, part := range &p.corpus {
		if part.good(&m) != nil {
			continue
		}
		renewed++
		places <- struct{}{}
		flying.Go(func() {
			defer func() { <-places }()
			if _, err := part.get(id, 0, p.clock.Base().Add(p.Patience)); err != nil {
				p.Log.Debug("a part of the corpus could not be fetched ahead", "path", part.path, "error", err)
			}
		})
	}
	flying.Wait()
	return renewed
}
