package listings

import (
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// settled settles every channel in one language.
func (k *kept) settled(language string) ([]Entry, []Fault) {
	var entries []Entry
	faults := slices.Clone(k.faults)
	byChannel := map[string][]Programme{}
	for _, p := range k.programmes {
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

// TestRealListings reads every file of the folder xmltv in the one that DATA_DIR names, and compares with the documentation.
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
			rows = append(rows, fmt.Sprintf("| %s | %s |", rel, outcome(opened(t, name))))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		fmt.Println(r)
	}
}
