package race

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"encora/loadtest/device"
)

// account is an account whose streams are counted rightly, or by lax ones too many.
type account struct {
	mu      sync.Mutex
	lax     int
	next    int
	playing []string
}

func (a *account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if r.Method == "DELETE" {
		a.playing = a.playing[1:]
		w.WriteHeader(204)
		return
	}
	if len(a.playing) < 2+a.lax {
		a.next++
		a.playing = append(a.playing, fmt.Sprintf("s%d", a.next))
		fmt.Fprintf(w, `{"session_id":"s%d","hls_url":"x"}`, a.next)
		return
	}
	w.WriteHeader(409)
	var details []string
	for _, s := range a.playing {
		details = append(details, fmt.Sprintf(`{"session":{"session_id":%q}}`, s))
	}
	fmt.Fprintf(w, `{"code":"CONCURRENCY_LIMIT_EXCEEDED","details":[%s]}`, strings.Join(details, ","))
}

func newTrack(t *testing.T, a *account) *track {
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	tr := &track{streams: 2, films: []string{"a", "b", "c"}, players: make([]device.Player, 8)}
	for range 3 {
		edge, err := device.NewClient(server.URL, 8, 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		tr.edges = append(tr.edges, edge)
	}
	return tr
}

func TestRoundsOfARightAccount(t *testing.T) {
	a := &account{}
	tr := newTrack(t, a)
	for n := range 5 {
		if err := tr.round(n); err != nil {
			t.Fatal(err)
		}
	}
	if tr.deviations != nil || tr.started != 10 || tr.refused != 30 || len(a.playing) != 0 {
		t.Errorf("%d started, %d refused, %d left, %v", tr.started, tr.refused, len(a.playing), tr.deviations)
	}
	var out bytes.Buffer
	if err := (&Command{Starts: 8, Streams: 2}).report(&out, tr, 5); err != nil || !strings.Contains(out.String(), "start, 409") {
		t.Errorf("%v\n%s", err, &out)
	}
}

func TestADeviationFails(t *testing.T) {
	tr := newTrack(t, &account{lax: 1})
	if err := tr.round(0); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := (&Command{Starts: 8, Streams: 2}).report(&out, tr, 1); err == nil || !strings.Contains(out.String(), "3 × 200 and 5 × 409 of 8") {
		t.Errorf("%v\n%s", err, &out)
	}
}

func TestRefusalsNameWhatPlays(t *testing.T) {
	const right = `{"code":"CONCURRENCY_LIMIT_EXCEEDED","details":[{"session":{"session_id":"b"}},{"session":{"session_id":"a"}}]}`
	if err := holders([]byte(right), []string{"a", "b"}); err != nil {
		t.Error(err)
	}
	for _, wrong := range []string{"", `{}`, strings.Replace(right, `"b"`, `"c"`, 1), strings.Replace(right, "LIMIT", "X", 1)} {
		if holders([]byte(wrong), []string{"a", "b"}) == nil {
			t.Errorf("passed: %s", wrong)
		}
	}
}

func TestDefaultsAreValid(t *testing.T) {
	var c Command
	if _, err := kong.Must(&c).Parse(nil); err != nil || c.validate() != nil {
		t.Fatalf("%v, %v", err, c.validate())
	}
	c.Starts = 2
	if c.validate() == nil {
		t.Error("a race without losers passed")
	}
}
