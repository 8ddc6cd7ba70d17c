package epg

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestChannelsOfAFeedAreFound(t *testing.T) {
	b := setupImports(t)
	byID, bySlug, byName := b.channel("By id"), b.channel("By slug"), b.channel("Télé Nord")
	byEPG, second := b.channel("By epg id", "other", "epg.example"), b.channel("A simulcast", "epg.example")
	b.Exec(`UPDATE channels SET slug = 'the-slug' WHERE id = $1`, bySlug)
	id := strings.ToUpper(byID.String())
	job := b.completed(tv(
		`<channel id="x1"><display-name>12 Other</display-name><display-name lang="fr">tele  NORD</display-name></channel>`,
		"epg.example: 18:00-19:00 A", id+": 18:00-19:00 B", "the-slug: 18:00-19:00 C", "x1: 18:00-19:00 D"), nil, 0)
	for channel, want := range map[uuid.UUID]string{byEPG: "A", second: "A", byID: "B", bySlug: "C", byName: "D"} {
		if got := b.schedule(channel); got != "18:00-19:00 "+want {
			t.Errorf("%s: %q", want, got)
		}
	}
	if job.ChannelsTotal != 5 || job.ChannelsDone != 5 || job.ProgramsRead != 4 || job.ProgramsImported != 5 {
		t.Errorf("%s", encoded(t, job))
	}
}

// The first way that finds a channel decides, whatever later ones would find.
func TestEarlierWaysOfFindingWin(t *testing.T) {
	b := setupImports(t)
	byEPG, bySlug, byName := b.channel("First", "thing"), b.channel("Second"), b.channel("thing")
	b.Exec(`UPDATE channels SET slug = 'thing' WHERE id = $1`, bySlug)
	b.completed(tv(`<channel id="thing"><display-name>Thing</display-name></channel>`, "thing: 18:00-19:00 A"), nil, 0)
	if b.schedule(byEPG) == "" || b.schedule(bySlug)+b.schedule(byName) != "" {
		t.Error("not the one with the epg_id")
	}
	// Within channel_ids only those count.
	b.completed(tv(`<channel id="thing"><display-name>Thing</display-name></channel>`, "thing: 18:00-19:00 A", "epg: 18:00-19:00 B"),
		object{"channel_ids": []uuid.UUID{byName, byEPG}}, 1)
	if b.schedule(byName) != "" {
		t.Error("a name won over an epg_id")
	}
	b.completed(tv(`<channel id="thing"><display-name>Thing</display-name></channel>`, "thing: 18:00-19:00 A", "epg: 18:00-19:00 B"),
		object{"channel_ids": []uuid.UUID{byName, bySlug}}, 1)
	if b.schedule(bySlug) == "" || b.schedule(byName) != "" {
		t.Error("not the one with the slug")
	}
}

func TestUnknownChannelsAreErrors(t *testing.T) {
	b := setupImports(t)
	one, other := b.channel("One", "one.example"), b.channel("Other", "other.example")
	job := b.completed(tv(`<channel id="declared"/>`, "one.example: 18:00-19:00 A", "nobody: 18:00-19:00 B, 19:00-20:00 C"), nil, 1)
	e := job.Errors[0]
	if e.Code != "unknown_channel" || *e.Line != 5 || *e.Channel != "nobody" || !strings.Contains(e.Message, "2 programmes") {
		t.Errorf("%s", encoded(t, e))
	}
	// Known, but not among the import's: left out without an error.
	job = b.completed(tv("one.example: 18:00-19:00 A", "other.example: 18:00-19:00 B", "nobody: 18:00-19:00 C"), object{"channel_ids": []uuid.UUID{one}}, 1)
	if codes(job) != "unknown_channel nobody" || b.schedule(other) != "" {
		t.Errorf("%s", codes(job))
	}
}

func TestImportFailsWhenNothingIsKnown(t *testing.T) {
	b := setupImports(t)
	one := b.channel("One", "one.example")
	job := b.imported(tv("nobody: 18:00-19:00 A", "none: 18:00-19:00 B"), nil)
	if job.Status != importFailed || codes(job) != "no_channel, unknown_channel nobody, unknown_channel none" {
		t.Errorf("%s", encoded(t, job))
	}
	job = b.imported(tv("one.example: 18:00-19:00 A", "nobody: 18:00-19:00 B"), object{"channel_ids": []uuid.UUID{b.channel("Two"), b.channel("Three")}})
	if job.Status != importFailed || codes(job) != "no_channel, unknown_channel nobody" || b.schedule(one) != "" {
		t.Errorf("%s", encoded(t, job))
	}
}

func TestAmbiguousNames(t *testing.T) {
	b := setupImports(t)
	left, right, one := b.channel("Same name"), b.channel("SAME NAME"), b.channel("One", "one.example")
	source := tv(`<channel id="x"><display-name>Same Name</display-name></channel>`, "x: 18:00-19:00 A", "one.example: 18:00-19:00 B")
	if job := b.completed(source, nil, 1); codes(job) != "ambiguous_channel x" || b.schedule(left)+b.schedule(right) != "" {
		t.Errorf("%s", codes(job))
	}
	b.completed(source, object{"channel_ids": []uuid.UUID{right, one}}, 0)
	if b.schedule(left) != "" || b.schedule(right) != "18:00-19:00 A" {
		t.Error("within channel_ids the name is not ambiguous")
	}
}

func TestFeedOfOneChannelForOneChannel(t *testing.T) {
	b := setupImports(t)
	one, two := b.channel("One"), b.channel("Two", "two.example")
	f := func(id string) {
		t.Helper()
		b.Exec(`DELETE FROM programs`)
		b.completed(tv(`<channel id="`+id+`"/>`, id+": 18:00-19:00 A"), object{"channel_ids": []uuid.UUID{one}}, 0)
		if b.schedule(one) != "18:00-19:00 A" || b.schedule(two) != "" {
			t.Error("it is not that one")
		}
	}
	f("whatever")
	f("two.example")
	// A feed that names another one, too, is none: be it declared, or of programmes that are skipped.
	for name, source := range map[string]string{
		"declared":   tv(`<channel id="another"/>`, "whatever: 18:00-19:00 A"),
		"skipped":    tv(`<programme start="20260302180000" stop="20260302190000" channel="another"></programme>`, "whatever: 18:00-19:00 A"),
		"not usable": tv("another: 18:00-18:00 B", "whatever: 18:00-19:00 A"),
	} {
		b.Exec(`DELETE FROM programs`)
		job := b.imported(source, object{"channel_ids": []uuid.UUID{one}})
		if job.Status != importFailed || job.Errors[0].Code != "no_channel" || b.schedule(one) != "" {
			t.Errorf("%s: %s %s", name, job.Status, codes(job))
		}
	}
}

// The reason of a failure is what is wrong, not that no channel was found in the end.
func TestReasonsOfFailures(t *testing.T) {
	b := setupImports(t)
	b.channel("One", "c0.example")
	f := func(source, want string) {
		t.Helper()
		if job := b.imported(source, nil); job.Status != importFailed || codes(job) != want {
			t.Errorf("%s %s, want %s", job.Status, codes(job), want)
		}
	}
	f(tv(`<programme start="20260302180000" stop="20260302190000" channel="c0.example"></programme>`), "no_usable_program, no_title c0.example")
	f(tv(`<programme start="20260302180000" stop="20260302190000" channel="nobody"></programme>`), "no_usable_program, no_title nobody")
	f(tv("nobody: 18:00-19:00 A"), "no_channel, unknown_channel nobody")
	full := strings.TrimSuffix(guideOf(1, maxChannelRows+1, "Full"), "</tv>\n")
	f(full+"</tv>", "too_many_programs, too_many_programs c0.example")
	f(full+`<programme start="20260302180000" stop="20260302190000" channel="nobody"><title>A</title></programme></tv>`,
		"too_many_programs, too_many_programs c0.example, unknown_channel nobody")
}

// A hundred bad programmes do not hide that a channel is unknown.
func TestErrorsAboutChannelsComeFirst(t *testing.T) {
	b := setupImports(t)
	b.channel("One", "one.example")
	bad := strings.Repeat("<programme start=\"20260302180000\" stop=\"20260302190000\" channel=\"one.example\"></programme>\n", 150)
	job := b.completed(tv(bad, "one.example: 18:00-19:00 A", "nobody: 18:00-19:00 B", "none: 18:00-19:00 C"), nil, 152)
	if len(job.Errors) != maxErrors || !strings.HasPrefix(codes(job), "unknown_channel nobody, unknown_channel none, no_title one.example, no_title") {
		t.Errorf("%d: %s", len(job.Errors), codes(job))
	}
	if text := job.Errors[0].Message; !strings.Contains(text, "1 programme is left out") {
		t.Errorf("%q", text)
	}
}

// One of ours gets one schedule: that of the epg_id which comes first in its list.
func TestChannelIsFoundOnce(t *testing.T) {
	b := setupImports(t)
	one := b.channel("One", "first", "second")
	job := b.completed(tv(`<channel id="third"><display-name>One</display-name></channel>`, "third: 18:00-19:00 C", "second: 18:00-19:00 B",
		"first: 18:00-19:00 A"), nil, 2)
	if b.schedule(one) != "18:00-19:00 A" || codes(job) != "duplicate_channel third, duplicate_channel second" {
		t.Errorf("%s; %s", b.schedule(one), codes(job))
	}
	if !strings.Contains(job.Errors[0].Message, "first") {
		t.Errorf("it does not name the other: %s", job.Errors[0].Message)
	}
}

func TestChannelWithTooManyProgrammes(t *testing.T) {
	b := setupImports(t)
	one, two := b.channel("One", "c0.example"), b.channel("Two", "two.example")
	source := guideOf(1, maxChannelRows+1, "Too many")
	source = strings.TrimSuffix(source, "</tv>\n") + strings.TrimPrefix(tv("two.example: 18:00-19:00 B"), "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<tv>\n")
	job := b.completed(source, nil, 1)
	if codes(job) != "too_many_programs c0.example" || b.schedule(one) != "" || b.schedule(two) != "18:00-19:00 B" || job.ProgramsRead != maxChannelRows+2 {
		t.Errorf("%s", encoded(t, job))
	}
}

func TestDocumentWithTooManyChannels(t *testing.T) {
	b := setupImports(t)
	b.channel("One", "one.example")
	var text strings.Builder
	for i := range 45_000 {
		fmt.Fprintf(&text, "<channel id=\"%d-%s\"/>", i, strings.Repeat("x", 200))
	}
	job := b.imported(tv(text.String(), "one.example: 18:00-19:00 A"), nil)
	if job.Status != importFailed || job.Errors[0].Code != "too_many_channels" {
		t.Errorf("%s", encoded(t, job))
	}
}

func TestChannelThatIsDeletedMeanwhile(t *testing.T) {
	b := setupImports(t)
	one, two := b.channel("One", "one.example"), b.channel("Two", "two.example")
	source := tv("one.example: 18:00-19:00 A", "two.example: 18:00-19:00 B")
	id := b.asked(object{"format": "xmltv", "source": source})
	b.d.Imports.rest = func(_ time.Duration) time.Duration {
		if b.schedule(one) != "" {
			b.Exec(`DELETE FROM channels WHERE id = $1`, two)
		}
		return 0
	}
	if job := b.run(id); job.Status != importCompleted || codes(job) != "unknown_channel two.example" || job.ChannelsDone != 2 || job.ProgramsImported != 1 {
		t.Errorf("%s", encoded(t, job))
	}
}

// Texts are chosen for each channel's language, where several share a feed's schedule.
func TestSimulcastsInSeveralLanguages(t *testing.T) {
	b := setupImports(t)
	german, french := b.channel("Eins", "arte"), b.channel("Un", "arte")
	b.Exec(`UPDATE channels SET language = 'de' WHERE id = $1`, german)
	b.Exec(`UPDATE channels SET language = 'fr-FR' WHERE id = $1`, french)
	titles := `<title lang="fr">Le film</title><title lang="de">Der Film</title>`
	job := b.completed(tv(`<programme start="20260302180000" stop="20260302190000" channel="arte">`+titles+`</programme>`,
		`<programme start="20260302190000" stop="20260302190000" channel="arte">`+titles+`</programme>`), nil, 1)
	if b.schedule(german) != "18:00-19:00 Der Film" || b.schedule(french) != "18:00-19:00 Le film" {
		t.Errorf("%s, %s", b.schedule(german), b.schedule(french))
	}
	if job.ErrorCount != 1 || *job.Errors[0].Line != 4 {
		t.Errorf("%s", encoded(t, job))
	}
}
