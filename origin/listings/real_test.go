package listings

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// settled settles every channel in one language.
func (k *kept) settled(language string) ([]Entry, []Fault) {
	var entries []Entry
	faults := slices.Clone(k.faults)
	byChannel := map[string][]Programme{}
	programmes := slices.Clone(k.programmes)
	for _, f := range k.faults {
		if f.Start != nil {
			programmes = append(programmes, Programme{Line: f.Line, Channel: f.Channel, Start: *f.Start})
		}
	}
	slices.SortStableFunc(programmes, func(a, b Programme) int { return cmp.Compare(a.Line, b.Line) })
	for _, p := range programmes {
		byChannel[p.Channel] = append(byChannel[p.Channel], p)
	}
	for _, id := range slices.Sorted(maps.Keys(byChannel)) {
		e, f := Settle(byChannel[id], language)
		entries, faults = append(entries, e...), append(faults, f...)
	}
	slices.SortStableFunc(faults, func(a, b Fault) int { return cmp.Compare(a.Line, b.Line) })
	return entries, faults
}

// outcome is what becomes of a document, as a row of a table.
func outcome(r io.Reader) string {
	var k kept
	err := ReadXMLTV(r, Options{}, &k)
	entries, faults := k.settled("")
	codes := map[string]int{}
	for _, f := range faults {
		codes[f.Code]++
	}
	var skipped []string
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		skipped = append(skipped, fmt.Sprintf("%d %s", codes[code], code))
	}
	refused := ""
	var refusal Refusal
	switch {
	case errors.As(err, &refusal):
		refused = fmt.Sprintf("%s, line %d", refusal.Code, refusal.Line)
	case err != nil:
		refused = err.Error()
	}
	return fmt.Sprintf("%d | %d | %d | %s | %s", len(k.channels), len(k.programmes)+len(k.faults), len(entries), cmp.Or(strings.Join(skipped, ", "), "–"), cmp.Or(refused, "–"))
}

// opened is a file, unpacked if its name says so.
func opened(t *testing.T, name string) io.Reader {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if !strings.HasSuffix(name, ".gz") {
		return f
	}
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return unpacked
}

const documentation = "../../shared/docs/XMLTV.md"

// TestRealListings reads every file of the folder xmltv in the one that DATA_DIR names: the table of the documentation is what
// becomes of them.
func TestRealListings(t *testing.T) {
	dir := os.Getenv("DATA_DIR")
	if dir == "" {
		t.Skip("DATA_DIR is not set")
	}
	dir = filepath.Join(dir, "xmltv")
	var rows []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && (strings.HasSuffix(name, ".xml") || strings.HasSuffix(name, ".xml.gz")) {
			rel, _ := filepath.Rel(dir, name)
			rows = append(rows, fmt.Sprintf("| %s | %s |\n", rel, outcome(opened(t, name))))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(documentation)
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n| file |")
	_, table, _ = strings.Cut(table, "|\n|---|---|---|---|---|---|\n")
	if want := strings.Join(rows, ""); table != want || len(rows) == 0 {
		t.Errorf("the table in %s should end with:\n%s", documentation, want)
	}
}

// Every code that an editor may be shown is explained.
func TestCodesAreDocumented(t *testing.T) {
	source, err := os.ReadFile("listings.go")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(documentation)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^\t(?:Fault|Refused)\w+ += "(\w+)"`).FindAllSubmatch(source, -1)
	if len(found) < 25 {
		t.Fatalf("found %d codes", len(found))
	}
	for _, code := range found {
		if !strings.Contains(string(text), "`"+string(code[1])+"`") {
			t.Errorf("%s is not explained in %s", code[1], documentation)
		}
	}
}

// Between the reader and Settle a programme may be kept as JSON.
func TestProgrammesAreTheSameAfterJSON(t *testing.T) {
	k := read(t, string(listing(3)))
	k.programmes = append(k.programmes, read(t, `<tv><programme channel="c" start="20261025013000 Europe/London" clumpidx="1/2"><title>T</title></programme></tv>`).programmes...)
	if err := ReadJSON(strings.NewReader(`[{`+required+`,"id":"0197b1c2-0000-7000-8000-000000000001","linked_vod_id":"0197b1c2-0000-7000-8000-000000000001","catchup_blocked":false}]`), Options{}, k); err != nil {
		t.Fatal(err)
	}
	for _, p := range k.programmes {
		text, err := json.Marshal(p)
		var back Programme
		if err != nil || json.Unmarshal(text, &back) != nil || !reflect.DeepEqual(back, p) {
			t.Errorf("%+v became %+v (%v)", p, back, err)
		}
	}
}

// A long feed is read in as little memory as a short one.
func TestMemoryOfALongFeed(t *testing.T) {
	var one bytes.Buffer
	writeProgrammes(&one, 0, 1)
	const count = 20_000
	r := io.MultiReader(strings.NewReader("<tv>"), &repeated{text: one.String(), left: count * one.Len()}, strings.NewReader("</tv>"))
	h := &heap{t: t}
	if err := ReadXMLTV(r, Options{}, h); err != nil || h.programmes != count {
		t.Errorf("%d programmes, %v", h.programmes, err)
	}
}

// heap is a handler that looks at how much memory is in use.
type heap struct {
	discard
	t     *testing.T
	first uint64
}

func (h *heap) Programme(p *Programme) error {
	if h.programmes%5_000 == 0 {
		runtime.GC()
		var now runtime.MemStats
		runtime.ReadMemStats(&now)
		if h.first == 0 {
			h.first = now.HeapAlloc
		}
		if now.HeapAlloc > h.first+1<<20 {
			h.t.Errorf("after %d programmes %d bytes are in use, %d at first", h.programmes, now.HeapAlloc, h.first)
		}
	}
	return h.discard.Programme(p)
}
