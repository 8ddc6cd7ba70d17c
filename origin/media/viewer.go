package media

import (
	"cmp"
	"context"
	"path"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"encora/origin/api"
	"encora/origin/content"
)

// Trailer is a trailer as players need it. What is not known is left out.
type Trailer struct {
	ID              uuid.UUID `json:"id"`
	Title           string    `json:"title,omitempty"`
	HLSURL          string    `json:"hls_url,omitempty" format:"uri"`
	DASHURL         string    `json:"dash_url,omitempty" format:"uri"`
	DurationSeconds int       `json:"duration_seconds,omitempty"`
	Language        string    `json:"language,omitempty"`
	ThumbnailURL    string    `json:"thumbnail_url,omitempty" format:"uri"`
}

// Tracks are the subtitles and sound of a title. The first of each, by registration, is the default.
type Tracks struct {
	Subtitles []SubtitleTrack `json:"subtitles"`
	Audio     []AudioTrack    `json:"audio"`
}

// SubtitleTrack is a file of subtitles or captions.
type SubtitleTrack struct {
	Language  string `json:"language" doc:"BCP-47; und when it is not known."`
	Label     string `json:"label" doc:"For the viewer's menu: the track's title, else the language's own name."`
	Kind      string `json:"kind" doc:"subtitles unless the track says otherwise."`
	Format    string `json:"format" doc:"The file's extension: vtt, ttml, srt…"`
	URL       string `json:"url" format:"uri"`
	IsDefault bool   `json:"is_default"`
}

// AudioTrack is a choice of sound inside the title's stream. What is not known is left out.
type AudioTrack struct {
	Language  string `json:"language" doc:"BCP-47; und when it is not known."`
	Label     string `json:"label" doc:"For the viewer's menu: the track's title, else the language's own name."`
	Kind      string `json:"kind" doc:"main unless the track says otherwise."`
	Codec     string `json:"codec,omitempty"`
	Channels  int    `json:"channels,omitempty"`
	IsDefault bool   `json:"is_default"`
}

// Addresses of titles by their kinds, whose paths name their values differently.
type (
	movieIn struct {
		MovieID uuid.UUID `path:"movie_id"`
		api.Sparse
	}
	showIn struct {
		ShowID uuid.UUID `path:"show_id"`
		api.Sparse
	}
	episodeIn struct {
		EpisodeID uuid.UUID `path:"episode_id"`
		api.Sparse
	}
)

func (in *movieIn) id() uuid.UUID   { return in.MovieID }
func (in *showIn) id() uuid.UUID    { return in.ShowID }
func (in *episodeIn) id() uuid.UUID { return in.EpisodeID }

// address is an input that names a title.
type address[I any] interface {
	*I
	id() uuid.UUID
}

// trailers lists those of a title of the kind that the viewer sees.
func trailers[I any, A address[I]](d *Domain, kind string) func(context.Context, *api.Read, *I) (api.List[Trailer], error) {
	return func(ctx context.Context, r *api.Read, in *I) (api.List[Trailer], error) {
		assets, err := seenAssets(ctx, r, kind, A(in).id(), trailer)
		list := api.List[Trailer]{Data: make([]Trailer, len(assets))}
		for i := range assets {
			list.Data[i] = d.trailer(&assets[i])
		}
		return list, err
	}
}

// seenAssets reads the ready assets of the types of a title of the kind that the viewer sees.
func seenAssets(ctx context.Context, r *api.Read, kind string, id uuid.UUID, types ...string) ([]Asset, error) {
	if _, err := content.Visible(ctx, r, id, kind); err != nil {
		return nil, err
	}
	return readyAssets(ctx, r, id, types...)
}

func (d *Domain) trailer(a *Asset) Trailer {
	return Trailer{ID: a.ID, Title: a.Title, HLSURL: d.url(a.HLSPath), DASHURL: d.url(a.DASHPath),
		DurationSeconds: a.DurationSeconds, Language: a.Language}
}

// url is where players find a path; paths hold no character that a URL would escape.
func (d *Domain) url(p string) string {
	if p == "" {
		return ""
	}
	return d.CDNBaseURL + p
}

// tracks lists the choices of text and sound of a title of the kind that the viewer sees.
func tracks[I any, A address[I]](d *Domain, kind string) func(context.Context, *api.Read, *I) (Tracks, error) {
	return func(ctx context.Context, r *api.Read, in *I) (Tracks, error) {
		assets, err := seenAssets(ctx, r, kind, A(in).id(), subtitle, audioTrack)
		return d.tracks(assets), err
	}
}

func (d *Domain) tracks(assets []Asset) Tracks {
	t := Tracks{Subtitles: []SubtitleTrack{}, Audio: []AudioTrack{}}
	for i := range assets {
		a := &assets[i]
		lang := cmp.Or(a.Language, "und")
		if a.AssetType == audioTrack {
			t.Audio = append(t.Audio, AudioTrack{Language: lang, Label: label(a.Title, lang), Kind: cmp.Or(a.Kind, "main"),
				IsDefault: len(t.Audio) == 0})
			continue
		}
		file := cmp.Or(a.HLSPath, a.DASHPath)
		t.Subtitles = append(t.Subtitles, SubtitleTrack{Language: lang, Label: label(a.Title, lang),
			Kind: cmp.Or(a.Kind, "subtitles"), Format: strings.ToLower(strings.TrimPrefix(path.Ext(file), ".")), URL: d.url(file),
			IsDefault: len(t.Subtitles) == 0})
	}
	return t
}

// label is a track's title, else its language's own name, else the language's tag.
func label(title, lang string) string {
	if title != "" {
		return title
	}
	return cmp.Or(display.Self.Name(language.Make(lang)), lang)
}
