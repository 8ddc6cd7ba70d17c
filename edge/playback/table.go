// Package playback holds the sessions that play: it takes their beats from memory, tells the origin of them in batches, and
// learns from it which ended elsewhere. DESIGN.md says what becomes of sessions when an edge, the origin or both go away.
package playback

import (
	"sync"
	"sync/atomic"
	"time"
	"unique"

	"github.com/google/uuid"

	"encora/shared/wire"
)

const (
	shardCount = 256
	// keptFor is how long a session that is over is remembered, so that late beats learn why at once.
	keptFor = 10 * time.Minute
	// absentFor is how long it is remembered that a session is none.
	absentFor  = 10 * time.Second
	sweepEvery = 30 * time.Second
	// skew is how far the clocks of origin and edges lie apart, in milliseconds: within it what arrives later is later. Else
	// the first beat would be lost of a session that began a moment ago by the origin's clock.
	skew = 1000
)

// Reasons are kept as numbers.
type reason uint8

const (
	live reason = iota
	absent
	ended
	replaced
	expired
	deviceRemoved
	accountClosed
)

var reasonNames = [...]string{ended: wire.ReasonEnded, replaced: wire.ReasonReplaced, expired: wire.ReasonExpired,
	deviceRemoved: wire.ReasonDeviceRemoved, accountClosed: wire.ReasonAccountClosed}

// reasonOf is absent for a name that is none: the session never was.
func reasonOf(name string) reason {
	for r, known := range reasonNames {
		if known != "" && known == name {
			return reason(r)
		}
	}
	return absent
}

// session is what the table holds of one. Times are Unix milliseconds of the corrected clock. A million of them are meant to
// fit: 80 bytes, and about 70 of the map and the list (TestAllocSessionMemory).
type session struct {
	id, account uuid.UUID
	media       unique.Handle[wire.Media] // thousands play one title
	beatAt      int64
	expiresAt   int64 // once it is over: when to forget it
	pausedSince int64 // 0: playing
	refreshAt   int64 // from then on beats bring new URLs
	position    int32
	state       reason
	dirty       bool // in its shard's list
	flying      bool // in the exchange under way, which may fail
}

// kept reports whether the origin has yet to hear of the session's beats.
func (s *session) kept() bool { return s.dirty || s.flying }

// shard is a part of the table. Beats of thousands of sessions rarely meet in one.
type shard struct {
	mu       sync.Mutex
	sessions map[uuid.UUID]*session
	dirty    []*session // those with beats that the origin was not told of
	// over are sessions that ended and were never held here, with the instants to forget them: whose they were is not known.
	over map[uuid.UUID]int64
}

// Table is the sessions of an edge. It is safe for concurrent use.
type Table struct {
	pausedFor int64 // milliseconds
	limit     int64
	keepEnds  bool

	shards  [shardCount]shard
	count   atomic.Int64
	pending atomic.Int64
	beats   atomic.Uint64
	full    atomic.Uint64 // sessions that found no place

	// marks is held for reading while a session enters, and for writing while ends are applied: an end can't pass by a session
	// that is on its way in.
	marks sync.RWMutex
	ends  []uint64 // of each shard of accounts, how many were applied; empty before the first exchange
}

// Settings of a table.
type Settings struct {
	PausedFor time.Duration // how long a paused stream holds its slot
	Limit     int           // most sessions held
	// KeepEnds remembers the ends of sessions that were never held here, too, for Ended.
	KeepEnds bool
}

// NewTable makes an empty table.
func NewTable(s Settings) *Table {
	t := &Table{pausedFor: s.PausedFor.Milliseconds(), limit: int64(s.Limit), keepEnds: s.KeepEnds}
	for i := range t.shards {
		t.shards[i].sessions = make(map[uuid.UUID]*session)
		t.shards[i].over = make(map[uuid.UUID]int64)
	}
	return t
}

func (t *Table) shard(id uuid.UUID) *shard { return &t.shards[id[15]] }

// Beat is a player's word that it still plays.
type Beat struct {
	Session  uuid.UUID
	Position int32 // seconds
	Paused   bool
}

// Standing is how a session is found.
type Standing uint8

// What a beat finds.
const (
	Unknown Standing = iota // not held: ask the origin
	Late                    // over by all that is known here, but another edge may have had beats: ask the origin
	Playing
	Absent // there is none, or it is another account's
	Over   // and it is known why
)

// Taken is what came of a beat.
type Taken struct {
	Standing  Standing
	Reason    string // of Over
	ExpiresAt int64  // of Playing, Unix milliseconds
	Refresh   bool   // of Playing: the URLs approach their end
	Media     unique.Handle[wire.Media]
}

// Instant is when a beat is taken, in Unix milliseconds of the corrected clock.
type Instant struct {
	Now   int64
	Stamp int64 // by which it is older or newer than others; before Now when it may have lain through a stall (Pulse)
}

// Take takes a beat. forced takes it also when it is late.
func (t *Table) Take(b *Beat, account uuid.UUID, at Instant, forced bool) Taken {
	return t.take(b, account, at, forced, false)
}

// TakeWarm is Take that leaves a session whose URLs are to be renewed, as Unknown.
func (t *Table) TakeWarm(b *Beat, account uuid.UUID, at Instant) Taken {
	return t.take(b, account, at, false, true)
}

func (t *Table) take(b *Beat, account uuid.UUID, at Instant, forced, warm bool) Taken {
	sh := t.shard(b.Session)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s := sh.sessions[b.Session]
	if taken, plays := s.standing(account, at.Now, forced); !plays {
		return taken
	}
	refresh := at.Now >= s.refreshAt
	if warm && refresh {
		return Taken{Standing: Unknown}
	}
	t.beats.Add(1)
	if stamp := max(at.Stamp, s.beatAt+1); stamp-at.Stamp <= skew {
		s.beat(b, Instant{Now: at.Now, Stamp: stamp}, t.pausedFor)
	}
	if !s.dirty {
		s.dirty = true
		sh.dirty = append(sh.dirty, s)
		t.pending.Add(1)
	}
	return Taken{Standing: Playing, ExpiresAt: s.expiresAt, Refresh: refresh, Media: s.media}
}

// Look is Take that leaves everything as it is.
func (t *Table) Look(id, account uuid.UUID, now int64) Taken {
	sh := t.shard(id)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if taken, plays := sh.sessions[id].standing(account, now, false); !plays {
		return taken
	}
	return Taken{Standing: Playing}
}

// standing reports whether the account's session plays, or how else it is found.
func (s *session) standing(account uuid.UUID, now int64, forced bool) (Taken, bool) {
	switch {
	case s == nil, s.state == absent && (s.account != account || now >= s.expiresAt):
		return Taken{Standing: Unknown}, false
	case s.account != account || s.state == absent:
		return Taken{Standing: Absent}, false
	case s.state != live:
		return Taken{Standing: Over, Reason: reasonNames[s.state]}, false
	case now >= s.expiresAt && !forced:
		return Taken{Standing: Late}, false
	}
	return Taken{}, true
}

// beat moves the session on: its order is that of stamps, but it lives on from now, or a stall of a minute would cost a player
// that waited it out its session. A stream that stays paused holds its slot for so long from when it was paused, beats or not.
func (s *session) beat(b *Beat, at Instant, pausedFor int64) {
	s.beatAt, s.position = at.Stamp, b.Position
	if !b.Paused {
		s.pausedSince, s.expiresAt = 0, max(at.Now, at.Stamp)+wire.SessionFor.Milliseconds()
		return
	}
	if s.pausedSince == 0 {
		s.pausedSince = at.Stamp
	}
	s.expiresAt = s.pausedSince + pausedFor
}

// Enter takes a session in as the origin told of it. It reports false when more ends were applied than the origin had seen:
// then the origin is to be asked again. A session that is held with later beats keeps them.
func (t *Table) Enter(w *wire.Session, refreshAt int64) bool {
	id, errID := uuid.Parse(w.SessionID)
	account, errAccount := uuid.Parse(w.AccountID)
	if errID != nil || errAccount != nil {
		return true // of no use to anybody
	}
	t.marks.RLock()
	defer t.marks.RUnlock()
	if i := wire.EndShard(account); i < len(t.ends) && w.Ends < t.ends[i] {
		return false
	}
	sh := t.shard(id)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s := sh.sessions[id]
	if s == nil {
		if s = t.place(sh, id); s == nil {
			return true
		}
	}
	s.enter(w, account, refreshAt)
	return true
}

// enter takes over what the origin says, unless that is older than what is held.
func (s *session) enter(w *wire.Session, account uuid.UUID, refreshAt int64) {
	if s.state != live && s.state != absent {
		return
	}
	s.account, s.media, s.refreshAt = account, unique.Make(w.Media), refreshAt
	if at := w.LastBeatAt.UnixMilli(); s.state == absent || at >= s.beatAt {
		s.beatAt, s.expiresAt, s.position, s.pausedSince = at, w.ExpiresAt.UnixMilli(), int32(w.Position), 0
		if w.PausedSince != nil {
			s.pausedSince = w.PausedSince.UnixMilli()
		}
	}
	s.state = live
}

// Refreshed notes until when the session's player has URLs.
func (t *Table) Refreshed(id uuid.UUID, refreshAt int64) {
	sh := t.shard(id)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if s := sh.sessions[id]; s != nil {
		s.refreshAt = refreshAt
	}
}

// End notes that a session is over. account is whose it was asked for, zero when that does not matter.
func (t *Table) End(id, account uuid.UUID, why string, now int64) {
	t.end(id, account, reasonOf(why), now)
}

// end marks a session. An end that was asked for is noted also when the session is not held.
func (t *Table) end(id, account uuid.UUID, why reason, now int64) {
	sh := t.shard(id)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s, asked := sh.sessions[id], account != uuid.UUID{}
	switch {
	case !asked && (s == nil || s.state == absent): // whose it is is not known, and an account that it is absent for is not told of its end
		t.keep(sh, id, now)
		return
	case s == nil:
		if s = t.place(sh, id); s == nil {
			return
		}
	case s.state > absent:
		return // the first reason is the one
	case asked && s.state == live && s.account != account:
		return // it was asked for by another, and is not theirs to end
	}
	if asked {
		s.account = account
	}
	s.state, s.expiresAt = why, now+keptFor.Milliseconds()
	if why == absent {
		s.expiresAt = now + absentFor.Milliseconds()
	}
}

// Ended reports whether a session is known to have ended.
func (t *Table) Ended(id uuid.UUID) bool {
	sh := t.shard(id)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if s := sh.sessions[id]; s != nil && s.state > absent {
		return true
	}
	_, over := sh.over[id]
	return over
}

// Waiting reports whether the origin has yet to hear of beats of the session.
func (t *Table) Waiting(id uuid.UUID) bool {
	sh := t.shard(id)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s := sh.sessions[id]
	return s != nil && s.kept()
}

// Count is how many sessions are held, over ones included.
func (t *Table) Count() int { return int(t.count.Load()) }

// Pending is how many have beats that the origin was not told of.
func (t *Table) Pending() int { return int(t.pending.Load()) }

// Beats counts the beats that were taken.
func (t *Table) Beats() uint64 { return t.beats.Load() }

// Full counts the sessions that found no place.
func (t *Table) Full() uint64 { return t.full.Load() }
