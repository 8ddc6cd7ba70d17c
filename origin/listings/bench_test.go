package listings

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

// discard is a handler that keeps nothing but counts.
type discard struct{ channels, programmes, faults int }

func (d *discard) Channel(Channel) error      { d.channels++; return nil }
func (d *discard) Programme(*Programme) error { d.programmes++; return nil }
func (d *discard) Fault(Fault) error          { d.faults++; return nil }

// writeProgrammes appends programmes as a rich feed has them, about 900 bytes each.
func writeProgrammes(b *bytes.Buffer, from, n int) {
	for i := from; i < from+n; i++ {
		start := time.Date(2026, 3, 1, 0, i/500*30, 0, 0, time.UTC)
		fmt.Fprintf(b, `  <programme start="%s +0000" stop="%s +0000" channel="channel-%d.example">
    <title lang="en">The Lighthouse Keepers of Port %d</title>
    <sub-title lang="en">A Lamp &amp; a Letter</sub-title>
    <desc lang="en">%s</desc>
    <credits><director>Ada Fenn</director><actor role="Tom">Piet Oor</actor><actor>Señora Ruíz</actor></credits>
    <date>2025</date>
    <category lang="en">Drama</category>
    <category lang="en">Series</category>
    <language>English</language>
    <icon src="https://pictures.example/%d.jpg" width="640" height="360" />
    <episode-num system="xmltv_ns">1 . %d/24 . 0/1</episode-num>
    <video><aspect>16:9</aspect></video>
    <previously-shown start="20240101" />
    <rating system="VCHIP"><value>TV-PG</value></rating>
  </programme>
`, start.Format("20060102150405"), start.Add(30*time.Minute).Format("20060102150405"), i%500, i%97,
			strings.Repeat("The keeper’s daughter finds what the sea has left at the door. ", 3), i, i%24)
	}
}

func listing(programmes int) []byte {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<tv>\n")
	writeProgrammes(&b, 0, programmes)
	b.WriteString("</tv>\n")
	return b.Bytes()
}

func BenchmarkReadXMLTV(b *testing.B) {
	document := listing(100_000)
	b.SetBytes(int64(len(document)))
	b.ReportAllocs()
	for b.Loop() {
		var d discard
		if err := ReadXMLTV(bytes.NewReader(document), Options{}, &d); err != nil || d.programmes != 100_000 {
			b.Fatal(d, err)
		}
	}
}

func BenchmarkSettle(b *testing.B) {
	var k kept
	if err := ReadXMLTV(bytes.NewReader(listing(100_000)), Options{}, &k); err != nil {
		b.Fatal(err)
	}
	byChannel := map[string][]Programme{}
	for _, p := range k.programmes {
		byChannel[p.Channel] = append(byChannel[p.Channel], p)
	}
	for b.Loop() {
		for _, ps := range byChannel {
			if entries, faults := Settle(ps, "en"); len(entries) != 200 || faults != nil {
				b.Fatal(len(entries), faults)
			}
		}
	}
}

func BenchmarkReadJSON(b *testing.B) {
	var document bytes.Buffer
	for i := range 100_000 {
		fmt.Fprintf(&document, `%c{"channel_id":"channel-%d","title":"The Lighthouse Keepers","description":%q,"language":"en",`+
			`"start_time":"2026-03-01T18:00:00Z","end_time":"2026-03-01T18:30:00Z","episode_number":%d,"categories":["Drama","Series"]}`+"\n",
			",["[min(1, max(0, 1-i))], i%500, strings.Repeat("The keeper’s daughter finds what the sea has left at the door. ", 3), i%24)
	}
	document.WriteString("]")
	b.SetBytes(int64(document.Len()))
	b.ReportAllocs()
	for b.Loop() {
		var d discard
		if err := ReadJSON(bytes.NewReader(document.Bytes()), Options{}, &d); err != nil || d.programmes != 100_000 {
			b.Fatal(d, err)
		}
	}
}
