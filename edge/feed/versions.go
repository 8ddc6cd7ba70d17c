// Package feed tails the origin's change feed. It owns what the edge knows about changes: the version of every tag, the
// world that positions are counted in, how long ago the feed reached its head, and the clock that the feed corrects.
// DESIGN.md says why an answer that passes these checks can't be old.
package feed

import (
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"

	"encora/shared/wire"
)

// DefaultSlots is the size of the tag table: 4 MiB. Two tags that share a slot only cost a refill now and then.
const DefaultSlots = 1 << 18

// MaxSlots is the largest table: answers keep slots in three bytes.
const MaxSlots = 1 << 24

// never is the mark of a head that was not reached yet.
const never = -1

// State is one world: an unbroken stretch of the feed, with the version of every tag in it. Counters only rise, and one
// goroutine writes them.
type State struct {
	ID    uint32 // counts worlds from 1; 0 belongs to no world
	Epoch string // the feed's identity
	Floor uint64 // answers from before this position can't be judged

	soft, hard []atomic.Uint64 // position of a slot's last change, and of the last that took something away
	applied    atomic.Uint64
}

// Applied is the position up to which every change is in the counters.
func (s *State) Applied() uint64 { return s.applied.Load() }

// Slot is the place of a tag in the table. The mark of a hard tag is no part of its name.
func (s *State) Slot(tag string) uint32 {
	return uint32(xxhash.Sum64String(tag) & uint64(len(s.soft)-1))
}

// Changed is the position of the last change to a slot, 0 if there was none in this world.
func (s *State) Changed(slot uint32) uint64 { return s.soft[slot].Load() }

// Removed is the position of the last change to a slot that took something away.
func (s *State) Removed(slot uint32) uint64 { return s.hard[slot].Load() }

// Versions is the current world and when it was last known to be up to date. It is safe for concurrent readers beside
// one writer.
type Versions struct {
	slots int
	start time.Time // zero of the edge's own monotonic clock
	state atomic.Pointer[State]
	head  atomic.Int64 // nanoseconds after start at which the feed was last known to be at its head
}

// NewVersions makes an empty table of slots counters, a power of two up to MaxSlots; 0 means DefaultSlots. start is an instant of the
// monotonic clock that Behind is asked by.
func NewVersions(slots int, start time.Time) *Versions {
	if slots == 0 {
		slots = DefaultSlots
	}
	v := &Versions{slots: slots, start: start}
	v.head.Store(never)
	return v
}

// State returns the current world, nil before the feed was first read.
func (v *Versions) State() *State { return v.state.Load() }

// Behind is how long ago the feed was last known to be at its head; false if it never was.
func (v *Versions) Behind(now time.Time) (time.Duration, bool) {
	head := v.head.Load()
	return now.Sub(v.start) - time.Duration(head), head != never
}

// Reset starts a new world. Everything stored before belongs to another and is never served again; nothing is visited.
func (v *Versions) Reset(epoch string, floor uint64) {
	next := &State{ID: 1, Epoch: epoch, Floor: floor, soft: make([]atomic.Uint64, v.slots), hard: make([]atomic.Uint64, v.slots)}
	next.applied.Store(floor)
	if old := v.state.Load(); old != nil {
		next.ID = old.ID + 1
	}
	v.state.Store(next)
}

// Apply raises the counters of changes that follow the applied position, then the position itself. Changes that were
// applied before are passed over. It reports false, having applied what came before it, at a gap.
func (v *Versions) Apply(changes []wire.Change) bool {
	st := v.state.Load()
	for i := range changes {
		c := &changes[i]
		applied := st.applied.Load()
		if c.Pos <= applied {
			continue
		}
		if c.Pos != applied+1 {
			return false
		}
		st.raise(c)
		st.applied.Store(c.Pos)
	}
	return true
}

func (s *State) raise(c *wire.Change) {
	for _, tag := range c.Tags {
		if tag != "" && tag[0] == wire.Hard {
			tag = tag[1:]
			s.hard[s.Slot(tag)].Store(c.Pos)
		}
		s.soft[s.Slot(tag)].Store(c.Pos)
	}
}

// reached notes that everything up to the head of the feed at that instant is applied.
func (v *Versions) reached(at time.Time) {
	if ns := int64(at.Sub(v.start)); ns > v.head.Load() {
		v.head.Store(ns)
	}
}
