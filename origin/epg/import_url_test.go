package epg

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// fromHost lets the bundle's imports fetch from a host of feeds of the test's own.
func (b *importBundle) fromHost(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	server, settings := feedHost(t, h)
	settings.rest, settings.Log = b.d.Imports.rest, b.d.Imports.Log
	b.d.Imports = *settings
	return server.URL
}

func TestImportFromURL(t *testing.T) {
	b := setupImports(t)
	one := b.channel("One", "one.example")
	var log bytes.Buffer
	b.d.Imports.Log = slog.New(slog.NewTextHandler(&log, nil))
	answer := func(w http.ResponseWriter) { _, _ = w.Write(gzipped(tv("one.example: 18:00-19:00 A"))) }
	url := b.fromHost(t, func(w http.ResponseWriter, _ *http.Request) { answer(w) }) + "/guide.xml.gz?token=secret"
	f := func(code string) ImportJob {
		t.Helper()
		job := b.run(b.asked(object{"format": "xmltv", "source_url": url}))
		if code == "" && job.Status == importCompleted && job.ErrorCount == 0 {
			return job
		}
		if code == "" || job.Status != importFailed || job.Errors[0].Code != code {
			t.Errorf("%q: %s", code, encoded(t, job))
		}
		if text := encoded(t, job); strings.Contains(text, "secret") {
			t.Errorf("it tells the URL: %s", text)
		}
		return job
	}
	f("")
	if got := b.schedule(one); got != "18:00-19:00 A" {
		t.Error(got)
	}
	ids := b.ids(one)
	answer = func(w http.ResponseWriter) {
		w.Header().Set("Location", "/other")
		w.WriteHeader(http.StatusFound)
	}
	f("source_redirects")
	answer = func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound) }
	f("source_unavailable")
	answer = func(w http.ResponseWriter) { _, _ = w.Write(gzipped(tv("one.example: 18:00-19:00 B"))[:60]) }
	f("source_truncated")
	answer = func(w http.ResponseWriter) { // the document is whole, its connection is not
		w.Header().Set("Content-Length", "100000")
		_, _ = w.Write([]byte(tv("one.example: 18:00-19:00 B")))
	}
	f("source_unreachable")
	answer = func(w http.ResponseWriter) { _, _ = w.Write([]byte("<html><body>Sign in</body></html>")) }
	f("html")
	id := b.asked(object{"format": "xmltv", "source_url": url})
	b.d.Imports.Hosts = []string{"elsewhere.example.com"} // since it was asked for
	if job := b.run(id); job.Status != importFailed || job.Errors[0].Code != "source_refused" {
		t.Errorf("%s", encoded(t, job))
	}
	if b.ids(one) != ids || b.schedule(one) != "18:00-19:00 A" {
		t.Error("the schedule changed")
	}
	if strings.Contains(log.String(), "secret") || !strings.Contains(log.String(), "host=127.0.0.1") {
		t.Errorf("logged: %s", log.String())
	}
}

// A stop in the middle of a download leaves the import to be taken up, not failed.
func TestStopDuringADownload(t *testing.T) {
	b := setupImports(t)
	one := b.channel("One", "one.example")
	document := tv("one.example: 18:00-19:00 A")
	var asked atomic.Int32
	url := b.fromHost(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) > 1 {
			_, _ = w.Write([]byte(document))
			return
		}
		_, _ = w.Write([]byte(document[:80]))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	id := b.asked(object{"format": "xmltv", "source_url": url})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for asked.Load() == 0 && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	if err := b.d.RunImport(ctx, id); err != nil {
		t.Fatal(err)
	}
	if job := b.job(id); job.Status != importProcessing || job.ErrorCount != 0 {
		t.Fatalf("%s", encoded(t, job))
	}
	if job := b.run(id); job.Status != importCompleted || b.schedule(one) != "18:00-19:00 A" {
		t.Errorf("%s", encoded(t, job))
	}
}

// Progress shows while the document is still being read.
func TestProgressMovesWhileADocumentIsRead(t *testing.T) {
	b := setupImports(t)
	b.channel("One", "one.example")
	part := func(slot, title string) string { // with more after it than any reader waits for
		one := tv("one.example: " + slot + " " + title)
		return one[strings.Index(one, "<programme"):strings.Index(one, "</tv>")] + strings.Repeat(" \n", 64<<10)
	}
	moved := make(chan struct{})
	url := b.fromHost(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("<tv>" + part("18:00-19:00", "A")))
		w.(http.Flusher).Flush()
		time.Sleep(saveEvery + 100*time.Millisecond)
		_, _ = w.Write([]byte(part("19:00-20:00", "B")))
		w.(http.Flusher).Flush()
		<-moved
		_, _ = w.Write([]byte(part("20:00-21:00", "C") + "</tv>"))
	})
	id := b.asked(object{"format": "xmltv", "source_url": url})
	done := make(chan error, 1)
	go func() { done <- b.d.RunImport(t.Context(), id) }()
	for b.job(id).ProgramsRead == 0 {
		select {
		case err := <-done:
			t.Fatalf("it ended: %v", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
	if job := b.job(id); job.Status != importProcessing || job.StartedAt == nil || job.CompletedAt != nil {
		t.Errorf("%s", encoded(t, job))
	}
	close(moved)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if job := b.job(id); job.Status != importCompleted || job.ProgramsRead != 3 {
		t.Errorf("%s", encoded(t, job))
	}
}
