package listings

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/text/encoding/unicode"
)

// document is a listing whose title has the text.
func document(declaration, title string) string {
	return declaration + "<tv>\n" + `<programme channel="c" start="20260301" stop="20260302">` + "\n<title>" + title + "</title></programme></tv>"
}

func TestEncodings(t *testing.T) {
	f := func(o Options, text, title, refusal string) {
		t.Helper()
		for _, r := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
			var k kept
			err := ReadXMLTV(r, o, &k)
			got := ""
			if len(k.programmes) == 1 {
				got = k.programmes[0].Titles[0].Value
			}
			if refused(err) != refusal || got != title {
				t.Errorf("%.120q: %q, %v", text, got, err)
			}
		}
	}
	declared := func(name string) string { return `<?xml version="1.0" encoding="` + name + `"?>` + "\n" }
	utf16 := func(endian unicode.Endianness, bom unicode.BOMPolicy, text string) string {
		encoded, err := unicode.UTF16(endian, bom).NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		return encoded
	}
	// As it is declared.
	f(Options{}, document("", "é€Ж"), "é€Ж", "")
	f(Options{}, document(declared("utf-8"), "é€Ж"), "é€Ж", "")
	f(Options{}, document(declared("UTF8"), "é€Ж"), "é€Ж", "")
	f(Options{}, document(declared("ISO-8859-1"), "caf\xe9"), "café", "")
	f(Options{}, document("<?xml version='1.0' encoding = 'latin1' standalone='yes' ?>", "caf\xe9"), "café", "")
	f(Options{}, document(declared("iso-8859-1"), "\x93caf\xe9\x94 \x80"), "“café” €", "") // windows-1252, as browsers have it
	f(Options{}, document(declared("ISO-8859-15"), "\xa4"), "€", "")
	f(Options{}, document(declared("windows-1251"), "\xcd\xee\xe2\xee\xf1\xf2\xe8"), "Новости", "")
	f(Options{}, document(declared("KOI8-R"), "\xee\xcf\xd7\xcf\xd3\xd4\xc9"), "Новости", "")
	f(Options{}, document(declared("IBM866"), "\x8d\xae\xa2\xae\xe1\xe2\xa8"), "Новости", "")
	f(Options{}, document(declared("IBM850"), "caf\x82"), "café", "")
	f(Options{}, document(declared("Shift_JIS"), "\x93\xfa\x96\x7b"), "日本", "")
	f(Options{}, document(declared("GB18030"), "\xd6\xd0\xce\xc4"), "中文", "")
	// What declares ISO-8859-1 is read as that, though it would be valid as UTF-8.
	f(Options{}, document(declared("ISO-8859-1"), "café"), "cafÃ©", "")
	// A mark of byte order wins, and so do characters of two bytes.
	f(Options{}, "\ufeff"+document(declared("ISO-8859-1"), "café"), "café", "")
	f(Options{}, utf16(unicode.LittleEndian, unicode.UseBOM, document(declared("UTF-16"), "é€😀")), "é€😀", "")
	f(Options{}, utf16(unicode.BigEndian, unicode.UseBOM, document(declared("UTF-16"), "é€😀")), "é€😀", "")
	f(Options{}, utf16(unicode.LittleEndian, unicode.IgnoreBOM, document("", "é€😀")), "é€😀", "")
	f(Options{}, utf16(unicode.BigEndian, unicode.IgnoreBOM, document("", "é€😀")), "é€😀", "")
	f(Options{}, document(declared("UTF-16"), "café"), "café", "") // converted since
	// A text in Unicode already.
	f(Options{Unicode: true}, document(declared("ISO-8859-1"), "café"), "café", "")
	f(Options{Unicode: true}, "\ufeff"+document(declared("x-nobody"), "café"), "café", "")
	// What can't be.
	f(Options{}, document(declared("x-nobody"), "a"), "", "unknown_encoding 1")
	f(Options{}, document(declared("ISO-2022-KR"), "a"), "", "unknown_encoding 1")
	f(Options{}, "\xff\xfe\x00\x00<\x00\x00\x00", "", "unknown_encoding 1")
	f(Options{}, document(declared("UTF-8"), "caf\xe9"), "", "invalid_encoding 4")
	f(Options{Unicode: true}, document(declared("ISO-8859-1"), "caf\xe9"), "", "invalid_encoding 4")
	f(Options{}, document("", "\xed\xa0\x80"), "", "invalid_encoding 3")
	f(Options{}, document("", "\xc0\xbc"), "", "invalid_encoding 3")
	f(Options{}, document(declared("windows-1253"), "\xff"), "", "invalid_encoding 4")
	f(Options{}, document(declared("Shift_JIS"), "\x93"), "", "invalid_encoding 4")
	f(Options{}, "<tv>\n\xe2\x82", "", "invalid_encoding 2")
	f(Options{}, utf16(unicode.LittleEndian, unicode.UseBOM, "<tv>\n")+"\x00\xd8<\x00", "", "invalid_encoding 2")
}

// A document may be as large as it likes: what is kept of it is not.
func TestMemoryIsBounded(t *testing.T) {
	const size = 8 << 20
	f := func(before, text, after, want string, faults int) {
		t.Helper()
		var start, end runtime.MemStats
		runtime.ReadMemStats(&start)
		var k kept
		long := &repeated{text: strings.Repeat(text, 1+4096/len(text)), left: size - size%len(text)}
		err := ReadXMLTV(io.MultiReader(strings.NewReader(before), long, strings.NewReader(after)), Options{}, &k)
		runtime.ReadMemStats(&end)
		if got := refused(err); got != want || len(k.faults) != faults {
			t.Errorf("%s…%.20s: %v, %d faults, want %s and %d", before, text, err, len(k.faults), want, faults)
		}
		if grown := end.TotalAlloc - start.TotalAlloc; grown > size/4 {
			t.Errorf("%s…%.20s: took %d bytes", before, text, grown)
		}
	}
	const begin, end = `<tv><programme channel="c" start="20260301" stop="20260302">`, `</programme></tv>`
	f(begin+"<title>", "x", "</title>"+end, "", 1)
	f(begin+"<title>", " ", "</title>"+end, "", 1)
	f(begin+"<title>", "&amp;", "</title>"+end, "", 1)
	f(begin+"<title><![CDATA[", "x", "]]></title>"+end, "", 1)
	f(begin+"<title>T</title><rating>", "<value>x</value>", "</rating>"+end, "", 0)
	f(begin+"<title>T</title><rating>", "x", "</rating>"+end, "", 1)
	f(begin, "<title>T</title>", end, "", 1)
	f(begin, "<title>"+strings.Repeat("T", 60<<10)+"</title>", end, "", 1)
	f(begin+"<title>T</title><credits>", "<actor>A</actor>", "</credits>"+end, "", 0)
	f(begin+"<title>T</title><x>", "x", "</x>"+end, "", 0)
	f(begin+"<title>T</title><icon src='", "x", "'/>"+end, "", 1)
	f(begin+"<title>T</title><icon ", "src", "=''/>"+end, "too_large 1", 0)
	f(begin, "<x>", end, "too_large 1", 0)
	f("<tv><programme channel='", "x", "'/></tv>", "", 1)
	f("<tv a='", "x", "'/>", "too_large 1", 0)
	f("<tv><", "x", "/></tv>", "too_large 1", 0)
	f("<tv></", "x", "></tv>", "too_large 1", 0)
	f("<tv>", "<x/>", "</tv>", "too_large 1", 0)
	f("<tv><x>", "<y/>", "</x></tv>", "too_large 1", 0)
	f("<tv><channel id='c'>", "<display-name>"+strings.Repeat("N", 1000)+"</display-name>", "</channel></tv>", "too_large 1", 0)
	f("<tv><channel id='c'><display-name>", "N", "</display-name></channel></tv>", "too_large 1", 0)
	f("<tv><!--", "x", "-->"+aProgramme+"</tv>", "", 0)
	f("<tv>", "<!---->", aProgramme+"</tv>", "", 0)
	f("<tv><?p ", "x", "?>"+aProgramme+"</tv>", "", 0)
	f("<tv>", "x", aProgramme+"</tv>", "", 0)
	f("<!DOCTYPE tv [", "<!ELEMENT x ANY>", "]><tv/>", "too_large 1", 0)
	f("", " ", "<tv>"+aProgramme+"</tv>", "", 0)
	f("<?xml ", "x", "?><tv>"+aProgramme+"</tv>", "", 0)
	f("<tv>&", "x", ";"+aProgramme+"</tv>", "", 0)
}

func TestDepth(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("<x>", n) + strings.Repeat("</x>", n) }
	k := read(t, "<tv>"+aProgramme+"\n<programme>"+deep(100)+"</programme>\n"+strings.Replace(aProgramme, "</title>", "</title>"+deep(60), 1)+
		strings.Replace(aProgramme, "</title>", "</title>"+deep(63), 1)+"</tv>")
	if len(k.programmes) != 2 || codes(k.faults) != "no_channel 2, too_large 3" {
		t.Errorf("%d programmes, %s", len(k.programmes), codes(k.faults))
	}
	if got := xmltvRefusal("<tv>" + aProgramme + "\n" + deep(64) + "</tv>"); got != "too_large 2" {
		t.Error(got)
	}
}

func TestNoncharactersAreNamed(t *testing.T) {
	for _, text := range []string{"\ufffe", "\uffff"} {
		var r Refusal
		err := ReadXMLTV(strings.NewReader("<tv>\n"+text+"</tv>"), Options{}, &kept{})
		if !errors.As(err, &r) || r.Code != RefusedMalformed || r.Line != 2 || !strings.Contains(r.Message, "U+FFFF") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
