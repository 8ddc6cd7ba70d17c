package filter

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	celgo "cel.dev/cel-go/cel"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"
)

// values are a row as CEL sees it.
func values(rows []row, r row) map[string]any {
	of := r.genres
	if r.parent != 0 {
		of = rows[r.parent-1].genres
	}
	return map[string]any{"content_type": r.contentType, "title": r.title, "slug": r.slug, "content_rating": r.contentRating, "studio": r.studio,
		"release_year": r.year, "runtime_minutes": r.runtime, "rating_count": r.ratings, "average_rating": r.rating, "genres": of,
		"country_of_origin": r.countries, "audio_languages": r.languages, "is_premium": r.premium, "drm_required": r.drm,
		"available_from": r.available, "created_at": r.created, "updated_at": r.updated}
}

var standard = sync.OnceValue(func() *celgo.Env { return must(celgo.NewEnv()) })

// evaluate is what cel-go itself says of each row: the whole of CEL, and without our declarations.
func evaluate(t fataler, rows []row, text string) []bool {
	t.Helper()
	parsed, issues := standard().Parse(text)
	if issues.Err() != nil {
		t.Fatalf("%s\nis no CEL: %v", text, issues.Err())
	}
	program, err := standard().Program(parsed)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	var said []bool
	for _, r := range rows {
		v, _, err := program.Eval(values(rows, r))
		if err != nil {
			t.Fatalf("%s of %+v: %v", text, r, err)
		}
		said = append(said, v.Value().(bool))
	}
	return said
}

// agree holds what Postgres says of each row against what CEL does.
func agree(t fataler, conn *pgx.Conn, rows []row, text string) {
	t.Helper()
	f := mustCompile(t, text)
	got, want := run(t, conn, f), evaluate(t, rows, text)
	for i := range want {
		if got[i] != want[i] {
			sql, args := f.SQL("t", "f")
			t.Fatalf("%s\nof %+v\nis %v, want %v\n%s\n%v", text, rows[i], got[i], want[i], sql, args)
		}
	}
}

// The words are such as differ in collations, patterns, escapes and UTF-16.
var (
	words  = rapid.SampledFrom([]string{"", "a", "A", "b", "ab", "aB", "a%", "%", "_", `\`, `a\`, "'", `"`, "é", "e\u0301", "Z", "z", "\uffee", "😀", "a b", "-a", " "})
	years  = rapid.SampledFrom([]int{0, 1, 2, 3, 4, 1990, 2147483647, -2147483648})
	marks  = rapid.SampledFrom([]float64{0, 0.1, 1, 2, 2.5, 3, 4, 1e300})
	shelfs = rapid.SliceOfNDistinct(words, 0, 3, rapid.ID)
	days   = rapid.Custom(func(t *rapid.T) time.Time {
		return time.Date(2024, 1, rapid.IntRange(1, 3).Draw(t, "day"), 0, 0, 0, rapid.IntRange(0, 1).Draw(t, "micro")*1000, time.UTC)
	})
)

func drawRows(t *rapid.T) []row {
	var rows []row
	for i := range 5 {
		r := row{contentType: words.Draw(t, "type"), title: words.Draw(t, "title"), slug: words.Draw(t, "slug"),
			contentRating: words.Draw(t, "content rating"), studio: words.Draw(t, "studio"), year: years.Draw(t, "year"),
			runtime: years.Draw(t, "runtime"), ratings: years.Draw(t, "ratings"), rating: marks.Draw(t, "rating"),
			premium: rapid.Bool().Draw(t, "premium"), drm: rapid.Bool().Draw(t, "drm"), created: days.Draw(t, "created"), updated: days.Draw(t, "updated"),
			genres: shelfs.Draw(t, "genres"), countries: shelfs.Draw(t, "countries"), languages: shelfs.Draw(t, "languages")}
		if i > 0 && rapid.Bool().Draw(t, "episode") {
			r.parent = 1
		}
		if rapid.Bool().Draw(t, "window") {
			r.available = days.Draw(t, "available")
		}
		rows = append(rows, r)
	}
	return rows
}

func one(t *rapid.T, of ...string) string { return rapid.SampledFrom(of).Draw(t, "one") }

func oneText(t *rapid.T) string {
	if rapid.Bool().Draw(t, "literal") {
		return literalText(t)
	}
	return one(t, "content_type", "title", "slug", "content_rating", "studio")
}

func oneList(t *rapid.T) string { return one(t, "genres", "country_of_origin", "audio_languages") }

func literalNumber(t *rapid.T) string {
	if rapid.Bool().Draw(t, "whole") {
		return one(t, literalWhole(t), "9223372036854775807", "-9223372036854775808", "4294967296")
	}
	return one(t, literalMark(t), "-0.5", "9.3e18", ".1")
}

func oneNumber(t *rapid.T) string {
	switch rapid.IntRange(0, 2).Draw(t, "number") {
	case 0:
		return literalNumber(t)
	case 1:
		return fmt.Sprintf(one(t, "size(%s)", "%s.size()"), oneList(t))
	}
	return one(t, "release_year", "runtime_minutes", "rating_count", "average_rating")
}

func oneTime(t *rapid.T) string {
	if rapid.Bool().Draw(t, "literal") {
		return `timestamp("` + days.Draw(t, "day").In(time.FixedZone("", rapid.IntRange(-5, 5).Draw(t, "zone")*3600)).Format(time.RFC3339Nano) + `")`
	}
	return one(t, "available_from", "created_at", "updated_at")
}

func literals(t *rapid.T, of func(*rapid.T) string) string {
	var all []string
	for range rapid.IntRange(1, 4).Draw(t, "items") {
		all = append(all, of(t))
	}
	return "[" + strings.Join(all, ", ") + "]"
}

func literalWhole(t *rapid.T) string { return strconv.Itoa(years.Draw(t, "year")) }
func literalMark(t *rapid.T) string  { return strconv.FormatFloat(marks.Draw(t, "mark"), 'e', -1, 64) }
func literalText(t *rapid.T) string  { return strconv.Quote(words.Draw(t, "word")) }

// oneCondition is any condition of the language, with at most depth conditions in one another.
func oneCondition(t *rapid.T, depth int) string {
	inner := func() string { return oneCondition(t, depth-1) }
	compare := func() string { return one(t, " == ", " != ", " < ", "<=", ">", " >= ") }
	kind := rapid.IntRange(0, 14).Draw(t, "condition")
	if depth == 0 {
		kind %= 10
	}
	switch kind {
	case 0:
		return oneText(t) + compare() + oneText(t)
	case 1:
		return oneNumber(t) + compare() + oneNumber(t)
	case 2:
		return oneTime(t) + compare() + oneTime(t)
	case 3:
		return one(t, "is_premium", "drm_required", "true", "false")
	case 4:
		return one(t, "is_premium", "true") + one(t, "==", "!=") + one(t, "drm_required", "false")
	case 5:
		return oneText(t) + " in " + oneList(t)
	case 6:
		return oneText(t) + " in " + literals(t, literalText)
	case 7:
		return oneNumber(t) + " in " + literals(t, literalWhole)
	case 8:
		return oneNumber(t) + " in " + literals(t, literalMark)
	case 9:
		return oneText(t) + one(t, ".startsWith(", ".endsWith(", ".contains(") + oneText(t) + ")"
	case 10:
		return "!(" + inner() + ")"
	case 11:
		return inner() + " && " + inner() // which binds closer than what is around it, perhaps
	case 12:
		return "(" + inner() + " || " + inner() + " || " + inner() + ")"
	case 13:
		return "(" + inner() + ") " + one(t, "==", "!=") + " (" + inner() + ")"
	}
	return inner() + " || " + inner()
}

// Whatever can be said in the language means in SQL what it means in CEL.
func TestAgreesWithCEL(t *testing.T) {
	conn := database(t)
	rapid.Check(t, func(t *rapid.T) {
		rows := drawRows(t)
		fill(t, conn, rows)
		for range 5 {
			agree(t, conn, rows, oneCondition(t, 3))
		}
	})
}

// FuzzCompile: nothing breaks the compiler, what it refuses it can say something of, and what it takes runs and means what it
// does in CEL.
func FuzzCompile(f *testing.F) {
	for _, text := range []string{`content_type == "movie" && "drama" in genres && release_year >= 1990`, `!(size(genres) > 1) || title.startsWith("a")`,
		`average_rating in [4, 5] && created_at < timestamp("2024-01-01T00:00:00+01:00")`, `is_premium == (1 < 2.5)`, `title.matches("x") ? 1 : b"x"`,
		"title == 'é\\x00' //\n&& 'a' in country_of_origin", `.title.size(`, "{}[]((", `a.b{c: 1}`, "title in ['''\n''', r\"\\\"]", `-1u == null`,
		`"\U0001F600" > title && 9223372036854775807 >= average_rating`, `genres.exists(g, g == "x")`, `!-!--1`} {
		f.Add(text)
	}
	conn := database(f)
	fill(f, conn, shelf)
	f.Fuzz(func(t *testing.T, text string) {
		filter, problems := Compile(text)
		if filter != nil {
			agree(t, conn, shelf, text)
			return
		}
		if len(problems) == 0 || len(problems) > maxProblems || len(Faults("query", text)) != len(problems) {
			t.Errorf("%q is refused for %v", text, problems)
		}
		lines := strings.Split(text, "\n")
		for _, p := range problems {
			if p.Line < 1 || p.Line > len(lines) || p.Column < 1 || p.Column > utf8.RuneCountInString(lines[p.Line-1])+1 || p.Message == "" || !utf8.ValidString(p.Message) {
				t.Errorf("%q has %+v", text, p)
			}
		}
	})
}

// A NULL in an array, which only the columns' writer keeps out, is no item, and makes nothing NULL.
func TestArraysWithNULL(t *testing.T) {
	conn := database(t)
	fill(t, conn, shelf)
	if _, err := conn.Exec(context.Background(), `UPDATE titles SET country_of_origin = country_of_origin || NULL::text`); err != nil {
		t.Fatal(err)
	}
	if got := run(t, conn, mustCompile(t, `"AT" in country_of_origin`)); !slices.Equal(got, []bool{false, true, false, false, false}) {
		t.Errorf("got %v", got)
	}
	run(t, conn, mustCompile(t, `!("XX" in country_of_origin) || title in country_of_origin`))
}
