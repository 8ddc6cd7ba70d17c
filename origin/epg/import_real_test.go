package epg

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/record"
)

// TestRealFeeds imports every file of the folder xmltv in the one that DATA_DIR names, each to a guide with channels of its
// ids, twice: the second time nothing changes. A file that is refused changes nothing.
func TestRealFeeds(t *testing.T) {
	dir := os.Getenv("DATA_DIR")
	if dir == "" {
		t.Skip("DATA_DIR is not set")
	}
	imported := 0
	err := filepath.WalkDir(filepath.Join(dir, "xmltv"), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && (strings.HasSuffix(path, ".xml") || strings.HasSuffix(path, ".xml.gz")) {
			t.Run(filepath.Base(path), func(t *testing.T) {
				document, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if realFeed(t, document) {
					imported++
				}
			})
		}
		return err
	})
	if err != nil || imported == 0 {
		t.Errorf("%d files imported; %v", imported, err)
	}
}

// realFeed reports whether the document was imported, rather than refused.
func realFeed(t *testing.T, document []byte) bool {
	b := setupImports(t)
	b.channel("A channel", "no feed's")
	run := func() ImportJob {
		t.Helper()
		f := FileImport{Document: bytes.NewReader(document), Import: ImportWrite{Format: formatXMLTV}}
		job, err := b.d.ImportFile(t.Context(), record.System("test"), f)
		if err != nil {
			t.Fatal(err)
		}
		return job
	}
	job := run()
	reason := job.Errors[0].Code // nothing is known of its channels, if it is read at all
	if job.Status != importFailed || valueOf[int](b, `SELECT count(*) FROM programs`) > 0 {
		t.Fatalf("%s", encoded(t, job))
	}
	if reason != "no_channel" {
		return false
	}
	for _, id := range b.channelsOfFeeds() {
		b.channel("Channel "+uuid.NewString(), id)
	}
	job = run()
	stored := valueOf[int64](b, `SELECT count(*) FROM programs`)
	if stored == 0 && job.Status == importFailed && job.Errors[0].Code == "no_usable_program" {
		return true
	}
	if job.Status != importCompleted || job.ProgramsImported != stored || job.ProgramsCreated != stored || job.ChannelsDone != job.ChannelsTotal {
		t.Errorf("%d programmes are stored; %s", stored, encoded(t, job))
	}
	if job.ProgramsRead != job.ProgramsImported+job.ErrorCount {
		t.Errorf("not every programme is imported or an error: %s", encoded(t, job.ImportProgress))
	}
	all := b.everything()
	head := b.Head()
	again := run()
	if again.ProgramsUnchanged != stored || again.ProgramsCreated+again.ProgramsUpdated+again.ProgramsDeleted != 0 || b.Head() != head || b.everything() != all {
		t.Errorf("again: %s", encoded(t, again))
	}
	return true
}

// channelsOfFeeds are the feeds' channels that have programmes.
func (b *importBundle) channelsOfFeeds() []string {
	b.t.Helper()
	rows, err := b.DB.Pool().Query(b.t.Context(), `SELECT channel FROM epg_import_channels WHERE programmes > 0`)
	if err != nil {
		b.t.Fatal(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		b.t.Fatal(err)
	}
	return ids
}

// everything is a hash of all programmes.
func (b *importBundle) everything() string {
	b.t.Helper()
	return valueOf[string](b, `SELECT coalesce(md5(string_agg(p::text, '' ORDER BY channel_id, id)), '') FROM programs p`)
}
