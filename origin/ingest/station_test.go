package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// someDay is 1 February 2026.
const someDay = 20485

// stations are those of the demo and some that are generated.
func stations() []*Station {
	return slices.Concat(DemoStations(), slices.Collect(GenerateStations(15, 1)))
}

func TestStationsAreWithinLimits(t *testing.T) {
	keys, names := map[string]bool{}, map[string]bool{}
	for _, s := range stations() {
		c := s.Channel
		tag, err := language.Parse(c.Language)
		switch {
		case c.fault() != "":
			t.Errorf("%s: %s", c.Key, c.fault())
		case err != nil || tag.String() != c.Language || s.text == nil || s.guide == nil:
			t.Errorf("%s: language %q", c.Key, c.Language)
		case c.Number == 0 || c.Category == "" || c.Description == "" || len(c.EPGIDs) != 1 || !c.Published:
			t.Errorf("%s is not complete: %+v", c.Key, c)
		case s.grid.filler == "":
			t.Errorf("%s has no grid", c.Key)
		case keys[c.Key] || names[c.Name]:
			t.Errorf("%s occurs twice", c.Key)
		}
		keys[c.Key], names[c.Name] = true, true
	}
}

func TestDemoStationsAreMany(t *testing.T) {
	count, catchup := map[string]int{}, map[int]bool{}
	all := DemoStations()
	for _, s := range all {
		count[s.Channel.Status]++
		count[s.oddity]++
		count["language "+baseOf(s.Channel.Language)]++
		if s.Channel.Premium {
			count["premium"]++
		}
		catchup[s.Channel.CatchupDays] = true
		if !regexp.MustCompile(`^demo:[a-z0-9-]+$`).MatchString(s.Channel.Key) {
			t.Errorf("key %q", s.Channel.Key)
		}
	}
	if len(all) != 40 || count["offline"] != 1 || count["scheduled_maintenance"] != 1 || count["gaps"] != 1 || count["overlap"] != 1 ||
		count["empty"] != 1 || count["premium"] < 5 || len(catchup) < 6 {
		t.Errorf("%d channels, %v, catch-up %v", len(all), count, catchup)
	}
	for base := range guides {
		if count["language "+base] == 0 {
			t.Errorf("no channel in %s", base)
		}
	}
}

func TestADayIsTheSameForEver(t *testing.T) {
	h := sha256.New()
	for _, s := range stations() {
		if err := json.NewEncoder(h).Encode([]any{s.Channel, s.Day(someDay), s.Day(someDay + 1)}); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := hex.EncodeToString(h.Sum(nil)[:8]), "2c037f2b4c128e02"; got != want {
		t.Errorf("digest %s, want %s: the demo's schedule changes with this", got, want)
	}
}

func TestGeneratedStationsFollowTheirSeed(t *testing.T) {
	one, two, other := slices.Collect(GenerateStations(20, 1)), slices.Collect(GenerateStations(5, 1)), slices.Collect(GenerateStations(5, 2))
	for i := range two {
		if one[i].Channel.Name != two[i].Channel.Name || len(one[i].Day(someDay)) != len(two[i].Day(someDay)) {
			t.Errorf("channel %d depends on how many there are", i)
		}
	}
	if two[0].Channel.Key == other[0].Channel.Key || two[0].hash == other[0].hash {
		t.Error("the seed makes no difference")
	}
}

func TestProgrammesAreWithinLimits(t *testing.T) {
	for _, s := range stations() {
		for day := someDay; day < someDay+4; day++ {
			for _, p := range s.Day(day) {
				if reason := programmeFault(s, &p); reason != "" {
					t.Errorf("%s, day %d: %s: %+v", s.Channel.Key, day, reason, p)
				}
			}
		}
	}
}

func programmeFault(s *Station, p *Programme) string {
	length, size := p.End.Sub(p.Start), utf8.RuneCountInString(p.Description)
	switch {
	case p.Title == "" || textFault("title", p.Title, titleMax) != "" || textFault("description", p.Description, titleMax*2) != "":
		return "text"
	case strings.ContainsAny(p.Title+p.Description, "{}") || clean(p.Description) != p.Description || clean(p.Title) != p.Title:
		return "a slot that is not filled, or stray space"
	case size < programmeShort || size > programmeLong:
		return "length of the description"
	case length < 5*time.Minute || length > 3*time.Hour || p.Start.Unix()%60 != 0 || p.Start.Location() != time.UTC || p.End.Location() != time.UTC:
		return "slot"
	case !slices.Contains(ratings, p.ContentRating) || p.Language != s.Channel.Language || len(p.Categories) == 0:
		return "rating, language or category"
	case (p.Season == 0) != (p.Episode == 0) || p.Season < 0 || p.Episode < 0:
		return "season and episode"
	case (p.ThumbnailURL != "") != strings.HasPrefix(s.Channel.Key, "generated:"):
		return "thumbnail"
	}
	return ""
}

func TestDaysFollowOneAnotherWithoutGap(t *testing.T) {
	for _, s := range stations() {
		if s.oddity != "" {
			continue
		}
		at := s.Begins(someDay)
		for day := someDay; day < someDay+8; day++ {
			for _, p := range s.Day(day) {
				if !p.Start.Equal(at) || s.DayOf(p.Start) != day {
					t.Fatalf("%s: %v on day %d follows %v", s.Channel.Key, p.Start, day, at)
				}
				at = p.End
			}
			if !at.Equal(s.Begins(day + 1)) {
				t.Errorf("%s: day %d ends at %v, the next begins at %v", s.Channel.Key, day, at, s.Begins(day+1))
			}
		}
	}
}

func TestOddStations(t *testing.T) {
	for _, s := range DemoStations() {
		day := s.Day(someDay)
		gaps, overlaps := 0, 0
		for i := 1; i < len(day); i++ {
			switch before, p := day[i-1], day[i]; {
			case p.Start.After(before.End):
				gaps++
			case p.Start.Before(before.End):
				overlaps++
			}
			if day[i].End.After(s.Begins(someDay + 1)) {
				t.Errorf("%s runs into the next day", s.Channel.Key)
			}
		}
		if (gaps > 2) != (s.oddity == "gaps") || (overlaps > 2) != (s.oddity == "overlap") || (len(day) == 0) != (s.oddity == "empty") {
			t.Errorf("%s (%s): %d programmes, %d gaps, %d overlaps", s.Channel.Key, s.oddity, len(day), gaps, overlaps)
		}
	}
}

func TestSchedulesAreVaried(t *testing.T) {
	count, lengths := map[string]int{}, map[time.Duration]bool{}
	for _, s := range DemoStations() {
		for day := someDay; day < someDay+7; day++ {
			for _, p := range s.Day(day) {
				count["all"]++
				count[p.Categories[0]]++
				lengths[p.End.Sub(p.Start)] = true
				if p.Episode > 0 {
					count["episodes"]++
				}
				if p.FilmKey != "" {
					count["demo films"]++
				}
				if p.Categories[0] == "News" && p.Start.Minute() != 0 {
					t.Errorf("%s: news at %v", s.Channel.Key, p.Start)
				}
			}
		}
	}
	for _, k := range kinds {
		if count[k.category] < 100 {
			t.Errorf("%d programmes of %s", count[k.category], k.name)
		}
	}
	if count["all"] < 8000 || count["episodes"] < count["all"]/10 || count["demo films"] < 100 || len(lengths) < 20 {
		t.Errorf("%v, %d lengths", count, len(lengths))
	}
}

func TestEpisodesGoOnDayByDay(t *testing.T) {
	episodes := map[string]map[int]int{} // by title and day: season and episode as one number
	for _, s := range DemoStations() {
		for day := someDay; day < someDay+14; day++ {
			for _, p := range s.Day(day) {
				if p.Episode == 0 {
					continue
				}
				at := s.Channel.Key + p.Title
				if episodes[at] == nil {
					episodes[at] = map[int]int{}
				}
				n := p.Season*1000 + p.Episode
				if known, ok := episodes[at][day]; ok && known != n {
					t.Errorf("%s: two episodes of %s on day %d", s.Channel.Key, p.Title, day)
				}
				episodes[at][day] = n
			}
		}
	}
	for at, of := range episodes {
		days := slices.Sorted(maps.Keys(of))
		if !slices.IsSortedFunc(days, func(a, b int) int { return of[a] - of[b] }) {
			t.Errorf("%s goes back: %v", at, of)
		}
	}
	if len(episodes) < 80 {
		t.Errorf("%d series", len(episodes))
	}
}

func TestGuideLexiconsFillEverySlot(t *testing.T) {
	slots := regexp.MustCompile(`\{(\w*)\}`)
	for name, g := range guides {
		for _, k := range kinds {
			texts := slices.Concat(g.Kinds[k.name].Titles, g.Kinds[k.name].Lines, g.General)
			if k.name != "series" && k.name != "film" && (len(g.Kinds[k.name].Titles) < 4 || len(g.Kinds[k.name].Lines) < 3) {
				t.Errorf("%s has too little for %s", name, k.name)
			}
			for _, text := range texts {
				for _, slot := range slots.FindAllStringSubmatch(text, -1) {
					if len(lexicons[name].Slots[slot[1]]) == 0 {
						t.Errorf("%s: no words for %s in %q", name, slot[0], text)
					}
				}
			}
		}
	}
}

func TestStationsDayOf(t *testing.T) {
	for _, s := range DemoStations() {
		begins := s.Begins(someDay)
		if s.DayOf(begins) != someDay || s.DayOf(begins.Add(-time.Second)) != someDay-1 || s.DayOf(begins.Add(24*time.Hour-1)) != someDay {
			t.Errorf("%s: day %d begins at %v", s.Channel.Key, someDay, begins)
		}
	}
}

func BenchmarkStationDay(b *testing.B) {
	s := DemoStations()[0]
	n := 0
	for i := range b.N {
		n += len(s.Day(someDay + i%100))
	}
	b.ReportMetric(float64(n)/float64(b.N), "programmes/op")
}
