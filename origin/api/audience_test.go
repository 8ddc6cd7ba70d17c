package api_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/shared/wire"
)

// planA has a filter that leaves out the note "a".
var planA = uuid.MustParse("0190a6e0-0000-7000-8000-0000000000aa")

// filtered keeps the plans' filters in a table of its own.
func (b *bundle) filtered() {
	b.Exec(`CREATE TABLE filters (plan uuid PRIMARY KEY, filter text NOT NULL)`)
	b.Exec(`INSERT INTO filters VALUES ($1, 'a')`, planA)
	b.Server.PlanFilter = func(ctx context.Context, tx pgx.Tx, plan uuid.UUID) (string, error) {
		var filter string
		err := tx.QueryRow(ctx, `SELECT filter FROM filters WHERE plan = $1`, plan).Scan(&filter)
		if errors.Is(err, pgx.ErrNoRows) {
			return "", nil
		}
		return filter, err
	}
}

func titles(t *testing.T, a *apitest.Answer) string {
	t.Helper()
	var page api.Paged[Note]
	a.Decode(&page)
	all := ""
	for _, n := range page.Data {
		all += n.Title
	}
	return all
}

func TestPlansAreFiltered(t *testing.T) {
	b := setup(t)
	b.filtered()
	note, _ := b.created(`{"title": "a"}`)
	b.created(`{"title": "b"}`)
	f := func(what, want string, a *apitest.Answer) {
		t.Helper()
		if got := titles(t, a.Want(200)); got != want {
			t.Errorf("%s sees %q, want %q", what, got, want)
		}
	}
	for plan, want := range map[string]string{"": "ab", planA.String(): "b", strings.ToUpper(planA.String()): "b", idB: "ab"} {
		f("an edge for "+plan, want, b.Ask("/internal/fill/v2/notes", map[string]string{wire.Plan: plan}))
		f("a viewer of "+plan, want, b.Do(apitest.Request{Method: "GET", Path: "/v2/notes", Access: "viewer+" + plan}))
	}
	f("a viewer of a plan of another system", "ab", b.Do(apitest.Request{Method: "GET", Path: "/v2/notes", Access: "viewer+gold"}))
	b.Ask("/internal/fill/v2/notes/"+note.ID.String(), map[string]string{wire.Plan: planA.String()}).Want(404)
	b.Do(apitest.Request{Method: "GET", Path: "/v2/notes/" + note.ID.String(), Access: "viewer+" + planA.String()}).Want(200) // varies by nothing
	for _, bad := range []string{"gold", planA.String() + "," + idB, "{" + planA.String() + "}"} {
		b.Ask("/internal/fill/v2/notes", map[string]string{wire.Plan: bad}).Want(400)
	}
	b.Server.PlanFilter = func(context.Context, pgx.Tx, uuid.UUID) (string, error) { return "", errors.New("no table") }
	b.Ask("/internal/fill/v2/notes", map[string]string{wire.Plan: planA.String()}).Want(500)
	b.Do(apitest.Request{Method: "GET", Path: "/v2/notes", Access: "viewer+" + planA.String()}).Want(500)
}

// A class is answered only while the map in which it was found holds: a plan that stood for one filter may stand for another.
func TestOutdatedClasses(t *testing.T) {
	b := setup(t)
	b.filtered()
	b.created(`{"title": "a"}`)
	ask := func(pos uint64, more map[string]string) *apitest.Answer {
		header := map[string]string{wire.ClassPos: strconv.FormatUint(pos, 10)}
		maps.Copy(header, more)
		return b.Ask("/internal/fill/v2/notes", header)
	}
	ofPlan := map[string]string{wire.Plan: planA.String()}
	for i, tag := range []string{"!filters", "filters", "!geo", "geo"} {
		found := b.Head()
		ask(found, ofPlan).Want(200)
		b.hook(func(_ context.Context, w *api.Write) error {
			if name, hard := strings.CutPrefix(tag, "!"); hard {
				w.EmitHard(name)
			} else {
				w.Emit(name)
			}
			return nil
		})
		b.created(`{"title": "other` + strconv.Itoa(i) + `"}`)
		if !slices.Contains(b.TagsSince(found), tag) {
			t.Fatalf("emitted %q", b.TagsSince(found))
		}
		for _, more := range []map[string]string{nil, ofPlan} {
			if a := ask(found, more).Want(409); a.Header.Get(wire.Pos) != strconv.FormatUint(b.Head(), 10) {
				t.Errorf("%s: an edge is told of position %q", tag, a.Header.Get(wire.Pos))
			}
			ask(b.Head(), more).Want(200)
		}
		b.hook(func(context.Context, *api.Write) error { return nil })
		found = b.Head()
		b.created(`{"title": "more` + strconv.Itoa(i) + `"}`)
		ask(found, ofPlan).Want(200)
	}
}

// Questions for viewers of different plans don't share a flight.
func TestFillsOfPlansDontJoin(t *testing.T) {
	b := setup(t)
	b.filtered()
	note, _ := b.created(`{"title": "a"}`)
	path := "/internal/fill/v2/notes/" + note.ID.String()
	under, release, filtered := make(chan struct{}), make(chan struct{}), make(chan int, 1)
	hold := func() {
		b.notes.during.Store(nil)
		close(under)
		<-release
	}
	b.notes.during.Store(&hold)
	go func() { filtered <- b.Ask(path, map[string]string{wire.Plan: planA.String()}).Status }()
	<-under
	everything := b.Ask(path, nil).Status
	close(release)
	if got := <-filtered; got != 404 || everything != 200 {
		t.Errorf("with the filter %d, without %d", got, everything)
	}
}
