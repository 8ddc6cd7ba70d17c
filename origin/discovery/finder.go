package discovery

import (
	"context"
	"maps"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/content"
)

// finder finds pages of the titles that a query selects.
type finder struct {
	*content.Query
	r *api.Read
}

// position is where a found title stands: the cursor of a search.
type position struct {
	Tier       int       `json:"t"`
	Popularity int       `json:"p"`
	ID         uuid.UUID `json:"i"`
	Many       bool      `json:"m,omitempty"` // of its tier, from there on
}

// find returns what comes after a position, nil: from the beginning. What was found in spite of typing errors goes on so: the
// position tells, whatever has come to be found without them.
func (f *finder) find(ctx context.Context, text string, after *position, limit int) ([]position, error) {
	if text == "" {
		return f.through(ctx, []tier{{number: everything}}, after, limit)
	}
	words, err := wordsOf(ctx, f.r, text)
	if err != nil || len(words) == 0 { // a question without a word matches nothing
		return nil, err
	}
	if err := allow(ctx, f.r, false, "seqscan"); err != nil {
		return nil, err
	}
	if after == nil || after.Tier >= inText {
		rows, err := f.through(ctx, tiersOf(text, words), after, limit)
		if err != nil || len(rows) > 0 || after != nil {
			return rows, err
		}
	}
	words = content.Telling(words)
	known, err := wordsLike(ctx, f.r, words)
	if err != nil {
		return nil, err
	}
	return f.through(ctx, closeTiers(words, known), after, limit)
}

// through reads tier after tier until there is enough.
func (f *finder) through(ctx context.Context, tiers []tier, after *position, limit int) ([]position, error) {
	var all []position
	for _, t := range tiers {
		if after != nil && t.number > after.Tier || len(all) == limit {
			continue
		}
		from := after
		if from != nil && t.number < from.Tier {
			from = nil
		}
		rows, err := f.read(ctx, t, from, limit-len(all))
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	return all, nil
}

// many is how many titles of a tier make it quicker to walk the index of popularity, and look at each title, than to order
// what an index finds.
const many = 1_000

// read reads a tier. An index finds its titles without a look at them, and few are ordered in no time. Where they are many,
// a title that is found is never far on the walk.
func (f *finder) read(ctx context.Context, t tier, from *position, limit int) ([]position, error) {
	if t.number == everything { // what is quicker depends on the filters, of which the planner knows
		return f.walk(ctx, t, from, limit)
	}
	if from == nil || !from.Many {
		rows, n, err := f.collect(ctx, t, from, limit)
		if err != nil || n <= many {
			return rows, err
		}
	}
	if err := allow(ctx, f.r, false, "bitmapscan", "sort"); err != nil { // nor what any other index finds
		return nil, err
	}
	rows, err := f.walk(ctx, t, from, limit)
	if err != nil {
		return nil, err
	}
	return rows, allow(ctx, f.r, true, "bitmapscan", "sort")
}

// collect reads a tier unless there is too much of it. It returns how much there is, no more than one more than many.
func (f *finder) collect(ctx context.Context, t tier, from *position, limit int) ([]position, int, error) {
	where, args := f.conditions(t, from)
	args["most"], args["limit"] = many+1, limit
	q := `
		SELECT id, popularity, until, count(*) OVER () AS n FROM (
			SELECT t.id, t.popularity, nullif(t.available_until, 'infinity') AS until FROM titles t WHERE true` + where + ` LIMIT @most) found
		ORDER BY popularity DESC, id DESC LIMIT @limit`
	return f.rows(ctx, q, args, position{Tier: t.number})
}

// walk reads a tier in its order.
func (f *finder) walk(ctx context.Context, t tier, from *position, limit int) ([]position, error) {
	where, args := f.conditions(t, from)
	args["limit"] = limit
	q := `
		SELECT t.id, t.popularity, nullif(t.available_until, 'infinity') AS until, 0 AS n FROM titles t WHERE true` + where + `
		ORDER BY t.popularity DESC, t.id DESC LIMIT @limit`
	rows, _, err := f.rows(ctx, q, args, position{Tier: t.number, Many: true})
	return rows, err
}

// conditions are those of a tier's titles after a position.
func (f *finder) conditions(t tier, from *position) (string, pgx.NamedArgs) {
	where, args := f.Where(), f.Args()
	if t.keys != "" {
		where += " AND t.keys @@ @keys::tsquery"
		args["keys"] = t.keys
	}
	if t.text != "" {
		text := content.Query{}
		text.Text(t.text)
		where += text.Filters.Where() + " AND NOT (t.keys @@ @apart::tsquery)"
		maps.Copy(args, text.Filters.Args())
		args["apart"] = t.apart
	}
	if from != nil {
		where += " AND (t.popularity, t.id) < (@popularity, @id)"
		args["popularity"], args["id"] = from.Popularity, from.ID
	}
	return where, args
}

// rows reads positions like one, and how many there are. The clock changes a page by taking away a title that is on it, or the
// one that comes next: what will open is found already.
func (f *finder) rows(ctx context.Context, q string, args pgx.NamedArgs, like position) ([]position, int, error) {
	rows, err := f.r.Query(ctx, q, content.Planned, args)
	if err != nil {
		return nil, 0, err
	}
	var all []position
	var until *time.Time
	n := 0
	_, err = pgx.ForEachRow(rows, []any{&like.ID, &like.Popularity, &until, &n}, func() error {
		all = append(all, like)
		f.r.Until(until)
		return nil
	})
	return all, n, err
}

// allow says whether the planner may use some ways of reading. Most of what is searched lies outside of its table, which the
// planner does not know, and most words are too rare for its statistics.
func allow(ctx context.Context, tx pgx.Tx, may bool, ways ...string) error {
	const q = `SELECT set_config('enable_' || way, CASE WHEN $1 THEN 'on' ELSE 'off' END, true) FROM unnest($2::text[]) way`
	_, err := tx.Exec(ctx, q, may, ways)
	return err
}
