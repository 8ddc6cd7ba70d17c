package api

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"reflect"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/changes"
	"encora/origin/pgdb"
	"encora/origin/record"
	"encora/shared/cursor"
	"encora/shared/fault"
	"encora/shared/ids"
	"encora/shared/obs"
	"encora/shared/op"
	"encora/shared/token"
	"encora/shared/wire"
)

// requestTimeout bounds the work on one request.
const requestTimeout = 10 * time.Second

// Server serves entries over HTTP: to editors and viewers on the public listener, to edges on the internal one.
type Server struct {
	Entries  []Entry
	DB       *pgdb.DB
	Hub      *changes.Hub
	Verify   func(raw []byte) (*token.Claims, error)
	Issuer   string // of the tokens; part of the identity of actors whose subject is no UUID
	Cursors  *cursor.Codec
	EdgeKeys []string
	// Country finds the viewer's country as conventions.md, "Territory", says; ClientIP the viewer's address.
	Country  func(r *http.Request, c *token.Claims) string
	ClientIP func(r *http.Request) string
	// DenyRules lists the ids of the geo rules in use that deny a country.
	DenyRules func(ctx context.Context, tx pgx.Tx, country string) ([]uuid.UUID, error)
	// PlanFilter is the catalogue filter of a plan: empty when it has none, or there is no such plan.
	PlanFilter func(ctx context.Context, tx pgx.Tx, plan uuid.UUID) (string, error)
	// FillsAtOnce is how many answers for edges to keep are read from the database at once; 0: any number.
	FillsAtOnce int
	// KeepFills is how long such an answer is there for other edges: of a change they hear at once, but they ask as their viewers do.
	KeepFills time.Duration
	Log       *slog.Logger
	Now       func() time.Time

	fills fills
}

// Public is the handler of the public listener.
func (s *Server) Public() http.Handler {
	return s.frame(s.routes(func(e *Entry) http.HandlerFunc {
		if e.plain != nil {
			return func(w http.ResponseWriter, r *http.Request) { s.sendPlain(w, r, e) }
		}
		return func(w http.ResponseWriter, r *http.Request) { s.send(w, r, e, s.authorized(r, e)) }
	}, func(e *Entry) bool { return e.Serve != internal && !e.atEdge }))
}

// routes dispatches by path, then by method, so that 404 and 405 are told apart and say so in JSON.
func (s *Server) routes(handler func(*Entry) http.HandlerFunc, listed func(*Entry) bool) *http.ServeMux {
	paths := map[string]map[string]http.HandlerFunc{}
	for i := range s.Entries {
		e := &s.Entries[i]
		if !listed(e) {
			continue
		}
		if paths[e.Path] == nil {
			paths[e.Path] = map[string]http.HandlerFunc{}
		}
		paths[e.Path][e.Method] = handler(e)
	}
	mux := http.NewServeMux()
	for path, methods := range paths {
		mux.HandleFunc(path, byMethod(methods))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { sendFault(w, r, fault.Missing()) })
	return mux
}

func byMethod(methods map[string]http.HandlerFunc) http.HandlerFunc {
	if get := methods["GET"]; get != nil {
		methods["HEAD"] = get // net/http drops the body
	}
	var allowed []string
	for m := range methods {
		allowed = append(allowed, m)
	}
	slices.Sort(allowed)
	allow := strings.Join(allowed, ", ")
	return func(w http.ResponseWriter, r *http.Request) {
		if h := methods[r.Method]; h != nil {
			h(w, r)
			return
		}
		f := fault.New(fault.MethodNotAllowed, "This address does not take "+r.Method+".")
		f.Allow = allow
		sendFault(w, r, f)
	}
}

// frame is around every request: its id, its deadline, and the last resort for panics.
func (s *Server) frame(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(wire.RequestID)
		if !obs.ValidRequestID([]byte(id)) {
			id = obs.NewRequestID()
			r.Header.Set(wire.RequestID, id)
		}
		w.Header().Set(wire.RequestID, id)
		defer s.recovered(w, r)
		ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
		defer cancel()
		r = r.WithContext(ctx)
		if dirty(r) { // ServeMux would redirect
			sendFault(w, r, fault.New(fault.BadRequest, "The path is not in its plain form."))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// dirty reports a path that means another one once it is cleaned or decoded, or that is none (RFC 9112, 3.2).
func dirty(r *http.Request) bool {
	path := r.URL.EscapedPath()
	return !strings.HasPrefix(path, "/") || r.Method == http.MethodConnect || strings.ContainsAny(path, `\;`) ||
		slices.ContainsFunc([]string{"//", "/.", "%2F", "%2f", "%00", "%5"}, func(s string) bool { return strings.Contains(path, s) })
}

func (s *Server) recovered(w http.ResponseWriter, r *http.Request) {
	if p := recover(); p != nil {
		if p == http.ErrAbortHandler {
			panic(p)
		}
		metrics.GetOrCreateCounter("encora_panics_total").Inc()
		s.Log.Error("panic in a handler; this is a bug", "path", r.URL.Path, "request_id", r.Header.Get(wire.RequestID), "panic", p, "stack", string(debug.Stack()))
		sendFault(w, r, fault.Of(nil))
	}
}

// caller is who asks, once it may.
type caller struct {
	claims *token.Claims
	err    error
}

// account is the viewer's account; uuid.Nil for callers that speak for none.
func (c caller) account() uuid.UUID {
	if c.claims == nil {
		return uuid.Nil
	}
	id, err := uuid.Parse(c.claims.AccountID)
	if err != nil {
		return uuid.Nil
	}
	return id
}

// plan is the viewer's; uuid.Nil for callers without one, and for what can't be a plan's id.
func (c caller) plan() uuid.UUID {
	if c.claims == nil {
		return uuid.Nil
	}
	id, _ := ids.Parse(c.claims.PlanID)
	return id
}

func (s *Server) authorized(r *http.Request, e *Entry) caller {
	if e.Access == op.Public {
		return caller{}
	}
	claims, err := s.bearer(r)
	if err != nil {
		return caller{err: err}
	}
	if !claims.Allows(e.Access) {
		return caller{err: fault.New(fault.Forbidden, "This token lacks the scope "+e.Access+".")}
	}
	return caller{claims: claims}
}

func (s *Server) bearer(r *http.Request) (*token.Claims, error) {
	values := r.Header.Values("Authorization")
	scheme, raw, _ := strings.Cut(strings.Join(values, ","), " ")
	if len(values) != 1 || !strings.EqualFold(scheme, "Bearer") || raw == "" {
		return nil, fault.New(fault.Unauthorized, "Access token is missing or invalid.")
	}
	claims, err := s.Verify([]byte(strings.TrimSpace(raw)))
	switch {
	case errors.Is(err, token.ErrNoKeys):
		return nil, fault.Busy("The keys of the token issuer are not known yet.", time.Second)
	case err != nil:
		s.Log.Debug("token refused", "reason", err, "request_id", r.Header.Get(wire.RequestID))
		return nil, fault.New(fault.Unauthorized, "Access token is missing or invalid.")
	}
	return claims, nil
}

// send runs the operation for the caller and writes its answer.
func (s *Server) send(w http.ResponseWriter, r *http.Request, e *Entry, c caller) {
	began := time.Now()
	a, err := s.answer(r, e, c)
	if err != nil {
		a = s.refuse(r, e, err)
	}
	if a.status == http.StatusOK && (r.Method == "GET" || r.Method == "HEAD") && matchesNone(condition(r.Header, "If-None-Match"), a.header.Get("ETag")) {
		a.status, a.body = http.StatusNotModified, nil
		a.header.Del("Content-Type")
	}
	observe(e.ID, a.status, began)
	writeAnswer(w, a)
}

func (s *Server) answer(r *http.Request, e *Entry, c caller) (*answer, error) {
	if c.err != nil {
		return nil, c.err
	}
	if e.MaxBody > maxBody {
		leave, err := takeLarge(r.Context())
		if err != nil {
			return nil, err
		}
		defer leave()
	}
	in := reflect.New(e.in)
	pending, raw, err := s.decode(r, e, in.Elem())
	if err != nil {
		return nil, err
	}
	var a *answer
	if e.write != nil {
		a, err = s.runWrite(r.Context(), e, c, s.actor(r, c.claims), in.Interface(), pending, condition(r.Header, "If-Match"), idempotency(r, e, raw))
	} else {
		a, err = s.answerRead(r, e, c, in, pending)
	}
	if err == nil {
		s.cacheHeaders(a, e)
	}
	return a, err
}

func (s *Server) answerRead(r *http.Request, e *Entry, c caller, in reflect.Value, pending []fault.Detail) (*answer, error) {
	if len(pending) > 0 {
		return nil, Invalid(pending...)
	}
	fields, _ := e.sparse(in.Elem())
	var whom audience
	if e.ByAudience {
		whom.country, whom.plan = s.Country(r, c.claims), c.plan()
	}
	read, err := s.newRead(r, e, s.Now())
	if err != nil {
		return nil, err
	}
	read.Account = c.account()
	var pos uint64
	out, err := s.runRead(r.Context(), read, in.Interface(), &pos, whom)
	if err != nil {
		return nil, err
	}
	return e.render(out, fields)
}

func (s *Server) newRead(r *http.Request, e *Entry, asOf time.Time) (*Read, error) {
	filters, err := e.Scope(r.URL.Path, r.URL.RawQuery)
	if err != nil {
		return nil, badParameters([]fault.Detail{{Field: "query", Code: "malformed", Message: "The query string is not valid percent-encoding."}})
	}
	return &Read{AsOf: asOf.UTC(), entry: e, cursors: s.Cursors, filters: filters}, nil
}

// Checked is implemented by inputs whose parameters must fit together, and by bodies of which more can be told than their
// schema says. Faults sees what could be read, the rest as if it was absent (a text that is none as some text), and what it
// finds is in one answer with the other faults: of parameters it is 400, of a body 422 unless something else makes it 400.
type Checked interface{ Faults() []fault.Detail }

func badParameters(wrong []fault.Detail) *fault.Fault {
	return fault.New(fault.BadRequest, "The request can't be read as this operation.", wrong...)
}

// decode reads parameters and body. It returns the faults that are reported only after 404 and 412, and the raw body.
func (s *Server) decode(r *http.Request, e *Entry, in reflect.Value) ([]fault.Detail, []byte, error) {
	admin := e.Access != op.Viewer && e.Access != op.Public
	wrong := e.input.parameters(r, in, admin)
	_, unknown := e.sparse(in)
	wrong = append(wrong, unknown...)
	if own, ok := in.Addr().Interface().(Checked); ok {
		wrong = append(wrong, own.Faults()...)
	}
	if !slices.ContainsFunc(wrong, func(d fault.Detail) bool { return d.Field == "cursor" }) {
		wrong = append(wrong, s.cursorFaults(r, e, in)...)
	}
	if e.idempotent {
		wrong = append(wrong, keyFaults(r.Header.Values("Idempotency-Key"))...)
	}
	var faults bodyFaults
	var raw []byte
	if e.input.body != nil || e.write != nil {
		var err error
		if raw, err = readBody(r, cmp.Or(e.MaxBody, maxBody), e.instead); err != nil {
			return nil, nil, err
		}
		faults = e.decodeBody(raw, in)
	}
	if wrong = append(wrong, faults.unreadable...); len(wrong) > 0 {
		return nil, nil, badParameters(append(wrong, faults.invalid...))
	}
	return faults.invalid, raw, nil
}

func (e *Entry) decodeBody(raw []byte, in reflect.Value) bodyFaults {
	if e.input.body == nil {
		return faultsOfNone(raw)
	}
	if len(raw) > 0 {
		return e.input.decode(raw, in.FieldByIndex(e.input.body.index))
	}
	if e.input.bodyOptional {
		return bodyFaults{}
	}
	return bodyFaults{unreadable: []fault.Detail{{Field: "body", Code: "required", Message: "A JSON body is required."}}}
}

// faultsOfNone refuses what is in the body of a write that takes none: it would not be done.
func faultsOfNone(raw []byte) bodyFaults {
	if len(raw) == 0 {
		return bodyFaults{}
	}
	var none None
	b := binding{schema: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false}}
	return b.decode(raw, reflect.ValueOf(&none).Elem())
}

// large bounds how many bodies beyond the general limit the process holds at once: each is in memory several times over
// while it is decoded.
var large = make(chan struct{}, 2)

// takeLarge waits for a place, for as long as a request may take.
func takeLarge(ctx context.Context) (leave func(), err error) {
	select {
	case large <- struct{}{}:
		return func() { <-large }, nil
	case <-ctx.Done():
		return nil, fault.Busy("Other large documents are being read.", time.Second)
	}
}

func readBody(r *http.Request, most int64, instead string) ([]byte, error) {
	raw, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, most))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, fault.New(fault.TooLarge, "The body is larger than "+strconv.FormatInt(most, 10)+" bytes."+instead)
	case err != nil:
		return nil, badParameters([]fault.Detail{{Field: "body", Code: "malformed", Message: "The body could not be read to its end."}})
	}
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); len(raw) > 0 && !strings.EqualFold(strings.TrimSpace(kind), "application/json") {
		return nil, fault.New(fault.UnsupportedMediaType, "The body must be application/json.")
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, fault.New(fault.UnsupportedMediaType, "The body must not be compressed.")
	}
	return raw, nil
}

// actor is the caller as the audit log names it.
func (s *Server) actor(r *http.Request, c *token.Claims) record.Actor {
	id, err := uuid.Parse(c.Subject)
	if err != nil {
		id = uuid.NewSHA1(uuid.NameSpaceURL, []byte(s.Issuer+"|"+c.Subject))
	}
	role := c.Role
	if c.AccountID != "" {
		role = "subscriber"
	}
	return record.Actor{ID: id, Role: role, IP: s.ClientIP(r), UserAgent: cut(strings.ToValidUTF8(r.UserAgent(), "?"), 512), RequestID: r.Header.Get(wire.RequestID)}
}

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

func (s *Server) cacheHeaders(a *answer, e *Entry) {
	switch {
	case e.write != nil || e.Method != "GET" || e.Serve == op.Pass:
		a.header.Set("Cache-Control", "no-store")
	case e.MaxAge > 0:
		a.header.Set("Cache-Control", "public, max-age="+strconv.Itoa(e.MaxAge))
	default:
		a.header.Set("Cache-Control", "private, no-cache")
		a.header.Set("Vary", "Authorization")
	}
}

// refuse renders an error; what is unexpected, and every outage, is logged here and nowhere else.
func (s *Server) refuse(r *http.Request, e *Entry, err error) *answer {
	f := fault.Of(err)
	gone := errors.Is(r.Context().Err(), context.Canceled) // the client; nobody reads the answer
	if f.Status() >= 500 && !gone {
		s.Log.Error("request failed", "operation", e.ID, "status", f.Status(), "request_id", r.Header.Get(wire.RequestID), "error", err)
	}
	return refused(f, r.Header.Get(wire.RequestID))
}

func sendFault(w http.ResponseWriter, r *http.Request, f *fault.Fault) {
	writeAnswer(w, refused(f, r.Header.Get(wire.RequestID)))
}

func writeAnswer(w http.ResponseWriter, a *answer) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if a.body != nil {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the client may have gone
}

func retryAfter(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }

func observe(id string, status int, began time.Time) {
	metrics.GetOrCreateCounter(`encora_requests_total{operation="` + id + `",status="` + strconv.Itoa(status) + `"}`).Inc()
	metrics.GetOrCreatePrometheusHistogram(`encora_request_seconds{operation="` + id + `"}`).UpdateDuration(began)
}
