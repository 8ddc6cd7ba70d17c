package discovery

import (
	"context"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/content"
)

type autocompleteIn struct {
	api.Sparse
	Q     string `query:"q" required:"true" minLength:"1" maxLength:"100"`
	Limit int    `query:"limit" minimum:"1" maximum:"20" default:"10"`
}

// Completion is a title that somebody may mean who types.
type Completion struct {
	ContentType string    `json:"content_type" enum:"movie,show,episode,channel"`
	ID          uuid.UUID `json:"id"`
	Title       string    `json:"title"`
}

// autocomplete answers as edges do from the parts of the corpus: each word begins a word of a name. First come names that
// begin with all that was typed; then the more popular, then by name as folded.
func (d *Domain) autocomplete(ctx context.Context, r *api.Read, in *autocompleteIn) (api.List[Completion], error) {
	list := api.List[Completion]{Data: []Completion{}}
	r.Tag(content.TagPopularity)
	q := content.Found(r, content.Titles...)
	words, err := wordsOf(ctx, r, in.Q)
	if err != nil || len(words) == 0 {
		return list, err
	}
	if err := q.Clock(ctx, r); err != nil {
		return list, err
	}
	begins := prefix("=", cut(strings.Join(words, " ")))
	for _, keys := range []string{begins, but(every("~", words), begins)} {
		more, err := complete(ctx, r, q, keys, in.Limit-len(list.Data))
		if err != nil {
			return list, err
		}
		list.Data = append(list.Data, more...)
	}
	return list, nil
}

// complete reads titles whose keys meet a tsquery.
func complete(ctx context.Context, tx pgx.Tx, q *content.Query, keys string, limit int) ([]Completion, error) {
	args := q.Args()
	args["keys"], args["limit"] = keys, limit
	s := `
		SELECT t.content_type, t.id, t.title FROM titles t WHERE t.keys @@ @keys::tsquery` + q.Where() + `
		ORDER BY t.popularity DESC, replace(t.name, '-', ' ') COLLATE "C", t.id LIMIT @limit`
	rows, err := tx.Query(ctx, s, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Completion])
}
