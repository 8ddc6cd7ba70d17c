package playback

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/record"
	"encora/shared/fault"
	"encora/shared/wire"
)

// request is a Start with its ids read; one that is no UUID is all zero, which is no object's.
type request struct {
	*wire.Start
	edge, account, device, profile, content, channel, replace uuid.UUID
}

func read(in *wire.Start) *request {
	return &request{in, idOrNil(in.Edge), idOrNil(in.AccountID), idOrNil(in.DeviceID), idOrNil(in.ProfileID), idOrNil(in.ContentID), idOrNil(in.ChannelID), idOrNil(in.Replace)}
}

// offered is the content that plans include or leave out, and that counts as played.
func (in *request) offered() uuid.UUID {
	if in.ContentType == wire.ContentProgram {
		return in.channel
	}
	return in.content
}

// standing is what a start is decided by, read under the account's lock.
type standing struct {
	subscription
	now      time.Time
	device   bool // registered to the account
	profile  bool // the account's
	leftOut  bool // by the plan's filter
	ends     uint64
	sessions []session // of the account, oldest first
}

// subscription is what the account may play. Its zero value, an account that nobody told of, may nothing.
type subscription struct {
	Status       string
	Subscription string
	PeriodEnd    *time.Time
	Streams      int
	Premium      bool
	Filter       string // of the catalogue; empty: everything
	Told         bool   // identity and billing have told of it, and so of its profiles
}

// active reports whether the account may play at all: trialing, active and past_due play until the period's end.
func (s *subscription) active(now time.Time) bool {
	switch s.Subscription {
	case "trialing", "active", "past_due":
		return s.Status == "active" && s.PeriodEnd != nil && s.PeriodEnd.After(now) && s.Streams > 0
	}
	return false
}

// outcome is what a start comes to: what ends, and the session that plays, or why none does.
type outcome struct {
	ends    []end
	session *session
	isNew   bool
	refusal *fault.Fault
}

var (
	errProfile      = fault.Missing()
	errDevice       = fault.New(fault.DeviceNotRegistered, "This device is not registered; register it and try again.")
	errSubscription = fault.New(fault.SubscriptionRequired, "Playing needs an active subscription.")
	errPlan         = fault.New(fault.PlanUpgradeRequired, "The subscription's plan does not include premium channels.")
	errLeftOut      = fault.New(fault.PlanUpgradeRequired, "The subscription's plan does not include this title.")
)

// decide applies the contract's order: profile, device, subscription, plan, slots. Sessions that nobody beats for end
// whatever comes of the start.
func (st *standing) decide(in *request) outcome {
	var o outcome
	var live []session
	for i := range st.sessions {
		if s := &st.sessions[i]; s.lives(st.now) {
			live = append(live, *s)
		} else {
			o.ends = append(o.ends, end{s, wire.ReasonExpired})
		}
	}
	if st.Told && !st.profile { // what it watches is not to be remembered
		in.profile = uuid.Nil
	}
	if o.refusal = st.refusal(in); o.refusal == nil {
		st.takeSlot(in, live, &o)
	}
	return o
}

// refusal is why the account may not play this, however many slots are free.
func (st *standing) refusal(in *request) *fault.Fault {
	switch {
	case !in.ProfileVouched && in.ProfileID != "" && !st.profile:
		return errProfile
	case !st.device:
		return errDevice
	case !st.active(st.now):
		return errSubscription
	case in.IsPremium && !st.Premium:
		return errPlan
	case st.leftOut:
		return errLeftOut
	}
	return nil
}

// takeSlot replaces what is to be replaced, goes on with the session of the same device and title, or begins one if the
// plan has room.
func (st *standing) takeSlot(in *request, live []session, o *outcome) {
	others := 0
	for i := range live {
		s := &live[i]
		same := s.DeviceID == in.device && s.ContentType == in.ContentType && s.ContentID == in.content
		switch {
		case s.ID == in.replace:
			o.ends = append(o.ends, end{s, wire.ReasonReplaced})
		case same && s.plays(st.now):
			o.session = s
		case same: // over, though its slot is still held for beats under way: the player begins anew
			o.ends = append(o.ends, end{s, wire.ReasonExpired})
		default:
			others++
		}
	}
	switch {
	case o.session != nil:
		o.session.again(in, st.now)
	case others >= st.Streams:
		o.ends = slices.DeleteFunc(o.ends, func(e end) bool { return e.reason == wire.ReasonReplaced }) // a refused start replaces nothing
		o.refusal = exceeded(holding(live, o.ends))
	default:
		o.session, o.isNew = newSession(in, st.now), true
	}
}

// holding are the sessions that none of the ends is of.
func holding(live []session, ends []end) []session {
	return slices.DeleteFunc(slices.Clone(live), func(s session) bool {
		return slices.ContainsFunc(ends, func(e end) bool { return e.ID == s.ID })
	})
}

// exceeded is the refusal with everything that holds a slot.
func exceeded(live []session) *fault.Fault {
	f := fault.New(fault.ConcurrencyLimit, "The plan's streams are all in use.")
	for i := range live {
		f.Details = append(f.Details, fault.Detail{Field: "session", Code: "active", Message: "This session holds a stream.", Session: live[i].viewed()})
	}
	return f
}

func newSession(in *request, now time.Time) *session {
	s := &session{ID: uuid.Must(uuid.NewV7()), AccountID: in.account, DeviceID: in.device, ContentType: in.ContentType, ContentID: in.content,
		StartedAt: now, LastBeatAt: now}
	s.again(in, now)
	return s
}

// again takes over what the title says of itself now, and holds the session for as long as a beat does. It is none: one that
// was taken a moment ago and is under way has the position.
func (s *session) again(in *request, now time.Time) {
	s.ProfileID = in.profile
	s.Edge, s.Title, s.Seconds, s.DASHPath, s.HLSPath = in.edge, in.Title, in.Seconds, in.Media.DASHPath, in.Media.HLSPath
	s.BeginAt, s.EndAt = optional(in.Media.Begin), optional(in.Media.End)
	s.RefreshAt = time.UnixMilli(in.RefreshAt)
	if !s.LastBeatAt.After(now) { // by the clock of an edge that runs a little ahead
		s.ExpiresAt, s.PausedSince = now.Add(wire.SessionFor), nil
	}
}

// start gives a session its slot, or says why not. Starts of one account take turns before they take a connection, so that
// a crowd on one account neither waits for its lock with all connections in hand nor is told to come back.
func (d *Domain) start(ctx context.Context, asked *wire.Start) (wire.Started, error) {
	in := read(asked)
	if in.account == uuid.Nil {
		return wire.Started{}, fault.Missing()
	}
	leave, err := d.starts.enter(ctx, in.account)
	if err != nil {
		return wire.Started{}, err
	}
	defer leave()
	var started wire.Started
	var refusal *fault.Fault
	err = d.DB.Write(ctx, func(tx pgx.Tx) error {
		w := record.Begin(tx, record.System("start"), d.Now())
		st, err := d.readStanding(ctx, tx, in, w.Now)
		if err != nil {
			return err
		}
		o := st.decide(in)
		refusal = o.refusal
		if o.session != nil {
			started = wire.Started{Session: o.session.wire(st.ends), Ended: told(o.ends)}
		}
		return d.store(ctx, w, in, &o)
	})
	if err == nil && refusal != nil {
		return wire.Started{}, refusal
	}
	return started, err
}

// store writes what a start came to, with its events. A refusal that changes nothing writes nothing.
func (d *Domain) store(ctx context.Context, w *record.Tx, in *request, o *outcome) error {
	if err := endAll(ctx, w, o.ends); err != nil {
		return err
	}
	if o.refusal != nil && o.refusal.Code == fault.ConcurrencyLimit {
		w.Event(eventExceeded, map[string]any{"account_id": in.account, "device_id": in.device, "content_type": in.ContentType,
			"content_id": in.content, "title": in.Title, "active_streams": len(o.refusal.Details)})
	}
	if o.session == nil {
		return w.Commit(ctx)
	}
	if o.isNew {
		w.Event(eventStarted, o.session.event())
	}
	return w.Commit(ctx, o.session.queue, func(batch *pgx.Batch) {
		if o.isNew {
			queuePlay(batch, in.offered(), w.Now)
		}
		if d.DeviceUsed != nil {
			d.DeviceUsed(batch, in.account, in.device, w.Now)
		}
	})
}
