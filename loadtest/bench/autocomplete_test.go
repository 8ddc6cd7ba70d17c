package bench

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPrefixesAreOfAllLengths(t *testing.T) {
	r := &rig{Command: &Command{Keys: 4000}, token: "t"}
	ops, distinct := map[string]int{}, map[string]bool{}
	for _, p := range r.prefixes() {
		ops[p.Op]++
		distinct[p.Path] = true
		u, err := url.Parse(p.Path)
		if err != nil || u.Path != autocompletePath || p.Token != "t" {
			t.Fatalf("%+v", p)
		}
		letters, most := utf8.RuneCountInString(u.Query().Get("q")), 0
		if _, err := fmt.Sscanf(p.Op, "letters: %d", &most); err == nil && (letters < 1 || letters > most || strings.Contains(u.Query().Get("q"), " ")) {
			t.Fatalf("%s: %s", p.Op, p.Path)
		}
	}
	if len(ops) != mostLetters+1 || ops["letters: 1"] < 200 || ops["letters: 8"] < 200 || ops["two words"] < 200 || len(distinct) < 1000 {
		t.Errorf("%v, %d distinct", ops, len(distinct))
	}
}
