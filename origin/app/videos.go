package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/content"
	"encora/origin/media"
	"encora/origin/record"
)

// addVideos registers the packaged media of titles that are brought in.
func addVideos(m *media.Domain) func(ctx context.Context, tx *record.Tx, videos []content.Video) error {
	return func(ctx context.Context, tx *record.Tx, videos []content.Video) error {
		var assets []media.Asset
		for _, v := range videos {
			assets = append(assets, packaged(v)...)
		}
		return m.Add(ctx, tx, assets)
	}
}

// packaged is a film with a trailer, an episode without, or the trailer of a show, and a track for each language.
func packaged(v content.Video) []media.Asset {
	folder := "/vod/" + v.ContentID.String()
	asset := func(kind, path string) media.Asset {
		return media.Asset{AssetType: kind, HLSPath: folder + path, KeyIDs: []uuid.UUID{},
			Target: media.AssetTarget{ContentType: v.ContentType, ContentID: v.ContentID}}
	}
	var all []media.Asset
	if v.ContentType != content.Show {
		title := asset("video_master", "/master.m3u8")
		title.DASHPath, title.DurationSeconds = folder+"/manifest.mpd", v.Seconds
		all = append(all, title)
	}
	if v.ContentType != content.Episode {
		trailer := asset("trailer", "/trailer/master.m3u8")
		trailer.DASHPath, trailer.DurationSeconds, trailer.Title = folder+"/trailer/manifest.mpd", 120, v.Title+" – Trailer"
		all = append(all, trailer)
	}
	for _, l := range v.AudioLanguages {
		a := asset("audio_track", "/audio/"+l+".m3u8")
		a.Language = l
		all = append(all, a)
	}
	for _, l := range v.SubtitleLanguages {
		a := asset("subtitle", "/subtitles/"+l+".vtt")
		a.Language = l
		all = append(all, a)
	}
	return all
}

// live is a channel's stream. It has no end, so no duration.
func live(channel uuid.UUID) media.Asset {
	folder := "/live/" + channel.String()
	return media.Asset{AssetType: "video_master", Target: media.AssetTarget{ContentType: "channel", ContentID: channel},
		DASHPath: folder + "/manifest.mpd", HLSPath: folder + "/master.m3u8"}
}

// streamMark is what is remembered of a channel's stream, beside the channel: earlier demos brought in channels alone.
func streamMark(channelKey string) string { return "stream:" + channelKey }

// addStreams gives a stream to every channel that has no video. What once has been given isn't again: an editor may have
// taken it away.
func (g *guideSeed) addStreams(ctx context.Context, d *domains, known map[string]time.Time) error {
	var keys, marks []string
	for s := range g.stations {
		mark := streamMark(s.Channel.Key)
		if _, ok := known[mark]; !ok {
			keys, marks = append(keys, s.Channel.Key), append(marks, mark)
		}
	}
	for batch := range slices.Chunk(keys, batchSize) {
		if err := d.addStreams(ctx, g.now, batch); err != nil {
			return fmt.Errorf("register the streams of channels: %w", err)
		}
	}
	if g.once == nil || len(marks) == 0 {
		return nil
	}
	return g.once.Put(ctx, time.Time{}, marks...)
}

func (d *domains) addStreams(ctx context.Context, now time.Time, channelKeys []string) error {
	ids, err := d.epg.ChannelIDs(ctx, channelKeys)
	if err != nil {
		return err
	}
	var streams []media.Asset
	for _, key := range channelKeys {
		if id, ok := ids[key]; ok {
			streams = append(streams, live(id))
		}
	}
	return d.epg.DB.Write(ctx, func(tx pgx.Tx) error {
		w := &api.Write{Tx: record.Begin(tx, commandLine, now)}
		added, err := d.media.AddMissing(ctx, w, streams)
		if err != nil || added == 0 {
			return err
		}
		return w.Commit(ctx)
	})
}
