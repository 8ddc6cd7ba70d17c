package listings

import (
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/uuid"

	"encora/origin/vocab"
)

const (
	required = `"channel_id":"c","title":"T","start_time":"2026-03-01T18:00:00Z","end_time":"2026-03-01T19:00:00Z"`
	anObject = "{" + required + "}"
)

func TestJSONIsRead(t *testing.T) {
	id, vod := "0197b1c2-0000-7000-8000-000000000001", "0197b1c2-0000-7000-8000-000000000002"
	var k kept
	err := ReadJSON(strings.NewReader(`[
	{"id":"`+id+`","channel_id":" c ","title":"Caf\u00e9 \"T\"","description":"Two\nlines","content_rating":"TV-14","language":"en-GB",
	 "start_time":"2026-03-01T19:00:00.9+01:00","end_time":"2026-03-01T19:00:00Z","duration_minutes":60,"is_live":false,"is_catchup_available":null,
	 "catchup_expires_at":"whatever","season_number":2,"episode_number":null,"categories":["Drama","Drama","[,]"],"images":{"poster_url":"https://a.example/p.jpg",
	 "backdrop_url":"https://a.example/b.jpg","thumbnail_url":"https://a.example/t.jpg","logo_url":"https://a.example/l.jpg","banner_url":"https://a.example/n.jpg"},
	 "linked_vod_id":"`+vod+`","catchup_blocked":true} ]
`), Options{}, &k)
	two, blocked, parsed, parsedVOD := 2, true, uuid.MustParse(id), uuid.MustParse(vod)
	if err != nil || len(k.programmes) != 1 {
		t.Fatalf("%v, %+v", err, k)
	}
	entries, faults := Settle(k.programmes, "fr")
	want := []Entry{{
		Line: 2, Title: `Café "T"`, Description: "Two\nlines", ContentRating: "TV-14", Language: "en-GB",
		Start: time.Date(2026, 3, 1, 18, 0, 0, 0, time.UTC), End: time.Date(2026, 3, 1, 19, 0, 0, 0, time.UTC),
		Season: &two, Categories: []string{"Drama", "[,]"}, ID: &parsed, LinkedVODID: &parsedVOD, CatchupBlocked: &blocked,
		Images: vocab.ImageSet{PosterURL: "https://a.example/p.jpg", BackdropURL: "https://a.example/b.jpg", ThumbnailURL: "https://a.example/t.jpg",
			LogoURL: "https://a.example/l.jpg", BannerURL: "https://a.example/n.jpg"},
	}}
	if !reflect.DeepEqual(entries, want) || faults != nil || k.programmes[0].Channel != "c" {
		t.Errorf("%+v, %v\nwant %+v", entries, faults, want)
	}
}

func TestJSONThatIsRefused(t *testing.T) {
	f := func(document, want string) {
		t.Helper()
		for _, r := range []io.Reader{strings.NewReader(document), iotest.OneByteReader(strings.NewReader(document))} {
			if got := refused(ReadJSON(r, Options{}, &kept{})); got != want {
				t.Errorf("%q: %s, want %s", document, got, want)
			}
		}
	}
	f("", "empty 1")
	f(" \n ", "empty 1")
	f("\n<?xml version=\"1.0\"?><tv/>", "xml 2")
	f("<!DOCTYPE html><html>", "html 1")
	f("<HTML>", "html 1")
	f("\x1f\x8b\x08", "compressed 1")
	f("\n"+anObject, "not_listings 2")
	f("null", "not_json 1")
	f(`"x"`, "not_json 1")
	f("[]", "no_programmes 1")
	f("[\n]\n", "no_programmes 2")
	f("[", "truncated 1")
	f("["+anObject, "truncated 1")
	f("["+anObject+",", "truncated 1")
	f("["+anObject+",\n{\"a\":\"", "truncated 2")
	f("["+anObject+"]\n[]", "trailing 2")
	f("["+anObject+"]\nx", "trailing 2")
	f("["+anObject+"]\n\x00", "malformed 2")
	f("["+anObject+"\n"+anObject+"]", "malformed 2")
	f("["+anObject+",\n]", "malformed 2")
	f("[,"+anObject+"]", "malformed 1")
	f("["+anObject+"\n}", "malformed 2")
	f("[{\n\"title\":\n}]", "malformed 3")
	f("[{\"a\":1,\n}]", "malformed 2")
	f("[{'a':1}]", "malformed 1")
	f("[{\n\"a\":[1}]}]", "malformed 2")
	f("[{\"a\":tru}]", "malformed 1")
	f("[{\"a\":\"\x01\"}]", "malformed 1")
	f("[{\"a\":\n\"\xff\"}]", "invalid_encoding 2")
}

func TestJSONProgrammesThatAreSkipped(t *testing.T) {
	fault := func(object, want string) {
		t.Helper()
		var k kept
		err := ReadJSON(strings.NewReader("[\n"+object+","+anObject+"]"), Options{}, &k)
		if err != nil || len(k.programmes) != 1 || codes(k.faults) != want || len(k.faults[0].Message) > 300 {
			t.Errorf("%.200s: %v, %+v", object, err, k)
		}
	}
	f := func(field, want string) {
		t.Helper()
		fault("{"+required+","+field+"}", want)
		fault("{\n"+field+","+required+"}", want)
	}
	f(`"colour":"red"`, "unknown_field 2")
	f(`"Title":"T"`, "unknown_field 2")
	f(`"images":{"icon":"https://a.example/"}`, "unknown_field 2")
	f(`"content_rating":"PG","content_rating":"G"`, "invalid_field 2")
	f(`"description":7`, "invalid_field 2")
	f(`"description":null`, "invalid_field 2")
	f(`"description":"`+strings.Repeat("é", 2001)+`"`, "invalid_field 2")
	f(`"description":"a\u0000b"`, "invalid_field 2")
	f(`"description":"\ud800"`, "invalid_field 2")
	f(`"content_rating":"PG-99"`, "invalid_field 2")
	f(`"content_rating":""`, "invalid_field 2")
	f(`"language":"nonsense language"`, "invalid_field 2")
	f(`"language":""`, "invalid_field 2")
	f(`"season_number":"1"`, "invalid_field 2")
	f(`"season_number":-1`, "invalid_field 2")
	f(`"season_number":1.5`, "invalid_field 2")
	f(`"episode_number":1000001`, "invalid_field 2")
	f(`"episode_number":1e400`, "invalid_field 2")
	f(`"categories":"Drama"`, "invalid_field 2")
	f(`"categories":null`, "invalid_field 2")
	f(`"categories":[7]`, "invalid_field 2")
	f(`"categories":[null]`, "invalid_field 2")
	f(`"categories":[""]`, "invalid_field 2")
	f(`"categories":["`+strings.Repeat("x", 101)+`"]`, "invalid_field 2")
	f(`"categories":["x"`+strings.Repeat(`,"x"`, 100)+`]`, "invalid_field 2")
	f(`"images":[]`, "invalid_field 2")
	f(`"images":null`, "invalid_field 2")
	f(`"images":{"poster_url":"poster.jpg"}`, "invalid_field 2")
	f(`"images":{"poster_url":{}}`, "invalid_field 2")
	f(`"linked_vod_id":"1"`, "invalid_field 2")
	f(`"linked_vod_id":"{0197b1c2-0000-7000-8000-000000000001}"`, "invalid_field 2")
	f(`"id":7`, "invalid_field 2")
	f(`"catchup_blocked":"true"`, "invalid_field 2")
	f(`"x":"`+strings.Repeat("x", maxObject)+`"`, "too_large 2")
	for _, object := range []string{"7", `"x"`, "null", "[]", "-1.5e3", "[{}]"} {
		fault(object, "invalid_field 2")
	}
	fault("{}", "no_channel 2")
	without := func(field, instead, want string) {
		t.Helper()
		fault("{"+strings.Replace(required, field, instead, 1)+"}", want)
	}
	without(`"channel_id":"c",`, ``, "no_channel 2")
	without(`"c"`, `" "`, "no_channel 2")
	without(`"c"`, `7`, "invalid_field 2")
	without(`"c"`, `"`+strings.Repeat("c", 256)+`"`, "invalid_field 2")
	without(`"title":"T",`, ``, "no_title 2")
	without(`"T"`, `" \n"`, "no_title 2")
	without(`"T"`, `"`+strings.Repeat("T", 256)+`"`, "invalid_field 2")
	without(`"start_time":"2026-03-01T18:00:00Z",`, ``, "no_start 2")
	without(`"2026-03-01T18:00:00Z"`, `"2026-03-01T18:00:00"`, "invalid_time 2")
	without(`"2026-03-01T18:00:00Z"`, `"2026-02-30T18:00:00Z"`, "invalid_time 2")
	without(`"2026-03-01T18:00:00Z"`, `1772388000`, "invalid_time 2")
	without(`"2026-03-01T18:00:00Z"`, `null`, "invalid_time 2")
	without(`"2026-03-01T18:00:00Z"`, `"0001-01-01T00:00:00Z"`, "invalid_time 2")
	without(`,"end_time":"2026-03-01T19:00:00Z"`, ``, "no_end 2")
}

// The fault names the channel, wherever in the object that stands.
func TestJSONFaultNamesItsChannel(t *testing.T) {
	var k kept
	if err := ReadJSON(strings.NewReader(`[{"nobody":1,`+required+`}]`), Options{}, &k); err != nil || len(k.faults) != 1 || k.faults[0].Channel != "c" {
		t.Errorf("%v, %+v", err, k)
	}
}

func TestJSONErrorsOfOthers(t *testing.T) {
	broken := errors.New("broken")
	document := "[" + anObject + ",{}]"
	for n := range len(document) {
		if err := ReadJSON(io.MultiReader(strings.NewReader(document[:n]), iotest.ErrReader(broken)), Options{}, &kept{}); err != broken {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
	for _, on := range []string{"programme", "fault"} {
		if err := ReadJSON(strings.NewReader(document), Options{}, &failing{broken, on}); err != broken {
			t.Errorf("handler of a %s: %v", on, err)
		}
	}
}

func TestJSONMemoryIsBounded(t *testing.T) {
	const size = 8 << 20
	f := func(before, text, after string, want string) {
		t.Helper()
		var start, end runtime.MemStats
		runtime.ReadMemStats(&start)
		var k kept
		long := &repeated{text: strings.Repeat(text, 1+4096/len(text)), left: size - size%len(text)}
		err := ReadJSON(io.MultiReader(strings.NewReader(before), long, strings.NewReader(after)), Options{}, &k)
		runtime.ReadMemStats(&end)
		if err != nil || codes(k.faults) != want {
			t.Errorf("%s…%s: %v, %s", before, text, err, codes(k.faults))
		}
		if grown := end.TotalAlloc - start.TotalAlloc; grown > size/4 {
			t.Errorf("%s…%s: took %d bytes", before, text, grown)
		}
	}
	f(`[{"title":"`, "x", `"},`+anObject+"]", "too_large 1")
	f(`[{"`, `\"`, `":1},`+anObject+"]", "too_large 1")
	f(`[{"x":[`, `{"a":[]},`, `1]},`+anObject+"]", "too_large 1")
	f(`["`, "x", `",`+anObject+"]", "too_large 1")
	f("[", " ", anObject+"]", "")
	f("["+anObject+"]", " ", "", "")
}

// FuzzReadJSON compares with encoding/json what is well-formed.
func FuzzReadJSON(f *testing.F) {
	for _, seed := range []string{"[" + anObject + "]", "[" + anObject + "," + anObject + "]\n", `[{},7,"x",null,[{}]]`, "[]", "{}", "[{\"a\":{\"b\":[1,2]}}]", `[{"title":"\"\\"}]`,
		`[{` + required + `,"images":{"poster_url":"https://a.example/"},"categories":["x"],"season_number":1}]`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, document string) {
		var k kept
		err := ReadJSON(strings.NewReader(document), Options{Unicode: true}, &k)
		checkSettled(t, k.programmes)
		var values []json.RawMessage
		fine := json.Unmarshal([]byte(document), &values) == nil && len(values) > 0
		if odd := len(document) > maxObject || strings.ToValidUTF8(document, "") != document || strings.ContainsAny(document, "\ufffe\uffff") || strings.HasPrefix(document, "\ufeff"); !odd && fine != (err == nil) {
			t.Errorf("%v", err)
		}
		if err == nil && fine && len(k.programmes)+len(k.faults) != len(values) {
			t.Errorf("%d values became %d programmes and %d faults", len(values), len(k.programmes), len(k.faults))
		}
	})
}
