package epg

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/record"
)

// How a feed's channel is found to be one of ours (conventions.md, "Shapes that the seed hides"): the first step that finds
// one among the import's channels decides.
const (
	stepEPGID = iota + 1
	stepID
	stepSlug
	stepName
	stepOnly // the one channel of the feed and of the import
)

// match is one of ours that a feed's channel may be.
type match struct {
	Number int32
	Step   int
	Place  int // among the channel's epg_ids
	ID     uuid.UUID
	Within bool // among the import's channels
}

// resolution is what a feed's channel turned out to be.
type resolution struct {
	*feedChannel
	targets []match
}

// resolveBatch is how many channels of a feed are looked up by one statement.
const resolveBatch = 1000

// resolve finds the channels that get the feed's schedules.
func (im *importer) resolve(ctx context.Context) error {
	var left int
	var usable, overfull bool
	err := im.write(ctx, func(w *record.Tx) (ImportProgress, error) {
		feed, err := stagedChannels(ctx, w.Tx, im.row.ID)
		if err != nil {
			return ImportProgress{}, err
		}
		found, errs, err := im.match(ctx, w.Tx, feed)
		if err != nil {
			return ImportProgress{}, err
		}
		usable = len(feed) > 0
		overfull = slices.ContainsFunc(errs, func(e ImportError) bool { return e.Code == errorTooManyPrograms })
		p := im.row.ImportProgress.with(append(errs, settleClaims(found)...)...)
		p.ChannelsTotal, left = 0, 0
		for _, r := range found {
			p.ChannelsTotal += int64(len(r.targets))
			left += len(r.targets)
		}
		return p, storeTargets(ctx, w.Tx, im.row.ID, found)
	})
	if err != nil {
		return err
	}
	im.row.Resolved = true
	switch {
	case left > 0:
	case !usable:
		return noUsableProgram()
	case overfull:
		return &importFailure{code: errorTooManyPrograms, message: "The only channels of the document that are known have too many programmes: import them in parts. See the other errors."}
	default:
		return &importFailure{code: "no_channel", message: "No programme of the document is for a channel of this import: give channels the document's ids as epg_ids."}
	}
	return nil
}

// match finds what each channel of the feed may be, and the errors of those that are nothing.
func (im *importer) match(ctx context.Context, tx pgx.Tx, feed []*feedChannel) ([]*resolution, []ImportError, error) {
	only, err := namesOneChannel(ctx, tx, im.row.ID)
	if err != nil {
		return nil, nil, err
	}
	var found []*resolution
	var errs []ImportError
	for batch := range slices.Chunk(feed, resolveBatch) {
		matches, err := lookUp(ctx, tx, im.row, batch)
		if err != nil {
			return nil, nil, err
		}
		for _, f := range batch {
			r, e := im.judge(f, matches[f.Number], only)
			if found = append(found, r); e != nil {
				errs = append(errs, *e)
			}
		}
	}
	return found, errs, nil
}

// judge chooses among the matches of a feed's channel. What is known but not among the import's channels is left out.
func (im *importer) judge(f *feedChannel, matches []match, only bool) (*resolution, *ImportError) {
	r := &resolution{feedChannel: f}
	if only && len(im.row.ChannelIDs) == 1 {
		r.targets = []match{{Number: f.Number, Step: stepOnly, ID: im.row.ChannelIDs[0]}}
	} else {
		r.targets = best(matches)
	}
	fault := func(code, format string, args ...any) (*resolution, *ImportError) {
		r.targets = nil
		e := importError(f.Line, f.Channel, code, fmt.Sprintf(format, args...))
		return r, &e
	}
	switch {
	case len(matches) == 0 && len(r.targets) == 0:
		return fault(errorUnknownChannel, "No channel has this id among its epg_ids, as its id or slug, or one of the names: %s left out.", programmesAre(f.Programmes))
	case len(r.targets) > 1 && r.targets[0].Step == stepName:
		return fault(errorAmbiguousChannel, "Several channels have this name; give one of them the document's id as epg_id: %s left out.", programmesAre(f.Programmes))
	case len(r.targets) > 0 && f.Overfull:
		return fault(errorTooManyPrograms, "The channel has more than %d programmes, or more than %d MiB of them; import them in parts.", maxChannelRows, maxChannelBytes>>20)
	}
	return r, nil
}

// best are the matches within the import of the first step that has any.
func best(matches []match) []match {
	var of []match
	for _, m := range matches {
		if m.Within && (len(of) == 0 || m.Step == of[0].Step) {
			of = append(of, m)
		}
	}
	return of
}

// settleClaims leaves each of our channels to one channel of the feed: found by the earlier step, then by the earlier of its
// epg_ids, then earlier in the feed.
func settleClaims(found []*resolution) []ImportError {
	claims := map[uuid.UUID]match{}
	names := map[int32]string{}
	for _, r := range found {
		names[r.Number] = r.Channel
		for _, m := range r.targets {
			if held, taken := claims[m.ID]; !taken || before(m, held) {
				claims[m.ID] = m
			}
		}
	}
	var errs []ImportError
	for _, r := range found {
		had := len(r.targets)
		var winner int32
		r.targets = slices.DeleteFunc(r.targets, func(m match) bool {
			winner = claims[m.ID].Number
			return winner != r.Number
		})
		if had > 0 && len(r.targets) == 0 {
			errs = append(errs, importError(r.Line, r.Channel, errorDuplicateChannel,
				fmt.Sprintf("The schedule of this channel is taken from the document's channel %s: %s left out.", names[winner], programmesAre(r.Programmes))))
		}
	}
	return errs
}

// programmesAre counts programmes, with the verb.
func programmesAre(n int64) string {
	if n == 1 {
		return "1 programme is"
	}
	return fmt.Sprintf("%d programmes are", n)
}

func before(a, b match) bool {
	return cmp.Or(cmp.Compare(a.Step, b.Step), cmp.Compare(a.Place, b.Place), cmp.Compare(a.Number, b.Number)) < 0
}

// namesOneChannel reports whether the document names no more than one channel, be it declared or of a programme that is
// skipped.
func namesOneChannel(ctx context.Context, tx pgx.Tx, id uuid.UUID) (bool, error) {
	var n int
	err := tx.QueryRow(ctx, `SELECT count(*) FROM epg_import_channels WHERE import_id = $1`, id).Scan(&n)
	return n == 1, err
}

// stagedChannels are those of the feed that have programmes.
func stagedChannels(ctx context.Context, tx pgx.Tx, id uuid.UUID) ([]*feedChannel, error) {
	const q = `SELECT number, channel, line, names, programmes, staged, overfull FROM epg_import_channels
		WHERE import_id = $1 AND programmes > 0 ORDER BY number`
	rows, err := tx.Query(ctx, q, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToAddrOfStructByNameLax[feedChannel])
}

// lookUp finds what each channel of a batch may be, the best first.
func lookUp(ctx context.Context, tx pgx.Tx, row *importRow, batch []*feedChannel) (map[int32][]match, error) {
	const q = `
		SELECT f.number, m.step, m.place, m.id, cardinality(@within::uuid[]) = 0 OR m.id = ANY(@within) AS within
		FROM epg_import_channels f
		CROSS JOIN LATERAL (
			SELECT 1 AS step, array_position(c.epg_ids, f.channel) AS place, c.id FROM channels c WHERE c.epg_ids @> ARRAY[f.channel]
			UNION ALL
			SELECT 2, 0, c.id FROM channels c WHERE c.id =
				CASE WHEN f.channel ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN f.channel::uuid END
			UNION ALL
			SELECT 3, 0, c.id FROM channels c WHERE c.slug = f.channel
			UNION ALL
			SELECT 4, 0, c.id FROM channels c WHERE c.sort_name = ANY(ARRAY(SELECT immutable_unaccent(lower(name)) FROM unnest(f.names) name))
		) m
		WHERE f.import_id = @import AND f.number BETWEEN @first AND @last AND f.programmes > 0
		ORDER BY f.number, m.step, m.place, m.id`
	rows, err := tx.Query(ctx, q, pgx.NamedArgs{"import": row.ID, "within": row.ChannelIDs,
		"first": batch[0].Number, "last": batch[len(batch)-1].Number})
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[match])
	found := map[int32][]match{}
	for _, m := range all {
		found[m.Number] = append(found[m.Number], m)
	}
	return found, err
}

// storeTargets notes what the feed's channels are, and that this is known.
func storeTargets(ctx context.Context, tx pgx.Tx, id uuid.UUID, found []*resolution) error {
	const q = `
		UPDATE epg_import_channels c SET targets = t.targets::uuid[]
		FROM unnest($2::int[], $3::text[]) t(number, targets) WHERE c.import_id = $1 AND c.number = t.number`
	for batch := range slices.Chunk(found, resolveBatch) {
		var numbers []int32
		var targets []string
		for _, r := range batch {
			if len(r.targets) > 0 {
				numbers, targets = append(numbers, r.Number), append(targets, idList(r.targets))
			}
		}
		if _, err := tx.Exec(ctx, q, id, numbers, targets); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `UPDATE epg_imports SET resolved = true WHERE id = $1`, id)
	return err
}

// idList writes ids as an array of Postgres: unnest takes no array of arrays of several lengths.
func idList(of []match) string {
	text := []byte{'{'}
	for i, m := range of {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, m.ID.String()...)
	}
	return string(append(text, '}'))
}
