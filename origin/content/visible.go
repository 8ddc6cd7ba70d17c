package content

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/filter"
	"encora/origin/pgdb"
	"encora/shared/fault"
	"encora/shared/wire"
)

// Query selects titles t: by what they are, and by who asks. It is the one place that says who may see what.
type Query struct {
	pgdb.Filters // but for the window
	window       string
	asOf         time.Time
	searched     bool // there is a condition on the text
}

// The window's two readings, at @as_of.
const (
	// What lists and rails show, and what counts.
	openNow = " AND t.available_from <= @as_of AND t.available_until > @as_of"
	// What is found and shown alone: what will open is there as upcoming.
	notOver = " AND t.available_until > @as_of"
)

// undenied is true of what no rule of @deny hides. Under NOT ( … OR … ) Postgres asks it of each row, or by a hash table of all that
// is attached: joined it would be, when a rule was just attached to thousands and the statistics know of none, a loop over all of
// them for each row.
const undenied = `NOT (EXISTS (SELECT FROM geo_attachments a WHERE a.content_id = t.id AND a.rule_id = ANY(@deny))
	OR t.parent_id IS NOT NULL AND EXISTS (SELECT FROM geo_attachments a WHERE a.content_id = t.parent_id AND a.rule_id = ANY(@deny)))`

// Listed selects the titles of the kinds that the viewer sees in lists: published, inside their windows, with no rule that
// denies the viewer's country, theirs or their show's, and in the viewer's plan.
func Listed(r *api.Read, kinds ...string) *Query { return visible(r, openNow, kinds).tagged(r, kinds) }

// Found is Listed with what is scheduled.
func Found(r *api.Read, kinds ...string) *Query { return visible(r, notOver, kinds).tagged(r, kinds) }

// Parts is Listed for parts of one title, which the read is tied to already (Visible): what changes a part, changes its whole.
func Parts(r *api.Read, kind string) *Query {
	tagFilter(r)
	return visible(r, openNow, []string{kind})
}

// Corpus selects a part of what all viewers together find.
func Corpus(r *api.Read, part int) *Query {
	q := All(r, Titles...)
	q.And("t.published")
	q.And("get_byte(uuid_send(t.id), 15) % "+strconv.Itoa(wire.SuggestParts)+" = @part", "part", part)
	q.window = notOver
	return q
}

// All selects the titles of the kinds whatever their state, for editors.
func All(r *api.Read, kinds ...string) *Query {
	q := &Query{asOf: r.AsOf}
	switch len(kinds) {
	case 1: // an index has the order of one kind, of several not
		q.And("t.content_type = @kind", "kind", kinds[0])
	case len(Titles): // no index is to look them up one by one
		q.And("t.content_type <> 'collection'")
	default:
		q.And("t.content_type = ANY(@kinds)", "kinds", kinds)
	}
	return q
}

func visible(r *api.Read, window string, kinds []string) *Query {
	q := All(r, kinds...)
	q.window = window
	q.And("t.published")
	if len(r.Deny) > 0 {
		q.And(undenied, "deny", r.Deny)
	}
	if len(kinds) != 1 || kinds[0] != Collection { // which shows what of it is in the plan
		q.Matching(r.Filter, "plan")
	}
	return q
}

// tagged ties the read to what changes which titles there are.
func (q *Query) tagged(r *api.Read, kinds []string) *Query {
	for _, kind := range kinds {
		r.Tag(TagList(kind))
	}
	tagFilter(r)
	return q
}

// tagFilter ties the read to the addresses that its plan's filter names genres by.
func tagFilter(r *api.Read) {
	if r.Filter != "" {
		r.Tag(TagSlugs)
	}
}

// Matching keeps what a plan's filter lets through, and whose show it lets through. name tells its arguments from other
// filters'.
func (q *Query) Matching(text, name string) {
	if text == "" {
		return
	}
	q.Selecting(text, name)
	if f, problems := filter.Compile(text); len(problems) == 0 {
		parents, args := f.SQL("p", name+"_p")
		q.With("(t.parent_id IS NULL OR EXISTS (SELECT 1 FROM titles p WHERE p.id = t.parent_id AND ("+parents+")))", args)
	}
}

// Selecting keeps what a filter selects. One that is none any more, because the language has changed since it was stored,
// selects nothing.
func (q *Query) Selecting(text, name string) {
	f, problems := filter.Compile(text)
	if len(problems) > 0 {
		q.And("false")
		return
	}
	condition, args := f.SQL("t", name)
	q.With("("+condition+")", args)
}

// Where renders the conditions, each with AND before it.
func (q *Query) Where() string { return q.Filters.Where() + q.window }

// Args is a copy of the arguments, with room for the caller's own.
func (q *Query) Args() pgx.NamedArgs {
	args := q.Filters.Args()
	args["as_of"] = q.asOf
	return args
}

// Of keeps one kind's titles that are part of another: episodes of a show, of a season.
func (q *Query) Of(column string, id uuid.UUID) { q.And("t."+column+" = @of", "of", id) }

// Clock tells the read when the clock alone changes what the query selects: the first instant at which a title of its
// filters enters or leaves its window.
func (q *Query) Clock(ctx context.Context, r *api.Read) error {
	at, err := q.nextInstant(ctx, r)
	r.Until(at)
	return err
}

func (q *Query) nextInstant(ctx context.Context, tx pgx.Tx) (*time.Time, error) {
	where := q.Filters.Where()
	s := `SELECT least(
		(SELECT t.available_from FROM titles t
		 WHERE t.published AND t.available_from > '-infinity' AND t.available_from > @as_of` + where + ` ORDER BY t.available_from LIMIT 1),
		(SELECT t.available_until FROM titles t
		 WHERE t.published AND t.available_until < 'infinity' AND t.available_until > @as_of` + where + ` ORDER BY t.available_until LIMIT 1))`
	var at *time.Time
	err := tx.QueryRow(ctx, s, q.Args()).Scan(&at)
	return at, err
}

// Visible is fault.Missing unless the viewer may see the detail of the title, of one of the kinds: what is scheduled shows as
// upcoming. It tags the answer, the absent one too, and says until when the clock lets it be. It returns the title's kind.
func Visible(ctx context.Context, r *api.Read, id uuid.UUID, kinds ...string) (string, error) {
	for _, kind := range kinds {
		r.Tag(Tag(kind, id))
	}
	var kind string
	var parent *uuid.UUID
	var published bool
	var from, until *time.Time
	const bare = `
		SELECT content_type, parent_id, published, nullif(available_from, '-infinity'), nullif(available_until, 'infinity')
		FROM titles WHERE id = $1 AND content_type = ANY($2)`
	err := r.QueryRow(ctx, bare, id, kinds).Scan(&kind, &parent, &published, &from, &until)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", fault.Missing()
	}
	if err != nil {
		return "", err
	}
	tagWhole(r, parent)
	if !published {
		return "", fault.Missing()
	}
	r.Until(from, until)
	return kind, seen(ctx, r, id, kind)
}

// tagWhole ties the answer about a part, or that it is absent, to what it is part of.
func tagWhole(r *api.Read, whole *uuid.UUID) {
	if whole != nil {
		r.Tag(Tag(Show, *whole))
	}
}

// seen applies the rule of what is found to one title.
func seen(ctx context.Context, r *api.Read, id uuid.UUID, kind string) error {
	tagFilter(r)
	q := visible(r, notOver, []string{kind})
	q.And("t.id = @id", "id", id)
	var there bool
	if err := r.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM titles t WHERE true`+q.Where()+`)`, q.Args()).Scan(&there); err != nil {
		return err
	}
	if !there {
		return fault.Missing()
	}
	return nil
}
