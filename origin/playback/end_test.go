package playback

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/shared/wire"
)

// own is the account of the viewers' tokens.
func (b *bundle) own(streams int) *viewer {
	return b.viewerOf(uuid.MustParse(apitest.AccountID), streams)
}

func (b *bundle) end(id string) *apitest.Answer {
	b.t.Helper()
	return b.Pass(apitest.Request{Method: "DELETE", Path: "/v2/playback/sessions/" + id, Access: "viewer"})
}

func TestEndSession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v, stranger := b.own(2), b.viewer(1)
	s, other, foreign := b.began(v.film()), b.began(v.film()), b.began(stranger.film())
	if a := b.end(s.SessionID).Want(204); len(a.Body) != 0 {
		t.Errorf("body %s", a.Body)
	}
	b.wantEnded(wire.End{SessionID: s.SessionID, Reason: wire.ReasonEnded})
	absent := b.end(newID().String()).Want(404)
	for _, id := range []string{s.SessionID, foreign.SessionID} {
		got := b.end(id).Want(404)
		same := bytes.ReplaceAll(got.Body, []byte(got.Refused().RequestID), []byte(absent.Refused().RequestID))
		if !bytes.Equal(same, absent.Body) {
			t.Errorf("%s is not %s", got.Body, absent.Body)
		}
	}
	b.end("x").Want(400)
	if got := b.held(v); !slices.Equal(got, []string{other.SessionID}) || len(b.held(stranger)) != 1 {
		t.Errorf("held %q", got)
	}
	if got := b.events(); len(got) != 4 || got[3] != "stream.ended "+s.SessionID+" ended" {
		t.Errorf("events %q", got)
	}
	b.began(v.film()) // the slot is free
}

func TestListSessions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v, stranger := b.own(3), b.viewer(1)
	list := func() []StreamSession {
		t.Helper()
		var l api.List[StreamSession]
		b.Pass(apitest.Request{Method: "GET", Path: "/v2/playback/sessions", Access: "viewer"}).Want(200).Decode(&l)
		return l.Data
	}
	if got := list(); got == nil || len(got) != 0 {
		t.Errorf("listed %v", got)
	}
	b.began(stranger.film())
	b.sync("a")
	one := b.began(v.film())
	b.at(time.Second)
	two := b.began(v.film(func(in *wire.Start) { in.ProfileID = v.profile.String() }))
	paused := beat(two, 30*time.Second, 33)
	paused.PausedSince, paused.ExpiresAt = paused.At, t0.Add(time.Hour).UnixMilli()
	b.sync("a", paused)
	b.Exec(`UPDATE devices SET name = 'Kitchen' WHERE id = $1`, v.device)
	got := list()
	if len(got) != 2 || got[0].SessionID.String() != one.SessionID || got[1].SessionID.String() != two.SessionID {
		t.Fatalf("listed %+v", got)
	}
	if s := got[1]; s.DeviceName != "Kitchen" || *s.ProfileID != v.profile || s.PositionSeconds != 33 || !s.IsPaused || s.Title != "Metropolis" ||
		s.LastHeartbeatAt != t0.Add(30*time.Second) || s.SessionExpiresAt != t0.Add(time.Hour) || s.StartedAt != t0.Add(time.Second) {
		t.Errorf("listed %+v", s)
	}
	b.run(80*time.Second-time.Microsecond, "a")
	b.Exec(`DELETE FROM devices WHERE id = $1`, v.device)
	if got := list(); len(got) != 2 || got[0].DeviceName != "" {
		t.Errorf("listed %+v", got)
	}
	b.at(81 * time.Second)
	if got := list(); len(got) != 1 || got[0].SessionID.String() != two.SessionID {
		t.Errorf("listed %+v", got)
	}
}

func TestEndSessions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v, other := b.viewer(3), b.viewer(1)
	bedroom := b.device(v, "Bedroom")
	one, two := b.began(v.film()), b.began(v.film())
	three := b.began(v.film(func(in *wire.Start) { in.DeviceID = bedroom.String() }))
	rest := b.began(other.film())
	f := func(device *uuid.UUID, reason string, want ...wire.End) {
		t.Helper()
		b.write(func(w *write) error { return b.d.EndSessions(t.Context(), w, v.account, device, reason) })
		b.wantEnded(want...)
	}
	nobodys := newID()
	f(&nobodys, wire.ReasonDeviceRemoved)
	ends := []wire.End{{SessionID: one.SessionID, Reason: wire.ReasonDeviceRemoved}, {SessionID: two.SessionID, Reason: wire.ReasonDeviceRemoved}}
	f(&v.device, wire.ReasonDeviceRemoved, ends...)
	ends = append(ends, wire.End{SessionID: three.SessionID, Reason: wire.ReasonAccountClosed})
	f(nil, wire.ReasonAccountClosed, ends...)
	f(nil, wire.ReasonAccountClosed, ends...)
	for _, e := range ends {
		if got := b.find(v.account.String(), e.SessionID); got != "410 "+e.Reason {
			t.Errorf("found with %s", got)
		}
	}
	if got := b.find(rest.AccountID, rest.SessionID); got != "200" || len(b.events()) != 7 {
		t.Errorf("another account's is found with %s; events %q", got, b.events())
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync("a")
	s := b.began(b.viewer(1).film())
	f := func(account, session, want string) {
		t.Helper()
		if got := b.find(account, session); got != want {
			t.Errorf("found with %s, want %s", got, want)
		}
	}
	for _, id := range []string{"", "x", newID().String(), "00000000-0000-0000-0000-000000000000"} {
		f(s.AccountID, id, "404")
		f(id, s.SessionID, "404")
	}
	f(b.viewer(1).account.String(), s.SessionID, "404")
	b.run(75*time.Second, "a")
	f(s.AccountID, s.SessionID, "200") // intake is not steady yet
	a := b.Tell(wire.FindPath, wire.Find{AccountID: s.AccountID, SessionID: s.SessionID}).Want(200)
	var found wire.Session
	a.Decode(&found)
	if found.SessionID != s.SessionID || !found.ExpiresAt.Equal(t0.Add(75*time.Second)) {
		t.Errorf("found %+v", found)
	}
	b.run(80*time.Second, "a")
	f(s.AccountID, s.SessionID, "410 expired")
	b.at(85 * time.Second) // intake is steady no more, but who was told so has to begin anew
	f(s.AccountID, s.SessionID, "410 expired")
	b.wantEnded(wire.End{SessionID: s.SessionID, Reason: wire.ReasonExpired})
}

// Whoever is told that a session is over is not told next that it holds a slot; for a second more, beats of it may be under way.
func TestOverIsOver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.viewer(1)
	b.Set(t0.Add(-time.Minute))
	b.run(0, "a")
	s := b.began(v.film())
	b.run(76*time.Second-time.Millisecond, "a")
	if got := b.find(s.AccountID, s.SessionID); got != "410 expired" {
		t.Errorf("found with %s", got)
	}
	if got := b.refused(v.film()); got != "409 CONCURRENCY_LIMIT_EXCEEDED" {
		t.Errorf("a start a moment later: %s", got)
	}
	b.at(76 * time.Second)
	if got := b.find(s.AccountID, s.SessionID); got != "410 expired" {
		t.Errorf("found with %s", got)
	}
	b.began(v.film())
}
