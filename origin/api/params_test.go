package api_test

import (
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/apitest"
)

// ids are two UUIDs in text.
const idA, idB = "0190a6e0-0000-7000-8000-00000000000a", "0190a6e0-0000-7000-8000-00000000000b"

func TestParametersAreRead(t *testing.T) {
	b := setup(t)
	a, c := uuid.MustParse(idA), uuid.MustParse(idB)
	two, yes, from := 2, true, time.Date(2026, 3, 4, 4, 6, 7, 500_000_000, time.UTC)
	f := func(query string, want listIn) {
		t.Helper()
		b.Do(apitest.Request{Method: "GET", Path: "/v2/notes?" + query, Access: "viewer"}).Want(200)
		if want.Limit == 0 {
			want.Limit = 20
		}
		if got := *b.seen.Load(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v", query, got)
		}
	}
	f("", listIn{})
	f("limit=1", listIn{Paging: api.Paging{Limit: 1}})
	f("limit=100", listIn{Paging: api.Paging{Limit: 100}})
	f("fields=id,title&fields=tags", listIn{Sparse: api.Sparse{Fields: []string{"id", "title", "tags"}}})
	f("fields=", listIn{})
	f("q=%C3%A9%C3%A9%C3%A9%F0%9F%98%80%20", listIn{Filters: Filters{Q: "ééé😀 "}})
	f("q=", listIn{})
	f("sort=-title", listIn{Filters: Filters{Sort: "-title"}})
	f("rating=2&score=0.5&pinned=true", listIn{Filters: Filters{Rating: &two, Score: 0.5, Pinned: &yes}})
	f("kinds=short,long", listIn{Filters: Filters{Kinds: []string{"short", "long"}}})
	f("kinds=short&kinds=,long,", listIn{Filters: Filters{Kinds: []string{"short", "long"}}})
	f("parents="+idA+","+idB+"&sizes=0&sizes=9", listIn{Filters: Filters{Parents: []uuid.UUID{a, c}, Sizes: []int{0, 9}}})
	f("from=2026-03-04T05:06:07.5%2B01:00&parent="+idA, listIn{Filters: Filters{From: &from, Parent: &a}})
	f("nothing=1&Q=x&limit%5B%5D=3", listIn{}) // unknown: for viewers as if they were not there
}

func TestBadParameters(t *testing.T) {
	b := setup(t)
	f := func(query, header, want string) {
		t.Helper()
		for path, access := range map[string]string{"/v2/notes": "viewer", "/v2/admin/notes": reader, "/v2/public/notes": ""} {
			r := apitest.Request{Method: "GET", Path: path + "?" + query, Access: access}
			if header != "" {
				r.Header = map[string]string{"X-Device-Id": header}
			}
			a := b.Do(r).Want(400)
			var got []string
			for _, d := range a.Refused().Details {
				got = append(got, d.Field+" "+d.Code)
				if !strings.HasSuffix(d.Message, ".") {
					t.Errorf("%s says %q", query, d.Message)
				}
			}
			if strings.Join(got, ", ") != want {
				t.Errorf("%s?%s: got %q", path, query, got)
			}
		}
	}
	for _, limit := range []string{"0", "101", "-1", "99999999999"} {
		f("limit="+limit, "", "limit out_of_range")
	}
	for _, limit := range []string{"x", "1.5", "1e1", "0x10", "", "%2B5", "%205", "５", "true", "99999999999999999999", "1%00"} {
		want := "limit wrong_type"
		if limit == "1%00" {
			want = "limit invalid_text"
		}
		f("limit="+limit, "", want)
	}
	f("limit=1&limit=2", "", "limit repeated")
	f("q=a&q=b", "", "q repeated")
	f("q=%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9", "", "q too_long")
	for _, text := range []string{"%00", "%1b", "%7F", "%C2%85", "%FF", "%C3", "%ED%A0%80", "%EF%BF%BD"} {
		f("q="+text, "", "q invalid_text")
	}
	f("sort=rating", "", "sort not_allowed")
	f("rating=6", "", "rating out_of_range")
	f("score=0.25", "", "score out_of_range")
	for _, n := range []string{"NaN", "Inf", "1e999", "x", "0,5"} {
		f("score="+n, "", "score wrong_type")
	}
	for _, v := range []string{"1", "TRUE", "yes", ""} {
		f("pinned="+v, "", "pinned wrong_type")
	}
	f("kinds=short,odd", "", "kinds not_allowed")
	f("kinds=short,long,short", "", "kinds too_many")
	f("parents=x", "", "parents invalid_format")
	f("parents=x,y&parents=z,1", "", "parents invalid_format, parents too_many")
	f("sizes=10,x,11,y", "", "sizes out_of_range, sizes wrong_type")
	f("sizes=1,10,x", "", "sizes out_of_range, sizes wrong_type")
	for _, at := range []string{"today", "2026-03-04", "2026-03-04T05:06:07", "2026-02-30T00:00:00Z", "2026-03-04T05:06:60Z"} {
		a := b.Do(apitest.Request{Method: "GET", Path: "/v2/notes?from=" + at, Access: "viewer"}).Want(400)
		if fields := a.Refused().Fields(); !slices.Equal(fields, []string{"from"}) {
			t.Errorf("from=%s: %s", at, a.Body)
		}
	}
	f("parent=x", "", "parent invalid_format")
	f("", "123456789", "X-Device-Id too_long")
	f("", "\xff", "X-Device-Id invalid_text")
	f("fields=id,nothing,Title", "", "fields unknown_field, fields unknown_field")
	f("cursor="+strings.Repeat("A", 4097), "", "cursor too_long")
	f("cursor=AAAA", "", "cursor invalid")
	f("limit=%zz", "", "query malformed")
	f("a;b=1", "", "query malformed")
	f("limit=0&sort=x&q=123456&rating=a", "x23456789", "X-Device-Id too_long, limit out_of_range, q too_long, rating wrong_type, sort not_allowed")
}

func TestUnknownParametersAreRefusedForEditors(t *testing.T) {
	b := setup(t)
	a := b.Do(apitest.Request{Method: "GET", Path: "/v2/admin/notes?b=1&a=2&Limit=3", Access: reader}).Want(400)
	if fields := a.Refused().Fields(); !slices.Equal(fields, []string{"Limit", "a", "b"}) {
		t.Errorf("got %q", fields)
	}
}

func TestPathParameters(t *testing.T) {
	b := setup(t)
	for _, id := range []string{"x", "%20", "0190a6e0", idA + "0", "%C3%28", url.PathEscape("{" + idA), "null"} {
		a := b.Do(apitest.Request{Method: "GET", Path: "/v2/notes/" + id, Access: "viewer"}).Want(400)
		if d := a.Refused().Details; len(d) != 1 || d[0].Field != "note_id" {
			t.Errorf("%s: %s", id, a.Body)
		}
	}
	b.Do(apitest.Request{Method: "GET", Path: "/v2/notes/" + idA, Access: "viewer"}).Want(404)
	b.Do(apitest.Request{Method: "GET", Path: "/v2/notes/" + strings.ToUpper(idA), Access: "viewer"}).Want(404)
}
