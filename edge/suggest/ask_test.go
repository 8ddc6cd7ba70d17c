package suggest

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

func TestReadingWhatIsAsked(t *testing.T) {
	var a Ask
	f := func(query, q string, limit int, wrong ...string) {
		t.Helper()
		var got []string
		for _, d := range a.Read([]byte(query)) {
			got = append(got, d.Field+" "+d.Code)
		}
		if fmt.Sprint(got) != fmt.Sprint(wrong) {
			t.Errorf("%q: faults %v, want %v", query, got, wrong)
		}
		if len(wrong) == 0 && (string(a.Q) != q || a.Limit != limit) {
			t.Errorf("%q is %q, %d; want %q, %d", query, a.Q, a.Limit, q, limit)
		}
	}
	f("q=a", "a", 10)
	f("limit=20&q=Le+p%C3%A9re%20no%c3%abl%26+", "Le pére noël& ", 20)
	f("%71=x&limit=1&&x=1&Q=2&fields=", "x", 1)
	f("q="+strings.Repeat("é", 100), strings.Repeat("é", 100), 10)
	f("q=%0A%09", "\n\t", 10)
	f("q=a=b", "a=b", 10)
	f("", "", 0, "q required")
	f("q=", "", 0, "q required")
	f("q", "", 0, "q required")
	f("q=a&q=b", "", 0, "q repeated")
	f("q="+strings.Repeat("é", 101), "", 0, "q too_long")
	f("q=%00", "", 0, "q invalid_text")
	f("q=%ff", "", 0, "q invalid_text")
	f("q=%EF%BF%BD", "", 0, "q invalid_text")
	f("q=a&limit=0", "", 0, "limit out_of_range")
	f("q=a&limit=21", "", 0, "limit out_of_range")
	f("q=a&limit=-1", "", 0, "limit out_of_range")
	f("q=a&limit=", "", 0, "limit out_of_range")
	f("q=a&limit=99999999999999999999999999", "", 0, "limit out_of_range")
	f("q=a&limit=1&limit=1", "", 0, "limit repeated")
	f("limit=x", "", 0, "limit out_of_range", "q required")
	f("q=a&fields=id,,title&fields=id", "a", 10)
	if a.Fields != FieldID|FieldTitle {
		t.Errorf("fields %b", a.Fields)
	}
	f("q=a&fields=id,name", "", 0, "fields unknown_field")
	f("q=%", "", 0, "query malformed")
	f("q=%4", "", 0, "query malformed")
	f("q=a&x=%zz", "", 0, "query malformed")
	f("q=a;b", "", 0, "query malformed")
}

// It reads queries as the standard library does.
func FuzzRead(f *testing.F) {
	f.Add("q=a&limit=3")
	f.Add("q=%61+b&&x;")
	f.Fuzz(func(t *testing.T, query string) {
		want, err := url.ParseQuery(query)
		var a Ask
		wrong := a.Read([]byte(query))
		malformed := len(wrong) == 1 && wrong[0].Field == "query"
		if malformed != (err != nil) {
			t.Fatalf("%q: faults %v, but %v", query, wrong, err)
		}
		if len(wrong) == 0 && string(a.Q) != want.Get("q") {
			t.Fatalf("%q: q is %q, want %q", query, a.Q, want.Get("q"))
		}
	})
}
