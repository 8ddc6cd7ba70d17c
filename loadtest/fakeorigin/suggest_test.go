package fakeorigin

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/uuid"

	"encora/shared/wire"
)

// Every title is in the part that edges look for it in, once, and its words are as often used as those of a language.
func TestTitlesToSuggest(t *testing.T) {
	seen, words := map[string]bool{}, map[string]int{}
	letters, others := 0, 0
	for part := range wire.SuggestParts {
		for _, title := range SuggestionsOf(part).Titles {
			if wire.SuggestPart(uuid.MustParse(title.ID)) != part || seen[title.ID] {
				t.Fatalf("%s is in part %d", title.ID, part)
			}
			seen[title.ID] = true
			letters += len(title.Title)
			others += len(title.Also)
			for _, word := range strings.Fields(title.Title) {
				words[word]++
			}
		}
	}
	if len(seen) != Titles || letters/Titles < 12 || letters/Titles > 30 || others < Titles/5 || others > Titles/3 {
		t.Errorf("%d titles of %d letters, %d other names", len(seen), letters/Titles, others)
	}
	often := 0
	for _, n := range words {
		often = max(often, n)
	}
	if len(words) < 5000 || often < 300 || often > Titles/10 {
		t.Errorf("%d words, the first of them %d times", len(words), often)
	}
}

func TestSuggestionsAreServed(t *testing.T) {
	o, base := setup(t)
	resp, body := get(t, base+strings.Replace(wire.SuggestPath, "{part}", "63", 1), "k")
	var s wire.Suggestions
	if err := json.Unmarshal(body, &s); err != nil || len(s.Titles) != Titles/wire.SuggestParts || resp.Header.Get(wire.Tags) != "suggest:63,filters" {
		t.Errorf("%d titles with tags %q, %v", len(s.Titles), resp.Header.Get(wire.Tags), err)
	}
	if o.Fills() != 1 {
		t.Errorf("%d fills counted", o.Fills())
	}
	for _, part := range []string{"64", "-1", "x"} {
		if resp, _ := get(t, base+strings.Replace(wire.SuggestPath, "{part}", part, 1), "k"); resp.StatusCode != 404 {
			t.Errorf("part %s: %d", part, resp.StatusCode)
		}
	}
}
