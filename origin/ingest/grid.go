package ingest

import (
	"embed"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// kind is a kind of programme.
type kind struct {
	name     string
	category string
	lengths  []int // minutes
	ratings  []string
	series   bool // has seasons and episodes
}

// kinds are in the order in which random numbers are drawn for them.
var kinds = []kind{
	{"news", "News", []int{15, 15, 20, 30}, []string{"TV-G"}, false},
	{"talk", "Talk", []int{30, 45, 60, 90}, []string{"TV-PG"}, false},
	{"sport", "Sports", []int{30, 60, 90, 120, 150, 180}, []string{"TV-G"}, false},
	{"children", "Kids", []int{5, 10, 15, 25}, []string{"TV-Y", "TV-Y", "TV-G"}, true},
	{"documentary", "Documentary", []int{30, 45, 45, 60}, []string{"TV-G", "TV-PG"}, true},
	{"music", "Music", []int{15, 30, 60, 90, 120}, []string{"TV-G", "TV-PG"}, false},
	{"cooking", "Lifestyle", []int{25, 30, 45}, []string{"TV-G"}, true},
	{"quiz", "Entertainment", []int{25, 30, 45, 60}, []string{"TV-G"}, false},
	{"series", "Series", []int{25, 30, 45, 50, 60}, []string{"TV-PG", "TV-14", "TV-14", "TV-MA"}, true},
	{"film", "Movies", []int{80, 90, 95, 100, 110, 120, 140}, []string{"PG", "PG-13", "PG-13", "R"}, false},
	{"short", "Shorts", []int{5, 10}, []string{"TV-G"}, false},
}

func kindOf(name string) kind {
	return kinds[slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })]
}

// grid is the shape of a channel's day: the hours that begin with the news, and what comes between by the part of the day.
type grid struct {
	news   []int
	parts  [5][]string // morning, day, early evening, prime time, night: kinds, by how common they are
	filler string      // the kind that fits any gap
}

var grids = map[string]grid{
	"general": newGrid("documentary", []int{6, 9, 12, 18, 22}, "talk talk children short", "cooking quiz documentary series talk sport",
		"quiz series talk", "series film documentary", "film music documentary series"),
	"news": newGrid("talk", everyHour(), "talk short", "talk documentary short", "talk short", "talk documentary", "documentary talk"),
	"sport": newGrid("sport", []int{7, 18, 23}, "sport talk short", "sport sport documentary", "sport talk", "sport sport talk",
		"sport documentary"),
	"children":    newGrid("children", nil, "children", "children children quiz", "children", "children series", "children music"),
	"documentary": newGrid("documentary", []int{19}, "documentary talk", "documentary", "documentary", "documentary talk", "documentary music"),
	"music":       newGrid("music", nil, "music short", "music music talk", "music", "music documentary", "music"),
	"lifestyle":   newGrid("cooking", []int{12}, "cooking talk", "cooking documentary quiz", "cooking", "cooking documentary", "cooking music"),
	"film":        newGrid("documentary", nil, "film short", "film film short", "film documentary", "film", "film"),
	"series":      newGrid("series", []int{20}, "series short", "series", "series quiz", "series series film", "series"),
	"talk":        newGrid("talk", []int{7, 13, 19}, "talk", "talk documentary", "talk", "talk", "talk documentary"),
}

func newGrid(filler string, news []int, parts ...string) grid {
	g := grid{news: news, filler: filler}
	for i, p := range parts {
		g.parts[i] = strings.Fields(p)
	}
	return g
}

func everyHour() []int {
	hours := make([]int, 24)
	for i := range hours {
		hours[i] = i
	}
	return hours
}

// part is what is usual at a local hour.
func (g *grid) part(hour int) []string {
	switch {
	case hour >= 23 || hour < 5:
		return g.parts[4]
	case hour < 9:
		return g.parts[0]
	case hour < 17:
		return g.parts[1]
	case hour < 20:
		return g.parts[2]
	}
	return g.parts[3]
}

// nextNews is the first minute of the station's day from the given one on at which news begins, or the day's end.
func (g *grid) nextNews(at int) int {
	next := dayMinutes
	for _, hour := range g.news {
		if minute := (hour - morning + 24) % 24 * 60; minute >= at {
			next = min(next, minute)
		}
	}
	return next
}

// show is a programme that comes again and again.
type show struct {
	kind      kind
	title     string
	length    int
	rating    string
	perSeason int // episodes, one a day
	premiere  int // day of the first episode
}

// drawShows draws the shows of a kind that the station has.
func (s *Station) drawShows(r *rand.Rand, k kind) []show {
	titles := s.guide.titles(r, s.text, k.name)
	shows := make([]show, len(titles))
	for i, title := range titles {
		shows[i] = show{kind: k, title: title, length: pick(r, k.lengths), rating: pick(r, k.ratings),
			perSeason: 100 + 10*r.IntN(16), premiere: 19000 + r.IntN(1300)} // 2022 to 2025
	}
	return shows
}

// stationDay is a day that is being filled.
type stationDay struct {
	s          *Station
	day        int
	r          *rand.Rand
	at         int                  // minutes of the day that are filled
	films      int                  // shown so far
	aired      map[string]Programme // by title: who comes again within a day shows the same episode
	programmes []Programme
}

// next adds what comes next.
func (d *stationDay) next() {
	news := d.s.grid.nextNews(d.at)
	if news == d.at {
		gap := d.s.grid.nextNews(d.at+1) - d.at
		sh := pick(d.r, d.s.shows["news"])
		d.add(sh, min(sh.length, gap))
		return
	}
	gap := news - d.at
	part := d.s.grid.part((d.at/60 + morning) % 24)
	for range 4 {
		name := pick(d.r, part)
		if name == "film" {
			if d.film(gap) {
				return
			}
			continue
		}
		if sh := pick(d.r, d.s.shows[name]); sh.length <= gap && sh.title != d.last() {
			d.add(sh, sh.length)
			return
		}
	}
	d.fill(gap)
}

// last is the title of what comes before.
func (d *stationDay) last() string {
	if len(d.programmes) == 0 {
		return ""
	}
	return d.programmes[len(d.programmes)-1].Title
}

// fill ends a gap that is too short for what is usual, or most of it.
func (d *stationDay) fill(gap int) {
	if gap < 25 {
		d.add(pick(d.r, d.s.shows["short"]), gap)
		return
	}
	d.add(pick(d.r, d.s.shows[d.s.grid.filler]), min(gap, 60))
}

// add puts a show on for so many minutes.
func (d *stationDay) add(sh show, minutes int) {
	p, again := d.aired[sh.title]
	if !again {
		p = Programme{Title: sh.title, ContentRating: sh.rating, Categories: []string{sh.kind.category},
			Description: d.s.guide.describe(d.r, d.s.text, sh.kind.name)}
		if sh.kind.series {
			n := d.day - sh.premiere
			p.Season, p.Episode = 1+n/sh.perSeason, 1+n%sh.perSeason
			d.aired[sh.title] = p
		}
	}
	d.put(p, minutes)
}

// film puts a film on if there is time for it: stations in English show those of the demo, none twice within a week.
func (d *stationDay) film(gap int) bool {
	k := kindOf("film")
	p := Programme{Categories: []string{k.category}}
	length := pick(d.r, k.lengths)
	if d.s.text.Language == "en" {
		films := filmsOnAir()
		f := &films[(int(d.s.hash%1000)+d.day*filmsADay+d.films)%len(films)]
		length = (f.RuntimeMinutes + 4) / 5 * 5
		p.Title, p.Description, p.ContentRating, p.FilmKey = f.Title, cut(f.Synopsis, programmeLong), f.ContentRating, f.Key
	} else {
		p.Title, p.ContentRating = fill(pick(d.r, d.s.text.Titles), d.s.text.words(d.r, d.s.text)), pick(d.r, k.ratings)
		p.Description = d.s.guide.describe(d.r, d.s.text, k.name)
	}
	if length > gap {
		return false
	}
	d.put(p, length)
	d.films++
	return true
}

// filmsADay is more than fit into a day.
const filmsADay = 20

// filmsOnAir are the demo films that fit into a slot.
var filmsOnAir = sync.OnceValue(func() []Film {
	return slices.DeleteFunc(Demo(), func(f Film) bool { return f.RuntimeMinutes > 180 || len(f.AudioLanguages) == 0 })
})

func (d *stationDay) put(p Programme, minutes int) {
	p.Language = d.s.Channel.Language
	p.Start = d.s.Begins(d.day).Add(time.Duration(d.at) * time.Minute)
	p.End = p.Start.Add(time.Duration(minutes) * time.Minute)
	if d.s.images != "" {
		p.ThumbnailURL = fmt.Sprintf("%sprograms/%d.jpg", d.s.images, p.Start.Unix())
	}
	d.programmes = append(d.programmes, p)
	d.at += minutes
}

//go:embed guide/*.json
var guideFiles embed.FS

// guideLexicon is what stations of one language call their programmes and say of them; slots are those of the lexicon. Of
// series and films the lexicon itself tells.
type guideLexicon struct {
	Language string               `json:"language"`
	Kinds    map[string]guideKind `json:"kinds"`
	General  []string             `json:"general"` // fits any kind
}

type guideKind struct {
	Titles []string `json:"titles"`
	Lines  []string `json:"lines"`
}

var guides = loadGuides()

func loadGuides() map[string]*guideLexicon {
	files, err := guideFiles.ReadDir("guide")
	if err != nil { // embedded: a broken invariant, as below
		panic(err)
	}
	all := map[string]*guideLexicon{}
	for _, file := range files {
		text, err := guideFiles.ReadFile(path.Join("guide", file.Name()))
		if err != nil {
			panic(err)
		}
		g := &guideLexicon{}
		if err := json.Unmarshal(text, g); err != nil {
			panic(err)
		}
		all[g.Language] = g
	}
	return all
}

// seriesOnAir is how many series a station has.
const seriesOnAir = 10

// titles are those of the shows of a kind, in an order of the station's own.
func (g *guideLexicon) titles(r *rand.Rand, l *lexicon, kind string) []string {
	var titles []string
	if kind == "series" {
		for range seriesOnAir {
			titles = append(titles, fill(pick(r, l.Titles), l.words(r, l)))
		}
		return titles
	}
	known := g.Kinds[kind].Titles
	for _, i := range r.Perm(len(known)) {
		titles = append(titles, fill(known[i], l.words(r, l)))
	}
	return titles
}

// Bounds of a programme's description, in code points.
const (
	programmeShort = 80
	programmeLong  = 400
)

// describe tells in a few sentences what a programme of the kind is about.
func (g *guideLexicon) describe(r *rand.Rand, l *lexicon, kind string) string {
	words := l.words(r, l)
	lines := slices.Concat(shuffled(r, g.Kinds[kind].Lines), shuffled(r, g.General))
	if kind == "series" || kind == "film" {
		lines = append([]string{pick(r, l.Opening)}, shuffled(r, l.Middle)...)
	}
	gap := l.gap()
	want := programmeShort + len(gap) + r.IntN(programmeLong/2)
	text, size := "", 0
	for _, line := range lines {
		next := fill(line, words)
		n := utf8.RuneCountInString(next) + len(gap)
		if size >= want || size+n > programmeLong {
			break
		}
		text, size = text+gap+next, size+n
	}
	return strings.TrimPrefix(text, gap)
}

func shuffled(r *rand.Rand, lines []string) []string {
	mixed := make([]string, len(lines))
	for i, j := range r.Perm(len(lines)) {
		mixed[i] = lines[j]
	}
	return mixed
}
