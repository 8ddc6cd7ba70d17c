package guideimport

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"time"

	"encora/loadtest/editor"
	"encora/loadtest/fakeorigin"
)

// feed is a schedule of some channels as a supplier would send it, the same for the same seed and edition.
type feed struct {
	ids       []string // the channels' in the feed
	each      int      // programmes of a channel
	from      time.Time
	seed      uint64
	documents int // that it is divided into, by channel
}

// minutes that programmes last, 36 in the mean.
var minutes = []int{5, 10, 15, 20, 25, 30, 30, 45, 50, 60, 60, 90}

// stamp begins the descriptions of an edition.
func stamp(edition int) string { return fmt.Sprintf("Edition %d. ", edition) }

// bodies are the bodies of imports of an edition. Editions differ in their descriptions alone.
func (f *feed) bodies(edition int) ([][]byte, error) {
	var bodies [][]byte
	per := (len(f.ids) + f.documents - 1) / f.documents
	for first := 0; first < len(f.ids); first += per {
		body, err := editor.XMLTV(f.document(edition, first, min(first+per, len(f.ids))))
		if err != nil {
			return nil, err
		}
		bodies = append(bodies, body)
	}
	return bodies, nil
}

// document is XMLTV of the channels from the first to before the last.
func (f *feed) document(edition, first, last int) []byte {
	var b bytes.Buffer
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE tv SYSTEM \"xmltv.dtd\">\n<tv generator-info-name=\"loadtest\">\n")
	for _, id := range f.ids[first:last] {
		fmt.Fprintf(&b, "  <channel id=%q>\n    <display-name lang=\"en\">Channel %s</display-name>\n  </channel>\n", id, id)
	}
	for n := first; n < last; n++ {
		rng := rand.New(rand.NewPCG(f.seed, uint64(n)))
		at := f.from
		for range f.each {
			end := at.Add(time.Duration(minutes[rng.IntN(len(minutes))]) * time.Minute)
			writeProgramme(&b, rng, f.ids[n], at, end, edition)
			at = end
		}
	}
	b.WriteString("</tv>\n")
	return b.Bytes()
}

func writeProgramme(b *bytes.Buffer, rng *rand.Rand, channel string, start, stop time.Time, edition int) {
	const layout = "20060102150405 -0700"
	fmt.Fprintf(b, "  <programme start=%q stop=%q channel=%q>\n", start.Format(layout), stop.Format(layout), channel)
	fmt.Fprintf(b, "    <title lang=\"en\">%s</title>\n", fakeorigin.Words(rng, 12+rng.IntN(30)))
	fmt.Fprintf(b, "    <desc lang=\"en\">%s%s</desc>\n", stamp(edition), fakeorigin.Words(rng, 80+rng.IntN(300)))
	fmt.Fprintf(b, "    <category lang=\"en\">Series</category>\n    <category lang=\"en\">%s</category>\n", fakeorigin.Words(rng, 7))
	fmt.Fprintf(b, "    <icon src=\"https://img.example.com/epg/%016x.jpg\"/>\n", rng.Uint64())
	fmt.Fprintf(b, "    <episode-num system=\"xmltv_ns\">%d.%d.</episode-num>\n", rng.IntN(9), rng.IntN(24))
	b.WriteString("    <rating system=\"VCHIP\">\n      <value>TV-PG</value>\n    </rating>\n  </programme>\n")
}
