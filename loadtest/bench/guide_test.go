package bench

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"encora/loadtest/closedloop"
	"encora/loadtest/device"
	"encora/loadtest/fakeorigin"
	"encora/loadtest/latency"
	"encora/loadtest/openloop"
	"encora/loadtest/subject"
)

func TestChoicesDiffer(t *testing.T) {
	r := &rig{Command: &Command{Keys: 2000}, token: "t"}
	requests := r.choices(polledChannels)
	seen, ordered := map[string]bool{}, 0
	for _, q := range requests {
		seen[q.Path] = true
		ids := strings.Split(strings.TrimPrefix(q.Path, nowPath+"?channel_ids="), ",")
		distinct := slices.Clone(ids)
		slices.Sort(distinct)
		if slices.Equal(ids, distinct) {
			ordered++
		}
		if n := len(slices.Compact(distinct)); n != polledChannels || q.Token != "t" {
			t.Fatalf("%d channels in %+v", n, q)
		}
	}
	if len(seen) != 2000 || ordered > 0 {
		t.Errorf("%d choices, %d of them in the order of ids", len(seen), ordered)
	}
}

// The bare server stands in for the edge: what is compared must be the same answer, whatever was asked for.
func TestPollComparesEqualAnswers(t *testing.T) {
	r := newTestRig(t, Command{Rounds: 1, Connections: 2, Keys: 50, Port: ports(10)})
	r.warmUp, r.round, r.origin = 50*time.Millisecond, 100*time.Millisecond, fakeorigin.New("key", r.issuer)
	page := subject.Page{Path: nowPath, Body: bytes.Repeat([]byte("x"), 3000), Header: assumed}
	edge, err := subject.Bare(t.Context(), r.env(r.Core), r.addr(7), []subject.Page{{Path: "/"}, page})
	if err != nil {
		t.Fatal(err)
	}
	defer edge.Stop()
	values, ratios := tables("x")
	if err := r.poll(t.Context(), edge, 5, false, values, ratios, guideGoals); err != nil {
		t.Fatal(err)
	}
	if len(values.Rows) != 2 || values.Rows[1][0] != "200, 5 channels, 3000 B" || values.Rows[0][4] != "0" || len(ratios.Rows) != 1 {
		t.Errorf("tables %v, %v", values.Rows, ratios.Rows)
	}
	if err := r.poll(t.Context(), edge, 5, true, values, ratios, nil); err == nil || !strings.Contains(err.Error(), "304") {
		t.Errorf("a server that does not revalidate: %v", err)
	}
}

func TestDoubleSendsTheSame(t *testing.T) {
	r := newTestRig(t, Command{Port: ports(10)})
	q := closedloop.Request{Path: nowPath + "?channel_ids=x", Token: "t", ETag: `"e"`}
	same := subject.Page{Path: nowPath, Status: http.StatusNotModified, Header: []subject.Header{{Name: "Date"}, {Name: "Etag", Value: `"0123456789abcdef"`}}}
	same.Header[0].Value = time.Now().UTC().Format(http.TimeFormat)
	peer, err := r.double(t.Context(), q, same)
	if err != nil {
		t.Fatal(err)
	}
	peer.Stop()
	longer := same
	longer.Header = append(slices.Clone(same.Header), subject.Header{Name: "Content-Length", Value: "7"}) // which a 304 hasn't
	if peer, err := r.double(t.Context(), q, longer); err == nil {
		peer.Stop()
		t.Error("other headers passed")
	}
}

func TestTypicalIsTheMiddleOne(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", fmt.Sprintf("%q", r.URL.RawQuery))
		if r.Header.Get("If-None-Match") == w.Header().Get("ETag") {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Write(bytes.Repeat([]byte("x"), len(r.URL.Query().Get("channel_ids"))))
	}))
	defer server.Close()
	edge := &subject.Subject{Name: edgeName, Addr: strings.TrimPrefix(server.URL, "http://")}
	r := &rig{Command: &Command{}}
	var requests []closedloop.Request
	for _, ids := range []string{"dddd", "a", "ccc", "bb", "eeeee"} {
		requests = append(requests, closedloop.Request{Path: nowPath + "?channel_ids=" + ids})
	}
	page, err := r.typical(t.Context(), edge, requests, false)
	if err != nil || string(page.Body) != "xxx" || page.Status != 200 || requests[0].ETag != "" {
		t.Errorf("%+v, %v", page, err)
	}
	page, err = r.typical(t.Context(), edge, requests, true)
	if err != nil || len(page.Body) != 0 || page.Status != 304 || requests[0].ETag != `"channel_ids=dddd"` {
		t.Errorf("%+v, %v", page, err)
	}
	requests[3].ETag = `"old"` // of what has changed since
	if _, err := r.look(edge, requests, http.StatusNotModified); err == nil || !strings.Contains(err.Error(), "bb") {
		t.Errorf("an answer that changed: %v", err)
	}
}

func TestQuietWaitsNoLongerThanItMust(t *testing.T) {
	began := time.Now()
	if err := quiet(t.Context(), 2*fakeorigin.GuideStep); err != nil || time.Since(began) > time.Minute {
		t.Errorf("a spell that never is: %v after %v", err, time.Since(began))
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := quiet(ended, fakeorigin.GuideStep-1); err == nil {
		t.Error("an ended wait has no error")
	}
}

// schedule answers pages of 3, 3 and 1 programmes.
func schedule(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Query().Get("cursor") {
	case "":
		fmt.Fprint(w, `{"data":{"a":[{},{}],"b":[{}]},"meta":{"next_cursor":"+1"}}`)
	case "+1":
		fmt.Fprint(w, `{"data":{"b":[{},{},{}]},"meta":{"next_cursor":"+2"}}`)
	case "+2":
		fmt.Fprint(w, `{"data":{"c":[{}],"d":[]},"meta":{"next_cursor":null}}`)
	default:
		w.WriteHeader(400)
	}
}

func TestSchedulesAreReadToTheirEnds(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(schedule))
	defer server.Close()
	r := &rig{token: "t"}
	pages, sizes, err := r.schedulePages(&subject.Subject{Addr: strings.TrimPrefix(server.URL, "http://")})
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	for _, p := range pages {
		u, err := url.Parse(p.Path)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		if n := len(strings.Split(q.Get("channel_ids"), ",")); n != scheduleChannels || q.Get("limit") != "100" {
			t.Fatalf("%d channels, limit %s", n, q.Get("limit"))
		}
		if (p.Op == lastPage) != (q.Get("cursor") == "+2") {
			t.Errorf("%s: %s", p.Op, q.Get("cursor"))
		}
		if p.Op == lastPage {
			last++
		}
	}
	if len(pages) != 2*scheduleChoices || last != scheduleChoices {
		t.Errorf("%d pages, %d last ones", len(pages), last)
	}
	if sizes.Rows[0][1] != "3.0" || sizes.Rows[1][1] != "1.0" || sizes.Rows[2][1] != "3.0" {
		t.Errorf("sizes %v", sizes.Rows)
	}
}

func TestDriveRecordsFailures(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bad" {
			w.WriteHeader(503)
		}
	}))
	defer server.Close()
	client, err := device.NewClient(server.URL, 4, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	load := openloop.Load{Rate: 500, Arrivals: openloop.Constant, Duration: 200 * time.Millisecond, Workers: 4, Backlog: 500}
	var recorder latency.Recorder
	drive(t.Context(), load, client, []device.Request{{Op: "good", Path: "/good"}, {Op: "bad", Path: "/bad"}}, &recorder)
	rows := recorder.Rows(time.Second)
	all := rows[len(rows)-1]
	if all.Count != 99 || all.Errors == 0 || all.Errors == all.Count || all.Errors != all.Status["5xx"] {
		t.Errorf("%+v", all)
	}
}

func TestGuideSizeCountsProgrammesOnce(t *testing.T) {
	one, two := measureGuide([]int64{20_000}), measureGuide([]int64{20_000, 20_001})
	if one.programmes != one.inDays || two.programmes >= two.inDays || two.inDays-two.programmes > fakeorigin.GuideChannels {
		t.Errorf("one day %+v, two days %+v", one, two)
	}
	if each := two.bytes / two.programmes; each < 600 || each > 800 {
		t.Errorf("%d bytes each", each)
	}
	u, err := url.Parse(dayOf(3, 20_000))
	if err != nil || u.Query().Get("channel_ids") != fakeorigin.ChannelID(3) || u.Query().Get("start_time") != "2024-10-04T00:00:00Z" ||
		u.Query().Get("end_time") != "2024-10-05T00:00:00Z" {
		t.Errorf("%v, %v", u, err)
	}
}

func TestComposedCasesNeedAnEdge(t *testing.T) {
	r := newTestRig(t, Command{Edge: "absent", Rate: 1})
	for _, run := range []func(context.Context, *bytes.Buffer) error{
		func(ctx context.Context, out *bytes.Buffer) error { return r.guide(ctx, out) },
		func(ctx context.Context, out *bytes.Buffer) error { return r.schedule(ctx, out) },
		func(ctx context.Context, out *bytes.Buffer) error { return r.guideMemory(ctx, out) },
		func(ctx context.Context, out *bytes.Buffer) error { return r.autocomplete(ctx, out) },
	} {
		var out bytes.Buffer
		if err := run(t.Context(), &out); err != nil || !strings.Contains(out.String(), "Not measured: absent") {
			t.Errorf("%v: %s", err, out.String())
		}
	}
}
