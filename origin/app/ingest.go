package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"encora/origin/catalog"
	"encora/origin/ingest"
	"encora/origin/pgdb"
	"encora/origin/vocab"
)

type imports struct {
	database
	Files       []string    `arg:"" help:"Film sets of Wikidata's or Wikipedia's form, shows and episodes of TVmaze's, channel lists of iptv-org's, schedules as XMLTV or JSON, or folders of such files, with the folders in them." type:"path"`
	GenreLabels []string    `help:"Names of Wikidata's genres, as JSON lines. They may also be among the files." type:"existingfile"`
	DryRun      bool        `help:"Schedules: only say what would change."`
	Timezone    string      `help:"Schedules: IANA name of the zone of times that have none; UTC if not given."`
	Channel     []uuid.UUID `help:"Schedules: ids of the channels to import, instead of all that the file names."`
}

// Run imports each file in turn; genre labels among them are for the others. A file that can't be read on ends with status
// 1, and what stood before it stays.
func (i *imports) Run(ctx context.Context, p *program) error {
	files, err := filesOf(i.Files)
	if err != nil {
		return err
	}
	files = withoutDefinitions(p.out, files)
	if err := i.allSchedules(files); err != nil {
		return err
	}
	lists, files := divide(files, channelList)
	failed := importChannels(ctx, p, i.database, lists)
	schedules, files := divide(files, scheduleFile)
	failed = errors.Join(failed, i.schedules(ctx, p, schedules))
	shows, files := divide(files, formed(ingest.Shows))
	episodes, files := divide(files, formed(ingest.Episodes))
	failed = errors.Join(failed, importShows(ctx, p, i.database, shows, episodes))
	var labels ingest.Labels
	var sets []string
	for _, name := range append(files, i.GenreLabels...) {
		found, err := readLabels(name)
		switch {
		case err == nil:
			labels = found
		case slices.Contains(i.GenreLabels, name):
			return fmt.Errorf("%s: %w", name, err)
		default:
			sets = append(sets, name)
		}
	}
	for _, name := range sets {
		if ctx.Err() != nil {
			return errors.Join(failed, fmt.Errorf("%s: not begun: %w", name, ctx.Err()))
		}
		if err := i.file(ctx, p, name, labels); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", name, err))
		}
	}
	return failed
}

func (i *imports) file(ctx context.Context, p *program, name string, labels ingest.Labels) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return bringIn(ctx, p, i.database, name, -1, ingest.Read(f, labels))
}

// readLabels fails unless the file holds genre labels and nothing else.
func readLabels(name string) (ingest.Labels, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ingest.ReadLabels(f)
}

// bringIn stores films batch by batch, shows how far it is, and reports every film that is refused by its line.
func bringIn(ctx context.Context, p *program, to database, name string, total int, films iter.Seq2[ingest.Record, error]) error {
	d, closeDB, err := openCatalogue(ctx, to)
	if err != nil {
		return err
	}
	defer closeDB()
	in := intake[catalog.Incoming]{name: name, what: "film", total: total,
		store: func(ctx context.Context, batch []catalog.Incoming) (vocab.Outcome, error) {
			return d.catalog.Ingest(ctx, commandLine, time.Now(), batch)
		},
		key:    func(f catalog.Incoming) string { return f.Key },
		report: func(r *ingest.Reject) { fmt.Fprintln(p.out, r) }}
	return in.run(ctx, p, lined(films, func(r *ingest.Record) line[catalog.Incoming] {
		return line[catalog.Incoming]{r.Line, incoming(&r.Film)}
	}))
}

// openCatalogue opens the database, whose taxonomy then has all genres that what is brought in may have.
func openCatalogue(ctx context.Context, to database) (*domains, func(), error) {
	db, err := pgdb.Open(ctx, string(to.DatabaseURL), 4)
	if err != nil {
		return nil, nil, err
	}
	d := newDomains(db, nil, "")
	if err := d.catalog.IngestGenres(ctx, commandLine, time.Now(), taxonomy()); err != nil {
		db.Close()
		return nil, nil, err
	}
	return d, db.Close, nil
}

// progress draws on terminals alone, and only when it is told of more: the library's own ticker, which turns the spinner of a
// bar without total, races with that.
func progress(out io.Writer, name string, total int) *progressbar.ProgressBar {
	if f, ok := out.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
		out = io.Discard
	}
	return progressbar.NewOptions(total, progressbar.OptionSetWriter(out), progressbar.OptionSetDescription(name),
		progressbar.OptionSetSpinnerChangeInterval(0),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionThrottle(time.Second),
		progressbar.OptionOnCompletion(func() { fmt.Fprintln(out) }))
}

func taxonomy() []catalog.Taxon {
	var taxa []catalog.Taxon
	for _, g := range ingest.Taxonomy() {
		taxa = append(taxa, catalog.Taxon{Slug: g.Slug, Name: g.Name, Parent: g.Parent, ContentTypes: g.ContentTypes})
	}
	return taxa
}

// credited is a text with the credit that its licence asks for.
func credited(text, credit string) string {
	if text == "" || credit == "" {
		return text
	}
	return text + "\n\n" + credit
}

func images(of ingest.Images) vocab.ImageSet {
	return vocab.ImageSet{PosterURL: of.PosterURL, BackdropURL: of.BackdropURL, ThumbnailURL: of.ThumbnailURL}
}

func cast(of []ingest.CastMember) []vocab.CastMember {
	var members []vocab.CastMember
	for _, c := range of {
		members = append(members, vocab.CastMember{Name: c.Name, Role: c.Role, CharacterName: c.CharacterName, SortOrder: c.SortOrder})
	}
	return members
}

// incoming is a film as the catalogue takes it.
func incoming(f *ingest.Film) catalog.Incoming {
	b := catalog.MovieWrite{
		Title: f.Title, OriginalTitle: f.OriginalTitle, Synopsis: credited(f.Synopsis, f.Attribution), Tagline: f.Tagline, ReleaseYear: f.ReleaseYear,
		RuntimeMinutes: f.RuntimeMinutes, ContentRating: f.ContentRating, Genres: f.Genres, CountryOfOrigin: f.CountryOfOrigin,
		Studio: f.Studio, AudioLanguages: f.AudioLanguages, SubtitleLanguages: f.SubtitleLanguages, Status: "draft",
		AvailableFrom: f.AvailableFrom, AvailableUntil: f.AvailableUntil,
		Images: images(f.Images), Cast: cast(f.Cast),
	}
	if f.Published {
		b.Status = "published"
	}
	return catalog.Incoming{Key: f.Key, Movie: b, AverageRating: f.AverageRating, RatingCount: f.RatingCount, Video: f.Published}
}
