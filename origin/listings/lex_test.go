package listings

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

const aProgramme = `<programme channel="c" start="20260301" stop="20260302"><title>T</title></programme>`

func TestDocumentsThatAreRefused(t *testing.T) {
	f := func(document, want string) {
		t.Helper()
		if got := xmltvRefusal(document); got != want {
			t.Errorf("%.200q: %s, want %s", document, got, want)
		}
		if got := refused(ReadXMLTV(iotest.OneByteReader(strings.NewReader(document)), Options{}, &kept{})); got != want {
			t.Errorf("%.200q byte by byte: %s, want %s", document, got, want)
		}
	}
	in := func(content, want string) {
		t.Helper()
		f("<tv>\n"+aProgramme+content+"</tv>", want)
	}
	// What it is instead.
	f("", "empty 1")
	f(" \n\t\n", "empty 1")
	f("\xef\xbb\xbf", "empty 1")
	f("<!DOCTYPE html>\n<html><body>502", "html 1")
	f("\n<!doctype HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\">", "html 2")
	f("<html lang=en>", "malformed 1")
	f("<html><head></head></html>", "html 1")
	f("<!-- nginx -->\n<BODY>", "html 2")
	f(`[{"title":"T"}]`, "json 1")
	f("\n {}", "json 2")
	f("Service unavailable", "not_xml 1")
	f("\x1f\x8b\x08\x00\x00\x00\x00\x00", "compressed 1")
	f("PK\x03\x04\x14\x00", "compressed 1")
	f("<?xml version=\"1.0\"?>\n<rss><tv/></rss>", "not_listings 2")
	f("<TV/>", "not_listings 1")
	// Nothing in it.
	f("<tv/>", "no_programmes 1")
	f("<tv>\n<channel id=\"c\"/>\n</tv>\n", "no_programmes 4")
	f("<tv><x><programme/></x></tv>", "no_programmes 1")
	// Cut off, or more than there should be.
	f("<?xml version=\"1.0\"?>\n", "empty 1")
	f("<?xml version=\"1.0", "truncated 1")
	f("<tv>\n"+aProgramme, "truncated 2")
	f("<tv>\n"+aProgramme+"</tv", "truncated 2")
	f("<tv>\n"+aProgramme+"<", "truncated 2")
	f("<tv>\n"+aProgramme+"</t", "truncated 2")
	f("<tv>\n"+aProgramme+"<!-", "truncated 2")
	f("<tv>\n"+aProgramme+"<!-- x --", "truncated 2")
	f("<tv>\n"+aProgramme+"<![CDATA[ x ]]", "truncated 2")
	f("<tv>\n"+aProgramme+"<programme channel=\"c", "truncated 2")
	f("<tv>\n"+aProgramme+"<programme channel=", "truncated 2")
	f("<tv>\n"+aProgramme+"<?p", "truncated 2")
	f("<tv>\n"+aProgramme+"a & b", "truncated 2")
	f("<!DOCTYPE tv", "truncated 1")
	in("</tv>\n<tv>", "trailing 3")
	in("</tv>\n\n<b>junk</b>", "trailing 4")
	in("</tv>\n\njunk", "trailing 4")
	in("</tv>\n\x00", "malformed 3")
	// Not well-formed.
	in("\n<b></c>", "malformed 3")
	in("\n</programme>", "malformed 3")
	in("\n<b a=1/>", "malformed 3")
	in("\n<b a/>", "malformed 3")
	in("\n<b a=\"1\" a='2'/>", "malformed 3")
	in("\n<b a=\"1\"c='2'/>", "malformed 3")
	in("\n<b a=\"<\"/>", "malformed 3")
	in("\n< b/>", "malformed 3")
	in("\n<b / >", "malformed 3")
	in("\n<1/>", "malformed 3")
	in("\n5 < 6", "malformed 3")
	in("\n]]>", "malformed 3")
	in("\n<!-- a -- b -->", "malformed 3")
	in("\n<!DOCTYPE tv>", "malformed 3")
	in("\n<![cdata[x]]>", "malformed 3")
	in("\n<?xml version=\"1.0\"?>", "malformed 3")
	in("\n<? x?>", "malformed 3")
	in("\n\x01", "malformed 3")
	in("\n\uffff", "malformed 3")
	in("\n&#0;", "malformed 3")
	in("\n&#xD800;", "malformed 3")
	in("\n&#x110000;", "malformed 3")
	in("\n&#99999999999999;", "malformed 3")
	f("\n<?xml version=\"1.0\"?><tv>"+aProgramme+"</tv>", "malformed 2")
	f("<!DOCTYPE tv><!DOCTYPE tv><tv>"+aProgramme+"</tv>", "malformed 1")
	f("<![CDATA[x]]><tv>"+aProgramme+"</tv>", "malformed 1")
	f("</tv>", "malformed 1")
	f("<!-- --> x <tv>", "malformed 1")
	// Entities.
	f("<!DOCTYPE tv [\n<!ENTITY a \"aaaaaaaaaa\">\n<!ENTITY b \"&a;&a;\">]>\n<tv>&b;</tv>", "entities 2")
	f("<!DOCTYPE tv [\n<!ENTITY x SYSTEM \"file:///etc/passwd\">]><tv>&x;</tv>", "entities 2")
	f("<!DOCTYPE tv [ %p; ]><tv/>", "entities 1")
	in("\n&bomb;", "undefined_entity 3")
	in("\n&notit;", "undefined_entity 3")
	in("\n<b a='&bomb;'/>", "undefined_entity 3")
}

func TestDocumentsThatAreTaken(t *testing.T) {
	f := func(document string) {
		t.Helper()
		for _, r := range []io.Reader{strings.NewReader(document), iotest.OneByteReader(strings.NewReader(document)), iotest.DataErrReader(strings.NewReader(document))} {
			var k kept
			if err := ReadXMLTV(r, Options{}, &k); err != nil || len(k.programmes) != 1 || len(k.faults) != 0 {
				t.Errorf("%s: %v, %+v", document, err, k)
			}
		}
	}
	f("<tv>" + aProgramme + "</tv>")
	f("\n\n<tv>" + aProgramme + "</tv >\r\n<!-- end --> <?end?>\n")
	f("\ufeff<?xml version='1.0' standalone=\"yes\" ?><tv>" + aProgramme + "</tv>")
	f(`<!DOCTYPE tv SYSTEM "http://127.0.0.1:1/never>fetched.dtd"><tv>` + aProgramme + "</tv>")
	f(`<!DOCTYPE tv PUBLIC '-//x' "y" [<!ELEMENT tv ANY><!-- <!ENTITY '> --><?x ]>?><!ATTLIST tv a CDATA "]>">]><tv>` + aProgramme + "</tv>")
	f("<tv xmlns='x' a:b = \"'\" c='\"' >text & more <![CDATA[</tv>]]>" + aProgramme + "</tv>")
	f("<tv><!----><!-- - --><x><y/>&nbsp;</x>" + aProgramme + "]]&gt; ]] ></tv>")
	f("<tv><a.b-c_d:é0 é='1'/>" + aProgramme + "</tv>")
}

func TestReferences(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		if got := readOne(t, "<title>"+text+"</title>").Titles[0].Value; got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
		got := readOne(t, `<title>T</title><icon src="https://pictures.example/?`+text+`"/>`).Images.ThumbnailURL
		if got != "https://pictures.example/?"+want {
			t.Errorf("attribute with %s: %q, want %q", text, got, want)
		}
	}
	f("&lt;&gt;&amp;&quot;&apos;", `<>&"'`)
	f("&amp;amp;", "&amp;")
	f("&#65;&#x42;&#x1F600;&#128512;", "AB😀😀")
	f("caf&eacute;&hellip;&CounterClockwiseContourIntegral;&semi;", "café…∳;")
	// A bare & is text.
	f("R&B", "R&B")
	f("a=1&b=2&copy=3;", "a=1&b=2&copy=3;")
	f("&&amp;&", "&&&")
	f("&;&#;&#x;&#xZ;&1;&#-5;", "&;&#;&#x;&#xZ;&1;&#-5;")
	f("&"+strings.Repeat("a", 100)+";", "&"+strings.Repeat("a", 100)+";")
}

func TestTextIsPutTogether(t *testing.T) {
	f := func(content, want string) {
		t.Helper()
		if got := readOne(t, "<title>"+content+"</title>").Titles[0].Value; got != want {
			t.Errorf("%s: %q, want %q", content, got, want)
		}
	}
	f("a<![CDATA[ <b> & ]]]]>c", "a <b> & ]]c")
	f("a<!-- b -->c<?d?>e", "ace")
	f("a<b>no</b>c<d/>e", "ace")
	f("\r\n  a \t b\u00a0\u2003c  \n", "a b c")
	f("a\u0085b\u0007"[:4]+"\u007f\ufffdc", "a bc")
}

// errors of the source and of the handler are returned as they are.
func TestErrorsOfOthers(t *testing.T) {
	broken := errors.New("broken")
	document := "<tv>" + aProgramme + "<channel id='c'/><programme/></tv>"
	for n := range len(document) {
		r := io.MultiReader(strings.NewReader(document[:n]), iotest.ErrReader(broken))
		if err := ReadXMLTV(r, Options{}, &kept{}); err != broken {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
	for _, h := range []*failing{{err: broken, on: "channel"}, {err: broken, on: "programme"}, {err: broken, on: "fault"}} {
		if err := ReadXMLTV(strings.NewReader(document), Options{}, h); err != broken {
			t.Errorf("handler of a %s: %v", h.on, err)
		}
	}
}

type failing struct {
	err error
	on  string
}

func (f *failing) when(on string) error {
	if f.on == on {
		return f.err
	}
	return nil
}

func (f *failing) Channel(Channel) error      { return f.when("channel") }
func (f *failing) Programme(*Programme) error { return f.when("programme") }
func (f *failing) Fault(Fault) error          { return f.when("fault") }

// FuzzReadXMLTV compares with encoding/xml what is well-formed, and settles what is read.
func FuzzReadXMLTV(f *testing.F) {
	for _, seed := range []string{
		"<tv>" + aProgramme + "</tv>", "<tv>\n<channel id='c'><display-name lang='en'>C</display-name></channel>\n" + aProgramme + "</tv>",
		"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><!DOCTYPE tv SYSTEM \"xmltv.dtd\"><tv>" + aProgramme + "\xe9</tv>",
		`<tv><programme channel="c" start="20261025010000 Europe/London" clumpidx="0/2"><title>a &amp; b</title><desc lang="fr">x</desc><rating system="BBFC"><value>15</value></rating>` +
			`<episode-num system="xmltv_ns">1.2/3.</episode-num><length units="minutes">30</length><icon src="https://a.example/"/></programme></tv>`,
		"<tv><a b='c'/><!-- --><![CDATA[]]><?p?>]]</tv>", "<tv>&amp;&#65;&eacute;&x;</tv>", "\xff\xfe<\x00t\x00v\x00/\x00>\x00", "<!DOCTYPE tv [<!ELEMENT tv ANY>]><tv/>",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, document string) {
		var k kept
		err := ReadXMLTV(strings.NewReader(document), Options{Unicode: true}, &k)
		checkSettled(t, k.programmes)
		var r Refusal
		if err != nil && !errors.As(err, &r) {
			t.Fatal(err)
		}
		if taken := err == nil || r.Code == RefusedNoProgrammes; taken && isPlain(document) && wellFormed(document) != nil {
			t.Errorf("taken, but %v", wellFormed(document))
		} else if !taken && (r.Code == RefusedMalformed || r.Code == RefusedTruncated) && isPlain(document) && wellFormed(document) == nil {
			t.Errorf("refused: %v", err)
		}
	})
}

// isPlain leaves out where encoding/xml is known to differ: it has no bare & and no entity of HTML, looks for namespaces,
// at declarations and letters of names more closely, and at document types, doubled attributes and what is outside of the root less.
func isPlain(document string) bool {
	return !strings.ContainsAny(document, "&:!?") && strings.HasPrefix(document, "<tv>") && strings.HasSuffix(document, "</tv>") &&
		strings.Count(document, "</tv>") == 1 && strings.Count(document, "=") < 2 && strings.IndexFunc(document, func(r rune) bool { return r > '~' }) < 0
}

func wellFormed(document string) error {
	d := xml.NewDecoder(strings.NewReader(document))
	for {
		if _, err := d.Token(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// checkSettled checks what is true of every schedule.
func checkSettled(t *testing.T, programmes []Programme) {
	t.Helper()
	entries, faults := Settle(programmes, "en")
	if len(entries)+len(faults) != len(programmes) {
		t.Fatalf("%d programmes became %d entries and %d faults", len(programmes), len(entries), len(faults))
	}
	for i, e := range entries {
		length := e.End.Sub(e.Start).Seconds()
		if length <= 0 || length > maxDuration || i > 0 && e.Start.Before(entries[i-1].Start) || e.Title == "" ||
			len([]rune(e.Title)) > maxTitle || len([]rune(e.Description)) > maxDescription || !acceptable(e.Title+e.Description) {
			t.Errorf("%+v", e)
		}
	}
}
