package catalog_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/origin/catalog"
	"encora/origin/changes"
	"encora/origin/pgdb"
	"encora/origin/pgtest"
	"encora/shared/cursor"
	"encora/shared/token"
	"encora/shared/wire"
)

// bundle is the catalogue behind real sockets and a real database, with stand-ins for what other domains own.
type bundle struct {
	t        *testing.T
	db       *pgdb.DB
	domain   *catalog.Domain
	public   string
	internal string

	mu  sync.Mutex
	now time.Time
}

const edgeKey = "a key of sixteen characters"

func setup(t *testing.T) *bundle {
	t.Helper()
	db, err := pgdb.Open(t.Context(), pgtest.URL(t), 8)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	b := &bundle{t: t, db: db, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	b.domain = newDomain(db)
	codec, err := cursor.New([][]byte{[]byte("sixteen bytes....")})
	if err != nil {
		t.Fatal(err)
	}
	s := &api.Server{
		Entries: b.domain.Entries(), DB: db, Hub: changes.NewHub(db.Pool(), slog.New(slog.DiscardHandler)), Verify: verify, Issuer: "test",
		Cursors: codec, EdgeKeys: []string{edgeKey}, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Country:   func(_ *http.Request, c *token.Claims) string { return c.Country },
		ClientIP:  func(*http.Request) string { return "192.0.2.1" },
		DenyRules: apitest.DenyRules,
		Now:       b.clock,
	}
	b.public, b.internal = serve(t, s.Public()), serve(t, s.Internal())
	return b
}

func newDomain(db *pgdb.DB) *catalog.Domain {
	return &catalog.Domain{DB: db, Upkeep: apitest.Upkeep, AddVideos: apitest.AddVideos}
}

func serve(t *testing.T, h http.Handler) string {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func (b *bundle) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bundle) advance(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

// verify reads tokens of the form "editor" and "viewer-FR".
func verify(raw []byte) (*token.Claims, error) {
	role, country, _ := strings.Cut(string(raw), "-")
	switch role {
	case "editor":
		return &token.Claims{Subject: "editor", Role: "editor", Scopes: []string{"content:read", "content:write", "content:publish"}}, nil
	case "viewer":
		return &token.Claims{Subject: "viewer", Role: "viewer", AccountID: token.DemoAccount, Country: country}, nil
	}
	return nil, token.ErrInvalid
}

// reply is an answer as it came over the wire.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r reply) json(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(r.body, &v); err != nil {
		t.Fatalf("%d %s: %v", r.status, r.body, err)
	}
	return v
}

// call asks the public listener; header pairs follow the body ("" for none).
func (b *bundle) call(as, method, path, body string, header ...string) reply {
	b.t.Helper()
	return b.send(b.public, "Bearer "+as, method, path, body, header...)
}

// fill asks the internal listener as an edge does, at the bundle's time.
func (b *bundle) fill(path string, header ...string) reply {
	b.t.Helper()
	return b.send(b.internal, "Bearer "+edgeKey, "GET", wire.FillPrefix+path, "", append([]string{wire.AsOf, b.clock().Format(time.RFC3339Nano)}, header...)...)
}

func (b *bundle) send(base, auth, method, path, body string, header ...string) reply {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, base+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Authorization", auth)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, data}
}

// must fails the test unless the answer has the status.
func (b *bundle) must(status int, r reply) reply {
	b.t.Helper()
	if r.status != status {
		b.t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	return r
}

// film is a legal body with fields replaced; nil removes one.
func film(fields map[string]any) string {
	body := map[string]any{"title": "Heat", "status": "draft", "drm_required": false, "runtime_minutes": 170, "content_rating": "R"}
	for k, v := range fields {
		if v == nil {
			delete(body, k)
		} else {
			body[k] = v
		}
	}
	var buf bytes.Buffer
	if err := json.NewEncoder(&buf).Encode(body); err != nil {
		panic(err)
	}
	return buf.String()
}

// draft creates a movie and returns its id.
func (b *bundle) draft(fields map[string]any) uuid.UUID {
	b.t.Helper()
	r := b.must(201, b.call("editor", "POST", "/v2/admin/movies", film(fields)))
	return uuid.MustParse(r.json(b.t)["id"].(string))
}

// published creates a movie with a video and publishes it.
func (b *bundle) published(fields map[string]any) uuid.UUID {
	b.t.Helper()
	id := b.draft(fields)
	b.video(id)
	b.must(200, b.call("editor", "POST", fmt.Sprintf("/v2/admin/movies/%s/publish", id), ""))
	return id
}

func (b *bundle) video(id uuid.UUID) {
	b.t.Helper()
	if err := apitest.AddVideo(b.t.Context(), b.db.Pool(), "movie", id); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bundle) genre(slug string) uuid.UUID {
	b.t.Helper()
	r := b.must(201, b.call("editor", "POST", "/v2/admin/genres", fmt.Sprintf(`{"name": %q, "slug": %q, "content_types": ["movie"]}`, slug, slug)))
	return uuid.MustParse(r.json(b.t)["id"].(string))
}

// rule stores a geo rule that blocks the countries.
func (b *bundle) rule(countries ...string) uuid.UUID {
	b.t.Helper()
	id := uuid.Must(uuid.NewV7())
	_, err := b.db.Pool().Exec(b.t.Context(), `INSERT INTO geo_rules VALUES ($1, 'rule', '', 'block_list', $2, now(), now())`, id, countries)
	if err != nil {
		b.t.Fatal(err)
	}
	return id
}

// tagsSince are the tags of changes after the position, hard ones with their mark; without those of suggestions, which go with
// every title.
func (b *bundle) tagsSince(pos int64) []string {
	b.t.Helper()
	rows, err := b.db.Pool().Query(b.t.Context(), `SELECT DISTINCT tag FROM changes, unnest(tags) tag WHERE pos > $1 AND tag NOT LIKE 'suggest:%' ORDER BY 1`, pos)
	if err != nil {
		b.t.Fatal(err)
	}
	tags, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		b.t.Fatal(err)
	}
	return tags
}

func (b *bundle) head() int64 {
	b.t.Helper()
	return oneOf[int64](b, `SELECT pos FROM feed_head`)
}

func oneOf[T any](b *bundle, q string, args ...any) T {
	b.t.Helper()
	var v T
	if err := b.db.Pool().QueryRow(b.t.Context(), q, args...).Scan(&v); err != nil {
		b.t.Fatal(err)
	}
	return v
}

// ids lists the ids of a list's items.
func ids(t *testing.T, r reply) []string {
	t.Helper()
	var out []string
	for _, item := range r.json(t)["data"].([]any) {
		out = append(out, item.(map[string]any)["id"].(string))
	}
	return out
}
