package playback

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/edge/fill"
	"encora/edge/fill/filltest"
	"encora/shared/wire"
)

// seeking is an edge's sessions over an origin on a socket. Nothing is exchanged but by hand.
func seeking(t *testing.T, limit int) (*Sessions, *filltest.Origin) {
	t.Helper()
	origin := filltest.New(t)
	client := fill.NewOrigin(fill.Config{URL: origin.URL, Key: filltest.Key, Timeout: time.Second, Now: time.Now, Log: testLog()})
	s := New(NewTable(Settings{PausedFor: time.Hour, Limit: limit}), Config{Origin: client, Timeout: time.Second, Patience: 5 * time.Second,
		Now: func() int64 { return time.Now().UnixMilli() }, Log: testLog()})
	return s, origin
}

func TestSeekAsksOnceForAll(t *testing.T) {
	s, origin := seeking(t, 1000)
	media := wire.Media{DASHPath: "/vod/two/manifest.mpd", HLSPath: "/vod/two/master.m3u8"}
	id := origin.Sessions.Begin(mine, media)
	const crowd = 1000
	origin.Set(func() { origin.Sessions.Before = func(string) { time.Sleep(50 * time.Millisecond) } })
	var running sync.WaitGroup
	var playing atomic.Int64
	for range crowd {
		running.Go(func() {
			b := Beat{Session: id}
			if s.Take(&b, mine, on(s.Now()), false).Standing == Unknown {
				if _, err := s.Seek(t.Context(), id, mine); err != nil {
					t.Error(err)
				}
			}
			if got := s.Take(&b, mine, on(s.Now()), true); got.Standing == Playing && got.Media.Value() == media && got.Refresh {
				playing.Add(1)
			}
		})
	}
	running.Wait()
	if n := origin.Sessions.Finds(id); n != 1 || playing.Load() != crowd {
		t.Errorf("%d questions; %d of %d beats were taken", n, playing.Load(), crowd)
	}
}

func TestSeekTellsWhatTheOriginSays(t *testing.T) {
	s, origin := seeking(t, 1000)
	f := func(name string, id, account uuid.UUID, want Taken, found Standing) {
		t.Helper()
		said, err := s.Seek(t.Context(), id, account)
		if err != nil || said != want {
			t.Errorf("%s: %+v %v, want %+v", name, said, err, want)
		}
		wantTaken(t, name, s.Look(id, account, s.Now()), found, want.Reason)
	}
	playing, over := origin.Sessions.Begin(mine, wire.Media{}), origin.Sessions.Begin(mine, wire.Media{})
	origin.Sessions.End(over, wire.ReasonDeviceRemoved)
	gone := Taken{Standing: Over, Reason: wire.ReasonDeviceRemoved}
	f("another's", playing, other, Taken{Standing: Absent}, Absent)
	f("playing", playing, mine, Taken{}, Playing)
	f("another's, held", playing, other, Taken{Standing: Absent}, Absent)
	f("over, another's", over, other, Taken{Standing: Absent}, Absent)
	f("over", over, mine, gone, Over)
	f("over, another's, after its owner", over, other, Taken{Standing: Absent}, Absent)
	f("over, again", over, mine, gone, Over)
	f("none", uuid.New(), mine, Taken{Standing: Absent}, Absent)
	if n := origin.Sessions.Finds(playing); n != 2 {
		t.Errorf("a session that plays was asked for %d times", n)
	}
	full, origin := seeking(t, 0)
	over = origin.Sessions.Begin(mine, wire.Media{})
	origin.Sessions.End(over, wire.ReasonExpired)
	if said, err := full.Seek(t.Context(), over, mine); err != nil || said != (Taken{Standing: Over, Reason: wire.ReasonExpired}) || full.Count() != 0 {
		t.Errorf("over, without a place: %+v %v", said, err)
	}
}

func TestWhy(t *testing.T) {
	f := func(body, want string) {
		t.Helper()
		if got := why([]byte(body)); got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
	f(`{"details":[{"reason":"replaced"}]}`, wire.ReasonReplaced)
	f(`{"details":[]}`, wire.ReasonEnded)
	f(`{"details":[{}]}`, wire.ReasonEnded)
	f(`{"details":[{"reason":"of a later version"}]}`, wire.ReasonEnded)
	f(``, wire.ReasonEnded)
}

func TestSeekWhileTheOriginIsAway(t *testing.T) {
	s, origin := seeking(t, 1000)
	id := origin.Sessions.Begin(mine, wire.Media{})
	f := func(name string, wanted error) {
		t.Helper()
		_, err := s.Seek(t.Context(), id, mine)
		if err == nil || wanted != nil && !errors.Is(err, wanted) {
			t.Errorf("%s: %v, want %v", name, err, wanted)
		}
		wantTaken(t, name, s.Look(id, mine, s.Now()), Unknown, "")
	}
	origin.Fail(http.StatusServiceUnavailable)
	f("503", fill.ErrAway)
	origin.Fail(http.StatusInternalServerError)
	f("500", nil)
	origin.Fail(0)
	origin.Down(true)
	for range 5 {
		f("down", fill.ErrAway)
	}
	origin.Down(false)
	s.Config.Patience = 50 * time.Millisecond
	origin.Set(func() { origin.Sessions.Before = func(string) { time.Sleep(200 * time.Millisecond) } })
	time.Sleep(600 * time.Millisecond) // until the next attempt is let through
	f("slow", fill.ErrLate)
	time.Sleep(300 * time.Millisecond)
	wantTaken(t, "its answer came all the same", s.Look(id, mine, s.Now()), Playing, "")
}

// Ends that moved on while a session was read make the edge ask again, and not for ever.
func TestSeekAsksAgainWhenEndsMovedOn(t *testing.T) {
	s, origin := seeking(t, 1000)
	id := origin.Sessions.Begin(mine, wire.Media{})
	shard := wire.EndShard(mine)
	ends := make([]uint64, wire.EndShards)
	ends[shard] = 1 // the edge has heard of an end that the origin's snapshot will not have seen at first
	s.apply(&wire.Synced{Ends: ends}, s.Now())
	if _, err := s.Seek(t.Context(), id, mine); !errors.Is(err, fill.ErrBusy) || origin.Sessions.Finds(id) != findTries {
		t.Errorf("%v after %d questions", err, origin.Sessions.Finds(id))
	}
	wantTaken(t, "not taken in", s.Look(id, mine, s.Now()), Unknown, "")
	asked := 0
	another := origin.Sessions.Begin(mine, wire.Media{})
	origin.Set(func() {
		origin.Sessions.Before = func(string) {
			if asked++; asked == 2 {
				origin.Sessions.End(another, wire.ReasonEnded)
			}
		}
	})
	if _, err := s.Seek(t.Context(), id, mine); err != nil || asked != 2 {
		t.Errorf("%v after %d questions", err, asked)
	}
	wantTaken(t, "taken in", s.Look(id, mine, s.Now()), Playing, "")
}

func TestBegan(t *testing.T) {
	s, origin := seeking(t, 1000)
	old := origin.Sessions.Begin(mine, wire.Media{})
	if _, err := s.Seek(context.Background(), old, mine); err != nil {
		t.Fatal(err)
	}
	now := s.Now()
	started := &wire.Started{Session: *toldOf(num(1), mine, now), Ended: []wire.End{{SessionID: old.String(), Reason: wire.ReasonReplaced},
		{SessionID: uuid.NewString(), Reason: wire.ReasonExpired}, {SessionID: "x"}}}
	if !s.Began(started, now+minute) || s.Count() != 2 {
		t.Errorf("%d sessions are held", s.Count())
	}
	wantTaken(t, "replaced", s.Look(old, mine, now), Over, wire.ReasonReplaced)
	got := s.Take(&Beat{Session: num(1)}, mine, on(now+1), false)
	if wantTaken(t, "begun", got, Playing, ""); got.Refresh {
		t.Error("it has new URLs already")
	}
}
