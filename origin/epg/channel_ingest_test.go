package epg_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/origin/apitest"
	"encora/origin/epg"
	"encora/origin/record"
	"encora/origin/vocab"
)

// incoming is a channel of a source.
func incoming(key, name string, published bool) epg.IncomingChannel {
	return epg.IncomingChannel{Key: key, Published: published, Channel: epg.ChannelWrite{Name: name, Status: "live"}}
}

func (b *channelBundle) ingest(batch ...epg.IncomingChannel) vocab.Outcome {
	b.t.Helper()
	out, err := b.domain.IngestChannels(b.t.Context(), record.System("import"), time.Now(), batch)
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

func TestIngestChannels(t *testing.T) {
	t.Parallel()
	b := setupChannels(t)
	b.create(map[string]any{"name": "One"})
	days := 3
	full := incoming("src:full", "Full", true)
	full.Channel = epg.ChannelWrite{Name: "Full", Number: 4, Status: "offline", Category: "News", Language: "en", IsCatchupEnabled: true, CatchupDays: &days,
		SortOrder: 9, WebsiteURL: "https://full.example", EPGIDs: []string{"full", " full", "f"}}
	batch := []epg.IncomingChannel{
		incoming("src:1", "One", true), incoming("src:2", "One", false), incoming("src:1", "Repeated", true), full,
		incoming("src:3", "", true), incoming("", "No key", true),
		{Key: "src:4", Channel: epg.ChannelWrite{Name: "Four", Status: "live", Language: "no language"}},
	}
	var out vocab.Outcome
	tags := b.during(func() { out = b.ingest(batch...) })
	tags = slices.DeleteFunc(tags, func(tag string) bool { return strings.HasPrefix(tag, "suggest:") }) // by their ids, which are random
	if !slices.Equal(tags, []string{"channels", "lineup"}) {
		t.Errorf("a batch emits %q", tags)
	}
	if out.Created != 3 || out.Known != 1 || len(out.Refused) != 3 || out.Refused[0].Index != 4 || out.Refused[1].Index != 5 || out.Refused[2].Index != 6 {
		t.Errorf("outcome %+v", out)
	}
	stored := apitest.Column[string](b.Bundle, `SELECT concat_ws(' ', source_key, slug, is_published, catchup_days, array_to_string(epg_ids, '+')) FROM channels WHERE source_key IS NOT NULL ORDER BY source_key`)
	ids, err := b.domain.ChannelIDs(t.Context(), []string{"src:1", "src:2", "src:full", "src:3", "nothing"})
	if err != nil || len(ids) != 3 {
		t.Fatalf("ids %v, %v", ids, err)
	}
	end := func(key string) string { return ids[key].String()[24:] }
	if want := []string{"src:1 one-" + end("src:1") + " t ", "src:2 one-" + end("src:2") + " f ", "src:full full t 3 full+f"}; !slices.Equal(stored, want) {
		t.Errorf("stored %q, want %q", stored, want)
	}
	if got := b.names("viewer", ""); !slices.Equal(got, []string{"One", "Full"}) {
		t.Errorf("viewers see %q", got)
	}
	if got := apitest.Column[string](b.Bundle, `SELECT metadata::text FROM audit_log WHERE action = 'content.imported'`); !slices.Equal(got, []string{`{"count": 3, "first_key": "src:1"}`}) {
		t.Errorf("audit %q", got)
	}
}

func TestIngestChannelsAgain(t *testing.T) {
	t.Parallel()
	b := setupChannels(t)
	batch := []epg.IncomingChannel{incoming("src:1", "One", false), incoming("src:2", "Two", false)}
	if tags := b.during(func() { b.ingest(batch...) }); len(tags) != 0 {
		t.Errorf("channels that are not published emit %q", tags)
	}
	ids, err := b.domain.ChannelIDs(t.Context(), []string{"src:1"})
	if err != nil {
		t.Fatal(err)
	}
	b.edit("PUT", adminChannels+"/"+ids["src:1"].String(), channelBody(map[string]any{"name": "Edited"})).Want(http.StatusOK)
	audits := len(b.Actions())
	batch[0].Published = true
	if out := b.ingest(batch...); out.Known != 2 || out.Created != 0 || len(out.Refused) != 0 {
		t.Errorf("again: %+v", out)
	}
	if got := apitest.Column[string](b.Bundle, `SELECT name || is_published FROM channels ORDER BY source_key`); !slices.Equal(got, []string{"Editedfalse", "Twofalse"}) || len(b.Actions()) != audits {
		t.Errorf("again left %q and %d audit entries", got, len(b.Actions())-audits)
	}
	b.ingest()
}

// A large catalogue of channels is brought in and lined up in a few statements.
func TestManyChannels(t *testing.T) {
	t.Parallel()
	b := setupChannels(t)
	const count = 3000
	batch := make([]epg.IncomingChannel, count)
	for i := range batch {
		batch[i] = incoming(fmt.Sprint("src:", i), fmt.Sprint("Channel ", i%(count/3)), i%2 == 0) // each name three times
	}
	if out := b.ingest(batch...); out.Created != count {
		t.Fatalf("outcome %+v", out)
	}
	if got := len(b.lineup()); got != count/2 {
		t.Errorf("%d are lined up, want %d", got, count/2)
	}
	if slugs := apitest.Column[string](b.Bundle, `SELECT DISTINCT slug FROM channels`); len(slugs) != count {
		t.Errorf("%d slugs", len(slugs))
	}
}

// BenchmarkLineup asks for the lineup of 41,000 channels.
func BenchmarkLineup(b *testing.B) {
	bundle := setupChannels(b)
	for page := range 41 {
		batch := make([]epg.IncomingChannel, 1000)
		for i := range batch {
			batch[i] = incoming(fmt.Sprint(page, " ", i), fmt.Sprint("Channel ", uuid.NewString()), true)
		}
		bundle.ingest(batch...)
	}
	bundle.Exec(`ANALYZE`)
	for b.Loop() {
		if got := len(bundle.lineup()); got != 41_000 {
			b.Fatal(got)
		}
	}
}
