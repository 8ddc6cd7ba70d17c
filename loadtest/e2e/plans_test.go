package e2e

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// offers are a catalogue of which plans include different parts.
type offers struct {
	*stack
	everything, family, films *household // whose tokens name their accounts' plans

	mild, strong, serial, pilot, news, premium string
	collection                                 string
}

const familyFilter = `content_rating != "R" && !is_premium`

func (s *stack) offers() *offers {
	s.t.Helper()
	o := &offers{stack: s}
	s.make("/v2/admin/genres", genreBody("drama"))
	drama := object{"genres": []string{"drama"}}
	o.mild = s.filmOf("Watchable and mild", drama)
	o.strong = s.filmOf("Watchable and strong", with(drama, object{"content_rating": "R"}))
	o.serial = s.show("Watchable serial", drama)
	o.pilot = s.aired(o.serial, 1, object{"title": "Watchable pilot"})
	o.news = s.televise("Watchable news", false)
	o.premium = s.televise("Watchable cup", true)
	o.collection = s.collection("watchable", object{"item_refs": []object{ref("movie", o.mild), ref("movie", o.strong), ref("show", o.serial), ref("episode", o.pilot)}})
	s.layOut(railOf(o.collection), object{"type": "live_now", "title": "On now"})
	o.everything, o.family, o.films = s.buy(""), s.buy(familyFilter), s.buy(`content_type == "movie"`)
	return o
}

// televise makes a channel that plays and has something on.
func (s *stack) televise(name string, premium bool) string {
	s.t.Helper()
	id := s.make("/v2/admin/channels", object{"name": name, "status": "live", "drm_required": false, "is_premium": premium, "is_catchup_enabled": false})
	s.asset("video_master", "channel", id)
	s.act("/v2/admin/channels/" + id + "/publish")
	s.programme(id, "On now", time.Now().Add(-time.Minute), time.Hour)
	return id
}

// buy makes a household whose plan and whose token's plan have a filter.
func (s *stack) buy(filter string) *household {
	s.t.Helper()
	plan := s.plan(object{"catalogue_filter": filter, "includes_premium_channels": true})
	return s.subscribe(plan, "--plan", plan)
}

// sold says in which of the plans a title is.
type sold struct {
	id                 string
	paths              []string // where it shows for whom has it, beside the common ones
	everything, family bool
	films              bool
}

func (o *offers) titles() []sold {
	guide := "channel_ids=" + o.news + "," + o.premium
	hours := "&start_time=" + time.Now().UTC().Add(-time.Hour).Format(time.RFC3339) + "&end_time=" + time.Now().UTC().Add(time.Hour).Format(time.RFC3339)
	title := []string{"/v2/collections/" + o.collection}
	channel := []string{"/v2/channels", "/v2/epg/now?" + guide, "/v2/epg?" + guide + hours}
	return []sold{
		{o.mild, append(title, "/v2/movies", "/v2/movies/"+o.mild, "/v2/recommendations/trending"), true, true, true},
		{o.strong, append(title, "/v2/movies", "/v2/movies/"+o.strong, "/v2/movies/"+o.mild+"/related", "/v2/recommendations/trending"), true, false, true},
		{o.serial, append(title, "/v2/shows", "/v2/shows/"+o.serial, "/v2/recommendations/trending"), true, true, false},
		{o.pilot, append(title, "/v2/shows/"+o.serial+firstSeason, "/v2/shows/"+o.serial+firstSeason+"/1"), true, true, false},
		{o.news, append(channel, "/v2/channels/"+o.news), true, true, false},
		{o.premium, append(channel, "/v2/channels/"+o.premium), true, false, false},
	}
}

// sights are all places where a title shows for whom has it, and not for whom has not.
func (o *offers) sights(t *sold) []sight {
	var all []sight
	for _, path := range append(t.paths, "/v2/search?q=watchable", "/v2/search/autocomplete?q=watch") {
		holds := `"` + t.id + `"`
		if strings.HasPrefix(path, "/v2/epg") { // where programmes name it, too
			holds += ":"
		}
		all = append(all, o.sight(t, path, holds)...)
	}
	return append(all, o.sight(t, "/v2/home", t.id)...)
}

func (o *offers) sight(t *sold, path, holds string) []sight {
	v := view{path: path, holds: holds}
	return []sight{{v, o.everything.token, t.everything}, {v, o.family.token, t.family}, {v, o.films.token, t.films}}
}

// Households see and play the part of the catalogue that is in their plan.
func TestPlansOfACatalogue(t *testing.T) {
	t.Parallel()
	o := start(t, 2).offers()
	for _, step := range []struct {
		name string
		run  func()
	}{{"see", o.seeTheirs}, {"play", o.playTheirs}, {"follow", o.followTheirs}} {
		t.Run(step.name, func(t *testing.T) { o.t = t; step.run() })
	}
}

// What a plan leaves out is not there for its viewers: in lists, search, suggestions, the home screen and the guide, nor alone, where
// it is as absent as what never was.
func (o *offers) seeTheirs() {
	titles := o.titles()
	for i := range titles {
		o.settle(o.sights(&titles[i])...)
	}
	counted := func(text, token string) sight {
		return sight{view{path: "/v2/genres?fields=content_count", holds: `"content_count":` + text}, token, true}
	}
	o.settle(counted("3", o.everything.token), counted("2", o.family.token), counted("2", o.films.token))
	absent := uuid.Must(uuid.NewV7()).String()
	for _, pair := range [][2]string{
		{"/v2/movies/" + o.strong, o.family.token}, {"/v2/movies/" + o.strong + "/tracks", o.family.token}, {"/v2/shows/" + o.serial, o.films.token},
		{"/v2/shows/" + o.serial + "/seasons", o.films.token}, {"/v2/episodes/" + o.pilot + "/tracks", o.films.token},
		{"/v2/channels/" + o.premium, o.family.token},
	} {
		o.sameAsAbsent(pair[0], absent, pair[1])
	}
}

// ids are the first of a path.
var ids = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// sameAsAbsent wants the answer of every edge to be, to the byte, what it says of an id that nothing has.
func (s *stack) sameAsAbsent(path, absent, token string) {
	s.t.Helper()
	other := ids.ReplaceAllLiteralString(path, absent)
	for edge := range s.edges {
		got, want := s.plainly(edge, path, token), s.plainly(edge, other, token)
		if got.status != 404 || got.told() != want.told() {
			s.t.Errorf("edge %d: %s\n%s\nabsent\n%s", edge, path, got.told(), want.told())
		}
	}
}

// A filter that is edited counts at once, wherever answers were held by the one before.
func (o *offers) followTheirs() {
	titles := o.titles()
	at := "/v2/admin/plans/" + o.family.plan
	strong, premium, serial := &titles[1], &titles[5], &titles[2]
	set := func(filter string) func() {
		return func() { o.manage("PUT", at, text(planBody(object{"catalogue_filter": filter}))) }
	}
	o.settle(append(o.sights(strong), append(o.sights(premium), o.sights(serial)...)...)...)
	strong.family, premium.family = true, true
	o.follows("no filter", set(""), append(o.sights(strong), o.sights(premium)...)...)
	serial.family, premium.family = false, false
	o.follows("films alone", set(`content_type == "movie"`), append(o.sights(serial), append(o.sights(strong), o.sights(premium)...)...)...)
	strong.family, serial.family = false, true
	o.follows("the first filter", set(familyFilter), append(o.sights(serial), o.sights(strong)...)...)
}

// A start goes by the account's plan, whatever the token says.
func (o *offers) playTheirs() {
	family, everything := o.family, o.everything
	crossed := o.subscribe(family.plan, "--plan", everything.plan) // a token of before the household changed to the family plan
	upgraded := o.subscribe(everything.plan, "--plan", family.plan)
	for _, path := range []string{"/v2/movies/" + o.strong, "/v2/channels/" + o.premium} {
		for _, h := range []*household{family, crossed} {
			wantRefusal(o.t, path, h.startAt(path), 403, "PLAN_UPGRADE_REQUIRED")
		}
		for _, h := range []*household{everything, upgraded} {
			if r := h.startAt(path); r.status != 200 {
				o.t.Errorf("%s in the plan: %d %s", path, r.status, r.body)
			}
		}
	}
	o.settle(sight{view{path: "/v2/movies/" + o.strong, holds: o.strong}, crossed.token, true}, sight{view{path: "/v2/movies/" + o.strong, holds: o.strong}, upgraded.token, false})
	wantRefusal(o.t, "an episode", o.films.startAt("/v2/episodes/"+o.pilot), 403, "PLAN_UPGRADE_REQUIRED")
	if r := family.startAt("/v2/episodes/" + o.pilot); r.status != 200 {
		o.t.Errorf("an episode in the plan: %d %s", r.status, r.body)
	}
}

// startAt asks for a stream of what has the path, on a device of its own.
func (h *household) startAt(path string) reply {
	h.t.Helper()
	if h.screen == "" {
		h.screen = h.device(0, "Screen")
	}
	return call(h.t.Context(), "GET", h.edges[0]+path+"/stream", h.token, "", "X-Device-Id", h.screen)
}
