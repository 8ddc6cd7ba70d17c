package playback

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/apitest"
	"encora/shared/wire"
)

func TestStart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.viewer(2)
	in := v.film(func(in *wire.Start) {
		in.ProfileID, in.ContentType = v.profile.String(), wire.ContentProgram
		in.Media.Begin, in.Media.End = t0.Add(-time.Hour), t0.Add(time.Hour)
	})
	got := b.began(in)
	want := wire.Session{SessionID: got.SessionID, AccountID: in.AccountID, LastBeatAt: t0, ExpiresAt: t0.Add(75 * time.Second), Seconds: 9000, Media: in.Media}
	if !reflect.DeepEqual(got.Session, want) || got.Ended != nil {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if s := b.found(got); !reflect.DeepEqual(s, want) {
		t.Errorf("found %+v, want %+v", s, want)
	}
	const q = `SELECT payload - 'session_id' FROM events WHERE type = 'stream.started' AND occurred_at = $1`
	event := map[string]any{"account_id": in.AccountID, "profile_id": in.ProfileID, "device_id": in.DeviceID, "content_type": "program",
		"content_id": in.ContentID, "title": "Metropolis", "started_at": "2026-03-02T20:00:00Z"}
	if got := apitest.Column[map[string]any](b.Bundle, q, t0); len(got) != 1 || !reflect.DeepEqual(got[0], event) {
		t.Errorf("events %v, want %v", got, event)
	}
}

// Each refusal holds although all that come after it in the contract's order hold, too.
func TestRefusalsInOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.viewer(1)
	b.began(v.film())
	stranger := b.viewer(1)
	all := v.film(func(in *wire.Start) {
		in.ProfileID, in.DeviceID, in.IsPremium = stranger.profile.String(), stranger.device.String(), true
	})
	b.Exec(`UPDATE accounts SET status = 'suspended' WHERE id = $1`, v.account)
	f := func(want string, mend func()) {
		t.Helper()
		if got := b.refused(all); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		mend()
	}
	f("404 NOT_FOUND", func() { all.ProfileID = v.profile.String() })
	f("403 DEVICE_NOT_REGISTERED", func() { all.DeviceID = v.device.String() })
	f("403 SUBSCRIPTION_REQUIRED", func() { b.Exec(`UPDATE accounts SET status = 'active' WHERE id = $1`, v.account) })
	f("403 PLAN_UPGRADE_REQUIRED", func() {
		b.Exec(`UPDATE plans SET includes_premium_channels = true, catalogue_filter = 'some' WHERE id = $1`, v.plan)
		b.d.InPlan = func(context.Context, pgx.Tx, string, uuid.UUID) (bool, error) { return false, nil }
	})
	f("403 PLAN_UPGRADE_REQUIRED", func() { b.Exec(`UPDATE plans SET catalogue_filter = '' WHERE id = $1`, v.plan) })
	f("409 CONCURRENCY_LIMIT_EXCEEDED", func() { b.Exec(`UPDATE plans SET max_concurrent_streams = 2 WHERE id = $1`, v.plan) })
	f("200", func() {})
}

// Of a title the plan's filter is asked, of a programme whether it includes the channel.
func TestPlansIncludeTitles(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.viewer(9)
	asked := 0
	b.d.InPlan = func(_ context.Context, _ pgx.Tx, filter string, content uuid.UUID) (bool, error) {
		asked++
		if filter == "broken" {
			return false, errors.New("this is no filter")
		}
		return filter == "only "+content.String(), nil
	}
	f := func(filter, want string, in wire.Start) {
		t.Helper()
		b.Exec(`UPDATE plans SET catalogue_filter = $2 WHERE id = $1`, v.plan, filter)
		if got := b.refused(in); got != want {
			t.Errorf("%q, %s: %s, want %s", filter, in.ContentType, got, want)
		}
	}
	film, channel := v.film(), newID()
	show := v.film(func(in *wire.Start) { in.ContentType, in.ChannelID = wire.ContentProgram, channel.String() })
	live := v.film(func(in *wire.Start) { in.ContentType, in.ContentID = wire.ContentChannel, channel.String() })
	const leftOut = "403 PLAN_UPGRADE_REQUIRED"
	f("", "200", film)
	if asked != 0 {
		t.Error("a plan without a filter was asked for it")
	}
	f("only "+film.ContentID, "200", film)
	f("only "+channel.String(), leftOut, film)
	f("only "+channel.String(), "200", show)
	f("only "+channel.String(), "200", live)
	f("only "+show.ContentID, leftOut, show)
	show.ChannelID = ""
	f("only "+channel.String(), leftOut, show) // from an edge that does not tell
	f("broken", "500 INTERNAL", film)
	b.Exec(`UPDATE plans SET catalogue_filter = 'none' WHERE id = $1`, v.plan)
	if message := b.start(film).Refused().Message; !strings.Contains(message, "does not include this title") {
		t.Errorf("refused with %q", message)
	}
	b.d.InPlan = nil
	f("none", "200", film)
}

func TestWhoMayPlay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const none = "403 SUBSCRIPTION_REQUIRED"
	f := func(status, subscription string, end any, want string) {
		t.Helper()
		v := b.viewer(1)
		b.Exec(`UPDATE accounts SET status = $2, subscription_status = $3, current_period_end = $4 WHERE id = $1`, v.account, status, subscription, end)
		if got := b.refused(v.film()); got != want {
			t.Errorf("%s, %s until %v: %s, want %s", status, subscription, end, got, want)
		}
	}
	later := t0.Add(time.Second)
	for subscription, want := range map[string]string{"none": none, "trialing": "200", "active": "200", "past_due": "200", "canceled": none} {
		f("active", subscription, later, want)
		f("active", subscription, t0, none)
		f("active", subscription, nil, none)
		f("suspended", subscription, later, none)
		f("closed", subscription, later, none)
	}
	v := b.viewer(1)
	b.Exec(`UPDATE accounts SET plan_id = NULL WHERE id = $1`, v.account)
	if got := b.refused(v.film()); got != none {
		t.Errorf("without a plan: %s", got)
	}
	b.Exec(`UPDATE accounts SET plan_id = $2, deleted_at = now() WHERE id = $1`, v.account, v.plan)
	if got := b.refused(v.film()); got != none {
		t.Errorf("deleted: %s", got)
	}
	if n := len(b.events()); n != 3 {
		t.Errorf("%d events", n)
	}
}

func TestDevicesAndProfiles(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v, stranger := b.viewer(9), b.viewer(9)
	const noDevice, absent = "403 DEVICE_NOT_REGISTERED", "404 NOT_FOUND"
	f := func(want string, change func(*wire.Start)) {
		t.Helper()
		if got := b.refused(v.film(change)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	f("200", func(in *wire.Start) { in.DeviceID = strings.ToUpper(in.DeviceID) })
	for _, id := range []string{"", "tv", "\x00", newID().String(), stranger.device.String(), "{" + v.device.String() + "}", "urn:uuid:" + v.device.String(),
		strings.ReplaceAll(v.device.String(), "-", "")} {
		f(noDevice, func(in *wire.Start) { in.DeviceID = id })
	}
	for _, id := range []string{newID().String(), stranger.profile.String(), "nobody"} {
		f(absent, func(in *wire.Start) { in.ProfileID = id })
		f("200", func(in *wire.Start) { in.ProfileID, in.ProfileVouched = id, true })
	}
	f("200", func(in *wire.Start) { in.ProfileID = v.profile.String() })
	for _, id := range []string{newID().String(), "", "nobody"} {
		f(map[bool]string{true: noDevice, false: absent}[len(id) == 36], func(in *wire.Start) { in.AccountID, in.ProfileID = id, "" })
	}
}

// The same device and title is the same session, at the plan's limit too, and takes over what the title says of itself now.
func TestSameAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.viewer(1)
	in := v.film()
	first := b.began(in)
	b.sync("a", wire.Beat{AccountID: first.AccountID, SessionID: first.SessionID, At: t0.Add(time.Second).UnixMilli(),
		ExpiresAt: t0.Add(time.Hour).UnixMilli(), PausedSince: t0.Add(time.Second).UnixMilli(), Position: 40})
	b.at(10 * time.Second)
	in.Media.DASHPath, in.Seconds, in.Title, in.ProfileID = "m/2.mpd", 8000, "Metropolis (1927)", v.profile.String()
	in.DeviceID, in.ContentID = strings.ToUpper(in.DeviceID), strings.ToUpper(in.ContentID)
	again := b.began(in)
	want := wire.Session{SessionID: first.SessionID, AccountID: in.AccountID, LastBeatAt: t0.Add(time.Second), ExpiresAt: t0.Add(85 * time.Second),
		Position: 40, Seconds: 8000, Media: in.Media}
	if !reflect.DeepEqual(again.Session, want) || again.Ended != nil {
		t.Errorf("again %+v, want %+v", again, want)
	}
	if got := b.found(first); !reflect.DeepEqual(got, want) {
		t.Errorf("found %+v, want %+v", got, want)
	}
	if got := apitest.Column[string](b.Bundle, `SELECT title || profile_id FROM stream_sessions`); !slices.Equal(got, []string{in.Title + in.ProfileID}) {
		t.Errorf("sessions %q", got)
	}
	if got := b.events(); len(got) != 1 {
		t.Errorf("events %q", got)
	}
}

// A beat that another edge took later than the start stays.
func TestSameAgainAfterALaterBeat(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := b.viewer(1).film()
	first := b.began(in)
	later := beat(first, 20*time.Second, 70)
	later.PausedSince = later.At
	b.sync("a", later)
	b.at(19 * time.Second)
	b.began(in)
	got := b.found(first)
	if !got.ExpiresAt.Equal(t0.Add(95*time.Second)) || !got.LastBeatAt.Equal(t0.Add(20*time.Second)) || got.PausedSince == nil || got.Position != 70 {
		t.Errorf("found %+v", got)
	}
}

func TestSlots(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.viewer(2)
	bedroom := b.device(v, "Bedroom")
	film := v.film()
	one := b.began(film)
	film.DeviceID = bedroom.String()
	two := b.began(film)
	if one.SessionID == two.SessionID {
		t.Error("two devices share a session")
	}
	third := v.film()
	active := b.active(b.start(third))
	names := []string{}
	for _, s := range active {
		names = append(names, s.SessionID.String()+" "+s.DeviceName)
	}
	if want := []string{one.SessionID + " Living room", two.SessionID + " Bedroom"}; !slices.Equal(names, want) {
		t.Errorf("active %q, want %q", names, want)
	}
	if s := active[0]; s.Title != "Metropolis" || s.DeviceID != v.device || *s.ProfileID != v.profile || !s.StartedAt.Equal(t0) || !s.SessionExpiresAt.Equal(t0.Add(75*time.Second)) {
		t.Errorf("active %+v", s)
	}
	const q = `SELECT payload FROM events WHERE type = 'stream.concurrency_exceeded'`
	want := map[string]any{"account_id": third.AccountID, "device_id": third.DeviceID, "content_type": "movie", "content_id": third.ContentID,
		"title": "Metropolis", "active_streams": 2.0}
	if got := apitest.Column[map[string]any](b.Bundle, q); len(got) != 1 || !reflect.DeepEqual(got[0], want) {
		t.Errorf("events %v, want %v", got, want)
	}
	if got := b.events(); len(got) != 3 {
		t.Errorf("events %q", got)
	}
}

func TestReplace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stranger := b.began(b.viewer(1).film())
	f := func(streams int, replace func(one, two wire.Started) string, want string) {
		t.Helper()
		v := b.viewer(2)
		one, two := b.began(v.film()), b.began(v.film())
		b.Exec(`UPDATE plans SET max_concurrent_streams = $2 WHERE id = $1`, v.plan, streams)
		in := v.film(func(in *wire.Start) { in.Replace = replace(one, two) })
		a := b.start(in)
		got, ended := fmt.Sprint(a.Status), wire.Started{}
		if a.Status == 200 {
			a.Decode(&ended)
		}
		for _, e := range ended.Ended {
			got += fmt.Sprintf(" %d %s", map[string]int{one.SessionID: 1, two.SessionID: 2}[e.SessionID], e.Reason)
			if found := b.find(in.AccountID, e.SessionID); found != "410 replaced" {
				t.Errorf("the replaced session is found with %s", found)
			}
		}
		if n := len(b.held(v)); got != want || n != 2 {
			t.Errorf("got %s, want %s; %d sessions", got, want, n)
		}
	}
	f(2, func(one, _ wire.Started) string { return one.SessionID }, "200 1 replaced")
	f(2, func(_, two wire.Started) string { return strings.ToUpper(two.SessionID) }, "200 2 replaced")
	f(3, func(_, two wire.Started) string { return two.SessionID }, "200 2 replaced")
	f(1, func(one, _ wire.Started) string { return one.SessionID }, "409")
	for _, other := range []string{"", "x", stranger.SessionID, newID().String(), "00000000-0000-0000-0000-000000000000", strings.Repeat("9", 128)} {
		f(2, func(one, _ wire.Started) string { return other }, "409")
	}
	if got := b.find(stranger.AccountID, stranger.SessionID); got != "200" {
		t.Errorf("another account's session is found with %s", got)
	}
}

// The session of the same device and title can be replaced, too: the player wants to begin anew.
func TestReplaceOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.viewer(1)
	in := v.film()
	first := b.began(in)
	in.Replace = first.SessionID
	second := b.began(in)
	want := wire.End{SessionID: first.SessionID, Reason: wire.ReasonReplaced}
	if second.SessionID == first.SessionID || !slices.Equal(second.Ended, []wire.End{want}) {
		t.Errorf("got %+v after %s", second, first.SessionID)
	}
	b.wantEnded(want)
	events := []string{"stream.started " + first.SessionID, "stream.ended " + first.SessionID + " replaced", "stream.started " + second.SessionID}
	if got := b.events(); !slices.Equal(got, events) {
		t.Errorf("events %q, want %q", got, events)
	}
	in.Replace = first.SessionID // the player's retry after a lost answer
	if third := b.began(in); third.SessionID != second.SessionID || third.Ended != nil {
		t.Errorf("retried %+v after %+v", third, second)
	}
}

// A session of the same device and title goes on while another is replaced.
func TestReplaceAnotherWhileGoingOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.viewer(2)
	in := v.film()
	first, other := b.began(in), b.began(v.film())
	in.Replace = other.SessionID
	again := b.began(in)
	if again.SessionID != first.SessionID || !slices.Equal(again.Ended, []wire.End{{SessionID: other.SessionID, Reason: wire.ReasonReplaced}}) {
		t.Errorf("got %+v", again)
	}
}

func TestLoweredLimit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.viewer(3)
	in := v.film()
	first := b.began(in)
	for range 2 {
		b.began(v.film())
	}
	b.Exec(`UPDATE plans SET max_concurrent_streams = 2 WHERE id = $1`, v.plan)
	if got := b.began(in); got.SessionID != first.SessionID {
		t.Error("a session that plays on became another")
	}
	if got := b.active(b.start(v.film())); len(got) != 3 {
		t.Errorf("%d sessions are active", len(got))
	}
	in.Replace = first.SessionID
	if got := b.refused(in); got != "409 CONCURRENCY_LIMIT_EXCEEDED" {
		t.Errorf("replacing one of three when two are allowed: %s", got)
	}
	if got := b.find(in.AccountID, first.SessionID); got != "200" {
		t.Errorf("a refused start replaced: %s", got)
	}
}

// Ends is what the shard had seen before the start, whatever the start itself ended.
func TestEndsOfSessions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.viewer(1)
	in := v.film()
	for n := range uint64(3) {
		s := b.began(in)
		if want := max(n, 1) - 1; s.Ends != want {
			t.Errorf("started at %d, want %d", s.Ends, want)
		}
		if got := b.found(s); got.Ends != n || b.head(v.account) != n {
			t.Errorf("found at %d, the head is %d; want %d", got.Ends, b.head(v.account), n)
		}
		in.Replace = s.SessionID
	}
}
