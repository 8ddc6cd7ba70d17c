package filltest

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"encora/shared/wire"
)

// Refusal is an answer that is no success.
type Refusal struct {
	Status int
	Body   string
}

// Sessions is the origin's half of playback, over sessions in memory. The exported fields may be changed inside Origin.Set.
type Sessions struct {
	// Refuse may answer a start otherwise than with a session; nil: never.
	Refuse func(wire.Start) *Refusal
	// Before holds requests up before they are looked at, by their path; nil: none.
	Before func(path string)
	// MostEnds is how many ends one exchange tells of; 0: all.
	MostEnds int

	o *Origin

	mu     sync.Mutex
	live   map[string]*wire.Session
	over   map[string]wire.Session
	why    map[string]string
	ends   []uint64 // of each shard
	told   [][]wire.End
	starts []wire.Start
	asked  map[string]int
	syncs  []wire.Sync
}

func newSessions(o *Origin) *Sessions {
	return &Sessions{o: o, live: make(map[string]*wire.Session), over: make(map[string]wire.Session), why: make(map[string]string),
		ends: make([]uint64, wire.EndShards), told: make([][]wire.End, wire.EndShards), asked: make(map[string]int)}
}

// Begin starts a session beside the edge, as another edge would.
func (s *Sessions) Begin(account uuid.UUID, media wire.Media) uuid.UUID {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := uuid.Must(uuid.NewV7())
	s.begin(id, account.String(), media)
	return id
}

func (s *Sessions) begin(id uuid.UUID, account string, media wire.Media) *wire.Session {
	now := s.o.Now().UTC()
	w := &wire.Session{SessionID: id.String(), AccountID: account, LastBeatAt: now, ExpiresAt: now.Add(wire.SessionFor), Media: media}
	s.live[w.SessionID] = w
	return w
}

// End ends a session for a reason, as another edge or the clock would.
func (s *Sessions) End(id uuid.UUID, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end(id.String(), reason)
}

func (s *Sessions) end(id, reason string) bool {
	w, ok := s.live[id]
	if !ok {
		return false
	}
	delete(s.live, id)
	s.over[id], s.why[id] = *w, reason
	shard := shardOf(w.AccountID)
	s.ends[shard]++
	s.told[shard] = append(s.told[shard], wire.End{SessionID: id, Reason: reason})
	return true
}

func shardOf(account string) int {
	id, _ := uuid.Parse(account)
	return wire.EndShard(id)
}

// Starts are those that were asked for.
func (s *Sessions) Starts() []wire.Start {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.starts)
}

// Finds is how often a session was asked for.
func (s *Sessions) Finds(id uuid.UUID) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[id.String()]
}

// Beat is the newest that came of a session.
func (s *Sessions) Beat(id uuid.UUID) (wire.Beat, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.syncs) - 1; i >= 0; i-- {
		for _, b := range s.syncs[i].Beats {
			if b.SessionID == id.String() {
				return b, true
			}
		}
	}
	return wire.Beat{}, false
}

// read reads a request's body, and holds it up.
func (s *Sessions) read(r *http.Request, in any) {
	var before func(string)
	s.o.Set(func() { before = s.Before })
	if before != nil {
		before(r.URL.Path)
	}
	body, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(body, in)
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, r Refusal) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(r.Status)
	_, _ = io.WriteString(w, r.Body)
}

func (s *Sessions) start(w http.ResponseWriter, r *http.Request) {
	var in wire.Start
	s.read(r, &in)
	var refusing func(wire.Start) *Refusal
	s.o.Set(func() { refusing = s.Refuse })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.starts = append(s.starts, in)
	if refusing != nil {
		if no := refusing(in); no != nil {
			refuse(w, *no)
			return
		}
	}
	var out wire.Started
	if old := s.live[in.Replace]; old != nil && old.AccountID == in.AccountID && s.end(in.Replace, wire.ReasonReplaced) {
		out.Ended = []wire.End{{SessionID: in.Replace, Reason: wire.ReasonReplaced}}
	}
	session := s.begin(uuid.Must(uuid.NewV7()), in.AccountID, in.Media)
	session.Seconds = in.Seconds
	out.Session = *session
	out.Ends = s.ends[shardOf(in.AccountID)]
	reply(w, out)
}

func (s *Sessions) find(w http.ResponseWriter, r *http.Request) {
	var in wire.Find
	s.read(r, &in)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[in.SessionID]++
	if held, ok := s.live[in.SessionID]; ok && held.AccountID == in.AccountID {
		out := *held
		out.Ends = s.ends[shardOf(in.AccountID)]
		reply(w, out)
		return
	}
	if over, ok := s.over[in.SessionID]; ok && over.AccountID == in.AccountID {
		refuse(w, Refusal{http.StatusGone, `{"code":"SESSION_ENDED","message":"This session has ended.","request_id":"origin","details":[` +
			`{"field":"session_id","code":"ended","message":"Start the stream again to go on.","reason":"` + s.why[in.SessionID] + `"}]}`})
		return
	}
	refuse(w, Refusal{http.StatusNotFound, `{"code":"NOT_FOUND","message":"There is nothing at this address.","request_id":"origin","details":[]}`})
}

func (s *Sessions) sync(w http.ResponseWriter, r *http.Request) {
	var in wire.Sync
	s.read(r, &in)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.syncs = append(s.syncs, in)
	out := wire.Synced{Ends: slices.Clone(s.ends)}
	for _, b := range in.Beats {
		if held, ok := s.live[b.SessionID]; ok && held.AccountID == b.AccountID {
			take(held, b)
		} else {
			out.Gone = append(out.Gone, wire.End{SessionID: b.SessionID, Reason: s.why[b.SessionID]})
		}
	}
	if len(in.Ends) == wire.EndShards {
		s.tell(in.Ends, &out)
	}
	reply(w, out)
}

// tell adds the ends after known.
func (s *Sessions) tell(known []uint64, out *wire.Synced) {
	for shard, all := range s.told {
		next := all[min(known[shard], uint64(len(all))):]
		if s.MostEnds > 0 && len(next) > s.MostEnds {
			next, out.More = next[:s.MostEnds], true
			out.Ends[shard] = known[shard] + uint64(len(next))
		}
		out.Ended = append(out.Ended, next...)
	}
}

func take(w *wire.Session, b wire.Beat) {
	if b.At <= w.LastBeatAt.UnixMilli() {
		return
	}
	w.LastBeatAt, w.ExpiresAt, w.Position, w.PausedSince = time.UnixMilli(b.At), time.UnixMilli(b.ExpiresAt), b.Position, nil
	if b.PausedSince != 0 {
		since := time.UnixMilli(b.PausedSince)
		w.PausedSince = &since
	}
}
