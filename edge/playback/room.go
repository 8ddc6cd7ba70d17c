package playback

import "github.com/google/uuid"

// place makes room for a session and enters an absent one; nil when there is none. The shard is locked.
func (t *Table) place(sh *shard, id uuid.UUID) *session {
	if t.count.Load() >= t.limit && !t.evict(sh) {
		t.full.Add(1)
		return nil
	}
	s := &session{id: id, state: absent}
	sh.sessions[id] = s
	t.count.Add(1)
	return s
}

// evict forgets a session that the origin knows all of, over ones first: it is asked for again when it beats. The map's order
// is random, so a few looks suffice.
func (t *Table) evict(sh *shard) bool {
	var victim *session
	looks := 0
	for _, s := range sh.sessions {
		if s.kept() {
			continue
		}
		if victim = s; s.state != live {
			break
		}
		if looks++; looks == 8 {
			break
		}
	}
	if victim == nil {
		return false
	}
	delete(sh.sessions, victim.id)
	t.count.Add(-1)
	return true
}

// keep remembers the end of a session that is not held, for Ended. The shard is locked.
func (t *Table) keep(sh *shard, id uuid.UUID, now int64) {
	if _, again := sh.over[id]; t.keepEnds && !again && t.count.Load() < t.limit {
		sh.over[id] = now + keptFor.Milliseconds()
		t.count.Add(1)
	}
}

// Sweep forgets sessions that are long over. What the origin was not told of stays.
func (t *Table) Sweep(now int64) {
	for i := range t.shards {
		sh := &t.shards[i]
		sh.mu.Lock()
		for id, s := range sh.sessions {
			over := s.expiresAt
			if s.state == live { // nobody beats: a beat that comes yet asks the origin
				over += keptFor.Milliseconds()
			}
			if now >= over && !s.kept() {
				delete(sh.sessions, id)
				t.count.Add(-1)
			}
		}
		for id, until := range sh.over {
			if now >= until {
				delete(sh.over, id)
				t.count.Add(-1)
			}
		}
		sh.mu.Unlock()
	}
}
