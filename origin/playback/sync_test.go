package playback

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/origin/apitest"
	"encora/shared/wire"
)

// row is what the database has of a session, by seconds after t0.
func (b *bundle) row(s wire.Started) string {
	b.t.Helper()
	const q = `SELECT concat_ws(' ', 'beat', extract(epoch FROM last_beat_at - $2)::float, 'until', extract(epoch FROM expires_at - $2)::float,
		'paused', extract(epoch FROM paused_since - $2)::float, 'at', position_seconds) FROM stream_sessions WHERE id = $1`
	return strings.Join(apitest.Column[string](b.Bundle, q, s.SessionID, t0), ", ")
}

// progress lists what the account has watched.
func (b *bundle) progress(v *viewer) []string {
	b.t.Helper()
	const q = `SELECT concat_ws(' ', content_type, position_seconds, 'of', seconds, 'from', extract(epoch FROM first_watched_at - $2)::float,
		'to', extract(epoch FROM last_watched_at - $2)::float) FROM watch_progress WHERE account_id = $1 ORDER BY last_watched_at, content_type`
	return apitest.Column[string](b.Bundle, q, v.account, t0)
}

func (b *bundle) wantProgress(v *viewer, want ...string) {
	b.t.Helper()
	if got := b.progress(v); !slices.Equal(got, want) {
		b.t.Errorf("progress %q, want %q", got, want)
	}
}

// Whatever order beats come in, sessions only go forwards in the time of their beats.
func TestBeatsGoForwards(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.viewer(1)
	s := b.began(v.film())
	f := func(beat wire.Beat, want, progress string) {
		t.Helper()
		for range 2 { // the second is the retry after a lost answer
			if out := b.sync("a", beat); out.Gone != nil || out.Ended != nil || out.More {
				t.Errorf("told %+v", out)
			}
			if got := b.row(s); got != want {
				t.Errorf("row %q, want %q", got, want)
			}
			b.wantProgress(v, progress)
		}
	}
	f(beat(s, 30*time.Second, 31), "beat 30 until 105 paused at 31", "movie 31 of 9000 from 0 to 30")
	f(beat(s, 10*time.Second, 11), "beat 30 until 105 paused at 31", "movie 31 of 9000 from 0 to 30")
	f(beat(s, 30*time.Second, 99), "beat 30 until 105 paused at 31", "movie 31 of 9000 from 0 to 30")
	paused := beat(s, 30*time.Second+time.Millisecond, 5) // backwards in the film is forwards in time
	paused.PausedSince, paused.ExpiresAt = paused.At, t0.Add(time.Hour).UnixMilli()
	f(paused, "beat 30.001 until 3600 paused 30.001 at 5", "movie 5 of 9000 from 0 to 30.001")
	f(beat(s, 60*time.Second, 6), "beat 60 until 135 paused at 6", "movie 6 of 9000 from 0 to 60")
	f(beat(s, 61*time.Second, 9001), "beat 61 until 136 paused at 9001", "movie 9000 of 9000 from 0 to 61")
}

// Edges send the latest beat of a session. Should they not, it is the latest that counts.
func TestOneSessionTwiceInABatch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.viewer(1)
	s := b.began(v.film())
	for n := range 10 {
		at := time.Duration(n)*10*time.Second + time.Second
		b.sync("a", beat(s, at, 1), beat(s, at+2*time.Second, 3), beat(s, at+time.Second, 2))
		if got, want := b.row(s), fmt.Sprintf("beat %d until %d paused at 3", n*10+3, n*10+78); got != want {
			t.Errorf("row %q, want %q", got, want)
		}
	}
}

// Profiles watch films and programmes; what they see of a channel is not kept, nor a length that is not known applied.
func TestProgress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.viewer(9)
	var beats []wire.Beat
	for n, kind := range []string{wire.ContentChannel, wire.ContentEpisode, wire.ContentMovie, wire.ContentProgram} {
		s := b.began(v.film(func(in *wire.Start) { in.ContentType, in.Seconds = kind, 100*n }))
		beats = append(beats, beat(s, time.Duration(n+1)*time.Second, 150))
	}
	unknown := b.began(v.film(func(in *wire.Start) { in.Seconds = 0 }))
	b.sync("a", append(beats, beat(unknown, 9*time.Second, wire.MaxPosition))...)
	b.wantProgress(v, "episode 100 of 100 from 0 to 2", "movie 150 of 200 from 0 to 3", "program 150 of 300 from 0 to 4",
		fmt.Sprintf("movie %d of 0 from 0 to 9", wire.MaxPosition))
}

// Two devices of a profile with the same film: the later beat counts, in one batch and over several.
func TestProgressOfTwoSessions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.viewer(2)
	in := v.film(func(in *wire.Start) { in.ProfileID = v.profile.String() })
	one := b.began(in)
	in.DeviceID = b.device(v, "Bedroom").String()
	two := b.began(in)
	b.sync("a", beat(one, 2*time.Second, 22), beat(two, time.Second, 11))
	b.wantProgress(v, "movie 22 of 9000 from 0 to 2")
	b.sync("a", beat(one, 3*time.Second, 33), beat(two, 4*time.Second, 44))
	b.wantProgress(v, "movie 44 of 9000 from 0 to 4")
	b.sync("a", beat(one, 4*time.Second, 45))
	b.wantProgress(v, "movie 44 of 9000 from 0 to 4")
	if got := apitest.Column[string](b.Bundle, `SELECT concat_ws(' ', account_id, profile_id, content_id, device_id) FROM watch_progress`); !slices.Equal(got,
		[]string{strings.Join([]string{in.AccountID, in.ProfileID, in.ContentID, in.DeviceID}, " ")}) {
		t.Errorf("progress of %q", got)
	}
	in.ProfileID = newID().String() // a profile that only the token knows plays, and nobody remembers what
	in.ProfileVouched = true
	b.began(in)
	b.sync("a", beat(two, 5*time.Second, 55))
	b.wantProgress(v, "movie 44 of 9000 from 0 to 4")
}

// What was played just before a session ended counts, whatever ended it, though the beat comes after the end; what comes of a
// session after its end does not.
func TestLastBeatBeforeTheEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.own(9)
	stopped, replaced, removed := b.began(v.film()), b.began(v.film()), b.began(v.film())
	b.at(10 * time.Second)
	b.end(stopped.SessionID).Want(204)
	b.began(v.film(func(in *wire.Start) { in.Replace = replaced.SessionID }))
	b.write(func(w *write) error {
		return b.d.EndSessions(b.t.Context(), w, v.account, &v.device, wire.ReasonDeviceRemoved)
	})
	b.sync("a", beat(stopped, 9*time.Second, 9), beat(replaced, 10*time.Second, 10), beat(removed, 9*time.Second, 90))
	b.wantProgress(v, "movie 9 of 9000 from 0 to 9", "movie 90 of 9000 from 0 to 9", "movie 10 of 9000 from 0 to 10")
	b.sync("a", beat(stopped, 12*time.Second, 12), beat(replaced, 12*time.Second, 12))
	b.wantProgress(v, "movie 9 of 9000 from 0 to 9", "movie 90 of 9000 from 0 to 9", "movie 10 of 9000 from 0 to 10")
}

// Pressing play again on the same title does not hide a beat that is under way.
func TestBeatUnderAStart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.viewer(1)
	in := v.film()
	s := b.began(in)
	b.at(10 * time.Second)
	b.began(in)
	b.sync("a", beat(s, 9*time.Second, 9))
	if got := b.found(s); got.Position != 9 || !got.ExpiresAt.Equal(t0.Add(85*time.Second)) {
		t.Errorf("found %+v", got)
	}
	b.wantProgress(v, "movie 9 of 9000 from 0 to 9")
}

// Edges know from one another until when a player has URLs.
func TestRefreshIsKnownEverywhere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := b.viewer(1).film()
	in.RefreshAt = t0.Add(5 * time.Minute).UnixMilli()
	s := b.began(in)
	if got := b.found(s).RefreshAt; got != in.RefreshAt || s.RefreshAt != got {
		t.Errorf("to be renewed at %d, want %d", got, in.RefreshAt)
	}
	renewed := beat(s, time.Second, 1)
	renewed.RefreshAt = t0.Add(10 * time.Minute).UnixMilli()
	b.sync("a", renewed)
	if got := b.found(s).RefreshAt; got != renewed.RefreshAt {
		t.Errorf("to be renewed at %d, want %d", got, renewed.RefreshAt)
	}
}

// A profile that is gone leaves nothing, and nothing more is remembered for it.
func TestForgetProfiles(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.viewer(9)
	s := b.began(v.film())
	b.sync("a", beat(s, time.Second, 1))
	b.wantProgress(v, "movie 1 of 9000 from 0 to 1")
	b.write(func(w *write) error { return b.d.ForgetProfiles(t.Context(), w, v.account, []uuid.UUID{v.profile}) })
	b.sync("a", beat(s, 2*time.Second, 2))
	b.wantProgress(v)
	if got := b.found(s); got.Position != 2 {
		t.Errorf("plays on at %+v", got)
	}
}

// An edge that starts is told of the newest ends if it asks, since it may serve what they end.
func TestRecentEnds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old, fresh := b.viewer(1), b.viewer(1)
	b.began(old.film())
	b.finish(old)
	b.at(tellFor)
	b.began(fresh.film())
	want := b.finish(fresh)
	f := func(recent bool, want ...wire.End) {
		t.Helper()
		var out wire.Synced
		b.Tell(wire.SyncPath, wire.Sync{Edge: newID().String(), Recent: recent}).Want(200).Decode(&out)
		if !slices.Equal(out.Ended, want) || len(out.Ends) != wire.EndShards {
			t.Errorf("recent %v: %+v", recent, out)
		}
	}
	f(false)
	f(true, want...)
}

func TestForgetProgress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v, other := b.viewer(1), b.viewer(1)
	one, two := b.began(v.film()), b.began(other.film())
	b.sync("a", beat(one, time.Second, 1), beat(two, time.Second, 1))
	b.write(func(w *write) error { return b.d.ForgetProgress(t.Context(), w, v.account) })
	b.wantProgress(v)
	b.wantProgress(other, "movie 1 of 9000 from 0 to 1")
}

// Beats of sessions that are no more learn why; of others nothing is said.
func TestGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync("a")
	want := map[string]string{}
	var beats []wire.Beat
	f := func(reason string, end func(v *viewer, in wire.Start, s wire.Started)) {
		t.Helper()
		v := b.viewer(1)
		in := v.film()
		s := b.began(in)
		end(v, in, s)
		beats = append(beats, beat(s, time.Second, 1))
		want[s.SessionID] = reason
	}
	f("replaced", func(_ *viewer, in wire.Start, s wire.Started) { in.Replace = s.SessionID; b.began(in) })
	f("expired", func(*viewer, wire.Start, wire.Started) { b.run(80*time.Second, "a"); b.sweep(2) })
	for _, reason := range []string{"ended", "device_removed", "account_closed"} {
		f(reason, func(v *viewer, _ wire.Start, _ wire.Started) {
			b.write(func(w *write) error { return b.d.EndSessions(t.Context(), w, v.account, nil, reason) })
		})
	}
	v := b.viewer(1)
	live := b.began(v.film())
	never, foreign, sameMoment := live, live, live
	never.SessionID, foreign.AccountID = newID().String(), newID().String()
	want[never.SessionID], want[live.SessionID] = "", ""
	got := map[string]string{}
	for range 2 {
		for _, e := range b.sync("a", append(beats, beat(never, time.Second, 1), beat(foreign, time.Hour, 1), beat(sameMoment, 0, 1))...).Gone {
			got[e.SessionID] = e.Reason
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("gone %v, want %v", got, want)
	}
	if out := b.sync("a", beat(live, time.Hour, 1), beat(live, time.Minute, 1)); out.Gone != nil {
		t.Errorf("gone %v", out.Gone)
	}
}

func TestMalformedExchanges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.began(b.viewer(1).film())
	good := wire.Sync{Edge: newID().String(), Beats: []wire.Beat{beat(s, time.Second, 1)}, Ends: make([]uint64, wire.EndShards)}
	f := func(want int, change func(*wire.Sync, *wire.Beat)) {
		t.Helper()
		in := good
		in.Beats = slices.Clone(in.Beats)
		change(&in, &in.Beats[0])
		if got := b.Tell(wire.SyncPath, in); got.Status != want {
			t.Errorf("%+v: %d, want %d", in, got.Status, want)
		}
	}
	f(400, func(in *wire.Sync, _ *wire.Beat) { in.Edge = "" })
	f(400, func(in *wire.Sync, _ *wire.Beat) { in.Edge = "x" })
	f(400, func(in *wire.Sync, _ *wire.Beat) { in.Ends = in.Ends[1:] })
	f(400, func(in *wire.Sync, _ *wire.Beat) { in.Ends = append(in.Ends, 0) })
	f(400, func(in *wire.Sync, _ *wire.Beat) { in.Beats = make([]wire.Beat, maxBeats+1) })
	f(400, func(_ *wire.Sync, beat *wire.Beat) { beat.AccountID = "" })
	f(400, func(_ *wire.Sync, beat *wire.Beat) { beat.SessionID = "x" })
	f(400, func(_ *wire.Sync, beat *wire.Beat) { beat.Position = -1 })
	f(400, func(_ *wire.Sync, beat *wire.Beat) { beat.Position = wire.MaxPosition + 1 })
	for _, at := range []int64{0, -1, math.MinInt64, math.MaxInt64, 253402300800000} {
		f(400, func(_ *wire.Sync, beat *wire.Beat) { beat.At = at })
		f(400, func(_ *wire.Sync, beat *wire.Beat) { beat.ExpiresAt = at })
		f(map[bool]int{true: 200, false: 400}[at == 0], func(_ *wire.Sync, beat *wire.Beat) { beat.PausedSince = at })
	}
	f(200, func(in *wire.Sync, _ *wire.Beat) {})
	for _, body := range []string{"", "[]", "null", "{", `{"edge":1}`} {
		if got := b.Tell(wire.SyncPath, body).Status; got != 400 {
			t.Errorf("%q: %d", body, got)
		}
	}
}

// An exchange of malformed parts leaves nothing: not its good beats, nor that the edge is steady.
func TestMalformedLeavesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.began(b.viewer(1).film())
	b.Tell(wire.SyncPath, wire.Sync{Edge: newID().String(), Beats: []wire.Beat{beat(s, time.Second, 1), {}}}).Want(400)
	if got := b.row(s); got != "beat 0 until 75 paused at 0" {
		t.Errorf("row %q", got)
	}
	if n := apitest.Column[int](b.Bundle, `SELECT count(*) FROM beat_intake`); n[0] != 0 {
		t.Error("the edge is known")
	}
}

// Two edges with the same sessions in opposite orders don't wait for each other.
func TestBatchesThatCross(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fill(300)
	accounts, ids := apitest.Column[string](b.Bundle, `SELECT account_id::text FROM stream_sessions ORDER BY id`), apitest.Column[string](b.Bundle, `SELECT id::text FROM stream_sessions ORDER BY id`)
	before := apitest.Column[int](b.Bundle, `SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()`)[0]
	done := make(chan error)
	for n := range 4 {
		go func() {
			var err error
			for round := range 20 {
				in := wire.Sync{Edge: newID().String()}
				for i := range ids {
					at := t0.Add(time.Duration(round*4+n+1) * time.Second)
					in.Beats = append(in.Beats, wire.Beat{AccountID: accounts[i], SessionID: ids[i], At: at.UnixMilli(), ExpiresAt: at.UnixMilli(), Position: 1})
				}
				if n%2 == 0 {
					slices.Reverse(in.Beats)
				}
				if _, e := b.d.sync(t.Context(), &in); e != nil {
					err = e
				}
			}
			done <- err
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	b.Exec(`SELECT pg_stat_force_next_flush()`)
	if after := apitest.Column[int](b.Bundle, `SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()`)[0]; after != before {
		t.Errorf("%d deadlocks", after-before)
	}
	if got := apitest.Column[string](b.Bundle, `SELECT DISTINCT last_beat_at::text FROM stream_sessions`); !reflect.DeepEqual(got, []string{"2026-03-02 20:01:20+00"}) {
		t.Errorf("last beats %q", got)
	}
}
