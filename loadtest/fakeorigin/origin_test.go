package fakeorigin

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"encora/shared/token"
	"encora/shared/wire"
)

func TestBodiesHaveTheirExactSize(t *testing.T) {
	for _, size := range []int{Small, Large, 4096} {
		for n := range 50 {
			id := FilmID(size, n)
			body, err := Body(id)
			if err != nil || len(body) != size {
				t.Fatalf("film %d of %d bytes: %d bytes, %v", n, size, len(body), err)
			}
			var film struct{ ID string }
			if err := json.Unmarshal(body, &film); err != nil || film.ID != id {
				t.Fatalf("film %d of %d bytes: id %q, %v", n, size, film.ID, err)
			}
			again, _ := Body(id)
			if !bytes.Equal(body, again) {
				t.Fatalf("film %d of %d bytes differs the second time", n, size)
			}
		}
	}
	if FilmID(Small, 1) == FilmID(Small, 2) || FilmID(Small, 1) == FilmID(Large, 1) {
		t.Error("two films share an id")
	}
}

// The cost of an entry includes its compressed variants, so bodies must compress as real ones do.
func TestBodiesCompressAsProse(t *testing.T) {
	body, _ := Body(FilmID(Large, 1))
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(body)
	w.Close()
	if ratio := float64(b.Len()) / Large; ratio < 0.1 || ratio > 0.5 {
		t.Errorf("gzip leaves %.2f of the body", ratio)
	}
}

func setup(t *testing.T) (*Origin, string) {
	issuer, err := token.OpenIssuer(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o := New("k", issuer)
	addr, err := o.Serve(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return o, "http://" + addr
}

func get(t *testing.T, url, key string) (*http.Response, []byte) {
	t.Helper()
	req, _ := http.NewRequest("GET", url, nil)
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body
}

func page(t *testing.T, url string) wire.FeedPage {
	t.Helper()
	var p wire.FeedPage
	_, body := get(t, url, "k")
	if err := json.Unmarshal(body, &p); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return p
}

func TestFillCarriesWireHeaders(t *testing.T) {
	o, base := setup(t)
	id := FilmID(Small, 7)
	resp, body := get(t, base+wire.FillPrefix+"/v2/movies/"+id, "k")
	want, _ := Body(id)
	if resp.StatusCode != 200 || !bytes.Equal(body, want) {
		t.Errorf("status %d, %d bytes", resp.StatusCode, len(body))
	}
	if h := resp.Header; h.Get(wire.Epoch) != epoch || h.Get(wire.Pos) != "1" || h.Get(wire.Tags) != "movie:"+id {
		t.Errorf("headers %v", h)
	}
	if o.Fills() != 1 {
		t.Errorf("%d fills counted", o.Fills())
	}
	if resp, _ := get(t, base+wire.FillPrefix+"/v2/movies/x", "k"); resp.StatusCode != 404 {
		t.Errorf("unknown film: %d", resp.StatusCode)
	}
	if resp, _ := get(t, base+wire.AudiencesPath, "k"); resp.Header.Get(wire.Tags) == "" {
		t.Error("territories carry no tags, so no edge may hold them")
	}
	if resp, _ := get(t, base+wire.FeedPath, "other"); resp.StatusCode != 401 {
		t.Errorf("foreign key: %d", resp.StatusCode)
	}
}

func TestPlainAnswersLikeTheEdge(t *testing.T) {
	o, base := setup(t)
	o.Plain = map[string]http.Header{FilmID(Large, 1): {"Etag": {`"x"`}}}
	resp, body := get(t, base+"/v2/movies/"+FilmID(Large, 1), "")
	if resp.Header.Get("ETag") != `"x"` || len(body) != Large || resp.ContentLength != Large {
		t.Errorf("%v with %d bytes", resp.Header, len(body))
	}
	if o.Fills() != 0 {
		t.Error("a plain answer was counted as a fill")
	}
}

func TestFeed(t *testing.T) {
	o, base := setup(t)
	if p := page(t, base+wire.FeedPath); !p.Reset || p.Head != 1 {
		t.Errorf("first poll: %+v, want a reset to 1", p)
	}
	o.Emit("movies", "!movie:x")
	if p := page(t, base+wire.FeedPath+"?epoch=fake&after=1"); p.Reset || len(p.Changes) != 1 || p.Changes[0].Pos != 2 {
		t.Errorf("after one change: %+v", p)
	}
	for _, q := range []string{"epoch=other&after=1", "epoch=fake&after=99", "epoch=fake&after=0"} {
		if p := page(t, base+wire.FeedPath+"?"+q); !p.Reset {
			t.Errorf("%s: %+v, want a reset", q, p)
		}
	}
	if p := page(t, base+wire.FeedPath+"?epoch=fake&after=2&wait_ms=20"); p.Reset || len(p.Changes) != 0 || p.WaitedMS < 20 {
		t.Errorf("nothing new: %+v", p)
	}
}

func TestFeedWakesWaitingPolls(t *testing.T) {
	o, base := setup(t)
	woken := make(chan wire.FeedPage)
	go func() { woken <- page(t, base+wire.FeedPath+"?epoch=fake&after=1&wait_ms=60000") }()
	for { // the poll may not have arrived yet: positions after the first are as good an answer
		o.Emit("t")
		select {
		case p := <-woken:
			if len(p.Changes) == 0 || p.Changes[0].Pos != 2 {
				t.Errorf("woken with %+v", p)
			}
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func TestFeedForgetsTheOldest(t *testing.T) {
	o, _ := setup(t)
	for range kept + 10 {
		o.Emit("t")
	}
	if p, _ := o.page(true, 1); !p.Reset {
		t.Error("a trimmed position was continued")
	}
	if p, _ := o.page(true, o.head-5); p.Reset || len(p.Changes) != 5 {
		t.Errorf("the newest five: reset %v, %d changes", p.Reset, len(p.Changes))
	}
}
