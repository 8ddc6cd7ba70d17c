package proxy

import (
	"time"

	"encora/edge/cache"
	"encora/edge/feed"
)

// moment is what answers are judged by at an instant.
type moment struct {
	world   *feed.State
	now     int64         // Unix nanoseconds, corrected
	behind  time.Duration // since the feed's head was last reached
	lost    bool          // which is longer than LostAfter
	tooLate bool          // and longer than anything may be served stale
}

// moment takes stock at an instant of the base clock; false before the feed was first read.
func (p *Proxy) moment(now time.Time) (moment, bool) {
	m := moment{world: p.versions.State(), now: p.clock.At(now)}
	if m.world == nil {
		return m, false
	}
	m.behind, _ = p.versions.Behind(now)
	m.lost, m.tooLate = m.behind > p.LostAfter, m.behind > p.StaleFor
	return m, true
}

// reaches reports whether the answer was right at position least or later, if it is found good after this.
func (m *moment) reaches(a *cache.Answer, least uint64) bool {
	return max(m.world.Applied(), a.Pos()) >= least
}

// good reports whether the answer may be served without asking the origin.
func (m *moment) good(a *cache.Answer) bool {
	return !m.tooLate && a.Check(m.world, m.now) == cache.Fresh
}

// servable reports whether the answer may be served, marked, once the origin could not be asked.
func (m *moment) servable(a *cache.Answer) bool {
	return !m.tooLate && a.Check(m.world, m.now) != cache.Gone
}
