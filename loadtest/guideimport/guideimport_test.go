package guideimport

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

// world is an origin and an edge in one, which takes imports by what their documents say, and can be made to go wrong.
type world struct {
	mu       sync.Mutex
	channels map[string]*channel // by id
	jobs     map[string]*job
	removed  int
	takes    time.Duration // until a job is completed
	late     time.Duration // until viewers see it
	most     int           // jobs under way at once so far

	refuses, forgets bool // a job fails; every import changes everything
	unwell           bool // films can't be read
}

type channel struct {
	feedID     string
	programmes string // of the document, as it was
	count      int
	shown      []shown
}

// shown is a description that viewers see from an instant on.
type shown struct {
	from time.Time
	text string
}

type job struct {
	ends   time.Time
	counts map[string]int
}

// document is as much of XMLTV as the world reads.
type document struct {
	Programmes []struct {
		Channel string `xml:"channel,attr"`
		Start   string `xml:"start,attr"`
		Stop    string `xml:"stop,attr"`
		Desc    string `xml:"desc"`
	} `xml:"programme"`
}

func (w *world) origin(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var body struct {
		EPGIDs []string `json:"epg_ids"`
		Source string
	}
	json.NewDecoder(r.Body).Decode(&body)
	id, action, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v2/admin/channels/"), "/")
	switch {
	case r.Header.Get("Authorization") != "Bearer admin":
		rw.WriteHeader(401)
	case r.Method == "POST" && r.URL.Path == "/v2/admin/channels":
		id = fmt.Sprintf("channel-%d", len(w.channels))
		w.channels[id] = &channel{feedID: body.EPGIDs[0]}
		rw.WriteHeader(201)
		fmt.Fprintf(rw, `{"id":%q}`, id)
	case r.URL.Path == "/v2/admin/epg/imports":
		rw.WriteHeader(202)
		fmt.Fprintf(rw, `{"id":%q,"status":"queued"}`, w.take(body.Source))
	case strings.HasPrefix(r.URL.Path, "/v2/admin/epg/imports/"):
		w.job(rw, strings.TrimPrefix(r.URL.Path, "/v2/admin/epg/imports/"))
	case r.Method == "DELETE" && w.channels[id] != nil:
		w.removed++
		rw.WriteHeader(204)
	case action == "publish" || action == "unpublish":
	default:
		rw.WriteHeader(404)
	}
}

// take is an import.
func (w *world) take(source string) string {
	var d document
	if err := xml.Unmarshal([]byte(source), &d); err != nil {
		panic(err)
	}
	texts, counts := map[string]string{}, map[string]int{}
	for _, p := range d.Programmes {
		texts[p.Channel] += p.Start + p.Stop + p.Desc
		counts[p.Channel]++
	}
	j := &job{ends: time.Now().Add(w.takes), counts: map[string]int{}}
	for _, c := range w.channels {
		n := counts[c.feedID]
		if n == 0 {
			continue
		}
		what := "updated"
		if c.programmes == "" {
			what = "created"
		} else if c.programmes == texts[c.feedID] && !w.forgets {
			what = "unchanged"
		}
		j.counts["programs_imported"] += n
		j.counts["programs_"+what] += n
		c.programmes, c.count = texts[c.feedID], n
		_, text, _ := strings.Cut(c.programmes, "Edition")
		c.shown = append(c.shown, shown{j.ends.Add(w.late), "Edition" + text[:40]})
	}
	id := fmt.Sprintf("job-%d", len(w.jobs))
	w.jobs[id] = j
	open := 0
	for _, j := range w.jobs {
		if time.Now().Before(j.ends) {
			open++
		}
	}
	w.most = max(w.most, open)
	return id
}

func (w *world) job(rw http.ResponseWriter, id string) {
	j := w.jobs[id]
	state := map[string]any{"id": id, "status": "processing"}
	if time.Now().After(j.ends) {
		state["status"] = "completed"
		for name, n := range j.counts {
			state[name] = n
		}
		if w.refuses {
			state["status"], state["errors"] = "failed", []map[string]string{{"code": "no_channel", "message": "none"}}
		}
	}
	json.NewEncoder(rw).Encode(state)
}

func (w *world) edge(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case r.Header.Get("Authorization") != "Bearer viewer":
		rw.WriteHeader(401)
	case r.URL.Path == "/v2/movies":
		fmt.Fprint(rw, `{"data":[{"id":"film"}],"meta":{"next_cursor":null}}`)
	case r.URL.Path == "/v2/movies/film" && w.unwell:
		rw.WriteHeader(503)
	case r.URL.Path == "/v2/epg/now" || r.URL.Path == "/v2/epg":
		for id := range strings.SplitSeq(r.URL.Query().Get("channel_ids"), ",") {
			fmt.Fprint(rw, w.onAir(id))
		}
	default:
		fmt.Fprint(rw, `{"data":[]}`)
	}
}

func (w *world) onAir(id string) string {
	text := "null"
	for _, s := range w.channels[id].shown {
		if time.Now().After(s.from) {
			text = s.text
		}
	}
	return text + "\n"
}

func setup(t *testing.T) (*world, *Command) {
	w := &world{channels: map[string]*channel{}, jobs: map[string]*job{}, takes: 100 * time.Millisecond, late: 50 * time.Millisecond}
	origin, edge := httptest.NewServer(http.HandlerFunc(w.origin)), httptest.NewServer(http.HandlerFunc(w.edge))
	t.Cleanup(origin.Close)
	t.Cleanup(edge.Close)
	tokens := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(tokens, []byte("viewer\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return w, &Command{Origin: origin.URL, Edge: edge.URL, AdminToken: "admin", Tokens: tokens, Channels: 70, Programmes: 350, Jobs: 3,
		ReadRate: 200, Before: 200 * time.Millisecond, WarmUp: 20 * time.Millisecond, Patience: 20 * time.Second}
}

func TestImportIsMeasured(t *testing.T) {
	for _, inTurn := range []bool{false, true} {
		w, c := setup(t)
		c.InTurn = inTurn
		var out bytes.Buffer
		if err := c.Run(t.Context(), &out); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"Import of 350 programmes of 70 channels in 3 documents", "| new ", "| the same again ", "| all descriptions changed ",
			"| getEpgNow ", "| getEpgSchedule ", "| getMovie "} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("report lacks %q:\n%s", want, out.String())
			}
		}
		if len(w.jobs) != 9 || w.removed != 70 {
			t.Errorf("%d jobs for three imports, %d of 70 channels removed", len(w.jobs), w.removed)
		}
		if inTurn && w.most != 1 || !inTurn && w.most < 2 {
			t.Errorf("in turn %v: %d jobs at once", inTurn, w.most)
		}
	}
}

func TestWhatIsWrongFails(t *testing.T) {
	for what, change := range map[string]func(*world, *Command){
		"expected":            func(w *world, _ *Command) { w.forgets = true },
		"failed: [{Code:no_c": func(w *world, _ *Command) { w.refuses = true },
		"a read failed":       func(w *world, _ *Command) { w.unwell = true },
		"at most 10ms":        func(_ *world, c *Command) { c.MaxTime = 10 * time.Millisecond },
		"p99 grew":            func(_ *world, c *Command) { c.MaxRatio = 1e-9 },
		"--patience":          func(w *world, c *Command) { w.late, c.Patience = time.Minute, 500*time.Millisecond },
		"--jobs":              func(_ *world, c *Command) { c.Jobs = 71 },
		"may only go to":      func(_ *world, c *Command) { c.Origin = "http://example.com:80" },
		"status 401":          func(_ *world, c *Command) { c.AdminToken = "other" },
	} {
		t.Run(what, func(t *testing.T) {
			w, c := setup(t)
			change(w, c)
			if err := c.Run(t.Context(), &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), what) {
				t.Errorf("%v", err)
			}
			if w.removed != len(w.channels) {
				t.Errorf("%d of %d channels removed", w.removed, len(w.channels))
			}
		})
	}
}

func TestFeedIsTheSameButForItsEdition(t *testing.T) {
	f := &feed{ids: []string{"a", "b", "c"}, each: 50, from: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), seed: 1, documents: 2}
	read := func(edition int) document {
		bodies, err := f.bodies(edition)
		if err != nil {
			t.Fatal(err)
		}
		var all document
		for _, body := range bodies {
			var write struct{ Format, Source string }
			if err := json.Unmarshal(body, &write); err != nil || write.Format != "xmltv" {
				t.Fatalf("%q, %v", write.Format, err)
			}
			if err := xml.Unmarshal([]byte(write.Source), &all); err != nil {
				t.Fatal(err)
			}
		}
		if len(bodies) != 2 {
			t.Errorf("%d documents", len(bodies))
		}
		return all
	}
	one, again, two := read(1), read(1), read(2)
	if len(one.Programmes) != 150 || len(two.Programmes) != 150 {
		t.Fatalf("%d and %d programmes", len(one.Programmes), len(two.Programmes))
	}
	for i, p := range one.Programmes {
		q := two.Programmes[i]
		if again.Programmes[i] != p || p.Desc == q.Desc || strings.TrimPrefix(p.Desc, stamp(1)) != strings.TrimPrefix(q.Desc, stamp(2)) {
			t.Fatalf("programme %d: %+v, again %+v, then %+v", i, p, again.Programmes[i], q)
		}
		if q.Desc = p.Desc; q != p {
			t.Fatalf("programme %d: %+v, then %+v", i, p, q)
		}
	}
	if p := one.Programmes[0]; p.Start != "20260102000000 +0000" || p.Channel != "a" || one.Programmes[1].Start != p.Stop {
		t.Errorf("begins with %+v", one.Programmes[:2])
	}
}

func TestCommandDefaultsAreValid(t *testing.T) {
	var c Command
	if _, err := kong.Must(&c).Parse([]string{"--origin=o", "--edge=e", "--admin-token=a", "--tokens=t"}); err != nil {
		t.Fatal(err)
	}
	if err := c.validate(); err != nil {
		t.Error(err)
	}
}
