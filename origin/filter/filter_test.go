package filter

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"encora/shared/fault"
)

func at(text string) time.Time {
	when, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return when
}

// shelf has one of each type, and a film of which nothing is known.
var shelf = []row{
	{contentType: "movie", title: "The Kid", slug: "kid", contentRating: "PG", studio: "First National", year: 1921, runtime: 68, ratings: 3,
		rating: 4.5, premium: true, available: at("2024-01-01T00:00:00Z"), created: at("2023-12-31T23:59:59.123456Z"),
		updated: at("2024-02-01T00:00:00Z"), genres: []string{"comedy", "drama"}, countries: []string{"US"}, languages: []string{"en", "fr"}},
	{contentType: "show", title: "100% Ünder_way", slug: "under", contentRating: "TV-MA", studio: "ÖRF", year: 2020, rating: 4,
		created: at("2024-01-01T00:00:00Z"), updated: at("2024-01-01T00:00:00Z"), genres: []string{"sci-fi"}, countries: []string{"AT", "DE"}},
	{contentType: "episode", parent: 2, title: "Pilot", slug: "pilot", runtime: 50, drm: true, created: at("2024-01-02T00:00:00Z"),
		updated: at("2024-01-02T00:00:00Z"), genres: []string{"not-its-own"}},
	{contentType: "channel", title: "News", slug: "news", created: at("2022-01-01T00:00:00Z"), updated: at("2022-01-01T00:00:00Z")},
	{contentType: "movie"},
}

func TestFilters(t *testing.T) {
	conn := database(t)
	fill(t, conn, shelf)
	f := func(text string, want ...int) {
		t.Helper()
		var got []int
		for i, yes := range run(t, conn, mustCompile(t, text)) {
			if yes {
				got = append(got, i+1)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s selects %v, want %v", text, got, want)
		}
	}
	// Each field.
	f(`content_type == "movie"`, 1, 5)
	f(`content_type == "podcast"`)
	f(`title == "News"`, 4)
	f(`slug == ""`, 5)
	f(`content_rating != ""`, 1, 2)
	f(`studio == "ÖRF"`, 2)
	f(`release_year == 1921`, 1)
	f(`runtime_minutes > 50`, 1)
	f(`rating_count >= 3`, 1)
	f(`average_rating >= 4`, 1, 2)
	f(`"comedy" in genres`, 1)
	f(`"AT" in country_of_origin`, 2)
	f(`"fr" in audio_languages`, 1)
	f(`is_premium`, 1)
	f(`drm_required`, 3)
	f(`available_from >= timestamp("2024-01-01T00:00:00Z")`, 1)
	f(`available_from < timestamp("0001-01-01T00:00:00Z")`, 2, 3, 4, 5)
	f(`created_at == timestamp("2024-01-01T00:59:59.123456+01:00")`, 1)
	f(`updated_at > created_at`, 1)
	// An episode has its show's genres.
	f(`"sci-fi" in genres`, 2, 3)
	f(`"not-its-own" in genres`)
	f(`size(genres) == 1`, 2, 3)
	f(`genres.size() > 0 && genres.size() <= 1`, 2, 3)
	f(`slug in genres`)
	// Each operator.
	f(`release_year != 0`, 1, 2)
	f(`release_year < 1921`, 3, 4, 5)
	f(`release_year <= 1921`, 1, 3, 4, 5)
	f(`release_year > 1921`, 2)
	f(`release_year >= 1921`, 1, 2)
	f(`release_year > 1920.5 && release_year < 1921.5`, 1)
	f(`average_rating == 4`, 2)
	f(`average_rating in [4, 5]`, 2)
	f(`average_rating in [4.5]`, 1)
	f(`release_year in [1921, 2020, -1]`, 1, 2)
	f(`release_year in [1921.0]`, 1)
	f(`content_type in ["show", "episode"]`, 2, 3)
	f(`!(content_type in ["show", "episode"])`, 1, 4, 5)
	f(`!is_premium && content_type == "movie"`, 5)
	f(`is_premium || drm_required || slug == "news"`, 1, 3, 4)
	f(`is_premium == drm_required`, 2, 4, 5)
	f(`(release_year > 0) != is_premium`, 2)
	f(`size(audio_languages) == 2`, 1)
	f(`size(country_of_origin) == 0`, 3, 4, 5)
	f(`title == slug`, 5)
	f(`true`, 1, 2, 3, 4, 5)
	f(`false || "x" == "y" || 1 > 2.5 || timestamp("2024-01-01T00:00:00Z") < timestamp("2023-01-01T00:00:00Z")`)
	// Text is taken as it is, by code points.
	f(`title.startsWith("100%")`, 2)
	f(`title.startsWith("10_%")`)
	f(`title.startsWith("")`, 1, 2, 3, 4, 5)
	f(`title.endsWith("_way")`, 2)
	f(`title.endsWith("%way")`)
	f(`title.endsWith("") && !title.endsWith("longer than every title of them")`, 1, 2, 3, 4, 5)
	f(`title.contains("% Ü")`, 2)
	f(`title.contains("kid")`)
	f(`title.contains(slug)`, 5)
	f(`"News and more".startsWith(title)`, 4, 5)
	f(`studio > "Z"`, 2)
	f(`title < "The"`, 2, 3, 4, 5)
	f(`studio == "'; DROP TABLE titles; --" || title == 'a"b\\' || title == "{t}{p}{1}{2}%s"`)
	// Numbers as large as they can be written.
	f(`release_year < 9223372036854775807 && release_year > -9223372036854775808`, 1, 2, 3, 4, 5)
	f(`average_rating < 9223372036854775807 && rating_count < 1.7976931348623157e308`, 1, 2, 3, 4, 5)
	f(`rating_count == 4294967299 || rating_count == 0x3`, 1)
	// Layout.
	f("// the old ones\n release_year < 1950 && // but known\n\trelease_year > 0", 1)
}

func TestSQL(t *testing.T) {
	sql, args := mustCompile(t, `studio == "x" && ("drama" in genres || release_year in [1, 2])`).SQL("x", "plan_")
	for _, want := range []string{"x.studio = @plan_1::text", "coalesce(x.parent_id, x.id)", "filter_g.slug = @plan_2::text", "x.release_year IN (@plan_3::int8, @plan_4::int8)"} {
		if !strings.Contains(sql, want) {
			t.Errorf("no %s in %s", want, sql)
		}
	}
	if len(args) != 4 || args["plan_1"] != "x" || args["plan_2"] != "drama" || args["plan_3"] != int64(1) || args["plan_4"] != int64(2) {
		t.Errorf("arguments %v", args)
	}
}

// What is said of a wrong filter, and where.
func TestProblems(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		compiled, problems := Compile(text)
		var got []string
		for _, p := range problems {
			got = append(got, fmt.Sprintf("%d:%d %s", p.Line, p.Column, p.Message))
		}
		if compiled != nil || len(got) != len(want) {
			t.Errorf("%s\n got %q\nwant %q", text, got, want)
			return
		}
		for i := range want {
			if !strings.HasPrefix(got[i], want[i]) {
				t.Errorf("%s\n got %q\nwant %q", text, got[i], want[i])
			}
		}
	}
	f(``, "1:1 The filter ends")
	f(`title ==`, "1:9 The filter ends") // where the next character would be
	f(`(title == "x"`, "1:14 Expected ')'.")
	f(`title = "x"`, "1:7 This can't follow here: compare by ==")
	f(`title == "x`, "1:10 Unterminated string")
	f(`title == "\q"`, "1:10 Unable to unescape")
	f(`release_year == 9223372036854775808`, "1:17 This is no whole number, or one that is too large.")
	f(`average_rating < 1e309`, "1:18 This is no number, or one that is too large.")
	f(`if == 1`, "1:1 Reserved identifier: if.")
	f(`"x" in [?title]`, "1:9 Unsupported syntax '?'.")

	f(`director == "x"`, "1:1 There is no field director.")
	f(`title == 'é😀' && director == "x"`, "1:18 There is no field director.")
	f("title == 'x' &&\n\n  director == 'x' ||\r\n\tfoo", "3:3 There is no field director.", "4:2 There is no field foo.")
	f(`available_from <= now`, "1:19 There is no now")
	f(`available_from <= now()`, "1:19 There is no now")
	f(`int == 1`, "1:1 There is no field int.")
	f(`title.lower() == "x"`, "1:7 There is no function lower()")
	f(`title . lower () == "x"`, "1:9 There is no function lower()")
	f(`lower(title) == "x"`, "1:1 There is no function lower()")
	f(`int(average_rating) == 4`, "1:1 There is no function int()")
	f(`timestamp(title) < created_at`, "1:1 timestamp() takes a time in quotes")

	f(`is_premium ? true : false`, "1:12 There is no ?: here")
	f(`release_year + 1 > 2000 && release_year - 1 > 1 && release_year * 2 > 1 && release_year / 0 > 1 && release_year % 0 > 1 && -release_year < 0`,
		"1:14 There is no arithmetic", "1:41 There is no arithmetic", "1:65 There is no arithmetic", "1:89 There is no arithmetic",
		"1:113 There is no arithmetic", "1:124 There is no arithmetic")
	f(`title.matches("(a+)+$")`, "1:7 There is no matches() here")
	f(`matches(title, "x")`, "1:1 There is no matches() here")
	f(`genres[0] == "x"`, "1:7 Lists have no places")
	f(`has(title.x)`, "1:1 There are no macros")
	for _, macro := range []string{"all", "exists", "exists_one", "map", "filter"} {
		f(`genres.`+macro+`(g, g == "x")`, "1:8 There are no macros")
	}
	f(`title.length == 1`, "1:6 A field has no parts")
	f(`{"a": title} == {"a": "b"}`, "1:1 There are no maps", "1:17 There are no maps")
	f(`Title{name: "x"} == 1`, "1:6 There are no maps")
	f(`title == null`, "1:10 Values are text in quotes")
	f(`title == b"x"`, "1:10 Values are text in quotes")
	f(`release_year == 5u`, "1:17 Values are text in quotes")
	f(`title == "a\x00b"`, "1:10 Text can't hold the character NUL.")
	f(`title in ["a", "\u0000"]`, "1:16 Text can't hold the character NUL.")
	f("title == \"a\x00b\"", "1:10 Text can't hold the character NUL.")
	f("title == \"\xff\"", "1:1 This is no UTF-8.")
	f(`title == "\ud800"`, "1:10 Invalid unicode code point.")

	f(`title`, "1:1 Expected a condition")
	f(`2`, "1:1 Expected a condition")
	f(`size(genres)`, "1:1 Expected a condition")
	f(`genres`, "1:1 Expected a condition")
	f(`["a"]`, "1:1 A list of literals stands only after in.")
	f(`timestamp("2024-01-01T00:00:00Z")`, "1:1 Expected a condition")
	f(`is_premium && title && release_year`, "1:15 Expected a condition", "1:24 Expected a condition")
	f(`!title || !!!title`, "1:1 Expected a condition", "1:11 Expected a condition")

	f(`release_year == "1990"`, "1:14 == and != compare two texts")
	f(`title != 5`, "1:7 == and != compare")
	f(`is_premium == "true"`, "1:12 == and != compare")
	f(`created_at == "2024-01-01T00:00:00Z"`, "1:12 == and != compare")
	f(`genres == country_of_origin`, "1:8 == and != compare")
	f(`genres != ["drama"]`, "1:11 A list of literals stands only after in.")
	f(`is_premium < true`, "1:12 < <= > >= compare")
	f(`1 < release_year < 5`, "1:18 < <= > >= compare")
	f(`title >= 5`, "1:7 < <= > >= compare")
	f(`created_at > 2024`, "1:12 < <= > >= compare")
	f(`title.startsWith(5)`, "1:7 startsWith, endsWith and contains are asked of a text")
	f(`title.contains("a", "b")`, "1:7 startsWith, endsWith and contains are asked of a text")
	f(`release_year.endsWith("0")`, "1:14 startsWith, endsWith and contains are asked of a text")
	f(`genres.contains("drama")`, "1:8 startsWith, endsWith and contains are asked of a text")
	f(`contains(title, "x")`, "1:1 startsWith, endsWith and contains are asked of a text")
	f(`size(title) > 3`, "1:1 size() counts a list")
	f(`size() > 3`, "1:1 size() counts a list")
	f(`size(["a"]) > 0`, "1:6 A list of literals stands only after in.")

	f(`5 in genres`, "1:3 in looks for a text")
	f(`title in title`, "1:7 in looks for a text")
	f(`release_year in ["1990"]`, "1:14 in looks for a text")
	f(`genres in ["drama"]`, "1:8 in looks for a text")
	f(`is_premium in [true]`, "1:12 in looks for a text")
	f(`title in []`, "1:10 A list has from 1 to 200 items; this one has 0.")
	f(`title in [slug]`, "1:11 The items of a list are literals")
	f(`title in ["a", 1]`, "1:16 The items of a list are of one kind")
	f(`average_rating in [4, 4.5]`, "1:23 The items of a list are of one kind")
	f(`title in [["a"]]`, "1:11 The items of a list are literals")

	for _, wrong := range []string{"2024-01-01", "", "x", "2024-02-30T00:00:00Z", "2024-01-01T1:00:00Z", "2024-01-01T00:00:00,5Z", "2024-01-01T00:00:00",
		"2024-01-01t00:00:00z", "2024-01-01T00:00:00+25:00", "2024-01-01T23:59:60Z",
		"2024-01-01T00:00:00.0000001Z", "0000-12-31T23:59:59Z", "9999-12-31T23:59:59-01:00"} {
		f(`created_at < timestamp("`+wrong+`")`, "1:14 timestamp() takes a time in quotes")
	}
	f(`timestamp() < created_at`, "1:1 timestamp() takes a time in quotes")
	f(`created_at < timestamp(2024)`, "1:14 timestamp() takes a time in quotes")
	f(`"2024-01-01T00:00:00Z".timestamp() < created_at`, "1:24 timestamp() takes a time in quotes")
}

// What is just within the bounds runs.
func TestBounds(t *testing.T) {
	conn := database(t)
	fill(t, conn, shelf)
	good := func(text string) {
		t.Helper()
		run(t, conn, mustCompile(t, text))
	}
	bad := func(text, want string) {
		t.Helper()
		f, problems := Compile(text)
		if f != nil || !strings.HasPrefix(problems[0].Message, want) || len(problems) > maxProblems {
			t.Errorf("said %v", problems)
		}
	}
	padded := func(n int) string { return `title == "` + strings.Repeat("é", n-11) + `"` }
	good(padded(2000))
	bad(padded(2001), "A filter has at most 2000 characters; this one has 2001.")
	bad(strings.Repeat("(", 2000), "This is nested too deep: at most 50 levels.")
	nested := func(n int) string { return strings.Repeat("!(", n) + "is_premium" + strings.Repeat(")", n) }
	good(nested(50))
	bad(nested(51), "This is nested too deep: at most 50 levels.")
	items := func(n int) string { return "release_year in [1" + strings.Repeat(",1", n-1) + "]" }
	good(items(200))
	bad(items(201), "A list has from 1 to 200 items; this one has 201.")
	good("is_premium" + strings.Repeat("||is_premium", 165)) // is not nested
	good(`""in genres` + strings.Repeat(`||""in genres`, 142))
	good("1<1" + strings.Repeat("||1<1", 332))
	bad("x"+strings.Repeat("||x", 600), "There is no field x.")
}

func TestFaults(t *testing.T) {
	if got := Faults("query", "is_premium"); got != nil {
		t.Errorf("faults of a good one: %v", got)
	}
	want := []fault.Detail{
		{Field: "query", Code: "invalid_filter", Message: "line 1, column 1: There is no field a."},
		{Field: "query", Code: "invalid_filter", Message: "line 2, column 3: There is no field b."}}
	if got := Faults("query", "a ||\n  b"); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

// Good filters are kept, as many as there is room for, whoever asks.
func TestKept(t *testing.T) {
	first := mustCompile(t, "release_year == 1")
	if mustCompile(t, "release_year == 1") != first {
		t.Error("compiled again")
	}
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for n := range maxCompiled {
				mustCompile(t, fmt.Sprintf("release_year == %d", i*1000+n))
				Compile(fmt.Sprintf("release_year = %d", n))
			}
		})
	}
	all.Wait()
	if n := len(compiled.filters); n > maxCompiled || n == 0 {
		t.Errorf("%d are kept", n)
	}
}

// Every field and every function is told of, where authors look.
func TestDocuments(t *testing.T) {
	page, err := os.ReadFile("../../shared/docs/FILTERS.md")
	if err != nil {
		t.Fatal(err)
	}
	for name := range fields {
		word := regexp.MustCompile(`\b` + name + `\b`)
		if !word.MatchString(Document()) || !word.Match(page) {
			t.Errorf("%s is not documented", name)
		}
	}
	for _, name := range []string{"startsWith", "endsWith", "contains", "size", "timestamp"} {
		if !strings.Contains(Document(), name) || !strings.Contains(string(page), name) {
			t.Errorf("%s is not documented", name)
		}
	}
	examples := regexp.MustCompile("(?m)^    (.+)$").FindAllStringSubmatch(string(page), -1)
	if len(examples) == 0 {
		t.Error("no examples")
	}
	for _, example := range examples {
		mustCompile(t, example[1])
	}
}

// Looking into texts costs the most; who reads a list pays for it.
func TestTextsAreLookedIntoSoManyTimes(t *testing.T) {
	many := func(n int) string {
		return strings.TrimSuffix(strings.Repeat(`title.contains("x") || `, n), " || ")
	}
	if _, problems := Compile(many(maxTexts)); len(problems) != 0 {
		t.Errorf("%d: %v", maxTexts, problems)
	}
	if _, problems := Compile(many(maxTexts + 1)); len(problems) != 1 || problems[0].Column != 23*maxTexts+len("title.")+1 {
		t.Errorf("%d: %v", maxTexts+1, problems)
	}
}
