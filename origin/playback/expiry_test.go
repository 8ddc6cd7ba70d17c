package playback

import (
	"slices"
	"testing"
	"time"

	"encora/origin/apitest"
	"encora/shared/wire"
)

// slots reports which of an account's sessions hold slots, as its viewers' list shows them.
func (b *bundle) slots(v *viewer) []string {
	b.t.Helper()
	full := v.film(func(in *wire.Start) { in.ContentType = wire.ContentChannel })
	b.Exec(`UPDATE plans SET max_concurrent_streams = (SELECT greatest(1, count(*)) FROM stream_sessions WHERE account_id = $2) WHERE id = $1`, v.plan, v.account)
	a := b.start(full)
	if a.Status == 200 {
		return nil
	}
	var ids []string
	for _, s := range b.active(a) {
		ids = append(ids, s.SessionID.String())
	}
	return ids
}

// A session without beats loses its slot 80 s after the last, to the instant, when intake was steady for as long.
func TestExpiry(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.viewer(1)
	b.run(time.Minute, "a")
	first := b.began(v.film())
	b.run(2*time.Minute+20*time.Second-time.Microsecond, "a")
	if got := b.slots(v); !slices.Equal(got, []string{first.SessionID}) {
		t.Errorf("before 80 s these hold slots: %q", got)
	}
	b.at(2*time.Minute + 20*time.Second)
	second := b.began(v.film())
	want := wire.End{SessionID: first.SessionID, Reason: wire.ReasonExpired}
	if !slices.Equal(second.Ended, []wire.End{want}) {
		t.Errorf("ended %v", second.Ended)
	}
	b.wantEnded(want)
	events := b.events()
	if want := "stream.ended " + first.SessionID + " expired"; len(events) != 4 || events[2] != want || events[3] != "stream.started "+second.SessionID {
		t.Errorf("events %q", events)
	}
}

// Beats hold the slot, and the pauses that edges grant do.
func TestBeatsHoldSlots(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.viewer(9)
	played, paused, left := b.began(v.film()), b.began(v.film()), b.began(v.film())
	pause := beat(paused, time.Second, 10)
	pause.PausedSince, pause.ExpiresAt = pause.At, t0.Add(10*time.Minute).UnixMilli()
	b.sync("a", pause)
	for at := 30 * time.Second; at <= 10*time.Minute; at += 30 * time.Second {
		b.run(at, "a")
		b.sync("a", beat(played, at, int(at.Seconds())))
	}
	b.run(10*time.Minute+5*time.Second-time.Microsecond, "a")
	b.sweep(1)
	if got := b.slots(v); !slices.Equal(got, []string{played.SessionID, paused.SessionID}) {
		t.Errorf("slots %q", got)
	}
	b.at(10*time.Minute + 5*time.Second)
	b.sweep(1)
	b.wantEnded(wire.End{SessionID: left.SessionID, Reason: wire.ReasonExpired}, wire.End{SessionID: paused.SessionID, Reason: wire.ReasonExpired})
}

// Slots are held for as long as beats may have been missed: nothing expires before 80 s of intake without a break.
func TestBreaksHoldSlots(t *testing.T) {
	t.Parallel()
	f := func(name string, intake func(b *bundle), free time.Duration) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			v := b.viewer(1)
			s := b.began(v.film())
			intake(b)
			b.run(free-time.Microsecond, "a")
			b.sweep(0)
			if got := b.slots(v); !slices.Equal(got, []string{s.SessionID}) {
				t.Errorf("before %v the slots are %q", free, got)
			}
			b.at(free)
			if got := b.find(s.AccountID, s.SessionID); got != "410 expired" {
				t.Errorf("after %v it is found with %s", free, got)
			}
			b.wantEnded(wire.End{SessionID: s.SessionID, Reason: wire.ReasonExpired})
		})
	}
	f("steady before the start", func(b *bundle) { b.Set(t0.Add(-time.Minute)); b.run(0, "a") }, 80*time.Second)
	f("no edge for a day", func(b *bundle) { b.at(24 * time.Hour); b.sync("a") }, 24*time.Hour+80*time.Second)
	f("a break of 5 s", func(b *bundle) {
		b.run(time.Minute, "a")
		b.at(time.Minute + 5*time.Second)
		b.sync("a")
	}, time.Minute+85*time.Second)
	f("a break of almost 5 s", func(b *bundle) {
		b.sync("a")
		b.run(time.Minute, "a")
		b.at(time.Minute + 5*time.Second - time.Microsecond)
		b.sync("a")
	}, 80*time.Second)
	f("a crash", func(b *bundle) {
		b.run(time.Minute, "a")
		b.Exec(`TRUNCATE beat_intake`)
		b.sync("a")
	}, time.Minute+80*time.Second)
	f("the edge starts again", func(b *bundle) {
		b.run(time.Minute, "a")
		delete(b.edges, "a")
		b.sync("a")
	}, time.Minute+80*time.Second)
	f("another edge is steady", func(b *bundle) {
		b.sync("b")
		b.run(50*time.Second, "b")
		b.run(80*time.Second-time.Microsecond, "a", "b")
	}, 80*time.Second)
	f("edges take turns", func(b *bundle) {
		b.run(50*time.Second, "b")
		b.run(100*time.Second, "a")
	}, 50*time.Second+84*time.Second)
}

// A session is judged by the edge that had its last beat: what that edge has taken and could not deliver yet holds the slot.
func TestEdgeCutOff(t *testing.T) {
	t.Parallel()
	f := func(name string, after func(b *bundle, s wire.Started), free time.Duration) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			v := b.viewer(1)
			b.sync("cut")
			s := b.began(v.film(func(in *wire.Start) { in.Edge = b.edges["cut"].id }))
			b.run(30*time.Second, "cut", "other")
			b.sync("cut", beat(s, 30*time.Second, 30))
			after(b, s)
			b.run(free-time.Microsecond, "other")
			b.sweep(0)
			if got := b.slots(v); !slices.Equal(got, []string{s.SessionID}) {
				t.Errorf("before %v the slots are %q", free, got)
			}
			b.at(free)
			b.sweep(1)
		})
	}
	const away = 30*time.Second + 15*time.Minute
	f("for good", func(*bundle, wire.Started) {}, away)
	f("and back, with a silent player", func(b *bundle, _ wire.Started) {
		b.run(10*time.Minute, "other")
		b.sync("cut")
		b.run(11*time.Minute+20*time.Second-time.Microsecond, "cut", "other")
	}, 11*time.Minute+20*time.Second)
	f("and back, with what was played", func(b *bundle, s wire.Started) {
		b.run(10*time.Minute, "other")
		b.sync("cut", beat(s, 9*time.Minute+50*time.Second, 590))
		b.run(11*time.Minute+20*time.Second-time.Microsecond, "cut", "other")
	}, 11*time.Minute+20*time.Second)
	f("its player went to another", func(b *bundle, s wire.Started) {
		b.run(40*time.Second, "other")
		b.sync("other", beat(s, 40*time.Second, 40))
	}, 2*time.Minute)
	f("it said goodbye", func(b *bundle, _ wire.Started) {
		b.Tell(wire.SyncPath, wire.Sync{Edge: b.edges["cut"].id, Leaving: true}).Want(200)
	}, 110*time.Second)
}

// Intake that was steady until now but has stopped frees nothing.
func TestStoppedIntake(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.viewer(1)
	b.sync("a")
	s := b.began(v.film())
	b.run(79*time.Second, "a")
	b.at(84 * time.Second)
	b.sweep(0)
	if got := b.slots(v); !slices.Equal(got, []string{s.SessionID}) {
		t.Errorf("slots %q", got)
	}
	b.at(84*time.Second - time.Microsecond)
	b.sweep(1)
}

// A session that is over is another to its own device; while beats may be missing it is not known to be over.
func TestSameAgainAfterItsTime(t *testing.T) {
	t.Parallel()
	f := func(steady bool, want string) {
		t.Helper()
		b := setup(t)
		in := b.viewer(1).film()
		if steady {
			b.Set(t0.Add(-10 * time.Second))
			b.run(0, "a")
		}
		first := b.began(in)
		b.run(76*time.Second, "a")
		again, got := b.began(in), ""
		for _, e := range again.Ended {
			got += e.Reason
		}
		if got != want || (again.SessionID == first.SessionID) == steady {
			t.Errorf("steady %v: %+v after %s", steady, again, first.SessionID)
		}
	}
	f(true, "expired")
	f(false, "")
}

// Expired sessions end with a start that is refused for something else, too.
func TestExpiryWithARefusal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.viewer(1)
	b.sync("a")
	s := b.began(v.film())
	b.run(80*time.Second, "a")
	b.Exec(`UPDATE accounts SET status = 'suspended'`)
	if got := b.refused(v.film()); got != "403 SUBSCRIPTION_REQUIRED" {
		t.Error(got)
	}
	b.wantEnded(wire.End{SessionID: s.SessionID, Reason: wire.ReasonExpired})
	if got := b.events(); len(got) != 2 {
		t.Errorf("events %q", got)
	}
}

// sweep wants so many sessions to be ended.
func (b *bundle) sweep(want int) {
	b.t.Helper()
	if got, err := b.d.Sweep(b.t.Context()); got != want || err != nil {
		b.t.Errorf("swept %d, %v; want %d", got, err, want)
	}
}

// More sessions than one transaction takes, over many shards, and some of accounts that are being written to.
func TestSweepOfMany(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const n = sweepSize + 50
	b.fill(n)
	b.Set(t0.Add(-80 * time.Second))
	b.run(0, "a")
	b.run(80*time.Second, "a")
	b.sweep(n)
	b.sweep(0)
	if got := apitest.Column[int](b.Bundle, `SELECT count(*) FROM session_ends WHERE reason = 'expired' AND ended_at = $1`, b.Now()); got[0] != n {
		t.Errorf("%d ends", got[0])
	}
	if got := apitest.Column[int](b.Bundle, `SELECT sum(pos)::int FROM session_end_heads`); got[0] != n {
		t.Errorf("the heads add up to %d", got[0])
	}
	if got := len(b.events()); got != n {
		t.Errorf("%d events", got)
	}
}

// A sweep passes over accounts that are being written to, however many, and comes back to them.
func TestSweepPassesOverLocks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fill(sweepSize)
	b.Set(t0.Add(-80 * time.Second))
	b.run(80*time.Second, "a")
	tx, err := b.DB.Pool().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `SELECT FROM accounts FOR NO KEY UPDATE`); err != nil {
		t.Fatal(err)
	}
	b.sweep(0)
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.sweep(sweepSize)
}

// fill stores accounts that have a session each, of t0.
func (b *bundle) fill(n int) {
	b.t.Helper()
	b.Exec(`INSERT INTO accounts (id, version, status, subscription_status, email_verified, created_at, updated_at)
		SELECT gen_random_uuid(), 1, 'active', 'active', true, now(), now() FROM generate_series(1, $1)`, n)
	b.Exec(`INSERT INTO stream_sessions SELECT id, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'movie', gen_random_uuid(), 'Metropolis', 9000,
		'', '', NULL, NULL, $1, $1, $1::timestamptz + interval '75 seconds', NULL, $1, 0 FROM accounts`, t0)
}
