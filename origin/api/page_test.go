package api_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"encora/origin/api"
	"encora/origin/apitest"
)

// list asks for a page and returns the titles on it.
func (b *bundle) list(path, access string) ([]string, api.Meta) {
	b.t.Helper()
	var page struct {
		Data []Note
		Meta struct {
			api.Meta
			TotalCount int `json:"total_count"`
		}
	}
	a := b.Do(apitest.Request{Method: "GET", Path: path, Access: access}).Want(200)
	if err := json.Unmarshal(a.Body, &page); err != nil {
		b.t.Fatal(err)
	}
	titles := []string{}
	for _, n := range page.Data {
		titles = append(titles, n.Title)
	}
	return titles, page.Meta.Meta
}

func TestPages(t *testing.T) {
	b := setup(t)
	for i := range 7 {
		b.created(fmt.Sprintf(`{"title": "n%d"}`, i))
	}
	for path, access := range map[string]string{"/v2/notes": "viewer", "/v2/admin/notes": reader} {
		var all []string
		next := ""
		for page := range 4 {
			titles, meta := b.list(path+"?limit=3"+next, access)
			all = append(all, titles...)
			if last := page == 2; meta.HasMore == last || (meta.NextCursor == nil) != last || meta.Limit != 3 {
				t.Fatalf("%s page %d: %+v", path, page, meta)
			} else if last {
				break
			}
			next = "&cursor=" + *meta.NextCursor
			if page == 0 { // nothing is skipped or repeated while editors write
				b.created(fmt.Sprintf(`{"title": "a%d"}`, len(path)))
			}
		}
		if !slices.Contains(all, "n6") || len(all) != len(slices.Compact(slices.Clone(all))) || !slices.IsSorted(all) {
			t.Errorf("%s: %q", path, all)
		}
	}
	if titles, meta := b.list("/v2/notes?q=zzz", "viewer"); len(titles) != 0 || meta.HasMore || meta.Limit != 20 {
		t.Errorf("an empty page: %q %+v", titles, meta)
	}
	if a := b.Do(apitest.Request{Method: "GET", Path: "/v2/notes?q=zzz", Access: "viewer"}); string(a.Body) != `{"data":[],"meta":{"next_cursor":null,"has_more":false,"limit":20}}` {
		t.Errorf("%s", a.Body)
	}
	if a := b.Do(apitest.Request{Method: "GET", Path: "/v2/admin/notes?q=zzz", Access: reader}); string(a.Body) != `{"data":[],"meta":{"next_cursor":null,"has_more":false,"limit":20,"total_count":0}}` {
		t.Errorf("%s", a.Body)
	}
}

// A cursor belongs to the operation and the filters that it was made for, however they are spelled.
func TestCursorsAreBound(t *testing.T) {
	b := setup(t)
	for i := range 4 {
		b.created(fmt.Sprintf(`{"title": "n%d"}`, i))
	}
	_, meta := b.list("/v2/notes?limit=1&q=n&kinds=short,long&sort=title", "viewer")
	c := *meta.NextCursor
	for _, same := range []string{"sort=title&q=n&kinds=long&kinds=short", "kinds=long,short&q=n&sort=title&limit=2", "q=n&kinds=short,long&sort=title&fields=title&unknown=1",
		"limit=20&%71=n&kinds=short%2Clong&sort=title"} {
		if titles, _ := b.list("/v2/notes?"+same+"&cursor="+c, "viewer"); len(titles) == 0 || titles[0] != "n1" {
			t.Errorf("%s: %q", same, titles)
		}
	}
	f := func(path, access string) {
		t.Helper()
		a := b.Do(apitest.Request{Method: "GET", Path: path, Access: access}).Want(400)
		if d := a.Refused().Details; len(d) != 1 || d[0].Field != "cursor" {
			t.Errorf("%s: %s", path, a.Body)
		}
	}
	query := "?q=n&kinds=short,long&sort=title&cursor="
	f("/v2/notes?q=n&kinds=short,long&cursor="+c, "viewer")
	f("/v2/notes?q=n&kinds=short&sort=title&cursor="+c, "viewer")
	f("/v2/notes?q=m&kinds=short,long&sort=title&cursor="+c, "viewer")
	f("/v2/notes?q=n&kinds=short,long&sort=title&rating=1&cursor="+c, "viewer")
	f("/v2/admin/notes"+query+c, reader)
	f("/v2/public/notes"+query+c, "")
	for i := range len(c) {
		f("/v2/notes"+query+c[:i]+strings.Map(func(r rune) rune {
			if r == 'A' {
				return 'B'
			}
			return 'A'
		}, c[i:i+1])+c[i+1:], "viewer")
	}
	for _, bad := range []string{c[:len(c)-1], c + "A", c + "=", "%20" + c, c + "%0A", "null", "eyJ0Ijoibn0", strings.ToUpper(c)} {
		f("/v2/notes"+query+bad, "viewer")
	}
}

func TestSparseFieldsets(t *testing.T) {
	b := setup(t)
	n, _ := b.created(`{"title": "a", "text": "<b>", "rating": 3}`)
	f := func(path, access, want string) {
		t.Helper()
		a := b.Do(apitest.Request{Method: "GET", Path: path, Access: access}).Want(200)
		if string(a.Body) != want {
			t.Errorf("%s: %s", path, a.Body)
		}
	}
	for path, access := range map[string]string{"/v2/notes": "viewer", "/v2/admin/notes": reader} {
		f(path+"/"+n.ID.String()+"?fields=title,rating", access, `{"rating":3,"title":"a"}`)
		f(path+"/"+n.ID.String()+"?fields=rating&fields=title,title", access, `{"rating":3,"title":"a"}`)
		f(path+"/"+n.ID.String()+"?fields=text", access, `{"text":"<b>"}`)
	}
	f("/v2/notes?fields=title", "viewer", `{"data":[{"title":"a"}],"meta":{"next_cursor":null,"has_more":false,"limit":20}}`)
	f("/v2/admin/notes?fields=title", reader, `{"data":[{"title":"a"}],"meta":{"next_cursor":null,"has_more":false,"limit":20,"total_count":1}}`)
	for _, bad := range []string{"nothing", "title,nothing", "Title", "title.x", "data", "*", "ID", "parts.name", "-"} {
		a := b.Do(apitest.Request{Method: "GET", Path: "/v2/notes?fields=" + bad, Access: "viewer"}).Want(400)
		if d := a.Refused().Details; len(d) != 1 || d[0].Field != "fields" {
			t.Errorf("%s: %s", bad, a.Body)
		}
	}
}
