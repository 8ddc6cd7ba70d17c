package proxy

import (
	"time"

	"encora/edge/cache"
)

// judgement is what may be done with an answer now.
type judgement struct {
	verdict cache.Verdict
	lost    bool          // the feed's head was not reached for longer than LostAfter
	behind  time.Duration // since the feed's head was last reached
	tooLate bool          // and that is longer than anything may be served stale
}

// judge checks an answer at an instant of the base clock.
func (p *Proxy) judge(a *cache.Answer, now time.Time) judgement {
	st := p.versions.State()
	if st == nil {
		return judgement{verdict: cache.Gone}
	}
	behind, _ := p.versions.Behind(now)
	return judgement{verdict: a.Check(st, p.clock.At(now).UnixNano()), lost: behind > p.LostAfter, behind: behind, tooLate: behind > p.StaleFor}
}

// good reports whether the answer may be served without asking the origin.
func (j judgement) good() bool { return j.verdict == cache.Fresh && !j.tooLate }

// servable reports whether the answer may be served, marked, once the origin could not be asked.
func (j judgement) servable() bool { return j.verdict != cache.Gone && !j.tooLate }
