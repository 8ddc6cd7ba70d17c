package ingest

import (
	"fmt"
	"iter"
	"strings"
	"time"
)

// GenerateShows yields n shows that look like those of a large catalogue, as Generate yields films: about two seasons of
// eight episodes each, the same for the same seed and now, and with a smaller n their beginning. Of the shows 95 % are
// published, and one in eight is on air: what of it has not aired by now is available from when it does. Keys are
// "generated:SEED:show:INDEX", with ":SEASON:EPISODE" behind them the episodes'.
func GenerateShows(n int, seed uint64, now time.Time) iter.Seq[Show] {
	return func(yield func(Show) bool) {
		g := newGenerator(seed, showStream, showGenres, now)
		for i := range n {
			if !yield(g.show(i)) {
				return
			}
		}
	}
}

// showGenres are the genres of shows by how common they are.
var showGenres = strings.Fields(`drama comedy crime sitcom thriller reality mystery documentary family science-fiction
	romance fantasy animation action talk-show game-show adventure medical legal historical anime teen horror supernatural nature
	food news political coming-of-age travel superhero espionage sports musical biographical war lgbtq psychological-thriller
	satire dystopian romantic-comedy western martial-arts heist`)

var (
	networkKinds     = []string{"Television", "One", "Broadcasting", "Network", "Channel", "Stream"}
	mildShowRatings  = []string{"TV-Y", "TV-G", "TV-G", "TV-PG"}
	usualShowRatings = []string{"TV-G", "TV-PG", "TV-PG", "TV-14", "TV-14", "TV-14", "TV-MA"}
	harshShowRatings = []string{"TV-14", "TV-MA", "TV-MA"}
	seasonCounts     = []int{1, 2, 2, 2, 3}
	episodeMinutes   = []int{22, 25, 30, 42, 45, 50, 58}
)

func (g *generator) show(i int) Show {
	from := origins[g.origin()]
	l := lexicons[from.language]
	st := g.story(l)
	s := Show{
		Key: fmt.Sprintf("generated:%d:show:%d", g.seed, i), Title: st.title, OriginalTitle: st.original, Synopsis: st.synopsis,
		Countries: []string{from.country}, Language: l.Language, Genres: g.drawGenres(), Network: g.company(l, networkKinds),
		Published: g.chance(0.95),
	}
	st.images = fmt.Sprintf("https://images.example.com/generated/%d/shows/%d/", g.seed, i)
	s.Images = artwork(st.images)
	s.ContentRating = g.showRating(s.Genres)
	s.Cast = g.cast(l)
	s.AverageRating, s.RatingCount = g.audience()
	g.seasons(&s, &st)
	return s
}

func (g *generator) showRating(genres []string) string {
	switch {
	case hasAny(genres, "family", "animation"):
		return pick(g.r, mildShowRatings)
	case hasAny(genres, "horror", "crime", "war"):
		return pick(g.r, harshShowRatings)
	}
	return pick(g.r, usualShowRatings)
}

const day = 24 * time.Hour

// seasons gives the show its seasons, one a year. The last of one that is on air has begun within the last month.
func (g *generator) seasons(s *Show, st *story) {
	const year = 364 * day // so that it is always the same weekday
	n := pick(g.r, seasonCounts)
	age := 500*day + time.Duration(365*min(g.r.ExpFloat64()*10, 60))*day
	onAir := g.chance(0.125)
	if onAir {
		age = time.Duration(g.r.IntN(30)) * day
	}
	latest := g.now.Truncate(day).Add(20*time.Hour - age)
	for number := 1; number <= n; number++ {
		s.Seasons = append(s.Seasons, g.season(s, st, number, latest.Add(time.Duration(number-n)*year)))
	}
	s.FirstAired = s.Seasons[0].Aired
	if onAir {
		s.Airing = "ongoing"
		return
	}
	s.LastAired, s.Airing = s.Seasons[n-1].Ended, "ended"
	if g.chance(0.2) {
		s.Airing = "canceled"
	}
}

// season airs its episodes week by week, or all at once. One in ten begins with a special.
func (g *generator) season(s *Show, st *story, number int, first time.Time) Season {
	season := Season{Number: number, Status: "completed", Aired: first.Format(time.DateOnly)}
	step, from, last := 7*day, 1, 6+g.r.IntN(5)
	if g.chance(0.3) {
		step = 0
	}
	if g.chance(0.1) {
		from = 0
	}
	at, minutes := first, pick(g.r, episodeMinutes)
	for e := from; e <= last; e++ {
		season.Episodes = append(season.Episodes, Episode{
			Key: fmt.Sprintf("%s:%d:%d", s.Key, number, e), Number: e, Title: fill(pick(g.r, st.teller.Titles), st.teller.words(g.r, st.teller)),
			Synopsis: st.teller.sketch(g.r, st.words), RuntimeMinutes: minutes + g.r.IntN(4), Aired: at.Format(time.DateOnly),
			Images: Images{ThumbnailURL: fmt.Sprintf("%s%d-%d.jpg", st.images, number, e)}, Published: s.Published, AvailableFrom: g.ifLater(at),
		})
		if e < last {
			at = at.Add(step)
		}
	}
	if at.After(g.now) {
		season.Status = "published"
	} else {
		season.Ended = at.Format(time.DateOnly)
	}
	return season
}

// ifLater is an instant to come, or nothing.
func (g *generator) ifLater(at time.Time) *time.Time {
	if !at.After(g.now) {
		return nil
	}
	return &at
}
