// Package fakeorigin is an origin without a database: it speaks shared/wire to an edge and plain HTTP to other caches,
// and answers films of exact sizes, a guide, titles to suggest and playback sessions. Benches use it so that only the caches under test are measured.
package fakeorigin

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"encora/shared/token"
	"encora/shared/wire"
)

// JWKSPath serves the keys of the issuer whose tokens the edge shall accept.
const JWKSPath = "/.well-known/jwks.json"

const (
	epoch = "fake"
	kept  = 50_000 // changes, for edges that lag
)

// Origin is one running fake origin. FillDelay and Plain may be set before the first request.
type Origin struct {
	FillDelay time.Duration // how long a film takes
	// Plain has by film id what plain answers carry beside their type: the headers of the edge's answers, so that all
	// caches send the same bytes.
	Plain map[string]http.Header

	key      string
	jwks     []byte
	firstDay int64 // of the guide
	fills    atomic.Int64

	started, finds, beats atomic.Int64 // of playback

	mu       sync.Mutex
	head     uint64
	changes  []wire.Change
	advanced chan struct{} // closed and replaced by Emit
}

// New makes an origin that wants edges to present key, and that shows the issuer's keys.
func New(key string, issuer *token.Issuer) *Origin {
	return &Origin{key: key, jwks: issuer.JWKS(), firstDay: firstGuideDay(), head: 1, advanced: make(chan struct{})}
}

// Fills is how many films, days of the guide and parts of suggestions were answered or are under way.
func (o *Origin) Fills() int64 { return o.fills.Load() }

// Emit appends a change to the feed and wakes the waiting polls.
func (o *Origin) Emit(tags ...string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.head++
	o.changes = append(o.changes, wire.Change{Pos: o.head, Tags: tags})
	if len(o.changes) > kept {
		o.changes = o.changes[len(o.changes)-kept/2:]
	}
	close(o.advanced)
	o.advanced = make(chan struct{})
}

// Serve listens on addr until ctx ends, and returns the address it got.
func (o *Origin) Serve(ctx context.Context, addr string) (string, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: o.Handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	go server.Serve(l) // ends with Close; there is no one left to tell
	return l.Addr().String(), nil
}

// Handler answers the internal protocol (with the edge's key), JWKSPath, and films at their viewer path (without).
func (o *Origin) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+JWKSPath, func(w http.ResponseWriter, _ *http.Request) { w.Write(o.jwks) })
	mux.HandleFunc("GET /v2/movies/{id}", o.plain)
	mux.HandleFunc("GET "+wire.FillPrefix+"/v2/movies/{id}", o.internal(o.fill))
	mux.HandleFunc("GET "+HomePath, asHome(o.plain))
	mux.HandleFunc("GET "+wire.FillPrefix+HomePath, o.internal(asHome(o.fill)))
	mux.HandleFunc("GET "+wire.FeedPath, o.internal(o.feed))
	mux.HandleFunc("GET "+wire.AudiencesPath, o.internal(o.audiences))
	mux.HandleFunc("GET "+wire.LineupPath, o.internal(o.lineup))
	mux.HandleFunc("GET "+wire.DayPath, o.internal(o.day))
	mux.HandleFunc("GET "+wire.SuggestPath, o.internal(o.suggestions))
	mux.HandleFunc("POST "+wire.StartPath, o.internal(o.startSession))
	mux.HandleFunc("POST "+wire.FindPath, o.internal(o.findSession))
	mux.HandleFunc("POST "+wire.SyncPath, o.internal(o.syncSessions))
	return mux
}

func (o *Origin) internal(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+o.key {
			http.Error(w, `{"code":"UNAUTHORIZED"}`, http.StatusUnauthorized)
			return
		}
		h(w, r)
	}
}

// asHome answers with the body that stands for the home screen.
func asHome(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.SetPathValue("id", FilmID(Home, 0))
		h(w, r)
	}
}

func (o *Origin) fill(w http.ResponseWriter, r *http.Request) {
	o.fills.Add(1)
	id := r.PathValue("id")
	pos := o.position() // before the body, as a snapshot's would be
	time.Sleep(o.FillDelay)
	body, err := Body(id)
	o.stamp(w, pos, "movie:"+id)
	if err != nil {
		w.WriteHeader(http.StatusNotFound)
		body = []byte(`{"code":"NOT_FOUND","message":"not found"}`)
	}
	w.Write(body)
}

func (o *Origin) plain(w http.ResponseWriter, r *http.Request) {
	body, err := Body(r.PathValue("id"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	for name, values := range o.Plain[r.PathValue("id")] {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body)
}

func (o *Origin) audiences(w http.ResponseWriter, _ *http.Request) {
	o.stamp(w, o.position(), wire.TagTerritories+","+wire.TagFilters)
	json.NewEncoder(w).Encode(wire.Audiences{Deny: map[string][]string{}})
}

// stamp writes what every internal answer that may be held begins with.
func (o *Origin) stamp(w http.ResponseWriter, pos uint64, tags string) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set(wire.Epoch, epoch)
	h.Set(wire.Pos, strconv.FormatUint(pos, 10))
	h.Set(wire.Tags, tags)
}

func (o *Origin) position() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.head
}

func (o *Origin) feed(w http.ResponseWriter, r *http.Request) {
	began, q := time.Now(), r.URL.Query()
	after, err := strconv.ParseUint(q.Get("after"), 10, 64)
	known := err == nil && q.Get("epoch") == epoch
	ms, _ := strconv.Atoi(q.Get("wait_ms"))
	timer := time.NewTimer(time.Duration(ms) * time.Millisecond)
	defer timer.Stop()
	for {
		page, advanced := o.page(known, after)
		waiting := !page.Reset && len(page.Changes) == 0
		if waiting {
			select {
			case <-advanced:
				continue
			case <-timer.C:
			case <-r.Context().Done():
				return
			}
		}
		page.Now, page.WaitedMS = time.Now().UTC(), time.Since(began).Milliseconds()
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(page)
		return
	}
}

func (o *Origin) page(known bool, after uint64) (wire.FeedPage, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	page := wire.FeedPage{Epoch: epoch, Head: o.head, Changes: []wire.Change{}}
	first := o.head + 1 - uint64(len(o.changes))
	if !known || after > o.head || after+1 < first {
		page.Reset = true
		return page, o.advanced
	}
	page.Changes = append(page.Changes, o.changes[after+1-first:]...)
	return page, o.advanced
}
