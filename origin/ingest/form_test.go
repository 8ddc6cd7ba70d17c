package ingest

import (
	"io"
	"strings"
	"testing"
)

func TestFormOf(t *testing.T) {
	f := func(file string, want Form) {
		t.Helper()
		for _, r := range []io.Reader{strings.NewReader(file), strings.NewReader(zipped(file)), strings.NewReader("\ufeff" + file)} {
			if got := FormOf(r); got != want {
				t.Errorf("%.80q: %v, want %v", file, got, want)
			}
		}
	}
	f(heat, Films)
	f("[\n"+heat+"]", Films)
	f(`{"wikidata_id":"Q1","label":"Heat"}`, Films)
	f(`{"wikidata_id":"Q1","genre_label":"novella"}`, GenreLabels)
	f("["+simpsons+"]", Shows)
	f(oneLine(simpsons), Shows)
	f("["+bart+"]", Episodes)
	f(`[{"id":1,"name":"A","season":1,"number":null}]`, Episodes)
	f("noise\n{\n"+bart, NoForm) // which begins like no JSON
	f("{\n[]\n"+oneLine(bart)+"\n"+oneLine(simpsons), Episodes)
	f(strings.Repeat("{}\n", 9)+oneLine(bart), Episodes)
	f(strings.Repeat("{}\n", 10)+oneLine(bart), NoForm)
	f(`[{"channel_id":"One.uk","title":"News","start_time":"2026-03-02T18:00:00Z"}]`, NoForm)
	f("[]", NoForm)
	f("", NoForm)
	f("id,name\n", NoForm)
	f("<tv></tv>", NoForm)
	f("\x1f\x8b", NoForm)
	f("["+strings.Repeat(" ", formBytes)+bart+"]", NoForm)
}

func oneLine(record string) string { return strings.ReplaceAll(record, "\n", " ") }

func TestFormOfLooksAtTheBeginning(t *testing.T) {
	if got := FormOf(&endless{text: `{"a":1}` + "\n"}); got != NoForm {
		t.Error(got)
	}
	if got := FormOf(&endless{text: "{"}); got != NoForm {
		t.Error(got)
	}
}
