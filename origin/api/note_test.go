package api_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/origin/pgdb"
	"encora/shared/fault"
	"encora/shared/op"
	"encora/shared/token"
)

// Note is the object of these tests' own small domain: it has a field of each kind.
type Note struct {
	ID        uuid.UUID         `json:"id"`
	Title     string            `json:"title"`
	Text      *string           `json:"text"`
	Rating    int               `json:"rating"`
	Score     float64           `json:"score"`
	Pinned    bool              `json:"pinned"`
	Kind      string            `json:"kind"`
	Tags      []string          `json:"tags"`
	Parts     []Part            `json:"parts"`
	Labels    map[string]string `json:"labels"`
	StartsAt  *time.Time        `json:"starts_at"`
	ParentID  *uuid.UUID        `json:"parent_id"`
	UpdatedAt time.Time         `json:"updated_at"`
}

// Location implements api.Located.
func (n Note) Location() string { return "/v2/notes/" + n.ID.String() }

// Part is an object within one.
type Part struct {
	Name string `json:"name" minLength:"1" maxLength:"10"`
	Size int    `json:"size,omitempty" minimum:"0" maximum:"9"`
}

// NoteWrite is what writes say of a note.
type NoteWrite struct {
	ID       *uuid.UUID              `json:"id,omitempty"`
	Title    string                  `json:"title" minLength:"1" maxLength:"10"`
	Text     api.Optional[string]    `json:"text,omitempty"`
	Rating   int                     `json:"rating,omitempty" minimum:"0" maximum:"5"`
	Score    float64                 `json:"score,omitempty" exclusiveMinimum:"-1" multipleOf:"0.5"`
	Views    int64                   `json:"views,omitempty"` // not kept
	Pinned   bool                    `json:"pinned,omitempty"`
	Kind     string                  `json:"kind,omitempty" enum:"short,long"`
	Tags     []string                `json:"tags,omitempty" maxItems:"3" maxLength:"4"`
	Parts    []Part                  `json:"parts,omitempty"`
	Labels   map[string]string       `json:"labels,omitempty"`
	StartsAt api.Optional[time.Time] `json:"starts_at,omitempty"`
	ParentID api.Optional[uuid.UUID] `json:"parent_id,omitempty"`
}

// Faults implements api.Checked: some words are not to be used.
func (b *NoteWrite) Faults() []fault.Detail {
	var all []fault.Detail
	bad := func(field, text string) {
		if text == "bad" {
			all = append(all, fault.Detail{Field: field, Code: "rude", Message: "This word is rude."})
		}
	}
	if b.Text.Value != nil {
		bad("text", *b.Text.Value)
	}
	for i, tag := range b.Tags {
		bad(fmt.Sprintf("tags[%d]", i), tag)
	}
	for i, p := range b.Parts {
		bad(fmt.Sprintf("parts[%d].name", i), p.Name)
	}
	if b.Pinned && b.Kind == "" {
		all = append(all, fault.Detail{Field: "kind", Code: "required", Message: "What is pinned must be of a kind."})
	}
	return all
}

// Sort is a type of text of its own, as enums often are.
type Sort string

// Filters has a parameter of each kind.
type Filters struct {
	Q       string      `query:"q" maxLength:"5"`
	Sort    Sort        `query:"sort" enum:"title,-title"`
	Rating  *int        `query:"rating" minimum:"0" maximum:"5"`
	Score   float64     `query:"score" minimum:"0.5"`
	Pinned  *bool       `query:"pinned"`
	Kinds   []string    `query:"kinds" enum:"short,long" maxItems:"2"`
	Parents []uuid.UUID `query:"parents" maxItems:"3"`
	Sizes   []int       `query:"sizes" minimum:"0" maximum:"9"`
	From    *time.Time  `query:"from"`
	Parent  *uuid.UUID  `query:"parent"`
	Device  string      `header:"X-Device-Id" maxLength:"8"`
}

type listIn struct {
	api.Paging
	api.Sparse
	Filters
}

type noteID struct {
	NoteID uuid.UUID `path:"note_id"`
}

type getIn struct {
	noteID
	api.Sparse
}

type createIn struct{ Body NoteWrite }

type rehearseIn struct {
	DryRun bool     `query:"dry_run"`
	Tags   []string `query:"tags"`
	Body   NoteWrite
}

type putIn struct {
	noteID
	Check bool `query:"check"`
	Body  NoteWrite
}

type askIn struct {
	Body struct {
		Titles []string `json:"titles" maxItems:"2"`
	} `required:"false"`
}

// notes is the domain. before runs in each write once it has its row, and may hold or break it.
type notes struct {
	before atomic.Pointer[func(ctx context.Context, w *api.Write) error]
	seen   atomic.Pointer[listIn]
	during atomic.Pointer[func()] // runs in each get, inside its snapshot
}

func (d *notes) hook(f func(context.Context, *api.Write) error) { d.before.Store(&f) }

// bundle serves notes.
type bundle struct {
	*apitest.Bundle
	*notes
	t   *testing.T
	log *log
}

func setup(t *testing.T) *bundle {
	t.Helper()
	t.Parallel()
	d, l := &notes{}, &log{}
	b := &bundle{apitest.New(t, func(b *apitest.Bundle) []api.Entry {
		b.Server.Log = slog.New(slog.NewTextHandler(l, nil))
		verify := b.Server.Verify
		b.Server.Verify = func(raw []byte) (*token.Claims, error) { return subject(verify, raw) }
		return d.entries()
	}), d, t, l}
	b.Exec(`CREATE TABLE notes (id uuid PRIMARY KEY, title text NOT NULL CONSTRAINT notes_title UNIQUE, text text, rating int NOT NULL,
		score float8 NOT NULL, pinned bool NOT NULL, kind text NOT NULL, tags text[] NOT NULL, parts jsonb NOT NULL, labels jsonb NOT NULL,
		starts_at timestamptz, parent_id uuid, updated_at timestamptz NOT NULL)`)
	return b
}

// subject takes "NAME/scopes" for the token of another subject.
func subject(verify func([]byte) (*token.Claims, error), raw []byte) (*token.Claims, error) {
	name, rest, other := strings.Cut(string(raw), "/")
	switch {
	case string(raw) == "nokeys":
		return nil, fmt.Errorf("verify: %w", token.ErrNoKeys)
	case !other:
		return verify(raw)
	}
	c, err := verify([]byte(rest))
	if err == nil {
		c.Subject = name
	}
	return c, err
}

const (
	reader = "content:read"
	writer = "content:read content:write content:publish"
)

func (d *notes) entries() []api.Entry {
	return []api.Entry{
		api.Get("listNotes", "/v2/notes", op.Viewer, d.list).PerAudience().Documented("Notes", "List Notes", ""),
		api.Get("getNote", "/v2/notes/{note_id}", op.Viewer, d.get).Documented("Notes", "Get Note", ""),
		api.Get("publicNotes", "/v2/public/notes", op.Public, d.list).Shared(10).Documented("Notes", "Public Notes", ""),
		api.Get("adminListNotes", "/v2/admin/notes", "content:read", d.adminList).Documented("Notes", "List Notes", ""),
		api.Get("adminGetNote", "/v2/admin/notes/{note_id}", "content:read", d.get).Documented("Notes", "Get Note", ""),
		api.Post("createNote", "/v2/admin/notes", "content:write", d.create).Documented("Notes", "Create Note", ""),
		api.Put("putNote", "/v2/admin/notes/{note_id}", "content:write", d.put).Documented("Notes", "Put Note", ""),
		api.Delete("deleteNote", "/v2/admin/notes/{note_id}", "content:write", d.delete).Documented("Notes", "Delete Note", ""),
		api.Act("pinNote", "/v2/admin/notes/{note_id}/pin", "content:publish", d.pin).Documented("Notes", "Pin Note", ""),
		api.Post("careless", "/v2/admin/careless", "content:write", d.careless),
		api.Post("rehearse", "/v2/admin/rehearse", "content:write", d.rehearse),
		api.Ask("askNotes", "/v2/notes/ask", op.Viewer, d.ask).Documented("Notes", "Ask Notes", ""),
		api.Get("panic", "/v2/panic", op.Public, func(context.Context, *api.Read, *api.None) (Note, error) { panic("inner text") }),
		api.Get("untagged", "/v2/untagged", op.Public, func(context.Context, *api.Read, *api.None) (Note, error) { return Note{}, nil }),
		passed(api.Get("passedNote", "/v2/passed/{note_id}", op.Viewer, d.get)),
		api.Get("broken", "/v2/broken", op.Public, d.broken),
		api.Plain("hello", "/v2/hello", op.Both, nil, func(*http.Request) api.Document { return api.JSON(200, "hello") }),
		api.Internal("countNotes", "/internal/notes", d.count),
	}
}

// passed marks an operation that edges pass on.
func passed(e api.Entry) api.Entry {
	e.Serve = op.Pass
	return e
}

func (d *notes) broken(ctx context.Context, r *api.Read, _ *api.None) (Note, error) {
	_, err := r.Exec(ctx, `SELECT secret_column`)
	return Note{}, err
}

func (d *notes) count(ctx context.Context, r *api.Read, _ *api.None) (api.List[int], error) {
	var n int
	err := r.QueryRow(ctx, `SELECT count(*) FROM notes`).Scan(&n)
	r.Tag("notes")
	return api.List[int]{Data: []int{n}}, err
}

const columns = `id, title, text, rating, score, pinned, kind, tags, parts, labels, starts_at, parent_id, updated_at`

// page leaves out the note that has the filter's text as its title.
func (d *notes) page(ctx context.Context, r *api.Read, in *listIn) (api.Paged[Note], error) {
	d.seen.Store(in)
	var after string
	if _, err := r.After(in.Paging, &after); err != nil {
		return api.Paged[Note]{}, err
	}
	rows, err := r.Query(ctx, `SELECT `+columns+` FROM notes WHERE title > $1 AND strpos(title, $2) > 0 AND title <> $4 ORDER BY title LIMIT $3`,
		after, in.Q, in.Limit+1, r.Filter)
	if err != nil {
		return api.Paged[Note]{}, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[Note])
	return api.PageOf(r, in.Paging, found, func(n Note) any { return n.Title }), err
}

// list changes by the clock when a note starts: notes show once they have started.
func (d *notes) list(ctx context.Context, r *api.Read, in *listIn) (api.Paged[Note], error) {
	var next *time.Time
	if err := r.QueryRow(ctx, `SELECT min(starts_at) FROM notes WHERE starts_at > $1`, r.AsOf).Scan(&next); err != nil {
		return api.Paged[Note]{}, err
	}
	r.Tag("notes")
	r.Until(next)
	return d.page(ctx, r, in)
}

func (d *notes) adminList(ctx context.Context, r *api.Read, in *listIn) (api.Counted[Note], error) {
	p, err := d.page(ctx, r, in)
	return p.Count(len(p.Data)), err
}

func (d *notes) get(ctx context.Context, r *api.Read, in *getIn) (Note, error) {
	if during := d.during.Load(); during != nil {
		(*during)()
	}
	r.Tag("note:" + in.NoteID.String())
	n, err := one(ctx, r, in.NoteID)
	if err == nil && r.Filter == n.Title {
		err = fault.Missing()
	}
	if err == nil {
		r.Until(n.StartsAt)
	}
	return n, err
}

type querier interface {
	Query(ctx context.Context, q string, args ...any) (pgx.Rows, error)
}

func one(ctx context.Context, tx querier, id uuid.UUID) (Note, error) {
	rows, err := tx.Query(ctx, `SELECT `+columns+` FROM notes WHERE id = $1`, id)
	if err != nil {
		return Note{}, err
	}
	n, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Note])
	if errors.Is(err, pgx.ErrNoRows) {
		return n, fault.Missing()
	}
	return n, err
}

func (d *notes) create(ctx context.Context, w *api.Write, in *createIn) (Note, error) {
	n := Note{ID: uuid.Must(uuid.NewV7())}
	n.take(&in.Body, w.Now)
	if err := w.Check(nil, n.faults()...); err != nil {
		return Note{}, err
	}
	return n, d.store(ctx, w, n, "note.created")
}

func (d *notes) rehearse(ctx context.Context, w *api.Write, in *rehearseIn) (Note, error) {
	return d.create(ctx, w, &createIn{in.Body})
}

func (d *notes) put(ctx context.Context, w *api.Write, in *putIn) (Note, error) {
	before, err := one(ctx, w, in.NoteID)
	if err != nil {
		return Note{}, err
	}
	n := Note{ID: before.ID}
	n.take(&in.Body, w.Now)
	own := n.faults()
	if in.Body.ID != nil && *in.Body.ID != n.ID {
		own = append(own, fault.Detail{Field: "id", Code: "mismatch", Message: "The path names another note."})
	}
	if err := w.Check(before, own...); err != nil {
		return Note{}, err
	}
	return n, d.store(ctx, w, n, "note.updated")
}

func (d *notes) pin(ctx context.Context, w *api.Write, in *noteID) (Note, error) {
	n, err := one(ctx, w, in.NoteID)
	if err != nil {
		return Note{}, err
	}
	if err := w.Check(n); err != nil {
		return Note{}, err
	}
	n.Pinned = true
	return n, d.store(ctx, w, n, "note.pinned")
}

func (d *notes) delete(ctx context.Context, w *api.Write, in *noteID) (api.None, error) {
	n, err := one(ctx, w, in.NoteID)
	if err != nil {
		return api.None{}, err
	}
	if err := w.Check(n); err != nil {
		return api.None{}, err
	}
	w.Audit("note.deleted", "note", n.ID, nil)
	w.EmitHard("note:" + n.ID.String())
	_, err = w.Exec(ctx, `DELETE FROM notes WHERE id = $1`, n.ID)
	return api.None{}, err
}

// careless writes without Check.
func (d *notes) careless(ctx context.Context, w *api.Write, in *createIn) (Note, error) {
	n := Note{ID: uuid.Must(uuid.NewV7())}
	n.take(&in.Body, w.Now)
	return n, d.store(ctx, w, n, "note.created")
}

func (d *notes) ask(ctx context.Context, r *api.Read, in *askIn) (api.List[string], error) {
	rows, err := r.Query(ctx, `SELECT title FROM notes WHERE title = ANY($1) ORDER BY title`, in.Body.Titles)
	if err != nil {
		return api.List[string]{}, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return api.List[string]{Data: append([]string{}, found...)}, err
}

func (n *Note) take(b *NoteWrite, now time.Time) {
	n.Title, n.Text, n.Rating, n.Score, n.Pinned, n.Kind = b.Title, b.Text.Value, b.Rating, b.Score, b.Pinned, b.Kind
	n.Tags, n.Parts, n.Labels = append([]string{}, b.Tags...), append([]Part{}, b.Parts...), maps.Clone(b.Labels)
	if n.Labels == nil {
		n.Labels = map[string]string{}
	}
	n.StartsAt, n.ParentID, n.UpdatedAt = b.StartsAt.Value, b.ParentID.Value, now
}

// faults is the domain's own rule: a title must not be shouted, and must be there.
func (n *Note) faults() []fault.Detail {
	if n.Title == "" || n.Title != strings.ToLower(n.Title) {
		return []fault.Detail{{Field: "title", Code: "shouted", Message: "Titles are in lower case."}}
	}
	return nil
}

func (d *notes) store(ctx context.Context, w *api.Write, n Note, action string) error {
	if before := d.before.Load(); before != nil {
		if err := (*before)(ctx, w); err != nil {
			return err
		}
	}
	const q = `INSERT INTO notes (` + columns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (id) DO UPDATE SET title = $2, text = $3, rating = $4, score = $5, pinned = $6, kind = $7, tags = $8, parts = $9,
		labels = $10, starts_at = $11, parent_id = $12, updated_at = $13`
	_, err := w.Exec(ctx, q, n.ID, n.Title, n.Text, n.Rating, n.Score, n.Pinned, n.Kind, n.Tags, n.Parts, n.Labels, n.StartsAt, n.ParentID, n.UpdatedAt)
	if pgdb.Violates(err, "notes_title") {
		return fault.New(fault.Conflict, "Another note has this title.")
	}
	w.Audit(action, "note", n.ID, nil)
	w.Emit("notes", "note:"+n.ID.String())
	return err
}
