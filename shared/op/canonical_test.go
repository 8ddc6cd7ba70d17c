package op

import (
	"errors"
	"net/url"
	"testing"
)

var list = Op{Query: []Param{{Name: "cursor", Page: true}, {Name: "fields", List: true, Page: true}, {Name: "genre"}, {Name: "ids", List: true, Ordered: true, Fold: true}, {Name: "limit", Default: "20", Page: true}, {Name: "q"}}}

func TestCanonical(t *testing.T) {
	for raw, want := range map[string]string{
		"":                              "",
		"q=a&genre=b":                   "genre=b&q=a",
		"unknown=1&q=a":                 "q=a",
		"limit=20":                      "",
		"limit=020":                     "limit=020",
		"limit=20&limit=20":             "limit=20&limit=20", // for the origin to refuse
		"fields=title,id&fields=id":     "fields=id&fields=title",
		"fields=,":                      "",
		"ids=B,a&ids=b,c":               "ids=b&ids=a&ids=c",
		"q=":                            "q=", // an empty number is for the origin to refuse
		"q=%61+b%20c":                   "q=a+b+c",
		"q=L%C3%A9on":                   "q=L%C3%A9on",
		"%71=a":                         "q=a",
		"Q=a":                           "",
		"q=a%26genre%3Db":               "q=a%26genre%3Db",
		"cursor=x&limit=5&q=a&fields=b": "cursor=x&fields=b&limit=5&q=a",
	} {
		if got, err := list.Canonical(raw); err != nil || got != want {
			t.Errorf("Canonical(%q) = %q, %v; want %q", raw, got, err, want)
		}
	}
	for _, raw := range []string{"q=%", "q=%zz", "q=a;b=c"} {
		if _, err := list.Canonical(raw); !errors.Is(err, ErrQuery) {
			t.Errorf("Canonical(%q): %v, want ErrQuery", raw, err)
		}
	}
}

func TestFiltersLeavePagesOut(t *testing.T) {
	got, err := list.Filters("cursor=x&limit=5&q=a&fields=b&genre=c")
	if want := "genre=c&q=a"; err != nil || got != want {
		t.Errorf("Filters = %q, %v; want %q", got, err, want)
	}
}

func TestScopeNamesThePathOfOneThing(t *testing.T) {
	of := func(o Op, path string) string {
		t.Helper()
		got, err := o.Scope(path, "cursor=x&genre=c")
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	single := list
	single.Path = "/v2/things/{thing_id}/parts"
	if a, b := of(single, "/v2/things/1/parts"), of(single, "/v2/things/2/parts"); a == b {
		t.Errorf("two things share the scope %q", a)
	}
	if got := of(list, "/v2/things"); got != "genre=c" {
		t.Errorf("Scope = %q", got)
	}
}

// A canonical query is its own canonical form and means what the raw one meant.
func FuzzCanonical(f *testing.F) {
	f.Add("q=a&genre=b&fields=x,y&limit=20")
	f.Add("fields=%2C&q=%00&q=+")
	f.Fuzz(func(t *testing.T, raw string) {
		once, err := list.Canonical(raw)
		if err != nil {
			return
		}
		again, err := list.Canonical(once)
		if err != nil || again != once {
			t.Fatalf("%q becomes %q, and that %q, %v", raw, once, again, err)
		}
		before, _ := url.ParseQuery(raw)
		after, _ := url.ParseQuery(once)
		if want := before.Get("q"); after.Get("q") != want {
			t.Fatalf("q %q becomes %q", want, after.Get("q"))
		}
	})
}

// The generated file is there, readable, and knows each operation once.
func TestAll(t *testing.T) {
	ops, err := All()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, o := range ops {
		if o.ID == "" || o.Path == "" || o.Method == "" || o.Access == "" || o.Serve == "" || seen[o.ID] {
			t.Errorf("operation %+v is incomplete or there twice", o)
		}
		seen[o.ID] = true
	}
	if !seen["listMovies"] {
		t.Error("there is no listMovies: run `make gen`")
	}
}
