package playback

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/shared/wire"
)

func TestABeatMovesASessionOn(t *testing.T) {
	table := holding(1)
	table.Refreshed(num(0), began+24*60*minute)
	f := func(at int64, b Beat, wantExpires int64, want wire.Beat) {
		t.Helper()
		b.Session = num(0)
		got := table.Take(&b, mine, on(at), false)
		wantTaken(t, "beat", got, Playing, "")
		if got.ExpiresAt != wantExpires || got.Refresh {
			t.Errorf("expires at %d, want %d; refresh %v", got.ExpiresAt-began, wantExpires-began, got.Refresh)
		}
		want.AccountID, want.SessionID, want.RefreshAt = mine.String(), num(0).String(), began+24*60*minute
		if sent := sends(table, num(0)); sent == nil || *sent != want {
			t.Errorf("the origin is told %+v, want %+v", sent, want)
		}
	}
	at := began + 30*second
	f(at, Beat{Position: 30}, at+sessionMS, wire.Beat{At: at, ExpiresAt: at + sessionMS, Position: 30})
	paused := began + 60*second
	until := paused + 30*minute
	f(paused, Beat{Position: 60, Paused: true}, until, wire.Beat{At: paused, ExpiresAt: until, PausedSince: paused, Position: 60})
	at = paused + 10*minute - 1 // the beats of a paused stream hold its slot no longer
	f(at, Beat{Position: 60, Paused: true}, until, wire.Beat{At: at, ExpiresAt: until, PausedSince: paused, Position: 60})
	f(at-2*second, Beat{Position: 7}, until, wire.Beat{At: at, ExpiresAt: until, PausedSince: paused, Position: 60}) // another edge had later ones
	f(at, Beat{Position: 61, Paused: true}, until, wire.Beat{At: at + 1, ExpiresAt: until, PausedSince: paused, Position: 61})
	f(at-500, Beat{Position: 62, Paused: true}, until, wire.Beat{At: at + 2, ExpiresAt: until, PausedSince: paused, Position: 62}) // clocks that differ a little
	f(at+3, Beat{Position: 5}, at+3+sessionMS, wire.Beat{At: at + 3, ExpiresAt: at + 3 + sessionMS, Position: 5})                  // it plays on, from further back
	if n := table.Beats(); n != 7 {
		t.Errorf("%d beats were counted", n)
	}
}

func TestAPausedSessionPlaysOnAndIsPausedAgain(t *testing.T) {
	table := holding(1)
	b := Beat{Session: num(0), Paused: true}
	table.Take(&b, mine, on(began+10*second), false)
	b.Paused = false
	table.Take(&b, mine, on(began+20*second), false)
	b.Paused = true
	if got := table.Take(&b, mine, on(began+30*second), false); got.ExpiresAt != began+30*second+30*minute {
		t.Errorf("the second pause is counted from %d", got.ExpiresAt-began-30*minute)
	}
	got := table.Take(&b, mine, on(began+30*second+30*minute), false)
	wantTaken(t, "paused for too long", got, Late, "")
}

func TestHowASessionIsFound(t *testing.T) {
	table := holding(8)
	now := began + second
	for i, reason := range []string{wire.ReasonEnded, wire.ReasonReplaced, wire.ReasonExpired, wire.ReasonDeviceRemoved, wire.ReasonAccountClosed, ""} {
		table.End(num(i), uuid.UUID{}, reason, now)
	}
	f := func(n int, account uuid.UUID, at int64, forced bool, standing Standing, reason string) {
		t.Helper()
		what := fmt.Sprintf("session %d", n)
		b := Beat{Session: num(n)}
		if !forced {
			wantTaken(t, what+" looked at", table.Look(num(n), account, at), standing, reason)
			wantTaken(t, what+" in the lane", table.TakeWarm(&b, account, on(at)), standing, reason)
		}
		wantTaken(t, what, table.Take(&b, account, on(at), forced), standing, reason)
	}
	f(0, mine, now, false, Over, wire.ReasonEnded)
	f(1, mine, now, true, Over, wire.ReasonReplaced)
	f(2, mine, now, false, Over, wire.ReasonExpired)
	f(3, mine, now, false, Over, wire.ReasonDeviceRemoved)
	f(4, mine, now, false, Over, wire.ReasonAccountClosed)
	f(0, other, now, false, Absent, "")
	f(0, other, now, true, Absent, "")
	f(9, mine, now, false, Unknown, "")
	f(9, mine, now, true, Unknown, "")
	f(6, other, now, false, Absent, "")
	f(6, mine, began+sessionMS-1, false, Playing, "")
	f(6, mine, began+2*sessionMS, false, Late, "")
	f(6, other, began+2*sessionMS, false, Absent, "")
	f(6, mine, began+2*sessionMS, true, Playing, "")
	f(6, mine, began+2*sessionMS+1, false, Playing, "")
	f(7, mine, began+sessionMS, false, Late, "")
}

func TestTheLaneLeavesRenewals(t *testing.T) {
	table := holding(1)
	b := Beat{Session: num(0)}
	table.Refreshed(num(0), began+40*second)
	wantTaken(t, "before", table.TakeWarm(&b, mine, on(began+40*second-1)), Playing, "")
	sends(table, num(0))
	wantTaken(t, "at", table.TakeWarm(&b, mine, on(began+40*second)), Unknown, "")
	if sends(table, num(0)) != nil {
		t.Error("a beat that was left counted")
	}
	got := table.Take(&b, mine, on(began+40*second), false)
	if !got.Refresh || got.Media.Value().DASHPath != "/vod/one/manifest.mpd" {
		t.Errorf("%+v", got)
	}
	table.Refreshed(num(0), began+10*minute)
	table.Refreshed(num(1), began+10*minute) // not held
	if got := table.Take(&b, mine, on(began+41*second), false); got.Refresh {
		t.Error("renewed twice")
	}
}

func TestTheFirstReasonIsTheOne(t *testing.T) {
	table := holding(1)
	for _, reason := range []string{wire.ReasonReplaced, wire.ReasonEnded, ""} {
		table.End(num(0), mine, reason, began+second)
		table.apply(&wire.Synced{Gone: []wire.End{{SessionID: num(0).String(), Reason: reason}}}, began+second)
	}
	wantTaken(t, "ended three times", table.Look(num(0), mine, began+2*second), Over, wire.ReasonReplaced)
	table.Enter(toldOf(num(0), mine, began+3*second), 0)
	wantTaken(t, "told of again", table.Look(num(0), mine, began+4*second), Over, wire.ReasonReplaced)
}

// What one account was told must neither hide another's session nor tell of it.
func TestAbsentIsSaidToOneAccount(t *testing.T) {
	table, id, now := newTable(), num(1), began
	table.End(id, other, "", now)
	wantTaken(t, "asked again", table.Look(id, other, now), Absent, "")
	wantTaken(t, "its owner", table.Look(id, mine, now), Unknown, "")
	wantTaken(t, "asked again, later", table.Look(id, other, now+absentFor.Milliseconds()), Unknown, "")
	table.Enter(toldOf(id, mine, now), 0)
	wantTaken(t, "its owner, told of", table.Look(id, mine, now), Playing, "")
	wantTaken(t, "another, then", table.Look(id, other, now), Absent, "")
	table.End(id, other, "", now)
	wantTaken(t, "its owner, after another asked", table.Look(id, mine, now), Playing, "")
	if table.Ended(id) {
		t.Error("it has not ended")
	}
}

// An end that is heard of while another account is known to have no such session is its owner's affair.
func TestAnEndIsToldToItsAccount(t *testing.T) {
	f := func(name string, keep bool, end func(*Table)) {
		t.Helper()
		table := newTable()
		table.keepEnds = keep
		table.End(num(1), other, "", began)
		end(table)
		wantTaken(t, name+": another", table.Look(num(1), other, began+second), Absent, "")
		if got := table.Look(num(1), mine, began+second); got.Standing != Unknown && got != (Taken{Standing: Over, Reason: wire.ReasonReplaced}) {
			t.Errorf("%s: its owner finds it as %+v", name, got)
		}
	}
	ended := wire.Synced{Ended: []wire.End{{SessionID: num(1).String(), Reason: wire.ReasonReplaced}}}
	f("heard", false, func(table *Table) { table.apply(&ended, began) })
	f("heard, and kept", true, func(table *Table) { table.apply(&ended, began) })
	f("by a start", false, func(table *Table) { table.End(num(1), uuid.UUID{}, wire.ReasonReplaced, began) })

	table := newTable()
	table.End(num(1), other, "", began)
	table.End(num(1), mine, wire.ReasonReplaced, began)
	wantTaken(t, "asked for: its owner", table.Look(num(1), mine, began+second), Over, wire.ReasonReplaced)
	wantTaken(t, "asked for: another", table.Look(num(1), other, began+second), Absent, "")
}

// Whose a session was that was never held here is not known: whoever beats for it has the origin asked.
func TestKeptEndsSayNothingOfAccounts(t *testing.T) {
	table := NewTable(Settings{PausedFor: time.Hour, Limit: 1000, KeepEnds: true})
	table.apply(&wire.Synced{Ended: []wire.End{{SessionID: num(1).String(), Reason: wire.ReasonEnded}, {SessionID: "x"}}}, began)
	if !table.Ended(num(1)) || table.Ended(num(2)) {
		t.Error("the end is not known")
	}
	for _, account := range []uuid.UUID{mine, other} {
		wantTaken(t, "beat", table.Take(&Beat{Session: num(1)}, account, on(began), false), Unknown, "")
	}
	table.End(num(1), mine, wire.ReasonEnded, began)
	wantTaken(t, "asked for", table.Look(num(1), mine, began), Over, wire.ReasonEnded)
	table.Sweep(began + keptFor.Milliseconds())
	if table.Ended(num(1)) || table.Count() != 0 {
		t.Errorf("%d are kept for ever", table.Count())
	}
	without := newTable()
	without.apply(&wire.Synced{Ended: []wire.End{{SessionID: num(1).String(), Reason: wire.ReasonEnded}}}, began)
	if without.Ended(num(1)) || without.Count() != 0 {
		t.Error("ends that nobody asks for are kept")
	}
}

func TestEnterKeepsLaterBeats(t *testing.T) {
	table := newTable()
	since := time.UnixMilli(began - minute)
	w := toldOf(num(0), mine, began)
	w.Position, w.PausedSince = 50, &since
	w.Media.HLSPath = "/vod/one/master.m3u8"
	if !table.Enter(w, 0) {
		t.Fatal("refused")
	}
	got := table.Take(&Beat{Session: num(0), Position: 60, Paused: true}, mine, on(began+second), false)
	if got.ExpiresAt != began-minute+30*minute || !got.Refresh || got.Media.Value() != w.Media {
		t.Errorf("%+v", got)
	}
	older := toldOf(num(0), mine, began-second)
	older.Position = 1
	table.Enter(older, 0)
	if sent := sends(table, num(0)); sent == nil || sent.Position != 60 || sent.PausedSince != began-minute {
		t.Errorf("%+v", sent)
	}
	newer := toldOf(num(0), mine, began+minute) // by way of another edge
	newer.Position = 90
	table.Enter(newer, 0)
	table.Take(&Beat{Session: num(0), Position: 70}, mine, on(began+2*second), false)
	if sent := sends(table, num(0)); sent == nil || sent.Position != 90 || sent.PausedSince != 0 {
		t.Errorf("%+v", sent)
	}
	for _, bad := range []*wire.Session{{SessionID: "x", AccountID: mine.String()}, {SessionID: num(5).String(), AccountID: "x"}} {
		if !table.Enter(bad, 0) || table.Count() != 1 {
			t.Error("an id that is none was taken in, or is to be asked for for ever")
		}
	}
}

// on is an instant at which nothing has lain.
func on(now int64) Instant { return Instant{Now: now, Stamp: now} }
