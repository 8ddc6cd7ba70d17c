package epg

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"encora/origin/record"
)

// generated is a document of many channels as a stream: nothing of it is in memory but a programme.
type generated struct {
	channels, programmes int // of each
	text                 int // bytes of a description
	n                    int // parts given
	words                string
	rest                 bytes.Buffer
}

func generate(channels, programmes, text int) *generated {
	random := rand.New(rand.NewPCG(3, 4))
	words := make([]byte, 1<<20)
	for i := range words {
		words[i] = "etaoin shrdlu cmfwyp"[random.IntN(20)]
	}
	return &generated{channels: channels, programmes: programmes, text: text, words: string(words)}
}

// Read implements io.Reader.
func (g *generated) Read(p []byte) (int, error) {
	for g.rest.Len() < len(p) && g.n <= g.channels*g.programmes+1 {
		g.part()
		g.n++
	}
	return g.rest.Read(p)
}

func (g *generated) part() {
	switch i := g.n - 1; {
	case i < 0:
		g.rest.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE tv SYSTEM \"xmltv.dtd\">\n<tv>\n")
		for c := range g.channels {
			fmt.Fprintf(&g.rest, "<channel id=\"c%d.example\"><display-name>Channel %d</display-name></channel>\n", c, c)
		}
	case i == g.channels*g.programmes:
		g.rest.WriteString("</tv>\n")
	default:
		from := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC).Add(time.Duration(i%g.programmes) * 30 * time.Minute)
		at := i * 7919 % (len(g.words) - g.text - 40)
		fmt.Fprintf(&g.rest, "<programme start=\"%s +0000\" stop=\"%s +0000\" channel=\"c%d.example\">\n<title lang=\"en\">%s</title>\n"+
			"<desc lang=\"en\">%s</desc>\n<category>News</category>\n<episode-num system=\"xmltv_ns\">0.%d.</episode-num>\n</programme>\n",
			from.Format("20060102150405"), from.Add(30*time.Minute).Format("20060102150405"), i/g.programmes,
			g.words[at:at+20], g.words[at+20:at+20+g.text], i%g.programmes)
	}
}

// importStream imports a document as the command line does.
func (b *importBundle) importStream(document io.Reader, seen func(ImportJob)) ImportJob {
	b.t.Helper()
	job, err := b.d.ImportFile(b.t.Context(), record.System("test"), FileImport{Document: document, Seen: seen, Import: ImportWrite{Format: formatXMLTV}})
	if err != nil {
		b.t.Fatal(err)
	}
	if job.Status != importCompleted || job.ErrorCount > 0 {
		b.t.Fatalf("%s", encoded(b.t, job))
	}
	return job
}

// BenchmarkImport imports 100,000 programmes of 500 channels, which are new, and then the same again. Rests are as in
// production.
func BenchmarkImport(b *testing.B) {
	const channels, programmes = 500, 200
	for b.Loop() {
		b.StopTimer()
		g := setupImports(b)
		g.d.Imports.rest = nil
		g.channels(channels)
		b.StartTimer()
		began := time.Now()
		if job := g.importStream(generate(channels, programmes, 250), nil); job.ProgramsCreated != channels*programmes {
			b.Fatalf("%+v", job)
		}
		b.ReportMetric(time.Since(began).Seconds(), "s/new")
		began = time.Now()
		if job := g.importStream(generate(channels, programmes, 250), nil); job.ProgramsUnchanged != channels*programmes {
			b.Fatalf("%+v", job)
		}
		b.ReportMetric(time.Since(began).Seconds(), "s/same")
	}
}

// heapPeak is the most memory that live and not yet collected objects took while fn ran, beyond that of before.
func heapPeak(fn func()) int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	before, peak := int64(stats.HeapAlloc), atomic.Int64{}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				runtime.ReadMemStats(&stats)
				peak.Store(max(peak.Load(), int64(stats.HeapAlloc)))
			}
		}
	}()
	fn()
	close(stop)
	<-stopped
	return peak.Load() - before
}

// A document of 300 MB goes through in a memory that has nothing to do with its size.
func TestImportIsBoundedInMemory(t *testing.T) {
	b := setupImports(t)
	const channels, most = 100, 48 << 20
	programmes, text := 400, 7400
	if raceDetector {
		programmes = 40
	}
	b.channels(channels)
	var job ImportJob
	peak := heapPeak(func() { job = b.importStream(generate(channels, programmes, text), nil) })
	t.Logf("%d programmes of %d bytes: %d MiB at most", job.ProgramsRead, text, peak>>20)
	if peak > most || job.ProgramsImported != int64(channels*programmes) {
		t.Errorf("%d MiB, want %d at most; %s", peak>>20, most>>20, encoded(t, job))
	}
}

// So does a channel as large as one may be, and a larger one.
func TestLargestChannelIsBoundedInMemory(t *testing.T) {
	b := setupImports(t)
	const most = 40 << 20
	b.channels(1)
	for _, f := range []struct {
		programmes, text int
		errors           string
	}{{maxChannelRows, 250, ""}, {700, 7600, ""}, {3 * maxChannelRows, 200, "too_many_programs, too_many_programs c0.example"}, {3000, 7600, "too_many_programs, too_many_programs c0.example"}} {
		var job ImportJob
		peak := heapPeak(func() {
			var err error
			job, err = b.d.ImportFile(t.Context(), record.System("test"), FileImport{Document: generate(1, f.programmes, f.text), Import: ImportWrite{Format: formatXMLTV}})
			if err != nil {
				t.Fatal(err)
			}
		})
		t.Logf("%d programmes of one channel: %d MiB at most", f.programmes, peak>>20)
		if peak > most || codes(job) != f.errors {
			t.Errorf("%d MiB, want %d at most; %s", peak>>20, most>>20, codes(job))
		}
	}
}
