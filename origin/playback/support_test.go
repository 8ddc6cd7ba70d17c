package playback

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/origin/record"
	"encora/shared/wire"
)

// t0 is when tests begin.
var t0 = time.Date(2026, 3, 2, 20, 0, 0, 0, time.UTC)

// bundle is playback behind real sockets and a real database, at a clock that only tests move.
type bundle struct {
	*apitest.Bundle
	t     testing.TB
	d     *Domain
	edges map[string]*edge
}

// edge is what an edge remembers of its exchanges.
type edge struct {
	id   string
	ends []uint64
}

func setup(t testing.TB) *bundle {
	t.Helper()
	b := &bundle{t: t, edges: map[string]*edge{}}
	b.Bundle = apitest.New(t, func(a *apitest.Bundle) []api.Entry {
		b.d = &Domain{DB: a.DB, Now: a.Now}
		return b.d.Entries()
	})
	b.Set(t0)
	return b
}

// viewer is an account with a device and a profile.
type viewer struct {
	account, plan, device, profile uuid.UUID
}

// viewer stores an account with an active subscription for so many streams.
func (b *bundle) viewer(streams int) *viewer {
	b.t.Helper()
	return b.viewerOf(newID(), streams)
}

func (b *bundle) viewerOf(account uuid.UUID, streams int) *viewer {
	b.t.Helper()
	v := &viewer{account: account, plan: newID()}
	b.Exec(`INSERT INTO plans VALUES ($1, DEFAULT, 'Two', '', 9.99, 'EUR', 'monthly', 5, $2, 5, 'HD', false, 0, false, false, false, 0, true, false, now(), now())`, v.plan, streams)
	b.Exec(`INSERT INTO accounts (id, version, status, plan_id, subscription_status, current_period_end, email_verified, created_at, updated_at)
		VALUES ($1, 1, 'active', $2, 'active', $3, true, now(), now())`, v.account, v.plan, t0.AddDate(0, 1, 0))
	v.device, v.profile = b.device(v, "Living room"), newID()
	b.Exec(`INSERT INTO profiles VALUES ($1, $2, 'Ada', false, 0, now())`, v.account, v.profile)
	return v
}

// device registers one more device.
func (b *bundle) device(v *viewer, name string) uuid.UUID {
	b.t.Helper()
	id := newID()
	b.Exec(`INSERT INTO devices VALUES ($1, $2, $3, 'tv', '', '', '', $4, false, now(), now(), now())`, v.account, id, name, id[:])
	return id
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// film asks for one of the account's first device; changes follow.
func (v *viewer) film(change ...func(*wire.Start)) wire.Start {
	in := wire.Start{AccountID: v.account.String(), DeviceID: v.device.String(), ProfileID: v.profile.String(), ContentType: wire.ContentMovie, ContentID: newID().String(),
		Title: "Metropolis", Seconds: 9000, Media: wire.Media{DASHPath: "m/1.mpd", HLSPath: "m/1.m3u8"}}
	for _, c := range change {
		c(&in)
	}
	return in
}

// start asks for a session; began wants one.
func (b *bundle) start(in wire.Start) *apitest.Answer {
	b.t.Helper()
	return b.Tell(wire.StartPath, in)
}

func (b *bundle) began(in wire.Start) wire.Started {
	b.t.Helper()
	var s wire.Started
	b.start(in).Want(200).Decode(&s)
	return s
}

// refused starts and gives the refusal's status and code.
func (b *bundle) refused(in wire.Start) string {
	b.t.Helper()
	a := b.start(in)
	if a.Status == 200 {
		return "200"
	}
	return fmt.Sprintf("%d %s", a.Status, a.Refused().Code)
}

// find asks for a session: its status, with the reason if it ended.
func (b *bundle) find(account, session string) string {
	b.t.Helper()
	a := b.Tell(wire.FindPath, wire.Find{AccountID: account, SessionID: session})
	if a.Status != 410 {
		return fmt.Sprint(a.Status)
	}
	return "410 " + a.Refused().Details[0].Reason
}

func (b *bundle) found(s wire.Started) wire.Session {
	b.t.Helper()
	var got wire.Session
	b.Tell(wire.FindPath, wire.Find{AccountID: s.AccountID, SessionID: s.SessionID}).Want(200).Decode(&got)
	return got
}

// sync is one exchange of the named edge, which remembers what it was told.
func (b *bundle) sync(name string, beats ...wire.Beat) wire.Synced {
	b.t.Helper()
	e := b.edges[name]
	if e == nil {
		e = &edge{id: newID().String()}
		b.edges[name] = e
	}
	var out wire.Synced
	b.Tell(wire.SyncPath, wire.Sync{Edge: e.id, Beats: beats, Ends: e.ends}).Want(200).Decode(&out)
	e.ends = out.Ends
	return out
}

// at moves the clock to an instant after t0.
func (b *bundle) at(after time.Duration) { b.Set(t0.Add(after)) }

// run lets time pass until an instant after t0, with exchanges of the edges named every four seconds, the last at its end.
func (b *bundle) run(until time.Duration, edges ...string) {
	b.t.Helper()
	for at := b.Now().Sub(t0); at < until; {
		at = min(at+4*time.Second, until)
		b.at(at)
		for _, name := range edges {
			b.sync(name)
		}
	}
}

// beat is one of a session's, at an instant after t0.
func beat(s wire.Started, after time.Duration, position int) wire.Beat {
	at := t0.Add(after)
	return wire.Beat{AccountID: s.AccountID, SessionID: s.SessionID, At: at.UnixMilli(), ExpiresAt: at.Add(wire.SessionFor).UnixMilli(), Position: position}
}

// held lists the account's sessions in the database, oldest first.
func (b *bundle) held(v *viewer) []string {
	b.t.Helper()
	return apitest.Column[string](b.Bundle, `SELECT id::text FROM stream_sessions WHERE account_id = $1 ORDER BY started_at, id`, v.account)
}

// events lists the events that were recorded: type, session and reason, in the order of their ids.
func (b *bundle) events() []string {
	b.t.Helper()
	return apitest.Column[string](b.Bundle, `SELECT concat_ws(' ', type, payload->>'session_id', payload->>'reason') FROM events ORDER BY id`)
}

// ended lists how sessions ended, in the order of positions.
func (b *bundle) ended() []wire.End {
	b.t.Helper()
	rows, err := b.DB.Pool().Query(b.t.Context(), `SELECT session_id::text, reason FROM session_ends ORDER BY shard, pos`)
	if err != nil {
		b.t.Fatal(err)
	}
	ends, err := pgx.CollectRows(rows, pgx.RowToStructByPos[wire.End])
	if err != nil {
		b.t.Fatal(err)
	}
	return ends
}

func (b *bundle) wantEnded(want ...wire.End) {
	b.t.Helper()
	if got := b.ended(); !slices.Equal(got, want) {
		b.t.Errorf("ended %v, want %v", got, want)
	}
}

// head is what the account's shard of ends has seen.
func (b *bundle) head(account uuid.UUID) uint64 {
	b.t.Helper()
	return apitest.Column[uint64](b.Bundle, `SELECT pos FROM session_end_heads WHERE shard = $1`, wire.EndShard(account))[0]
}

// active reads the sessions in the details of a refusal for want of slots.
func (b *bundle) active(a *apitest.Answer) []StreamSession {
	b.t.Helper()
	var all []StreamSession
	for _, d := range a.Want(409).Refused().Details {
		text, err := json.Marshal(d.Session)
		if err != nil {
			b.t.Fatal(err)
		}
		var s StreamSession
		if err := json.Unmarshal(text, &s); err != nil {
			b.t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

type write = api.Write

// write runs fn as another domain's writes run, with the account locked as they do.
func (b *bundle) write(fn func(w *write) error) {
	b.t.Helper()
	err := b.d.DB.Write(b.t.Context(), func(tx pgx.Tx) error {
		w := &write{Tx: record.Begin(tx, record.System("test"), b.Now())}
		if err := fn(w); err != nil {
			return err
		}
		return w.Commit(b.t.Context())
	})
	if err != nil {
		b.t.Fatal(err)
	}
}
