package series

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"encora/origin/content"
	"encora/origin/record"
	"encora/origin/vocab"
)

// IncomingShow is a show from outside of the API: an import, the demo or a generated catalogue. Of one that is known, only its
// seasons count.
type IncomingShow struct {
	Key           string // identifies the show at its source: the same key is the same show, and is brought in once
	Show          ShowWrite
	AverageRating float64
	RatingCount   int
	Airing        string // ongoing, ended or canceled, of drafts too; "" is what Show.Status says
	Trailer       bool   // a packaged trailer goes with it
	Seasons       []IncomingSeason
}

// IncomingSeason is a season of a show that is brought in, known by its number.
type IncomingSeason struct {
	Season   SeasonWrite
	Episodes []IncomingEpisode
}

// IncomingEpisode is an episode of a season that is brought in, known by its key or by its number; season_number is that of its
// season, whatever it says.
type IncomingEpisode struct {
	Key                               string
	Episode                           EpisodeWrite
	Video                             bool // packaged media goes with it, so that it can be published
	AudioLanguages, SubtitleLanguages []string
}

// IngestShows brings a batch of shows in, in one transaction: all that is legal of it, or nothing. A show that is known gets
// the seasons and episodes that it does not have, and stays as editors left it otherwise. It leaves one audit entry and one
// change behind, whatever the batch's size. Geo rules are not attached.
func (d *Domain) IngestShows(ctx context.Context, actor record.Actor, now time.Time, batch []IncomingShow) (vocab.Outcome, error) {
	return content.Ingest(ctx, d.DB, actor, now, "shows", func(w *record.Tx, out *vocab.Outcome) error {
		in := ingestion{w: w, out: out, addVideos: d.AddVideos}
		if err := in.look(ctx, batch); err != nil {
			return err
		}
		for i := range batch {
			in.take(i, &batch[i])
		}
		if len(in.shows)+len(in.seasons)+len(in.episodes) == 0 {
			return nil
		}
		return in.store(ctx)
	})
}

// ingestion is one batch on its way into the database.
type ingestion struct {
	w         *record.Tx
	out       *vocab.Outcome
	addVideos func(context.Context, *record.Tx, []content.Video) error

	genres content.Genres
	trees  map[string]*tree // by the shows' keys
	known  map[string]uuid.UUID

	shows       []*show
	seasons     []*season
	episodes    []*episode
	showKeys    []string
	episodeKeys []string
	videos      []content.Video
	noted       []uuid.UUID // seasons that were there, and have a published episode now
}

// tree is what there is of a show.
type tree struct {
	id      uuid.UUID
	rating  string
	shown   bool // viewers saw it before the batch
	seasons map[int]*season
	numbers map[[2]int]bool // of season and episode
}

// look finds out what is there already. The shows that are stay locked.
func (in *ingestion) look(ctx context.Context, batch []IncomingShow) error {
	var keys, parts, slugs []string
	for i := range batch {
		keys, slugs = append(keys, batch[i].Key), append(slugs, batch[i].Show.Genres...)
		for _, s := range batch[i].Seasons {
			for j := range s.Episodes {
				parts = append(parts, s.Episodes[j].Key)
			}
		}
	}
	shows, err := content.LockByKey(ctx, in.w.Tx, "shows", keys)
	if err != nil {
		return err
	}
	if in.trees, err = readTrees(ctx, in.w.Tx, shows); err != nil {
		return err
	}
	if in.known, err = content.ByKey(ctx, in.w.Tx, "episodes", parts); err != nil {
		return err
	}
	in.genres, err = content.LockGenres(ctx, in.w.Tx, content.Show, slugs)
	return err
}

// take takes what is new and legal of a show.
func (in *ingestion) take(i int, b *IncomingShow) {
	t := in.trees[b.Key]
	if t == nil {
		s, reason := in.accept(b)
		if reason != "" {
			in.out.Refuse(i, reason)
			return
		}
		t = &tree{id: s.ID, rating: s.ContentRating, seasons: map[int]*season{}, numbers: map[[2]int]bool{}}
		in.trees[b.Key] = t
		in.shows, in.showKeys = append(in.shows, s), append(in.showKeys, b.Key)
		if b.Trailer {
			in.videos = append(in.videos, content.Video{ContentType: content.Show, ContentID: s.ID, Title: s.Title})
		}
		in.out.Created++
	} else {
		in.out.Known++
	}
	for j := range b.Seasons {
		in.takeSeason(i, t, &b.Seasons[j])
	}
}

// accept checks a show as the API would, and the publishing gate where it is to be published.
func (in *ingestion) accept(b *IncomingShow) (*show, string) {
	if b.Key == "" {
		return nil, "key: a show without one would be brought in again each time"
	}
	if reason := content.Unfit(b.Show); reason != "" {
		return nil, reason
	}
	s := newShow(in.w.Now)
	s.copyFrom(&b.Show)
	s.AverageRating, s.RatingCount, s.Airing = b.AverageRating, b.RatingCount, cmp.Or(b.Airing, s.Airing)
	ids, unknown := in.genres.Of(b.Show.Genres)
	if len(unknown) > 0 {
		return nil, "genres: there is no genre " + b.Show.Genres[unknown[0]]
	}
	if s.State == content.Live && s.ContentRating == "" {
		return nil, "status: publishing needs content_rating"
	}
	s.GenreIDs, s.Announced = ids, s.State
	return s, ""
}

func (in *ingestion) takeSeason(i int, t *tree, b *IncomingSeason) {
	number := b.Season.SeasonNumber
	s := t.seasons[number]
	if s == nil {
		reason := content.Unfit(b.Season)
		if len(t.seasons) >= maxSeasons {
			reason = "a show can't have more of them"
		}
		if reason != "" {
			in.out.Refuse(i, fmt.Sprintf("season %d: %s", number, reason))
			return
		}
		s = newSeason(t.id, in.w.Now)
		s.copyFrom(&b.Season)
		t.seasons[number] = s
		in.seasons = append(in.seasons, s)
		in.out.Parts++
	}
	for j := range b.Episodes {
		if reason := in.takeEpisode(t, s, &b.Episodes[j]); reason != "" {
			in.out.Refuse(i, fmt.Sprintf("season %d, episode %d: %s", number, b.Episodes[j].Episode.EpisodeNumber, reason))
		}
	}
}

// takeEpisode takes an episode that is new, or says why it can't be taken.
func (in *ingestion) takeEpisode(t *tree, s *season, b *IncomingEpisode) string {
	at := [2]int{s.SeasonNumber, b.Episode.EpisodeNumber}
	if _, known := in.known[b.Key]; known || t.numbers[at] {
		return ""
	}
	e, reason := in.acceptEpisode(t, s, b)
	if reason != "" {
		return reason
	}
	in.known[b.Key], t.numbers[at] = e.ID, true
	in.episodes, in.episodeKeys = append(in.episodes, e), append(in.episodeKeys, b.Key)
	if b.Video {
		in.videos = append(in.videos, content.Video{ContentType: content.Episode, ContentID: e.ID, Title: e.Title, Seconds: 60 * e.RuntimeMinutes,
			AudioLanguages: b.AudioLanguages, SubtitleLanguages: b.SubtitleLanguages})
	}
	if e.State == content.Live && !s.WasPublished {
		s.WasPublished = true
		in.noted = append(in.noted, s.ID)
	}
	in.out.Parts++
	return ""
}

// acceptEpisode checks an episode as the API would, and the publishing gate where it is to be published.
func (in *ingestion) acceptEpisode(t *tree, s *season, b *IncomingEpisode) (*episode, string) {
	if b.Key == "" {
		return nil, "key: an episode without one would be brought in again each time"
	}
	body := b.Episode
	body.SeasonNumber = s.SeasonNumber
	if reason := content.Unfit(body); reason != "" {
		return nil, reason
	}
	e := newEpisode(s, in.w.Now)
	e.copyFrom(&body)
	e.EpisodeNumber, e.ShowRating = body.EpisodeNumber, t.rating
	switch body.Status {
	case content.Live, content.Scheduled:
		if !b.Video || e.RuntimeMinutes == 0 || e.rating() == "" {
			return nil, "status: publishing needs a video, runtime_minutes and content_rating"
		}
		e.State = content.Live
	case content.Unpublished:
		return nil, "status: what is new can't be unpublished"
	}
	e.Announced = e.At(content.Window(e.Span), in.w.Now)
	return e, ""
}
