// Package filltest is an origin for tests of the edge: a real HTTP server that speaks package wire over an in-memory
// database with a change feed, and that can be made slow, wrong or absent.
package filltest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"encora/shared/wire"
)

// Key is the EDGE_KEY that the origin wants.
const Key = "test-edge-key-0123456789"

// Ask is a fill as the origin reads it.
type Ask struct {
	Path, Query string // the public path and the canonical query
	Deny        []string
	Plan        string
	ClassPos    uint64 // 0: none
	AsOf        time.Time
	MinPos      uint64
}

// Answer is what a fill is answered with. Status 0 is 200.
type Answer struct {
	Status   int
	Body     string
	Tags     []string
	Untagged bool // no Tags header: not to be stored
	Until    time.Time
}

// Passed is a request that was passed through.
type Passed struct {
	Method, Target, Body string
	Header               http.Header
}

// Origin is the server. The exported fields may be set before requests come, and changed inside Write.
type Origin struct {
	URL *url.URL
	// Render answers a fill. It runs under the lock that Write takes, so it sees a snapshot.
	Render func(Ask) Answer
	// Audiences answers AudiencesPath. A fill for a class of before its last change is refused.
	Audiences wire.Audiences
	// Pass answers what is passed through; nil: 200 with an empty object.
	Pass func(w http.ResponseWriter, p Passed)
	// BeforeFill and AfterSnapshot hold a fill up, before it reads the database and after.
	BeforeFill, AfterSnapshot func(Ask)
	// Mangle may change a page of the feed before it is sent, or lose it: false closes the connection.
	Mangle func(*wire.FeedPage) bool
	Now    func() time.Time
	// Sessions are those of playback.
	Sessions *Sessions

	server *httptest.Server

	mu      sync.Mutex
	changed chan struct{}
	epoch   string
	trimmed uint64 // the feed begins after it
	head    uint64
	log     []wire.Change
	fills   map[string]int
	passed  []Passed
	down    bool
	status  int
}

// New starts an origin that ends with the test.
func New(t testing.TB) *Origin {
	o := &Origin{changed: make(chan struct{}), epoch: "epoch-1", head: 100, trimmed: 100, fills: make(map[string]int), Now: time.Now}
	o.Sessions = newSessions(o)
	mux := http.NewServeMux()
	mux.HandleFunc(wire.FeedPath, o.feed)
	mux.HandleFunc(wire.FillPrefix+"/", o.fill)
	mux.HandleFunc(wire.AudiencesPath, o.audiences)
	mux.HandleFunc(wire.LineupPath, o.fill)
	mux.HandleFunc(wire.DayPath, o.fill)
	mux.HandleFunc(wire.SuggestPath, o.fill)
	mux.HandleFunc(wire.PlayablePath, o.fill)
	mux.HandleFunc("POST "+wire.StartPath, o.Sessions.start)
	mux.HandleFunc("POST "+wire.FindPath, o.Sessions.find)
	mux.HandleFunc("POST "+wire.SyncPath, o.Sessions.sync)
	mux.HandleFunc(wire.PassPrefix+"/", o.pass)
	o.server = httptest.NewServer(o.guard(mux))
	t.Cleanup(func() {
		o.server.CloseClientConnections()
		o.server.Close()
	})
	o.URL, _ = url.Parse(o.server.URL)
	return o
}

func (o *Origin) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		down, status := o.down, o.status
		o.mu.Unlock()
		switch {
		case down:
			drop(w)
		case status != 0:
			w.WriteHeader(status)
		case strings.HasPrefix(r.URL.Path, wire.PassPrefix+"/") && r.Header.Get(wire.EdgeKey) != Key,
			!strings.HasPrefix(r.URL.Path, wire.PassPrefix+"/") && r.Header.Get("Authorization") != "Bearer "+Key:
			w.WriteHeader(http.StatusUnauthorized)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// drop closes the connection without an answer.
func drop(w http.ResponseWriter) {
	if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = c.Close()
	}
}

// Write changes the database and emits the change in one step. It returns the change's position.
func (o *Origin) Write(change func(), tags ...string) uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	if change != nil {
		change()
	}
	o.head++
	o.log = append(o.log, wire.Change{Pos: o.head, Tags: tags})
	o.wake()
	return o.head
}

// Set changes settings of the origin, or data, without a change in the feed.
func (o *Origin) Set(f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f()
}

func (o *Origin) wake() {
	close(o.changed)
	o.changed = make(chan struct{})
}

// Down makes the origin close every connection without an answer, or stop doing so.
func (o *Origin) Down(down bool) {
	o.mu.Lock()
	o.down = down
	o.wake()
	o.mu.Unlock()
	if down {
		o.server.CloseClientConnections()
	}
}

// Fail makes the origin answer everything with a status; 0 ends that.
func (o *Origin) Fail(status int) { o.Set(func() { o.status = status; o.wake() }) }

// Trim forgets the feed up to its head.
func (o *Origin) Trim() { o.Set(func() { o.trimmed, o.log = o.head, nil; o.wake() }) }

// Restore starts a new epoch, as a database restored from a backup does, at a head that may lie below the old one.
func (o *Origin) Restore(epoch string, head uint64) {
	o.Set(func() { o.epoch, o.head, o.trimmed, o.log = epoch, head, head, nil; o.wake() })
}

// Head is the feed's position.
func (o *Origin) Head() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.head
}

// Fills is how often a target (path?query) was filled.
func (o *Origin) Fills(target string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.fills[target]
}

// PassedThrough returns what was passed through.
func (o *Origin) PassedThrough() []Passed {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]Passed(nil), o.passed...)
}

func (o *Origin) feed(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	after, _ := strconv.ParseUint(q.Get("after"), 10, 64)
	wait, _ := strconv.Atoi(q.Get("wait_ms"))
	timeout := time.After(time.Duration(wait) * time.Millisecond)
	start := time.Now()
	late := false
	for {
		page, ready, changed := o.page(q.Get("epoch"), after)
		if ready || late {
			page.WaitedMS = time.Since(start).Milliseconds()
			o.send(w, page)
			return
		}
		select {
		case <-changed:
		case <-timeout:
			late = true
		case <-r.Context().Done():
			return
		}
		if o.isDown() {
			drop(w)
			return
		}
	}
}

func (o *Origin) isDown() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.down
}

func (o *Origin) page(epoch string, after uint64) (*wire.FeedPage, bool, chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := &wire.FeedPage{Epoch: o.epoch, Head: o.head, Now: o.Now(), Changes: []wire.Change{}}
	if epoch != o.epoch || after < o.trimmed || after > o.head {
		p.Reset = true
		return p, true, o.changed
	}
	for _, c := range o.log {
		if c.Pos > after {
			p.Changes = append(p.Changes, c)
		}
	}
	return p, len(p.Changes) > 0, o.changed
}

func (o *Origin) send(w http.ResponseWriter, p *wire.FeedPage) {
	o.mu.Lock()
	mangle := o.Mangle
	o.mu.Unlock()
	if mangle != nil && !mangle(p) {
		drop(w)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(p)
}

// Lag makes the feed lose every page from now on, or stop doing so.
func (o *Origin) Lag(lag bool) {
	o.Set(func() {
		if o.Mangle = nil; lag {
			o.Mangle = func(*wire.FeedPage) bool { return false }
		}
		o.wake()
	})
}

func (o *Origin) fill(w http.ResponseWriter, r *http.Request) {
	ask := Ask{Path: strings.TrimPrefix(r.URL.EscapedPath(), wire.FillPrefix), Query: r.URL.RawQuery}
	ask.AsOf, _ = time.Parse(time.RFC3339Nano, r.Header.Get(wire.AsOf))
	ask.MinPos, _ = strconv.ParseUint(r.Header.Get(wire.MinPos), 10, 64)
	ask.ClassPos, _ = strconv.ParseUint(r.Header.Get(wire.ClassPos), 10, 64)
	ask.Plan = r.Header.Get(wire.Plan)
	if deny := r.Header.Get(wire.Deny); deny != "" {
		ask.Deny = strings.Split(deny, ",")
	}
	o.mu.Lock()
	before, after := o.BeforeFill, o.AfterSnapshot
	o.mu.Unlock()
	if before != nil {
		before(ask)
	}
	a, epoch, pos := o.answer(ask)
	if after != nil {
		after(ask)
	}
	write(w, a, epoch, pos)
}

func (o *Origin) answer(ask Ask) (Answer, string, uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	target := ask.Path
	if ask.Query != "" {
		target += "?" + ask.Query
	}
	o.fills[target]++
	if o.outdated(ask.ClassPos) {
		return Answer{Status: http.StatusConflict, Body: `{"code":"CONFLICT","message":"outdated","request_id":"origin","details":[]}`, Untagged: true}, o.epoch, o.head
	}
	return o.Render(ask), o.epoch, o.head
}

// outdated reports whether the audience map has changed since a class was found in it.
func (o *Origin) outdated(class uint64) bool {
	return class > 0 && slices.ContainsFunc(o.log, func(c wire.Change) bool {
		return c.Pos > class && slices.ContainsFunc(c.Tags, func(tag string) bool {
			tag = strings.TrimPrefix(tag, string(wire.Hard))
			return tag == wire.TagTerritories || tag == wire.TagFilters
		})
	})
}

func write(w http.ResponseWriter, a Answer, epoch string, pos uint64) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set(wire.Epoch, epoch)
	h.Set(wire.Pos, strconv.FormatUint(pos, 10))
	if !a.Untagged {
		h.Set(wire.Tags, strings.Join(a.Tags, ","))
	}
	if !a.Until.IsZero() {
		h.Set(wire.Until, a.Until.UTC().Format(time.RFC3339Nano))
	}
	w.WriteHeader(max(a.Status, http.StatusOK))
	_, _ = io.WriteString(w, a.Body)
}

func (o *Origin) audiences(w http.ResponseWriter, _ *http.Request) {
	o.mu.Lock()
	o.fills[wire.AudiencesPath]++
	body, _ := json.Marshal(o.Audiences)
	epoch, pos := o.epoch, o.head
	o.mu.Unlock()
	write(w, Answer{Body: string(body), Tags: []string{wire.TagTerritories, wire.TagFilters}}, epoch, pos)
}

func (o *Origin) pass(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	p := Passed{Method: r.Method, Target: strings.TrimPrefix(r.URL.RequestURI(), wire.PassPrefix), Body: string(body), Header: r.Header}
	o.mu.Lock()
	o.passed = append(o.passed, p)
	o.mu.Unlock()
	if o.Pass != nil {
		o.Pass(w, p)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, "{}")
}
