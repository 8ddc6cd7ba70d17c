// Package apitest serves entries over real sockets on a real Postgres, for the tests of domains.
package apitest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/changes"
	"encora/origin/pgdb"
	"encora/origin/pgtest"
	"encora/shared/cursor"
	"encora/shared/fault"
	"encora/shared/token"
	"encora/shared/wire"
)

// AccountID is the account of viewers' tokens, and the subject of all.
const AccountID = "0190a6e0-0000-7000-8000-00000000acc0"

// EdgeKey opens the internal listener.
const EdgeKey = "edge-key-of-tests"

// Bundle is a server with its database. Tokens are spelled out: Request.Access is the scopes, or "viewer".
type Bundle struct {
	DB               *pgdb.DB
	Server           *api.Server
	Public, Internal string // base URLs
	Statements       *Statements
	t                testing.TB
	now              atomic.Pointer[time.Time]
}

// New starts a server with the entries that build makes, on a database of its own. Both end with the test.
func New(t testing.TB, build func(*Bundle) []api.Entry) *Bundle {
	t.Helper()
	b := &Bundle{Statements: &Statements{}, t: t}
	db, err := pgdb.Open(t.Context(), pgtest.URL(t), 8, b.Statements)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	cursors, err := cursor.New([][]byte{bytes.Repeat([]byte{7}, 16)})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	b.DB = db
	b.Server = &api.Server{DB: db, Hub: changes.NewHub(db.Pool(), log), Verify: verify, Issuer: "test", Cursors: cursors,
		EdgeKeys: []string{EdgeKey}, Country: func(_ *http.Request, c *token.Claims) string { return c.Country },
		ClientIP:   func(*http.Request) string { return "203.0.113.9" },
		DenyRules:  func(context.Context, pgx.Tx, string) ([]uuid.UUID, error) { return nil, nil },
		PlanFilter: func(context.Context, pgx.Tx, uuid.UUID) (string, error) { return "", nil }, Log: log, Now: b.Now}
	b.Server.Entries = build(b)
	if err := api.Conflicts(b.Server.Entries); err != nil {
		t.Fatal(err)
	}
	b.Public, b.Internal = serve(t, b.Server.Public()), serve(t, b.Server.Internal())
	return b
}

func serve(t testing.TB, h http.Handler) string {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// verify takes "viewer" or scopes separated by spaces for a token, with "@" and a country at its end if it has one, and "+"
// and a plan after that.
func verify(raw []byte) (*token.Claims, error) {
	text, plan, _ := strings.Cut(string(raw), "+")
	text, country, _ := strings.Cut(text, "@")
	c := &token.Claims{Subject: AccountID, Country: country, PlanID: plan, Role: "editor", Expires: time.Now().Add(time.Hour)}
	switch text {
	case "bad":
		return nil, errors.New("bad token")
	case "viewer":
		c.AccountID, c.Role = AccountID, "viewer"
	default:
		c.Scopes = strings.Fields(text)
	}
	return c, nil
}

// Now is the server's clock: real time, unless Set.
func (b *Bundle) Now() time.Time {
	if at := b.now.Load(); at != nil {
		return *at
	}
	return time.Now()
}

// Set stops the server's clock at an instant.
func (b *Bundle) Set(at time.Time) { b.now.Store(&at) }

// Request is one call. Body is a string as it is, or a value to encode.
type Request struct {
	Method, Path string
	Access       string // "viewer", "viewer@FR", "viewer+PLAN", scopes, or "" for no token
	Body         any
	Header       map[string]string
}

// Answer is what came back over the socket.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	t      testing.TB
}

// Do sends a request to the public listener.
func (b *Bundle) Do(r Request) *Answer {
	b.t.Helper()
	req := b.request(b.Public, r)
	if r.Access != "" {
		req.Header.Set("Authorization", "Bearer "+r.Access)
	}
	return b.send(req)
}

// Ask sends a GET to the internal listener as an edge does, to be answered as of the server's now.
func (b *Bundle) Ask(path string, header map[string]string) *Answer {
	b.t.Helper()
	req := b.request(b.Internal, Request{Method: "GET", Path: path, Header: header})
	req.Header.Set("Authorization", "Bearer "+EdgeKey)
	if req.Header.Get(wire.AsOf) == "" {
		req.Header.Set(wire.AsOf, b.Now().UTC().Format(time.RFC3339Nano))
	}
	return b.send(req)
}

// Tell posts to the internal listener as an edge does.
func (b *Bundle) Tell(path string, body any) *Answer {
	b.t.Helper()
	req := b.request(b.Internal, Request{Method: "POST", Path: path, Body: body})
	req.Header.Set("Authorization", "Bearer "+EdgeKey)
	return b.send(req)
}

// Pass sends a viewer's request to the internal listener as an edge passes it on.
func (b *Bundle) Pass(r Request) *Answer {
	b.t.Helper()
	req := b.request(b.Internal+wire.PassPrefix, r)
	req.Header.Set("Authorization", "Bearer "+r.Access)
	req.Header.Set(wire.EdgeKey, EdgeKey)
	return b.send(req)
}

func (b *Bundle) request(base string, r Request) *http.Request {
	b.t.Helper()
	var body io.Reader
	switch v := r.Body.(type) {
	case nil:
	case string:
		body = strings.NewReader(v)
	default:
		text, err := json.Marshal(v)
		if err != nil {
			b.t.Fatal(err)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(b.t.Context(), r.Method, base+r.Path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range r.Header {
		req.Header.Set(name, value)
	}
	return req
}

// client shows encodings as they come.
var client = &http.Client{Transport: &http.Transport{DisableCompression: true}, Timeout: 20 * time.Second}

func (b *Bundle) send(req *http.Request) *Answer {
	b.t.Helper()
	res, err := client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return &Answer{Status: res.StatusCode, Header: res.Header, Body: body, t: b.t}
}

// Want fails the test at once unless the status is the given one.
func (a *Answer) Want(status int) *Answer {
	a.t.Helper()
	if a.Status != status {
		a.t.Fatalf("status %d, want %d; %s", a.Status, status, a.Body)
	}
	return a
}

// Decode reads the body into v, which must have all its fields.
func (a *Answer) Decode(v any) {
	a.t.Helper()
	dec := json.NewDecoder(bytes.NewReader(a.Body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		a.t.Fatalf("%v in %s", err, a.Body)
	}
}

// Fault is the body of a refusal.
type Fault struct {
	Code      string         `json:"code"`
	Message   string         `json:"message"`
	RequestID string         `json:"request_id"`
	Details   []fault.Detail `json:"details"`
}

// Refused reads the body of a refusal, which must be complete, and returns its code and details.
func (a *Answer) Refused() Fault {
	a.t.Helper()
	var f Fault
	a.Decode(&f)
	if f.Code == "" || f.Message == "" || f.RequestID == "" || f.RequestID != a.Header.Get(wire.RequestID) || f.Details == nil {
		a.t.Fatalf("incomplete refusal: %s", a.Body)
	}
	return f
}

// Fields names the fields of the refusal's details.
func (f Fault) Fields() []string {
	names := make([]string, len(f.Details))
	for i, d := range f.Details {
		names[i] = d.Field
	}
	return names
}

// Head is the feed's newest position.
func (b *Bundle) Head() uint64 { return one[uint64](b, `SELECT pos FROM feed_head`) }

// TagsSince lists the tags of the changes that follow a position.
func (b *Bundle) TagsSince(pos uint64) []string {
	return Column[string](b, `SELECT unnest(tags) FROM changes WHERE pos > $1 ORDER BY pos`, pos)
}

// Actions lists the actions of the audit log, oldest first.
func (b *Bundle) Actions() []string {
	return Column[string](b, `SELECT action FROM audit_log ORDER BY created_at, id`)
}

// Column reads one column of a statement of the test's own.
func Column[T any](b *Bundle, q string, args ...any) []T {
	b.t.Helper()
	rows, err := b.DB.Pool().Query(b.t.Context(), q, args...)
	if err != nil {
		b.t.Fatal(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		b.t.Fatal(err)
	}
	return found
}

func one[T any](b *Bundle, q string, args ...any) T {
	b.t.Helper()
	var v T
	if err := b.DB.Pool().QueryRow(b.t.Context(), q, args...).Scan(&v); err != nil {
		b.t.Fatal(err)
	}
	return v
}

// Exec runs a statement of the test's own.
func (b *Bundle) Exec(q string, args ...any) {
	b.t.Helper()
	if _, err := b.DB.Pool().Exec(b.t.Context(), q, args...); err != nil {
		b.t.Fatal(err)
	}
}
