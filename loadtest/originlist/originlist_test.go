package originlist

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// origin answers a list and refuses what the contract's admin list does not take.
type origin struct {
	mu    sync.Mutex
	seen  map[string]bool // names of the parameters of each request, joined
	delay time.Duration
}

func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var names []string
	for name, values := range r.URL.Query() {
		names = append(names, name)
		if !slices.Contains([]string{"cursor", "limit", "sort", "q", "status", "genre"}, name) || len(values) != 1 || values[0] == "" || strings.ContainsRune(values[0], 0) {
			w.WriteHeader(400)
			return
		}
	}
	slices.Sort(names)
	o.mu.Lock()
	o.seen[strings.Join(names, ",")] = true
	delay := o.delay
	o.mu.Unlock()
	time.Sleep(delay)
	fmt.Fprint(w, `{"data":[{"title":"L’été à Paris 약속","genres":["sci-fi & more"]}],"meta":{"next_cursor":"a+b","total_count":50000}}`)
}

func setup(t *testing.T) (*origin, *Command) {
	o := &origin{seen: map[string]bool{}}
	server := httptest.NewServer(o)
	t.Cleanup(server.Close)
	return o, &Command{Origin: server.URL, AdminToken: "t", Requests: 200, Rate: 500, Duration: 300 * time.Millisecond, Seed: 1}
}

func TestEveryKindIsAsked(t *testing.T) {
	o, c := setup(t)
	var out bytes.Buffer
	if err := c.Run(context.Background(), &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, want := range []string{"limit", "limit,sort", "limit,sort,status", "genre,limit,sort", "genre,limit,sort,status",
		"limit,q", "limit,q,sort", "limit,q,sort,status", "cursor,limit"} {
		if !o.seen[want] {
			t.Errorf("nothing asked with %s", want)
		}
	}
	for _, want := range []string{"50000 films", "| deep page", "| q, status, sort", "one request after another", "at 500 requests"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("report lacks %q:\n%s", want, out.String())
		}
	}
}

func TestThreshold(t *testing.T) {
	o, c := setup(t)
	o.delay, c.Requests, c.Rate, c.MaxP99 = 5*time.Millisecond, 20, 0, 2*time.Millisecond
	if err := c.Run(context.Background(), &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "p99") {
		t.Errorf("err %v", err)
	}
}
