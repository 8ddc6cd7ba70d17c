package propagate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// world is an origin and edges in one: what an edge shows of a film is a function of what the origin holds, so that a
// test can make edges late or forgetful.
type world struct {
	mu     sync.Mutex
	films  map[string]*heldFilm
	polls  int
	delay  time.Duration // until edges show a write
	lapse  int           // every so many polls, an edge shows the state before
	broken bool          // edges never show a write
}

type heldFilm struct {
	title     string
	published bool
	history   []version
}

type version struct {
	at    time.Time
	shown string
}

func (w *world) origin(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var body struct {
		Title, Status string
		HLSPath       string `json:"hls_path"`
	}
	json.NewDecoder(r.Body).Decode(&body)
	id, action, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v2/admin/movies/"), "/")
	f := w.films[id]
	switch {
	case r.Header.Get("Authorization") != "Bearer admin":
		rw.WriteHeader(401)
		return
	case r.URL.Path == "/v2/admin/media/assets":
		rw.WriteHeader(201)
		return
	case r.Method == "POST" && r.URL.Path == "/v2/admin/movies":
		id = fmt.Sprintf("film-%d", len(w.films))
		w.films[id] = &heldFilm{title: body.Title}
		rw.WriteHeader(201)
		fmt.Fprintf(rw, `{"id":%q}`, id)
		return
	case f == nil:
		rw.WriteHeader(404)
		return
	case r.Method == "DELETE":
		delete(w.films, id)
		w.films["gone-"+id] = &heldFilm{}
		rw.WriteHeader(204)
		return
	case action == "publish":
		f.published = true
	case action == "unpublish":
		f.published = false
	case r.Method == "PUT":
		f.title = body.Title
	}
	shown := ""
	if f.published {
		shown = f.title
	}
	f.history = append(f.history, version{time.Now(), shown})
	fmt.Fprint(rw, `{}`)
}

func (w *world) edge(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.polls++
	shown := ""
	if f := w.films[strings.TrimPrefix(r.URL.Path, "/v2/movies/")]; f != nil && !w.broken {
		for i, v := range f.history {
			if time.Since(v.at) < w.delay {
				break
			}
			shown = v.shown
			if w.lapse > 0 && w.polls%w.lapse == 0 && i > 0 {
				shown = f.history[i-1].shown
			}
		}
	}
	if shown == "" {
		rw.WriteHeader(404)
		return
	}
	fmt.Fprintf(rw, `{"id":"x","title":%q}`, shown)
}

func setup(t *testing.T) (*world, *Command) {
	w := &world{films: map[string]*heldFilm{}}
	origin, edge := httptest.NewServer(http.HandlerFunc(w.origin)), httptest.NewServer(http.HandlerFunc(w.edge))
	t.Cleanup(origin.Close)
	t.Cleanup(edge.Close)
	tokens := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(tokens, []byte("viewer\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return w, &Command{Origin: origin.URL, Edge: []string{edge.URL, edge.URL}, AdminToken: "admin", Tokens: tokens,
		Writers: 2, Duration: 300 * time.Millisecond, Poll: time.Millisecond, Patience: 5 * time.Second}
}

func TestVisibleAtOnce(t *testing.T) {
	w, c := setup(t)
	c.MaxP50, c.MaxP99 = 100*time.Millisecond, time.Second
	var out bytes.Buffer
	if err := c.Run(context.Background(), &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, want := range []string{"| publish ", "| change ", "all of 2 edges, 2 writers", " 0 old after new, 0 of neither state; 0 writes not shown"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("report lacks %q:\n%s", want, out.String())
		}
	}
	for id := range w.films {
		if !strings.HasPrefix(id, "gone-") {
			t.Errorf("%s was left behind", id)
		}
	}
}

func TestDelayIsMeasured(t *testing.T) {
	w, c := setup(t)
	w.delay = 60 * time.Millisecond
	c.MaxP50 = 50 * time.Millisecond
	var out bytes.Buffer
	if err := c.Run(context.Background(), &out); err == nil || !strings.Contains(err.Error(), "p50") || strings.Contains(err.Error(), "wrong") {
		t.Errorf("60 ms passed a limit of 50: %v\n%s", err, out.String())
	}
}

func TestOldAfterNewIsFound(t *testing.T) {
	w, c := setup(t)
	w.lapse = 7
	var out bytes.Buffer
	if err := c.Run(context.Background(), &out); err == nil || !strings.Contains(err.Error(), "wrong") {
		t.Errorf("lapses went unnoticed: %v\n%s", err, out.String())
	}
	if strings.Contains(out.String(), " 0 old after new") {
		t.Errorf("report:\n%s", out.String())
	}
}

func TestMissingIsFound(t *testing.T) {
	w, c := setup(t)
	w.broken, c.Patience = true, 50*time.Millisecond
	var out bytes.Buffer
	if err := c.Run(context.Background(), &out); err == nil || !strings.Contains(err.Error(), "wrong") {
		t.Errorf("edges that show nothing passed: %v\n%s", err, out.String())
	}
	if strings.Contains(out.String(), "; 0 writes not shown") {
		t.Errorf("report:\n%s", out.String())
	}
}

func TestWriteFailureEndsTheRun(t *testing.T) {
	_, c := setup(t)
	c.AdminToken = "other"
	if err := c.Run(context.Background(), &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("err %v", err)
	}
}

func TestTitle(t *testing.T) {
	if got := title([]byte(`{"id":"1","title":"A b 1","slug":"x"}`)); got != "A b 1" {
		t.Errorf("title %q", got)
	}
	if got := title([]byte(`{}`)); got != absent {
		t.Errorf("title of nothing %q", got)
	}
}
