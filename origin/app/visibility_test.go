package app

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"encora/origin/apitest"
	"encora/shared/territory"
	"encora/shared/wire"
)

// The rule of who sees what, written once more and plainly: every operation must agree with it, and so with each other.

// thing is a title of the drawn catalogue.
type thing struct {
	kind         string
	id           uuid.UUID
	show         *thing // an episode's
	season       int
	number       int
	shown        bool // its own state and what it is part of say published
	from, until  *time.Time
	genres       []string // its own
	rating       string   // its own
	year         int
	premium      bool
	rules, items []int
	query        *condition // of a dynamic collection
}

// condition is a filter with what it means.
type condition struct {
	text  string
	meets func(*thing) bool
}

var conditions = []condition{
	{`content_type != "movie"`, func(t *thing) bool { return t.kind != "movie" }},
	{`content_type == "movie" || content_type == "show"`, func(t *thing) bool { return t.kind == "movie" || t.kind == "show" }},
	{`"drama" in genres`, func(t *thing) bool { return slices.Contains(t.allGenres(), "drama") }},
	{`!("crime" in genres)`, func(t *thing) bool { return !slices.Contains(t.allGenres(), "crime") }},
	{`content_rating in ["G", "PG"]`, func(t *thing) bool { return t.allRating() == "G" || t.allRating() == "PG" }},
	{`release_year >= 2000`, func(t *thing) bool { return t.year >= 2000 }},
	{`!is_premium`, func(t *thing) bool { return !t.premium }},
}

func (t *thing) allGenres() []string {
	if t.show != nil {
		return t.show.genres
	}
	return t.genres
}

func (t *thing) allRating() string {
	if t.rating == "" && t.show != nil {
		return t.show.rating
	}
	return t.rating
}

// beholder is who asks, and when.
type beholder struct {
	country string
	plan    int // -1: none
	at      time.Time
}

type geoRule struct {
	id        uuid.UUID
	policy    string
	countries []string
}

func (r geoRule) denies(country string) bool {
	return (r.policy == "block_list") == slices.Contains(r.countries, country)
}

// world is a drawn catalogue.
type world struct {
	things      []*thing
	collections []*thing
	rules       []geoRule
	plans       []uuid.UUID
	filters     []condition // of the plans
}

// found is the rule: published, not over, no rule denies, in the plan. listed is that inside of the window.
func (w *world) found(b beholder, t *thing) bool {
	for x := t; x != nil; x = x.show {
		for _, r := range x.rules {
			if w.rules[r].denies(b.country) {
				return false
			}
		}
		if b.plan >= 0 && t.kind != "collection" && !w.filters[b.plan].meets(x) {
			return false
		}
	}
	return t.shown && (t.until == nil || t.until.After(b.at))
}

func (w *world) listed(b beholder, t *thing) bool {
	return w.found(b, t) && (t.from == nil || !t.from.After(b.at))
}

func (w *world) ids(keep func(*thing) bool) []string {
	ids := []string{}
	for _, t := range w.things {
		if keep(t) {
			ids = append(ids, t.id.String())
		}
	}
	slices.Sort(ids)
	return ids
}

var noonOfWorld = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func drawInstant(t *rapid.T) *time.Time {
	hours := rapid.SampledFrom([]int{0, 0, 0, -2, -1, 1, 2}).Draw(t, "hours")
	if hours == 0 {
		return nil
	}
	at := noonOfWorld.Add(time.Duration(hours)*time.Hour + 30*time.Minute)
	return &at
}

func drawThing(t *rapid.T, w *world, kind string) *thing {
	x := &thing{kind: kind, id: uuid.Must(uuid.NewV7()), shown: rapid.IntRange(0, 4).Draw(t, "shown") > 0}
	if kind != "episode" && kind != "channel" {
		x.genres = rapid.SampledFrom([][]string{{}, {"drama"}, {"crime"}, {"drama", "crime"}}).Draw(t, "genres")
	}
	if kind != "channel" {
		x.rating = rapid.SampledFrom([]string{"G", "PG", "R"}).Draw(t, "rating")
		x.year = rapid.SampledFrom([]int{1990, 2000, 2010}).Draw(t, "year")
	}
	if kind == "episode" && rapid.Bool().Draw(t, "inherits") {
		x.rating = ""
	}
	if kind == "movie" || kind == "episode" {
		if x.from, x.until = drawInstant(t), drawInstant(t); x.from != nil && x.until != nil && !x.until.After(*x.from) {
			x.until = nil
		}
	}
	x.premium = kind == "channel" && rapid.Bool().Draw(t, "premium")
	for r := range w.rules {
		if rapid.IntRange(0, 5).Draw(t, "ruled") == 0 {
			x.rules = append(x.rules, r)
		}
	}
	return x
}

func drawWorld(t *rapid.T) *world {
	w := &world{}
	for range rapid.IntRange(0, 3).Draw(t, "rules") {
		w.rules = append(w.rules, geoRule{uuid.Must(uuid.NewV7()), rapid.SampledFrom([]string{"allow_list", "block_list"}).Draw(t, "policy"),
			rapid.SampledFrom([][]string{{"DE"}, {"FR"}, {"DE", "FR"}}).Draw(t, "territories")})
	}
	for range rapid.IntRange(0, 2).Draw(t, "plans") {
		w.plans = append(w.plans, uuid.Must(uuid.NewV7()))
		w.filters = append(w.filters, rapid.SampledFrom(conditions).Draw(t, "filter"))
	}
	for range rapid.IntRange(0, 6).Draw(t, "movies") {
		w.things = append(w.things, drawThing(t, w, "movie"))
	}
	for range rapid.IntRange(0, 3).Draw(t, "channels") {
		w.things = append(w.things, drawThing(t, w, "channel"))
	}
	for range rapid.IntRange(0, 3).Draw(t, "shows") {
		show := drawThing(t, w, "show")
		w.things = append(w.things, show)
		for number := range rapid.IntRange(0, 4).Draw(t, "episodes") {
			e := drawThing(t, w, "episode")
			e.show, e.season, e.number = show, 1+number%2, number
			e.shown = e.shown && show.shown && e.season == 1 // the second season is a draft
			w.things = append(w.things, e)
		}
	}
	for range rapid.IntRange(0, 3).Draw(t, "collections") {
		c := drawThing(t, w, "collection")
		if c.from, c.until = drawInstant(t), nil; rapid.Bool().Draw(t, "dynamic") {
			c.query = &conditions[rapid.IntRange(0, len(conditions)-1).Draw(t, "query")]
		} else {
			for i := range w.things {
				if rapid.Bool().Draw(t, "item") {
					c.items = append(c.items, i)
				}
			}
		}
		w.collections = append(w.collections, c)
	}
	return w
}

// state is what the database says of a title's own state. Of an episode that is hidden, its season or show may be why.
func state(shown bool) string {
	if shown {
		return "published"
	}
	return "unpublished"
}

const nameOfWorld = "Twilight"

func (w *world) store(b *apitest.Bundle) {
	b.Exec(`TRUNCATE movies, shows, seasons, episodes, channels, collections, titles, title_genres, genres, geo_rules, geo_attachments, plans, plays, accounts CASCADE`)
	genres := map[string]uuid.UUID{}
	for _, slug := range []string{"drama", "crime"} {
		genres[slug] = uuid.Must(uuid.NewV7())
		b.Exec(`INSERT INTO genres VALUES ($1, $2, $2, '{movie,show}', NULL, '', now(), now())`, genres[slug], slug)
	}
	for _, r := range w.rules {
		b.Exec(`INSERT INTO geo_rules VALUES ($1, 'r', NULL, $2, $3, now(), now())`, r.id, r.policy, r.countries)
	}
	for i, plan := range w.plans {
		b.Exec(`INSERT INTO plans (id, name, description, price, currency, billing_cycle, max_profiles, max_concurrent_streams, max_devices, max_quality,
			has_downloads, allow_download_count, has_ads, has_hdr, has_dolby_atmos, trial_days, is_active, includes_premium_channels, created_at, updated_at, catalogue_filter)
			VALUES ($1, 'p', '', 1, 'EUR', 'monthly', 1, 1, 1, 'HD', false, 0, false, false, false, 0, true, true, now(), now(), $2)`, plan, w.filters[i].text)
	}
	for _, t := range slices.Concat(w.things, w.collections) {
		w.storeThing(b, t)
		for i, slug := range t.genres {
			if t.kind != "collection" {
				b.Exec(`INSERT INTO title_genres VALUES ($1, $2, $3)`, t.id, genres[slug], i)
			}
		}
		for _, r := range t.rules {
			b.Exec(`INSERT INTO geo_attachments VALUES ($1, $2, $3)`, w.rules[r].id, t.kind, t.id)
		}
	}
	rails := []string{}
	for _, c := range w.collections {
		rails = append(rails, fmt.Sprintf(`{"type": "collection", "title": "C", "collection_id": %q, "limit": 50}`, c.id))
	}
	rails = append(rails, `{"type": "new_releases", "title": "N", "content_type": "mixed", "limit": 50}`, `{"type": "live_now", "title": "L", "limit": 50}`)
	b.Do(apitest.Request{Method: "PUT", Path: "/v2/admin/home-layout", Access: "content:read content:write content:publish", Body: `{"rails": [` + strings.Join(rails, ",") + `]}`}).Want(200)
}

func (w *world) storeThing(b *apitest.Bundle, t *thing) {
	switch t.kind {
	case "movie":
		b.Exec(`INSERT INTO movies (id, slug, title, original_title, synopsis, tagline, release_year, runtime_minutes, content_rating, studio, country_of_origin,
			audio_languages, subtitle_languages, cast_members, images, state, announced, drm_required, available_from, available_until, created_at, updated_at)
			VALUES ($1, $1::uuid::text, $2, '', '', '', $3, 90, $4, '', '{}', '{}', '{}', '[]', '{}', $5, 'draft', false, $6, $7, $8, $8)`,
			t.id, nameOfWorld, t.year, t.rating, state(t.shown), t.from, t.until, noonOfWorld)
	case "show":
		b.Exec(`INSERT INTO shows (id, slug, title, original_title, synopsis, content_rating, network, country_of_origin, language, first_air_date, cast_members,
			images, state, announced, airing, drm_required, created_at, updated_at)
			VALUES ($1, $1::uuid::text, $2, '', '', $3, '', '{}', '', make_date($4, 1, 1), '[]', '{}', $5, 'draft', '', false, $6, $6)`,
			t.id, nameOfWorld, t.rating, t.year, state(t.shown), noonOfWorld)
		for number, status := range []string{"published", "draft"} {
			b.Exec(`INSERT INTO seasons (id, show_id, season_number, synopsis, images, status, created_at, updated_at) VALUES ($1, $2, $3, '', '{}', $4, $5, $5)`,
				uuid.Must(uuid.NewV7()), t.id, number+1, status, noonOfWorld)
		}
	case "episode":
		b.Exec(`INSERT INTO episodes (id, show_id, season_id, episode_number, title, synopsis, runtime_minutes, content_rating, images, state, announced, air_date,
			available_from, available_until, created_at, updated_at)
			SELECT $1, $2, id, $4, $5, '', 30, $6, '{}', $7, 'draft', make_date($8, 1, 1), $9, $10, $11, $11 FROM seasons WHERE show_id = $2 AND season_number = $3`,
			t.id, t.show.id, t.season, t.number, nameOfWorld, t.rating, state(t.shown || !t.show.shown || t.season == 2), t.year, t.from, t.until, noonOfWorld)
	case "channel":
		b.Exec(`INSERT INTO channels (id, slug, name, number, description, category, language, website_url, images, status, drm_required, is_premium,
			is_catchup_enabled, sort_order, epg_ids, is_published, created_at, updated_at)
			VALUES ($1, $1::uuid::text, $2, 0, '', '', '', '', '{}', 'live', false, $3, false, 0, '{}', $4, $5, $5)`, t.id, nameOfWorld, t.premium, t.shown, noonOfWorld)
	case "collection":
		kind, query := "manual", (*string)(nil)
		if t.query != nil {
			kind, query = "dynamic", &t.query.text
		}
		b.Exec(`INSERT INTO collections (id, slug, title, type, state, announced, query, sort_order, images, available_from, available_until, created_by, created_at, updated_at)
			VALUES ($1, $1::uuid::text, 'C', $2, $3, 'draft', $4, 0, '{}', $5, $6, $1, $7, $7)`, t.id, kind, strings.Replace(state(t.shown), "unpublished", "archived", 1), query, t.from, t.until, noonOfWorld)
		for place, i := range t.items {
			b.Exec(`INSERT INTO collection_items VALUES ($1, $2, $3, $3)`, t.id, w.things[i].id, place+1)
		}
	}
}

// witness asks as a beholder does.
type witness struct {
	t  *rapid.T
	o  *origin
	w  *world
	as beholder
}

func (s *witness) get(path string) *apitest.Answer {
	access := "viewer@" + s.as.country
	if s.as.plan >= 0 {
		access += "+" + s.w.plans[s.as.plan].String()
	}
	return s.o.Do(apitest.Request{Method: "GET", Path: path, Access: access})
}

// summaryPage is what the test looks at of what lists of every kind answer.
type summaryPage struct {
	Data []struct {
		ID           string `json:"id"`
		Slug         string `json:"slug"`
		ContentCount int    `json:"content_count"`
		ItemCount    int    `json:"item_count"`
		EpisodeCount int    `json:"episode_count"`
		Seasons      int    `json:"total_seasons"`
		Episodes     int    `json:"total_episodes"`
	} `json:"data"`
	ItemCount int `json:"item_count"`
	ItemRefs  []struct {
		ContentID string `json:"content_id"`
	} `json:"item_refs"`
	Rails []struct {
		Type         string    `json:"type"`
		CollectionID uuid.UUID `json:"collection_id"`
		Items        []struct {
			ID string `json:"id"`
		} `json:"items"`
	} `json:"rails"`
}

func (s *witness) page(path string) summaryPage {
	var p summaryPage
	if err := json.Unmarshal(s.get(path).Want(200).Body, &p); err != nil { // of each list it knows a few fields
		s.t.Fatal(err)
	}
	return p
}

func (p *summaryPage) ids() []string {
	ids := []string{}
	for _, d := range p.Data {
		ids = append(ids, d.ID)
	}
	slices.Sort(ids)
	return ids
}

func (s *witness) same(what string, got, want []string) {
	if !slices.Equal(got, want) {
		s.t.Fatalf("%s: %v, want %v; as %+v of %s", what, got, want, s.as, s.w)
	}
}

// String tells a title in a failure.
func (t *thing) String() string {
	hour := func(at *time.Time) string {
		if at == nil {
			return "-"
		}
		return at.Format("15:04")
	}
	s := fmt.Sprintf("%s %s shown %v, %s to %s, %v %s %d premium %v rules %v items %v", t.kind, t.id, t.shown, hour(t.from), hour(t.until), t.genres, t.rating, t.year, t.premium, t.rules, t.items)
	if t.query != nil {
		s += " " + t.query.text
	}
	if t.show != nil {
		s += fmt.Sprintf(" of %s %d %d", t.show.id, t.season, t.number)
	}
	return s
}

// String tells a drawn catalogue in a failure.
func (w *world) String() string {
	var b strings.Builder
	for _, t := range slices.Concat(w.things, w.collections) {
		fmt.Fprintf(&b, "\n%s", t)
	}
	fmt.Fprintf(&b, "\nrules %+v plans %+v", w.rules, w.plans)
	return b.String()
}

func (s *witness) lists() {
	p := s.page("/v2/movies?limit=100")
	s.same("movies", p.ids(), s.w.ids(func(t *thing) bool { return t.kind == "movie" && s.w.listed(s.as, t) }))
	p = s.page("/v2/channels?limit=100")
	s.same("channels", p.ids(), s.w.ids(func(t *thing) bool { return t.kind == "channel" && s.w.listed(s.as, t) }))
	p = s.page("/v2/shows?limit=100")
	s.same("shows", p.ids(), s.w.ids(func(t *thing) bool { return t.kind == "show" && s.w.listed(s.as, t) }))
	for _, d := range p.Data {
		episodes := s.w.ids(func(t *thing) bool { return t.show != nil && t.show.id.String() == d.ID && s.w.listed(s.as, t) })
		if d.Episodes != len(episodes) || d.Seasons != 1 {
			s.t.Fatalf("show %s has %d seasons, %d episodes, want 1 and %d; as %+v of %s", d.ID, d.Seasons, d.Episodes, len(episodes), s.as, s.w)
		}
		seasons := s.page("/v2/shows/" + d.ID + "/seasons")
		if len(seasons.Data) != 1 || seasons.Data[0].EpisodeCount != len(episodes) {
			s.t.Fatalf("seasons %+v, want one of %d episodes", seasons.Data, len(episodes))
		}
		in := s.page("/v2/shows/" + d.ID + "/seasons/1/episodes?limit=100")
		s.same("episodes", in.ids(), episodes)
	}
}

func (s *witness) details() {
	for _, t := range slices.Concat(s.w.things, s.w.collections) {
		want := 404
		if s.w.found(s.as, t) {
			want = 200
		}
		path := "/v2/" + t.kind + "s/" + t.id.String()
		if t.kind == "episode" {
			path = fmt.Sprintf("/v2/shows/%s/seasons/%d/episodes/%d", t.show.id, t.season, t.number)
			if !s.w.found(s.as, t.show) {
				want = 404
			}
		}
		if got := s.get(path).Status; got != want {
			s.t.Fatalf("%s: %d, want %d; as %+v of %s", path, got, want, s.as, s.w)
		}
		if want == 200 && (t.kind == "movie" || t.kind == "show") {
			s.related(t)
		}
	}
}

func (s *witness) related(t *thing) {
	p := s.page("/v2/" + t.kind + "s/" + t.id.String() + "/related?limit=100")
	s.same("related", p.ids(), s.w.ids(func(x *thing) bool {
		shares := slices.ContainsFunc(x.genres, func(g string) bool { return slices.Contains(t.genres, g) })
		return x != t && x.kind == t.kind && shares && s.w.listed(s.as, x)
	}))
}

func (s *witness) searches() {
	found := func(t *thing) bool { return s.w.found(s.as, t) }
	p := s.page("/v2/search?limit=100")
	s.same("search", p.ids(), s.w.ids(found))
	p = s.page("/v2/search?limit=100&q=" + url.QueryEscape("twil"))
	s.same("search by a word", p.ids(), s.w.ids(found))
	p = s.page("/v2/search?limit=100&genre=drama&content_rating=PG")
	s.same("search of a genre and rating", p.ids(), s.w.ids(func(t *thing) bool {
		return found(t) && slices.Contains(t.allGenres(), "drama") && t.allRating() == "PG"
	}))
	p = s.page("/v2/search/autocomplete?limit=20&q=tw")
	if want := s.w.ids(found); len(want) <= 20 {
		s.same("autocomplete", p.ids(), want)
	}
	s.same("the corpus", s.corpus(), s.w.ids(found))
}

// corpus judges the parts of the corpus of suggestions as an edge does.
func (s *witness) corpus() []string {
	ids := []string{}
	var denied []string
	for _, r := range s.w.rules {
		if r.denies(s.as.country) {
			denied = append(denied, r.id.String())
		}
	}
	if s.as.plan >= 0 { // the first plan of the same filter stands for it
		for i, f := range s.w.filters {
			if f.text == s.w.filters[s.as.plan].text {
				denied = append(denied, s.w.plans[i].String())
			}
		}
	}
	parts := map[int]bool{}
	for _, t := range s.w.things {
		parts[wire.SuggestPart(t.id)] = true
	}
	for part := range parts {
		var in wire.Suggestions
		s.o.Ask(strings.Replace(wire.SuggestPath, "{part}", fmt.Sprint(part), 1), nil).Want(200).Decode(&in)
		for _, x := range in.Titles {
			over := x.Until != 0 && x.Until <= s.as.at.UnixMilli()
			if !over && !slices.ContainsFunc(x.Not, func(id string) bool { return slices.Contains(denied, id) }) {
				ids = append(ids, x.ID)
			}
		}
	}
	slices.Sort(ids)
	return ids
}

func (s *witness) counts() {
	for _, g := range s.page("/v2/genres").Data {
		want := len(s.w.ids(func(t *thing) bool {
			return (t.kind == "movie" || t.kind == "show") && slices.Contains(t.genres, g.Slug) && s.w.listed(s.as, t)
		}))
		if g.ContentCount != want {
			s.t.Fatalf("genre %s counts %d, want %d; as %+v of %s", g.Slug, g.ContentCount, want, s.as, s.w)
		}
	}
}

// members are what a viewer sees in a collection.
func (s *witness) members(c *thing) []string {
	return s.w.ids(func(t *thing) bool {
		if c.query != nil {
			return c.query.meets(t) && s.w.listed(s.as, t)
		}
		return s.w.listed(s.as, t) && slices.ContainsFunc(c.items, func(i int) bool { return s.w.things[i] == t })
	})
}

func (s *witness) rails() {
	listed := s.page("/v2/collections?limit=100")
	want := []string{}
	for _, c := range s.w.collections {
		if !s.w.listed(s.as, c) {
			continue
		}
		want = append(want, c.id.String())
		p := s.page("/v2/collections/" + c.id.String() + "?limit=100")
		got := []string{}
		for _, ref := range p.ItemRefs {
			got = append(got, ref.ContentID)
		}
		slices.Sort(got)
		s.same("a collection", got, s.members(c))
		if p.ItemCount != len(got) {
			s.t.Fatalf("item_count %d of %d", p.ItemCount, len(got))
		}
		for _, d := range listed.Data {
			if d.ID == c.id.String() && d.ItemCount != len(got) {
				s.t.Fatalf("item_count %d of %d in the list", d.ItemCount, len(got))
			}
		}
	}
	slices.Sort(want)
	s.same("collections", listed.ids(), want)
	s.home()
}

func (s *witness) home() {
	want := map[string][]string{
		"new_releases": s.w.ids(func(t *thing) bool { return (t.kind == "movie" || t.kind == "show") && s.w.listed(s.as, t) }),
		"live_now":     s.w.ids(func(t *thing) bool { return t.kind == "channel" && s.w.listed(s.as, t) }),
	}
	for _, c := range s.w.collections {
		if s.w.listed(s.as, c) {
			want[c.id.String()] = s.members(c)
		}
	}
	for _, rail := range s.page("/v2/home").Rails {
		name, got := rail.Type, []string{}
		if rail.CollectionID != uuid.Nil {
			name = rail.CollectionID.String()
		}
		for _, item := range rail.Items {
			got = append(got, item.ID)
		}
		slices.Sort(got)
		s.same("rail "+name, got, want[name])
		delete(want, name)
	}
	for name, items := range want {
		if len(items) > 0 {
			s.t.Fatalf("no rail %s, want %v; as %+v of %s", name, items, s.as, s.w)
		}
	}
}

// TestOneRuleOfWhoSeesWhat draws catalogues, rules, windows, ratings, territories and plans: list, get, search, autocomplete, related,
// rails, collections and counts must agree on what a viewer sees.
func TestOneRuleOfWhoSeesWhat(t *testing.T) {
	t.Parallel()
	o := startOrigin(t)
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWorld(rt)
		o.Set(noonOfWorld)
		w.store(o.Bundle)
		for range 2 {
			s := &witness{rt, o, w, beholder{
				country: rapid.SampledFrom([]string{"DE", "FR", "US", territory.Unknown}).Draw(rt, "country"),
				plan:    rapid.IntRange(-1, len(w.plans)-1).Draw(rt, "plan"),
				at:      noonOfWorld.Add(time.Duration(rapid.IntRange(-2, 2).Draw(rt, "at")) * time.Hour),
			}}
			o.Set(s.as.at)
			s.lists()
			s.details()
			s.searches()
			s.counts()
			s.rails()
		}
	})
}
