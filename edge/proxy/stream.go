package proxy

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/valyala/fasthttp"

	"encora/edge/cache"
	"encora/edge/fill"
	"encora/shared/fault"
	"encora/shared/ids"
	"encora/shared/op"
	"encora/shared/wire"
)

// Headers of starts.
const (
	headerDevice  = "X-Device-Id"
	headerProfile = "X-Profile-Id"
	headerReplace = "X-Replace-Session"
)

// start is a stream that a viewer asks for.
type start struct {
	*exchange
	deadline time.Time
	content  uuid.UUID // the path's
	program  uuid.UUID // of catch-up
	wire.Start
}

// stream answers an operation that starts a stream.
func (x *exchange) stream() {
	s := &start{exchange: x, deadline: x.p.clock.Base().Add(x.p.Patience)}
	body, err := s.run()
	var refusal *fill.Refusal
	switch {
	case errors.As(err, &refusal):
		x.relay(refusal)
	case err != nil:
		x.unexpected(err)
		x.p.refuse(x.ctx, x.id, fault.Of(err))
	default:
		x.route.meters.count(passed)
		x.own(http.StatusOK, "application/json", body)
	}
}

// unexpected logs what is no fault.
func (x *exchange) unexpected(err error) {
	if fault.Of(err).Code == fault.Internal {
		x.p.Log.Error("a stream could not be started", "error", err, "request_id", x.id)
	}
}

// run applies the contract's order: 400, 404, territory, window; then, at the origin, device, subscription, plan, slots.
// The error is a fault, or what the origin refuses with.
func (s *start) run() ([]byte, error) {
	if fl := s.read(); fl != nil {
		return nil, fl
	}
	if fl := s.judge(); fl != nil {
		return nil, fl
	}
	if fl := s.signable(); fl != nil {
		return nil, fl
	}
	return s.begin()
}

// signable refuses what could not be signed for this viewer before a slot is taken for it.
func (s *start) signable() *fault.Fault {
	refreshAt, err := s.p.Playback.URLs.Check(&s.Media, s.p.clock.Now(), s.client())
	if s.RefreshAt = refreshAt; err == nil {
		return nil
	}
	if s.p.unsigned.due(s.p.clock.Base()) { // it is so for every viewer of the title, or all of such an address
		s.p.Log.Error("a stream can't be signed: check CDN_CONFIG, and the path that the error names", "error", err, "request_id", s.id)
	}
	return fault.Busy("This title can't be played at the moment.", retryAfter)
}

// read takes the request apart.
func (s *start) read() *fault.Fault {
	var wrong []fault.Detail
	bad := func(field, code, message string) {
		wrong = append(wrong, fault.Detail{Field: field, Code: code, Message: message})
	}
	account, fl := s.account()
	if fl != nil {
		return fl
	}
	s.Edge, s.AccountID, s.ContentType = s.p.Playback.Edge(), account.String(), s.route.op.Content
	name := s.route.op.Path[strings.IndexByte(s.route.op.Path, '{')+1 : strings.IndexByte(s.route.op.Path, '}')]
	value, _ := s.ctx.UserValue(name).(string)
	s.content = readID(name, value, bad)
	if s.route.op.Shift == op.CatchUp {
		s.program = s.readProgram(bad)
	}
	s.readDevice(bad)
	if len(wrong) > 0 {
		return fault.New(fault.BadRequest, "The request can't be read as this operation.", wrong...)
	}
	return nil
}

func (s *start) readProgram(bad func(field, code, message string)) uuid.UUID {
	query, err := url.ParseQuery(s.target.query)
	switch given := query["program_id"]; {
	case err != nil:
		bad("query", "malformed", "The query string is not valid percent-encoding.")
	case len(given) == 0 || given[0] == "":
		bad("program_id", "required", "This parameter is required.")
	case len(given) > 1:
		bad("program_id", "repeated", "This parameter is given more than once.")
	default:
		return readID("program_id", given[0], bad)
	}
	return uuid.Nil
}

func readID(field, text string, bad func(field, code, message string)) uuid.UUID {
	id, ok := ids.Parse(text)
	if !ok {
		bad(field, "invalid_format", "Expected a UUID.")
	}
	return id
}

// maxID is the longest that a header with an id may be.
const maxID = 128

func (s *start) readDevice(bad func(field, code, message string)) {
	device, given := s.header(headerDevice, bad)
	if !given {
		bad(headerDevice, "required", "This header is required.")
	}
	s.DeviceID = device
	replace, _ := s.header(headerReplace, bad)
	s.Replace = strings.ToLower(replace)
	if profile, given := s.header(headerProfile, bad); given {
		s.ProfileID = readID(headerProfile, profile, bad).String()
	} else if len(s.claims.ProfileIDs) == 1 { // of several none is meant
		s.ProfileID = s.claims.ProfileIDs[0]
	}
	s.ProfileVouched = slices.Contains(s.claims.ProfileIDs, s.ProfileID)
}

// header is a header's one value; false when it has none.
func (s *start) header(name string, bad func(field, code, message string)) (string, bool) {
	values := s.ctx.Request.Header.PeekAll(name)
	switch {
	case len(values) == 0 || len(values) == 1 && len(values[0]) == 0:
		return "", false
	case len(values) > 1:
		bad(name, "repeated", "This header is given more than once.")
	case len(values[0]) > maxID:
		bad(name, "too_long", "Expected length <= 128.")
	}
	return string(values[0]), true
}

// judge finds what is to be played and whether the viewer may: not found, not in this country, not now.
func (s *start) judge() *fault.Fault {
	title, fl := s.sight(s.route.op.Content, s.content)
	if fl != nil {
		return fl
	}
	s.ContentID, s.Title, s.Seconds, s.IsPremium = s.content.String(), title.Title, title.Seconds, title.IsPremium
	s.Media = wire.Media{DASHPath: title.DASHPath, HLSPath: title.HLSPath}
	now := s.p.clock.Now()
	switch {
	case title.From != nil && title.From.After(now):
		return fault.New(fault.NotYetAvailable, "This title is not available yet.")
	case title.Until != nil && !title.Until.After(now):
		return fault.New(fault.NoLongerAvailable, "This title is no longer available.")
	case s.route.op.Shift != op.NoShift:
		return s.shift(title, now)
	}
	return nil
}

// shift makes it the stream of a programme.
func (s *start) shift(channel *wire.Playable, now time.Time) *fault.Fault {
	of, id := wire.ContentOnAir, s.content
	if s.route.op.Shift == op.CatchUp {
		of, id = wire.ContentProgram, s.program
	}
	program, err := s.playable(of, id, 0)
	if err != nil {
		return err
	}
	if program.value.ChannelID != s.content.String() {
		return fault.Missing()
	}
	if s.route.op.Shift == op.CatchUp {
		if fl := catchup(channel, &program.value, now); fl != nil {
			return fl
		}
	}
	s.ContentType, s.ContentID, s.ChannelID, s.Title = wire.ContentProgram, program.value.ProgramID, program.value.ChannelID, program.value.Title
	s.Seconds, s.Media.Begin, s.Media.End = program.value.Seconds, program.value.Begin, program.value.End
	return nil
}

// catchup is why a programme can't be caught up with: it is not over, it was too long ago, or it is forbidden.
func catchup(channel, program *wire.Playable, now time.Time) *fault.Fault {
	switch {
	case channel.CatchupFor == 0 || program.CatchupBlocked:
		return fault.New(fault.Forbidden, "There is no catch-up of this programme.")
	case program.End.After(now):
		return fault.New(fault.NotYetAvailable, "This programme is not over yet.")
	case !program.End.Add(time.Duration(channel.CatchupFor) * 24 * time.Hour).After(now):
		return fault.New(fault.NoLongerAvailable, "This programme is no longer available.")
	}
	return nil
}

// sight finds a title and judges its territory, by an audience map and a title that were right at one position: of two
// moments, an exchange of one rule for another would let a country in that both deny. The plan is the account's, which the
// origin knows, not the token's.
func (s *start) sight(contentType string, id uuid.UUID) (*wire.Playable, *fault.Fault) {
	var least uint64
	for range classTries {
		title, fl := s.playable(contentType, id, least)
		if fl != nil {
			return nil, fl
		}
		audiences, err := s.p.audiences.get(s.id, least, s.deadline)
		if err != nil {
			return nil, unavailable(err)
		}
		if least = max(audiences.answer.Pos(), title.answer.Pos()); least > min(audiences.asOf, title.asOf) && !audiences.stale && !title.stale {
			continue
		}
		if audiences.value.unfiltered[s.country()].denies(title.value.Rules) {
			return nil, fault.New(fault.GeoBlocked, "This title is not available in your country.")
		}
		return &title.value, nil
	}
	return nil, errRestless
}

// seen is a Playable with the answer that it was read from, and the position as of which that was right.
type seen struct {
	value  wire.Playable
	answer *cache.Answer
	asOf   uint64
	stale  bool
}

// staleStarts is how long starts go by what was known before the feed was lost.
const staleStarts = 60 * time.Second

// playable reads a Playable that was right at position least or later.
func (s *start) playable(contentType string, id uuid.UUID, least uint64) (*seen, *fault.Fault) {
	path := strings.NewReplacer("{content_type}", contentType, "{content_id}", id.String()).Replace(wire.PlayablePath)
	m, ok := s.p.moment(s.p.clock.Base())
	if !ok {
		return nil, fault.Busy("The edge has not reached the origin yet.", retryAfter)
	}
	if m.behind > staleStarts {
		return nil, unavailable(fill.ErrAway)
	}
	applied := m.world.Applied()
	o := s.obtain(&fill.Query{Key: cache.NewKey([]byte(path)), Path: path, Least: least, Part: asItIs, RequestID: s.id}, s.deadline)
	switch {
	case o.fault != nil:
		return nil, o.fault
	case o.stale && o.answer.Pos() < least:
		return nil, unavailable(fill.ErrAway)
	case o.answer.Status() == http.StatusNotFound:
		return nil, fault.Missing()
	case o.passed || o.answer.Status() != http.StatusOK:
		return nil, fault.Of(errors.New("the origin has no playable"))
	}
	found := &seen{answer: o.answer, asOf: max(applied, o.answer.Pos()), stale: o.stale}
	body, _ := o.answer.Body(cache.Identity) // a part lies in one piece
	if err := json.Unmarshal([]byte(body), &found.value); err != nil {
		s.p.Log.Error("an answer of the origin can't be read: run edges and origin of versions that fit", "path", path, "error", err)
		return nil, fault.Of(err)
	}
	return found, nil
}

// asItIs keeps a body to be read here: nobody is sent it, so it needs no codings.
func asItIs(body []byte) ([]byte, error) { return body, nil }

// begin has the origin start the session, and signs its URLs.
func (s *start) begin() ([]byte, error) {
	if id, ok := ids.Parse(s.Replace); ok {
		s.p.deliver(id)
	}
	var started wire.Started
	err := s.p.Filler.Origin.Tell(wire.StartPath, &s.Start, &started, s.id, s.p.PassTimeout)
	var refusal *fill.Refusal
	switch {
	case errors.As(err, &refusal):
		return nil, err
	case err != nil:
		return nil, unavailable(err)
	}
	id, err := uuid.Parse(started.SessionID)
	if err != nil {
		return nil, err
	}
	b := append(append(append([]byte(nil), `{"session_id":"`...), started.SessionID...), `",`...)
	b, refreshAt, err := s.p.Playback.URLs.Append(b, &s.Media, id, s.p.clock.Now(), s.client())
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	s.p.Playback.Began(&started, refreshAt) // one that ended since is asked for with its first beat
	return append(b, '}'), nil
}

// relay answers with the origin's fault, as it is but for the request's id. One about the edge's key is none of the viewer's.
func (x *exchange) relay(r *fill.Refusal) {
	var f struct {
		Code fault.Code `json:"code"`
	}
	if json.Unmarshal(r.Body, &f) != nil || f.Code == "" || r.Status == http.StatusUnauthorized {
		x.p.Log.Error("the origin refuses what the edge asks: run edges and origin of versions that fit, with the same key", "error", r, "request_id", x.id)
		x.p.refuse(x.ctx, x.id, fault.Of(r))
		return
	}
	x.own(r.Status, "application/json", renamed(r.Body, x.id))
	if r.RetryAfter != "" {
		x.ctx.Response.Header.Set(fasthttp.HeaderRetryAfter, r.RetryAfter)
	}
	x.p.metrics.refused(r.Status)
}

// client is the viewer's address.
func (x *exchange) client() netip.Addr {
	peer, header := x.peer()
	return x.p.Resolver.ClientAddr(peer, header)
}
