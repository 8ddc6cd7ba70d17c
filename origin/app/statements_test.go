package app

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"encora/origin/apitest"
	"encora/origin/curation"
	"encora/shared/conf"
)

// furnished is an origin with the demo's catalogue, collections and home screen.
func furnished(t *testing.T) *origin {
	t.Helper()
	o := startOrigin(t)
	demo := seed{database: database{conf.Secret(o.DB.Pool().Config().ConnString())}, Demo: true}
	if err := demo.Run(t.Context(), &program{out: t.Output(), log: slog.New(slog.NewTextHandler(t.Output(), nil))}); err != nil {
		t.Fatal(err)
	}
	return o
}

// statements are how many an answer takes, and how many items it has.
func (o *origin) statements(path string) (taken, items int) {
	access := "viewer@FR"
	if strings.HasPrefix(path, "/v2/admin/") {
		access = "content:read"
	}
	var answer struct {
		Data  []json.RawMessage `json:"data"`
		Refs  []json.RawMessage `json:"item_refs"`
		Rails []curation.HomeRail
	}
	taken = o.Statements.During(func() {
		a := o.Do(apitest.Request{Method: "GET", Path: path, Access: access}).Want(200)
		if err := json.Unmarshal(a.Body, &answer); err != nil {
			panic(err)
		}
	})
	for _, r := range answer.Rails {
		items += len(r.Items)
	}
	return taken, items + len(answer.Data) + len(answer.Refs)
}

// first is the first text that a query selects.
func (o *origin) first(q string) string { return apitest.Column[string](o.Bundle, q)[0] }

// A page of a hundred asks the database as often as a page of one.
func TestPagesTakeAsManyStatementsWhateverTheirLength(t *testing.T) {
	t.Parallel()
	o := furnished(t)
	compare := func(short, long string) {
		t.Helper()
		one, few := o.statements(short)
		hundred, more := o.statements(long)
		if t.Logf("%s: %d statements for %d items, %d for %d", long, one, few, hundred, more); one != hundred {
			t.Errorf("%s: %d statements for %d items, %d for %d", long, one, few, hundred, more)
		}
		if few == more && !strings.Contains(long, nothing) {
			t.Errorf("%s: both pages have %d items", long, more)
		}
	}
	const bySize = `GROUP BY 1 ORDER BY count(*)`
	show := func(order string) string {
		return "/v2/shows/" + o.first(`SELECT show_id::text FROM seasons WHERE status <> 'draft' AND show_id IN (SELECT id FROM titles WHERE published) `+bySize+order)
	}
	collection := func(q string) string { return "/v2/collections/" + o.first(q) + "?" }
	compare(show("")+"/seasons", show(" DESC")+"/seasons") // all of them
	for _, path := range []string{
		"/v2/movies?", "/v2/movies?genre=drama&sort=-release_year&language=en&", "/v2/movies?q=the&",
		"/v2/movies/" + o.first(`SELECT id::text FROM titles WHERE content_type = 'movie' AND published ORDER BY slug`) + "/related?",
		"/v2/shows?", "/v2/shows?genre=comedy&sort=title&", show(" DESC") + "/seasons/1/episodes?", "/v2/channels?",
		"/v2/collections?", collection(`SELECT collection_id::text FROM collection_items ` + bySize + ` DESC`),
		collection(`SELECT id::text FROM collections WHERE query LIKE '%release_year%'`),
		"/v2/search?", "/v2/search?content_type=movie&genre=drama&language=en&", "/v2/search?q=" + nothing + "&", "/v2/recommendations/trending?",
		"/v2/admin/movies?", "/v2/admin/shows?", "/v2/admin/collections?",
	} {
		compare(path+"limit=1", path+"limit=100")
	}
}

// nothing is what no title is called.
const nothing = "zqzq+qzqz"

// A search reads on, from its best matches to those with typing errors, while its page is not full: never more often than that.
func TestSearchesTakeFewStatements(t *testing.T) {
	t.Parallel()
	o := furnished(t)
	const bound = 20
	for _, text := range []string{"t", "the", "the+the", nothing, "heat", "a+b+c+d+e+f+g", "%E6%9D%B1", "dramma"} {
		for _, limit := range []string{"1", "100"} {
			n, items := o.statements("/v2/search?q=" + text + "&limit=" + limit)
			if t.Logf("q=%s, limit=%s: %d statements for %d items", text, limit, n, items); n > bound {
				t.Errorf("q=%s, limit=%s: %d statements for %d items, want at most %d", text, limit, n, items, bound)
			}
		}
	}
}

// The home screen asks as often for rails of one item as for rails of fifty.
func TestHomeTakesAsManyStatementsWhateverItsRailsHold(t *testing.T) {
	t.Parallel()
	o := furnished(t)
	with := func(limit int) (int, int) {
		t.Helper()
		var l curation.HomeLayout
		o.edit("GET", "/v2/admin/home-layout", nil).Want(200).Decode(&l)
		for i := range l.Rails {
			l.Rails[i].Limit = limit
		}
		o.edit("PUT", "/v2/admin/home-layout", curation.HomeLayoutWrite{Rails: l.Rails}).Want(200)
		return o.statements("/v2/home")
	}
	one, few := with(1)
	fifty, more := with(50)
	if t.Logf("%d statements for %d items, %d for %d", one, few, fifty, more); one != fifty || few >= more {
		t.Errorf("%d statements for %d items, %d for %d", one, few, fifty, more)
	}
}
