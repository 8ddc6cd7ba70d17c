package epg

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/pgdb"
	"encora/origin/vocab"
)

// channelFilters is the WHERE of a list of channels c.
type channelFilters struct {
	pgdb.Filters
	searched bool // there is a condition on the text
}

// text adds full-text search: every word of q must begin a word of name, number, category or description.
func (f *channelFilters) text(q string) {
	words := vocab.Words(q)
	switch {
	case len(words) > 0:
		f.And("c.search @@ search_query(@words)", "words", words)
		f.searched = true
	case q != "":
		f.And("false") // a question without a word matches nothing
	}
}

func (f *channelFilters) status(status string) {
	if status != "" {
		f.And("c.status = @status", "status", status)
	}
}

// category is the whole of one, in whatever case.
func (f *channelFilters) category(name string) {
	if name != "" {
		f.And("lower(c.category) = lower(@category)", "category", name)
	}
}

// language finds en-GB for en, too.
func (f *channelFilters) language(tag string) {
	if tag != "" {
		f.And("(lower(c.language) = lower(@language) OR starts_with(lower(c.language), lower(@language) || '-'))", "language", tag)
	}
}

// visible keeps what is published and has no rule that denies the viewer's country.
func (f *channelFilters) visible(deny []uuid.UUID) {
	f.And("c.is_published")
	if len(deny) > 0 {
		f.And("NOT EXISTS (SELECT 1 FROM geo_attachments a WHERE a.content_id = c.id AND a.rule_id = ANY(@deny))", "deny", deny)
	}
}

// channelPosition is the cursor of a list: the last channel shown.
type channelPosition struct {
	SortOrder int       `json:"o"`
	Number    int       `json:"n"`
	Name      string    `json:"s"`
	ID        uuid.UUID `json:"i"`
}

func (c channel) position() any { return channelPosition{c.SortOrder, c.SortNumber, c.SortName, c.ID} }

// selectChannels reads one row more than the page holds. What a search finds is collected before it is ordered: else the
// planner may walk the order's index and compare one text after the other, to find nothing.
func selectChannels(ctx context.Context, r *api.Read, f *channelFilters, p api.Paging) ([]channel, error) {
	var after channelPosition
	more, err := r.After(p, &after)
	if err != nil {
		return nil, err
	}
	const order = "sort_order, sort_number, sort_name, id"
	keep, from := "NOT MATERIALIZED", ""
	if f.searched {
		keep = "MATERIALIZED"
	}
	if more {
		from = "WHERE (" + order + ") > (@after_order::int, @after_number::int, @after_name::text, @after_id::uuid)"
	}
	q := `
		WITH found AS ` + keep + ` (SELECT ` + order + ` FROM channels c WHERE true` + f.Where() + `),
		page AS (SELECT id FROM found ` + from + ` ORDER BY ` + order + ` LIMIT @limit)
		SELECT ` + channelColumns + ` FROM page JOIN channels c USING (id)
		ORDER BY c.sort_order, c.sort_number, c.sort_name, c.id`
	args := f.Args()
	args["limit"], args["after_order"], args["after_number"] = p.Limit+1, after.SortOrder, after.Number
	args["after_name"], args["after_id"] = after.Name, after.ID
	rows, err := r.Query(ctx, q, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[channel])
}

func countChannels(ctx context.Context, tx pgx.Tx, f *channelFilters) (int, error) {
	var n int
	err := tx.QueryRow(ctx, `SELECT count(*) FROM channels c WHERE true`+f.Where(), f.Args()).Scan(&n)
	return n, err
}
