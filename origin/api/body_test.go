package api_test

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"encora/origin/api"
	"encora/origin/apitest"
)

// refusal posts a body and returns the status and the faults, FIELD CODE, sorted.
func (b *bundle) refusal(body string) (int, []string) {
	b.t.Helper()
	a := b.Do(apitest.Request{Method: "POST", Path: "/v2/admin/notes", Access: writer, Body: body})
	if a.Status == 201 {
		return a.Status, nil
	}
	var got []string
	for _, d := range a.Refused().Details {
		got = append(got, d.Field+" "+d.Code)
	}
	slices.Sort(got)
	return a.Status, got
}

func TestBodiesThatAreNoDocument(t *testing.T) {
	b := setup(t)
	for _, body := range []string{"", " ", "{", `{"title"}`, `{"title": }`, `{"title": "a"`, `{"title": "a",}`, `{'title': "a"}`, `{"title": "a"} {}`,
		`{"title": "a"}]`, `{"title": "a"}x`, "\xef\xbb\xbf" + `{"title": "a"}`, `{"title": "` + "\xff" + `"}`, `{"title": "` + "\x00" + `"}`,
		"{\"title\": \"a\nb\"}", `{"title": "\x"}`, `{"title": "\u12"}`, `{"rating": 01}`, `{"rating": +1}`, `{"rating": 1.}`, `{"rating": NaN}`,
		`{"rating": 0x1}`, `{"title": "a"} // comment`, strings.Repeat("[", 100), strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40),
		strings.Repeat("[", 40) + strings.Repeat("]", 40)} {
		want := "body malformed"
		if body == "" {
			want = "body required"
		}
		if status, got := b.refusal(body); status != 400 || !slices.Equal(got, []string{want}) {
			t.Errorf("%.60q: %d %q", body, status, got)
		}
	}
	if b.rows() != 0 {
		t.Error("one was taken")
	}
}

func TestBodiesOfTheWrongType(t *testing.T) {
	b := setup(t)
	f := func(body string, want ...string) {
		t.Helper()
		if status, got := b.refusal(body); status != 400 || !slices.Equal(got, want) {
			t.Errorf("%.80s: %d %q", body, status, got)
		}
	}
	for _, body := range []string{`[]`, `"x"`, `1`, `true`} {
		f(body, " wrong_type")
	}
	f(`null`, " wrong_type")
	f(`{"title": 1}`, "title wrong_type")
	f(`{"title": null}`, "title wrong_type")
	f(`{"title": "a", "rating": null}`, "rating wrong_type")
	f(`{"title": "a", "rating": "1"}`, "rating wrong_type")
	f(`{"title": "a", "rating": 1.5}`, "rating wrong_type")
	f(`{"title": "a", "pinned": "true", "text": 1}`, "pinned wrong_type", "text wrong_type")
	f(`{"title": "a", "tags": "a,b"}`, "tags wrong_type")
	f(`{"title": "a", "tags": ["a", 1, null]}`, "tags[1] wrong_type", "tags[2] wrong_type")
	f(`{"title": "a", "tags": {}}`, "tags wrong_type")
	f(`{"title": "a", "parts": [[]]}`, "parts[0] wrong_type")
	f(`{"title": "a", "parts": [{"name": null}, {"name": "b", "Size": 1}]}`, "parts[0].name wrong_type", "parts[1].Size unknown_field")
	f(`{"title": "a", "labels": {"x": 1}}`, "labels.x wrong_type")
	f(`{"Title": "a"}`, "Title unknown_field", "title required")
	f(`{"title": "a", "\u0000": 1}`, "\x00 unknown_field")
	f(`{"title": "a", "title": "b"}`, "title repeated")
	f(`{"title": "a", "\u0074itle": "b"}`, "title repeated")
	f(`{"title": "a", "parts": [{"name": "a", "size": 1, "size": 1}], "x": {"y": 1, "y": 2}}`, "parts[0].size repeated", "x unknown_field", "x.y repeated")
	f(`{"title": "a", "rating": 1e400, "score": -1e999}`, "rating out_of_range", "score out_of_range")
	f(`{"title": "a", "views": 123456789012345678901234567890, "starts_at": null}`, "views wrong_type")
	f(`{"title": "A", "views": 1e300, "starts_at": "x"}`, "starts_at invalid_format", "views wrong_type")
	f(`{"title": "a", "parts": [{"name": "a", "size": 1.00000000000000000000000001}]}`, "parts wrong_type")
	f(`{"title": "toolongbyfar", "nothing": 1}`, "nothing unknown_field", "title too_long")
}

func TestValuesOutOfTheirLimits(t *testing.T) {
	b := setup(t)
	f := func(body string, want ...string) {
		t.Helper()
		if status, got := b.refusal(body); status != 422 || !slices.Equal(got, want) {
			t.Errorf("%.80s: %d %q", body, status, got)
		}
	}
	f(`{}`, "title required")
	f(`{"title": ""}`, "title too_short")
	f(`{"title": "ééééééééééé"}`, "title too_long")
	f(`{"title": "a", "rating": -1, "kind": "", "tags": ["a", "b", "c", "ddddd"]}`, "kind not_allowed", "rating out_of_range", "tags too_many", "tags[3] too_long")
	for _, text := range []string{`\u0000`, `\u0007`, `\u001b[31m`, `\u007f`, `\u0085`, `\ud800`, `\udc00\ud800`, `\ufffd`, "\u009f"} {
		f(`{"title": "a", "text": "`+text+`"}`, "text invalid_text")
		f(`{"title": "a", "labels": {"`+text+`": "v", "k": "`+text+`"}}`, slices.Sorted(slices.Values([]string{"labels." + decoded(text) + " invalid_text", "labels.k invalid_text"}))...)
	}
	f(`{"title": "a", "starts_at": "2026-03-04"}`, "starts_at invalid_format")
	f(`{"title": "a", "starts_at": "9999-12-31T23:59:59-01:00"}`, "starts_at out_of_range")
	f(`{"title": "a", "starts_at": "0000-12-31T00:00:00Z"}`, "starts_at out_of_range")
	f(`{"title": "a", "parent_id": "x", "id": ""}`, "id invalid_format", "parent_id invalid_format")
	f(`{"title": "a", "parts": [{}, {"name": "", "size": 10}]}`, "parts[0].name required", "parts[1].name too_short", "parts[1].size out_of_range")
}

// A number is whole or is not, however it is written.
func TestWholeNumbers(t *testing.T) {
	b := setup(t)
	for text, want := range map[string]int{"1.0": 1, "1e0": 1, "0.3e1": 3, "20e-1": 2, "-0": 0, "5.000": 5, "0.0": 0, "5.000000000000000000000000000": 5} {
		n, _ := b.created(`{"title": "` + cut(text) + `", "views": 9007199254740993, "rating": ` + text + `}`)
		if n.Rating != want {
			t.Errorf("%s is %d", text, n.Rating)
		}
	}
	for _, text := range []string{"1.5", "1e-1", "0.1", "1.00000000000000000000000001", "0.99999999999999999999", "10000000000000000000000001e-25", "1e-400"} {
		if status, got := b.refusal(`{"title": "x", "rating": ` + text + `}`); status != 400 || !slices.Equal(got, []string{"rating wrong_type"}) {
			t.Errorf("%s: %d %q", text, status, got)
		}
	}
}

// cut is a text as far as it is a title.
func cut(text string) string { return text[:min(len(text), 10)] }

// UUIDs have one form; edges know no other.
func TestFormOfUUIDs(t *testing.T) {
	b := setup(t)
	for _, id := range []string{"urn:uuid:" + idA, "{" + idA + "}", strings.ReplaceAll(idA, "-", ""), idA + "0", "x"} {
		if status, got := b.refusal(`{"title": "a", "parent_id": "` + id + `"}`); status != 422 || !slices.Equal(got, []string{"parent_id invalid_format"}) {
			t.Errorf("body %s: %d %q", id, status, got)
		}
		for _, path := range []string{"/v2/notes?parent=" + url.QueryEscape(id), "/v2/notes?parents=" + url.QueryEscape(id), "/v2/notes/" + url.PathEscape(id)} {
			a := b.Do(apitest.Request{Method: "GET", Path: path, Access: "viewer"}).Want(400)
			if d := a.Refused().Details; len(d) != 1 || d[0].Code != "invalid_format" || d[0].Message != "Expected a UUID." {
				t.Errorf("%s: %v", path, d)
			}
		}
	}
	b.created(`{"title": "a", "parent_id": "` + strings.ToUpper(idA) + `"}`)
}

// Messages are for people: without regular expressions, numbers with exponents, and what parsers say.
func TestMessages(t *testing.T) {
	type limits struct {
		Name  string `json:"name" pattern:"^\\S+$" patternDescription:"a text without blanks"`
		Large int    `json:"large" maximum:"1000000"`
		Least int    `json:"least" minimum:"-20000000"`
		ID    string `json:"id" format:"uuid"`
		Link  string `json:"link" format:"uri"`
		At    string `json:"at" format:"date-time"`
	}
	var got []string
	for _, d := range api.Validate(limits{"a b", 1000001, -20000001, "abc", "http://[::1", "today"}) {
		got = append(got, d.Field+" "+d.Code+": "+d.Message)
	}
	want := []string{"at invalid_format: Expected an RFC 3339 date-time.", "id invalid_format: Expected a UUID.", "large out_of_range: Expected number <= 1000000.",
		"least out_of_range: Expected number >= -20000000.", "link invalid_format: Expected a URI.", "name invalid_format: Expected a text without blanks."}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// decoded is the name that a JSON escape comes to.
func decoded(escape string) string {
	replaced := map[string]string{`\u0000`: "\x00", `\u0007`: "\x07", `\u001b[31m`: "\x1b[31m", `\u007f`: "\x7f", `\u0085`: "\u0085",
		`\ud800`: "\ufffd", `\udc00\ud800`: "\ufffd\ufffd", `\ufffd`: "\ufffd"}
	if text, ok := replaced[escape]; ok {
		return text
	}
	return escape
}

func TestBodyIsReadAsItIs(t *testing.T) {
	b := setup(t)
	n, _ := b.created(`{"title": "éééééééééé", "text": "👩‍👩‍👧‍👦 <b>&\u2028\n\t\r\n مرحبا", "rating": 5, "score": -0.5, "pinned": true, "kind": "long",
		"tags": ["é", "😀😀😀😀"], "parts": [{"name": "a", "size": 9}], "labels": {"a.b": "c"}, "starts_at": "2026-03-04T05:06:07.123456+01:00", "parent_id": "` + strings.ToUpper(idA) + `"}`)
	starts := time.Date(2026, 3, 4, 4, 6, 7, 123456000, time.UTC)
	if n.Title != "éééééééééé" || *n.Text != "👩‍👩‍👧‍👦 <b>&\u2028\n\t\r\n مرحبا" || n.Rating != 5 || n.Score != -0.5 || !n.Pinned || n.Kind != "long" ||
		!slices.Equal(n.Tags, []string{"é", "😀😀😀😀"}) || !slices.Equal(n.Parts, []Part{{"a", 9}}) || !maps.Equal(n.Labels, map[string]string{"a.b": "c"}) ||
		!n.StartsAt.Equal(starts) || n.ParentID.String() != idA {
		t.Errorf("got %+v", n)
	}
	a := b.Do(apitest.Request{Method: "GET", Path: "/v2/admin/notes/" + n.ID.String(), Access: reader}).Want(200)
	if !bytes.Contains(a.Body, []byte(`<b>&`)) || !bytes.Contains(a.Body, []byte(`"starts_at":"2026-03-04T04:06:07.123456Z"`)) {
		t.Errorf("got %s", a.Body)
	}
	n, _ = b.created(`{"title": "b", "text": null, "starts_at": null, "parent_id": null}`)
	if n.Text != nil || n.StartsAt != nil || n.ParentID != nil {
		t.Errorf("got %+v", n)
	}
}

func TestContentType(t *testing.T) {
	b := setup(t)
	i := 0
	f := func(header map[string]string, status int) {
		t.Helper()
		i++
		a := b.Do(apitest.Request{Method: "POST", Path: "/v2/admin/notes", Access: writer, Body: fmt.Sprintf(`{"title": "a%d"}`, i), Header: header})
		if a.Status != status {
			t.Errorf("%v: %d %s", header, a.Status, a.Body)
		}
		if status == 415 && a.Refused().Code != "UNSUPPORTED_MEDIA_TYPE" {
			t.Errorf("%s", a.Body)
		}
	}
	for _, kind := range []string{"application/json", "Application/JSON; charset=utf-8", " application/json ;x=y"} {
		f(map[string]string{"Content-Type": kind}, 201)
	}
	for _, kind := range []string{"", "text/plain", "application/jsonp", "application/x-www-form-urlencoded", "multipart/form-data", "application/json, text/plain", ";"} {
		f(map[string]string{"Content-Type": kind}, 415)
	}
	f(map[string]string{"Content-Encoding": "gzip"}, 415)
	f(map[string]string{"Content-Encoding": "identity"}, 201)
}

func TestBodyIsBounded(t *testing.T) {
	b := setup(t)
	big := `{"title": "a"` + strings.Repeat(" ", 1<<20-14) + `}`
	send := func(body string, chunked bool) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), "POST", b.Public+"/v2/admin/notes", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if chunked {
			r.ContentLength = -1
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+writer)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	if status := send(big, false); status != 201 {
		t.Errorf("a body at the limit: %d", status)
	}
	for _, chunked := range []bool{false, true} {
		if status := send(big+" ", chunked); status != 413 {
			t.Errorf("one byte more: %d, chunked %v", status, chunked)
		}
	}
}

// A megabyte can hold a quarter of a million faults. None of these may take long, or be answered at such length.
func TestHostileBodiesAreCheap(t *testing.T) {
	b := setup(t)
	list := func(item string, n int) string { return "[" + strings.Repeat(item+",", n-1) + item + "]" }
	for name, body := range map[string]string{
		"nulls":            `{"title": "a", "tags": ` + list("null", 49_000) + `}`,
		"too many values":  `{"title": "a", "tags": ` + list("0", 500_000) + `}`,
		"empty objects":    `{"title": "a", "parts": ` + list("{}", 40_000) + `}`,
		"repeated names":   `{"title": "a", "` + strings.Repeat("x", 500_000) + `": {` + strings.Repeat(`"a":1,`, 40_000) + `"a":1}}`,
		"long names":       `{"title": "a", "labels": {"` + strings.Repeat("x", 900_000) + `": ` + list("0", 40_000) + `}}`,
		"long unknown":     `{"title": "a", "` + strings.Repeat("x", 900_000) + `": ` + list("[]", 40_000) + `}`,
		"brackets":         strings.Repeat("[", 1<<20),
		"nested in a name": strings.Repeat(`{"`+strings.Repeat("x", 30_000)+`":`, 30) + "1" + strings.Repeat("}", 30),
		"digits":           `{"title": "a", "rating": ` + strings.Repeat("9", 1<<20-100) + `}`,
	} {
		began := time.Now()
		a := b.Do(apitest.Request{Method: "POST", Path: "/v2/admin/notes", Access: writer, Body: body})
		took := time.Since(began)
		if a.Status != 400 && a.Status != 422 || len(a.Body) > 2<<20 || took > 3*time.Second {
			t.Errorf("%s: %d, %d bytes in %v", name, a.Status, len(a.Body), took)
		}
		if n := len(a.Refused().Details); n == 0 || n > 1000 {
			t.Errorf("%s: %d details", name, n)
		}
	}
}

func TestOptionalBody(t *testing.T) {
	b := setup(t)
	ask := apitest.Request{Method: "POST", Path: "/v2/notes/ask", Access: "viewer"}
	if a := b.Do(ask).Want(200); string(a.Body) != `{"data":[]}` || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s %v", a.Body, a.Header)
	}
	b.created(`{"title": "a"}`)
	ask.Body = `{"titles": ["a", "b"]}`
	if a := b.Do(ask).Want(200); string(a.Body) != `{"data":["a"]}` {
		t.Errorf("%s", a.Body)
	}
	ask.Body = `{"titles": ["a", "b", "c"]}`
	b.Do(ask).Want(422)
}

// A document inside of a body is for its reader to judge; texts beside it are held to what texts may be.
func TestDocumentsInBodiesAreLeftToTheirReaders(t *testing.T) {
	type feed struct {
		Title    string `json:"title"`
		Document string `json:"document" format:"document"`
	}
	if faults := api.Validate(feed{Title: "a", Document: "<tv>\x00\x1b\ufffd</tv>"}); len(faults) != 0 {
		t.Errorf("refused: %v", faults)
	}
	if faults := api.Validate(feed{Title: "\x1b"}); len(faults) != 1 || faults[0].Field != "title" {
		t.Errorf("not refused for its title: %v", faults)
	}
}
