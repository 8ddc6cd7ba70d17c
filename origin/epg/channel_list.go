package epg

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/content"
)

// operational keeps the channels, joined as x, of a status; "" keeps all.
func operational(q *content.Query, status string) {
	if status != "" {
		q.And("x.status = @status", "status", status)
	}
}

// category keeps the channels, joined as x, of the whole of one, in whatever case.
func category(q *content.Query, name string) {
	if name != "" {
		q.And("lower(x.category) = lower(@category)", "category", name)
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

// selectChannels reads a page of channels in their own order, which is by their places, numbers and names.
func selectChannels(ctx context.Context, r *api.Read, q *content.Query, p api.Paging) (api.Paged[channel], error) {
	var none api.Paged[channel]
	var after channelPosition
	more, err := r.After(p, &after)
	if err != nil {
		return none, err
	}
	const order = "x.sort_order, x.sort_number, x.sort_name, x.id"
	from := ""
	if more {
		from = " AND (" + order + ") > (@after_order::int, @after_number::int, @after_name::text, @after_id::uuid)"
	}
	s := `SELECT ` + channelColumns + ` FROM titles t JOIN channels x USING (id) WHERE true` + q.Where() + from + `
		ORDER BY ` + order + ` LIMIT @limit`
	args := q.Args()
	args["limit"], args["after_order"], args["after_number"] = p.Limit+1, after.SortOrder, after.Number
	args["after_name"], args["after_id"] = after.Name, after.ID
	rows, err := r.Query(ctx, s, args)
	if err != nil {
		return none, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[channel])
	return api.PageOf(r, p, found, channel.position), err
}

func countChannels(ctx context.Context, tx pgx.Tx, q *content.Query) (int, error) {
	var n int
	err := tx.QueryRow(ctx, `SELECT count(*) FROM titles t JOIN channels x USING (id) WHERE true`+q.Where(), q.Args()).Scan(&n)
	return n, err
}
