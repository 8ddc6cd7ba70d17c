package series

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/origin/apitest"
	"encora/origin/record"
	"encora/origin/vocab"
)

func (b *bundle) ingest(batch ...IncomingShow) vocab.Outcome {
	b.t.Helper()
	out, err := b.domain.IngestShows(b.t.Context(), record.System("test"), b.Now(), batch)
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

// incoming is a legal show that viewers see, with one season for each of the numbers of episodes.
func incoming(key string, episodes ...int) IncomingShow {
	s := IncomingShow{Key: key, Show: ShowWrite{Title: "Show " + key, ContentRating: "TV-14", Status: "ongoing", FirstAirDate: "2017-12-01"}, AverageRating: 4.5, RatingCount: 10}
	for i, n := range episodes {
		s.Seasons = append(s.Seasons, IncomingSeason{Season: SeasonWrite{SeasonNumber: i + 1, Status: "completed", AirDate: "2017-12-01"}})
		for e := range n {
			s.Seasons[i].Episodes = append(s.Seasons[i].Episodes, incomingEpisode(fmt.Sprintf("%s:%d:%d", key, i+1, e+1), e+1))
		}
	}
	return s
}

func incomingEpisode(key string, number int) IncomingEpisode {
	return IncomingEpisode{Key: key, Video: true, Episode: EpisodeWrite{EpisodeNumber: number, Title: "Episode " + key, RuntimeMinutes: 50, Status: "published"}}
}

func (b *bundle) ingested(key string) AdminShow {
	b.t.Helper()
	id := apitest.Column[uuid.UUID](b.Bundle, `SELECT id FROM shows WHERE source_key = $1`, key)[0]
	var s AdminShow
	b.see(editor, adminShows+"/"+id.String()).Want(200).Decode(&s)
	return s
}

func TestIngestShows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.genre("crime")
	one, two := incoming("a", 2, 1), incoming("b")
	one.Show.Genres, two.Show.Status = []string{"crime"}, "draft"
	draft := incomingEpisode("a:1:3", 3)
	draft.Video, draft.Episode.Status = false, "draft"
	one.Seasons[0].Episodes = append(one.Seasons[0].Episodes, draft)
	var out vocab.Outcome
	tags := b.during(func() { out = b.ingest(one, two, one) })
	if out.Created != 2 || out.Known != 1 || out.Parts != 6 || len(out.Refused) != 0 {
		t.Errorf("%+v", out)
	}
	s := b.ingested("a")
	if want := []string{"episodes", "genres", "show:" + s.ID.String(), "shows"}; !slices.Equal(tags, want) {
		t.Errorf("tags %q, want %q", tags, want)
	}
	if s.Status != "ongoing" || s.TotalSeasons != 2 || s.TotalEpisodes != 4 || fmt.Sprint(s.Genres) != "[crime]" || s.AverageRating != 4.5 || s.Slug != "show-a" || b.ingested("b").Status != "draft" {
		t.Errorf("brought in %+v", s)
	}
	if got := b.one(viewer, forViewers(s)); got["total_episodes"] != 3.0 {
		t.Errorf("viewers see %v", got)
	}
	if n := b.count(`SELECT count(*) FROM audit_log`); n != 1 {
		t.Errorf("%d audit entries", n)
	}
	if n := b.count(`SELECT count(*) FROM changes`); n != 1 {
		t.Errorf("%d changes", n)
	}
	if n := b.count(`SELECT count(*) FROM media_assets WHERE content_type = 'episode'`); n != 3 {
		t.Errorf("%d videos", n)
	}
	b.edit("DELETE", s.Location()+"/seasons/2", nil).Want(409) // its episode is published
	b.edit("POST", s.Location()+"/seasons/1/episodes/3/publish", nil).Want(422)
}

// A show that is known gets what it does not have, and stays as editors left it otherwise.
func TestIngestIntoKnownShows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ingest(incoming("a", 1))
	s := b.ingested("a")
	b.edit("PUT", s.Location(), showBody(object{"title": "Mine", "status": "ended"})).Want(200)
	var mine AdminSeason
	b.edit("PUT", s.Location()+"/seasons/1", seasonBody(1, object{"title": "My first"})).Want(200).Decode(&mine)
	b.episode(mine, 2, object{"title": "My own"})
	if out := b.ingest(incoming("a", 1)); out.Created+out.Parts != 0 || out.Known != 1 {
		t.Errorf("the same again: %+v", out)
	}
	var out vocab.Outcome
	more := incoming("a", 3, 1, 0)
	more.Show = ShowWrite{} // of a show that is known, only its seasons count
	tags := b.during(func() { out = b.ingest(more) })
	if out.Created != 0 || out.Known != 1 || out.Parts != 4 || len(out.Refused) != 0 {
		t.Errorf("more: %+v", out)
	}
	if want := []string{"episodes", "show:" + s.ID.String(), "shows"}; !slices.Equal(tags, want) {
		t.Errorf("tags %q, want %q", tags, want)
	}
	if got := b.ingested("a"); got.Title != "Mine" || got.TotalSeasons != 3 || got.TotalEpisodes != 4 {
		t.Errorf("after more: %+v", got)
	}
	if got := values(b.list(editor, mine.Location()+"/episodes"), "title"); got != "Episode a:1:1 My own Episode a:1:3" {
		t.Errorf("episodes %s", got)
	}
	b.wantTags("a season without episodes", func() { b.ingest(incoming("a", 0, 0, 0, 0)) }, "show:"+s.ID.String(), "shows")
	b.edit("POST", s.Location()+"/unpublish", nil).Want(200)
	b.wantTags("into a show that nobody sees", func() { b.ingest(incoming("a", 0, 2)) })
	if n := b.count(`SELECT count(*) FROM episodes`); n != 5 {
		t.Errorf("%d episodes", n)
	}
}

// What is illegal is refused with its reason, and the rest brought in.
func TestIngestRefusesWhatIsIllegal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	unrated, genre, keyless := incoming("unrated", 1), incoming("genre"), incoming("")
	unrated.Show.ContentRating, genre.Show.Genres = "", []string{"nope"}
	good := incoming("good", 1, 1)
	good.Seasons[1].Season.EndDate = new(string)
	*good.Seasons[1].Season.EndDate = "2000-01-01"
	for _, change := range []func(*IncomingEpisode){
		func(e *IncomingEpisode) { e.Video = false }, func(e *IncomingEpisode) { e.Episode.RuntimeMinutes = 0 }, func(e *IncomingEpisode) { e.Episode.Title = "" },
		func(e *IncomingEpisode) { e.Key = "" }, func(e *IncomingEpisode) { e.Episode.Status = "unpublished" },
	} {
		e := incomingEpisode(fmt.Sprint("bad", len(good.Seasons[0].Episodes)), len(good.Seasons[0].Episodes)+1)
		change(&e)
		good.Seasons[0].Episodes = append(good.Seasons[0].Episodes, e)
	}
	out := b.ingest(unrated, genre, keyless, good)
	var got []string
	for _, r := range out.Refused {
		got = append(got, fmt.Sprintf("%d %s", r.Index, r.Reason))
	}
	want := []string{"0 status: ", "1 genres: ", "2 key: ", "3 season 1, episode 2: status: ", "3 season 1, episode 3: status: ", "3 season 1, episode 4: title: ",
		"3 season 1, episode 5: key: ", "3 season 1, episode 6: status: ", "3 season 2: end_date: "}
	if !slices.EqualFunc(got, want, strings.HasPrefix) {
		t.Errorf("refused %q, want %q", got, want)
	}
	if out.Created != 1 || out.Parts != 2 {
		t.Errorf("%+v", out)
	}
	if s := b.ingested("good"); s.TotalSeasons != 1 || s.TotalEpisodes != 1 {
		t.Errorf("brought in %+v", s)
	}
}

func TestIngestManyAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var batch []IncomingShow
	for i := range 30 {
		s := incoming(fmt.Sprint("s", i), 40, 40)
		s.Show.Title, s.Trailer = "The Same", true
		batch = append(batch, s)
	}
	at := b.Now().Add(time.Hour)
	batch[0].Seasons[0].Episodes[0].Episode.AvailableFrom = &at
	out := b.ingest(batch...)
	if out.Created != 30 || out.Parts != 30*82 || b.count(`SELECT count(*) FROM titles WHERE published`) != 30*81 {
		t.Errorf("%+v", out)
	}
	if n := b.count(`SELECT count(DISTINCT slug) FROM shows`); n != 30 {
		t.Errorf("%d slugs", n)
	}
	if got := b.one(viewer, forViewers(b.ingested("s0"))); got["total_episodes"] != 79.0 {
		t.Errorf("viewers see %v", got)
	}
}
