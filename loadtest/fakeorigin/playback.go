package fakeorigin

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"encora/shared/wire"
)

// titles is how many titles the sessions play.
const titles = 1000

// SessionID is the id of the n-th session, which every account that asks for it has.
func SessionID(n int) string {
	id := uuid.UUID{0x01, 0x99, 6: 0x75, 7: 0x55}
	binary.BigEndian.PutUint64(id[8:], 1<<63|uint64(n))
	return id.String()
}

// sessionOf is the number in an id that SessionID made.
func sessionOf(id string) (int, bool) {
	u, err := uuid.Parse(id)
	if err != nil {
		return 0, false
	}
	n := int(binary.BigEndian.Uint64(u[8:]) &^ (1 << 63))
	return n, id == SessionID(n)
}

// Finds is how many sessions edges have asked for.
func (o *Origin) Finds() int64 { return o.finds.Load() }

// Beats is how many beats edges have told of.
func (o *Origin) Beats() int64 { return o.beats.Load() }

// played is the n-th session, just begun. No session ever ends here.
func (o *Origin) played(n int, account string) wire.Session {
	now := time.Now().UTC()
	film := FilmID(Small, n%titles)
	return wire.Session{SessionID: SessionID(n), AccountID: account, LastBeatAt: now, ExpiresAt: now.Add(wire.SessionFor), Seconds: 5400,
		Media: wire.Media{DASHPath: "/vod/" + film + "/manifest.mpd", HLSPath: "/vod/" + film + "/master.m3u8"}}
}

// startSession begins a session whatever is asked for.
func (o *Origin) startSession(w http.ResponseWriter, r *http.Request) {
	var in wire.Start
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, `{"code":"BAD_REQUEST"}`, http.StatusBadRequest)
		return
	}
	s := o.played(int(o.started.Add(1))+1<<40, in.AccountID) // beyond those that are asked for by number
	s.Media = in.Media
	json.NewEncoder(w).Encode(wire.Started{Session: s})
}

func (o *Origin) findSession(w http.ResponseWriter, r *http.Request) {
	var in wire.Find
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, `{"code":"BAD_REQUEST"}`, http.StatusBadRequest)
		return
	}
	o.finds.Add(1)
	n, ok := sessionOf(in.SessionID)
	if !ok {
		http.Error(w, `{"code":"NOT_FOUND","message":"not found"}`, http.StatusNotFound)
		return
	}
	json.NewEncoder(w).Encode(o.played(n, in.AccountID))
}

// syncSessions counts the beats without reading them: what it spent on that would be taken from the edge where both share a
// core.
func (o *Origin) syncSessions(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the edge has gone
	}
	o.beats.Add(int64(bytes.Count(body, []byte(`"s":"`))))
	w.Header().Set("Content-Length", strconv.Itoa(len(synced)))
	w.Write(synced)
}

// synced says that nothing ever ended.
var synced = func() []byte {
	text, err := json.Marshal(wire.Synced{Ends: make([]uint64, wire.EndShards)})
	if err != nil { // plain numbers; a broken invariant
		panic(err)
	}
	return text
}()
