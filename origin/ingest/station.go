package ingest

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"iter"
	"math/rand/v2"
	"strings"
	"time"
)

// Programme is one programme of a schedule, within the limits of the contract's.
type Programme struct {
	Title         string    `json:"title"`
	Description   string    `json:"description"` // 80–400 code points
	ContentRating string    `json:"content_rating"`
	Language      string    `json:"language"` // BCP-47
	Start         time.Time `json:"start"`    // UTC, whole minutes
	End           time.Time `json:"end"`
	Season        int       `json:"season,omitempty"` // 0: no series
	Episode       int       `json:"episode,omitempty"`
	Categories    []string  `json:"categories"`
	ThumbnailURL  string    `json:"thumbnail_url,omitempty"`
	FilmKey       string    `json:"film_key,omitempty"` // of the demo film that is shown
}

// Station is an invented channel with a schedule that follows from the channel and the day alone: a day's programmes are
// the same whenever they are asked for, and each day begins where the one before ends.
type Station struct {
	Channel Channel
	grid    grid
	oddity  string
	images  string // base of the URLs of artwork; "" without
	text    *lexicon
	guide   *guideLexicon
	hash    uint64
	offset  int // minutes from midnight, UTC, at which the station's day begins
	shows   map[string][]show
}

//go:embed demo_channels.json
var demoChannelsJSON []byte

// DemoStations are the channels of the demo. One is off air, one in maintenance, one has no schedule, one has gaps in it,
// and on one programmes overlap.
func DemoStations() []*Station {
	var all []struct {
		Channel
		Grid   string `json:"grid"`
		Oddity string `json:"oddity"` // gaps, overlap or empty
	}
	if err := json.Unmarshal(demoChannelsJSON, &all); err != nil { // embedded and tested: a broken invariant
		panic(err)
	}
	stations := make([]*Station, len(all))
	for i, c := range all {
		stations[i] = newStation(c.Channel, c.Grid, c.Oddity)
	}
	return stations
}

// stationLanguages and stationGrids are by how common they are among generated channels.
var (
	stationLanguages = strings.Fields("en en en en-GB en-US de de fr fr es es es-MX ja ar")
	stationGrids     = strings.Fields("general general general film film series series sport sport news documentary children music lifestyle talk")
	stationNames     = map[string][]string{
		"general": {"Television", "One", "Plus"}, "film": {"Cinema", "Movies"}, "series": {"Series", "Drama"}, "sport": {"Sport", "Arena"},
		"news": {"News", "24"}, "documentary": {"World", "Discovery"}, "children": {"Kids", "Junior"}, "music": {"Music", "Live"},
		"lifestyle": {"Home", "Kitchen"}, "talk": {"Talk", "Forum"},
	}
	catchupOffers = []int{0, 0, 1, 3, 7, 7, 14, 30}
)

// GenerateStations yields n channels that look like those of a large operator. The same seed gives the same channels, and
// a smaller n their beginning. Keys are "generated:SEED:INDEX".
func GenerateStations(n int, seed uint64) iter.Seq[*Station] {
	return func(yield func(*Station) bool) {
		for i := range n {
			if !yield(generateStation(i, seed)) {
				return
			}
		}
	}
}

func generateStation(i int, seed uint64) *Station {
	r := rand.New(rand.NewPCG(seed, uint64(i)))
	language, grid := pick(r, stationLanguages), pick(r, stationGrids)
	base := fmt.Sprintf("https://images.example.com/generated/%d/channels/%d/", seed, i)
	c := Channel{
		Key: fmt.Sprintf("generated:%d:%d", seed, i), Number: 1001 + i, Language: language, Status: "live", Published: true,
		Name:     fmt.Sprintf("%s %s %d", pick(r, lexicons[baseOf(language)].Cities), pick(r, stationNames[grid]), i+1),
		Category: strings.ToUpper(grid[:1]) + grid[1:], LogoURL: base + "logo.png", CatchupDays: pick(r, catchupOffers),
		Premium: r.IntN(6) == 0, EPGIDs: []string{fmt.Sprintf("%d.%d.generated", i, seed)},
	}
	c.Description = guides[baseOf(language)].describe(r, lexicons[baseOf(language)], "short")
	s := newStation(c, grid, "")
	s.images = base
	return s
}

// baseOf is the language of a tag, without its region.
func baseOf(tag string) string {
	base, _, _ := strings.Cut(tag, "-")
	return base
}

// newStation draws the station's shows.
func newStation(c Channel, gridName, oddity string) *Station {
	h := fnv.New64a()
	h.Write([]byte(c.Key))
	base := baseOf(c.Language)
	s := &Station{Channel: c, grid: grids[gridName], oddity: oddity, text: lexicons[base], guide: guides[base], hash: h.Sum64(),
		offset: dayBegins(c.Language), shows: map[string][]show{}}
	r := rand.New(rand.NewPCG(s.hash, 0))
	for _, k := range kinds {
		s.shows[k.name] = s.drawShows(r, k)
	}
	return s
}

// morning is the hour, local to the station, at which its day begins.
const morning = 5

// dayBegins is that hour in minutes from midnight in UTC, by the language's usual home and without summer time, which
// would make days of 23 and 25 hours.
func dayBegins(language string) int {
	east := map[string]int{"de": 1, "fr": 1, "es": 1, "ar": 3, "ja": 9, "en-US": -5, "es-MX": -6}
	zone, ok := east[language]
	if !ok {
		zone = east[baseOf(language)]
	}
	return ((morning-zone)*60 + dayMinutes) % dayMinutes
}

const dayMinutes = 24 * 60

// DayOf is the station's day that is on at an instant, as a number of days since 1970.
func (s *Station) DayOf(t time.Time) int {
	minutes := t.Unix()/60 - int64(s.offset)
	return int(minutes / dayMinutes)
}

// Begins is the instant at which a day of the station begins, and the one before ends.
func (s *Station) Begins(day int) time.Time {
	return time.Unix(60*(int64(day)*dayMinutes+int64(s.offset)), 0).UTC()
}

// Day is the schedule of one day, by start.
func (s *Station) Day(day int) []Programme {
	if s.oddity == "empty" {
		return nil
	}
	d := stationDay{s: s, day: day, r: rand.New(rand.NewPCG(s.hash, uint64(day)+1)), aired: map[string]Programme{}}
	for d.at < dayMinutes {
		d.next()
	}
	return s.odd(d.programmes)
}

// odd makes of a tidy day what the station is there to show.
func (s *Station) odd(day []Programme) []Programme {
	switch s.oddity {
	case "gaps":
		var kept []Programme
		for i, p := range day {
			if i%4 != 3 {
				kept = append(kept, p)
			}
		}
		return kept
	case "overlap":
		for i := range day[:len(day)-1] {
			if i%6 == 2 {
				day[i].End = day[i+1].Start.Add(day[i+1].End.Sub(day[i+1].Start) / 2).Truncate(time.Minute)
			}
		}
	}
	return day
}
