package system

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"regexp"
	"strings"
	"testing"

	"encora/origin/apitest"
)

func fetch(b *apitest.Bundle, path, acceptEncoding string) *apitest.Answer {
	return b.Do(apitest.Request{Method: "GET", Path: path, Header: map[string]string{"Accept-Encoding": acceptEncoding}})
}

func TestDocsFiles(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := func(path, contentType, cacheControl string) {
		t.Helper()
		plain, packed := fetch(b, path, "identity").Want(200), fetch(b, path, "br;q=1, gzip;q=0.5").Want(200)
		z, err := gzip.NewReader(bytes.NewReader(packed.Body))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if unpacked, err := io.ReadAll(z); err != nil || !bytes.Equal(unpacked, plain.Body) {
			t.Errorf("%s: the encodings differ (%v)", path, err)
		}
		for _, a := range []*apitest.Answer{plain, packed} {
			h := a.Header
			if h.Get("Content-Type") != contentType || h.Get("Cache-Control") != cacheControl || h.Get("Vary") != "Accept-Encoding" || h.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s: headers %v", path, h)
			}
			again := b.Do(apitest.Request{Method: "GET", Path: path, Header: map[string]string{"If-None-Match": h.Get("ETag"), "Accept-Encoding": h.Get("Content-Encoding")}}).Want(304)
			if len(again.Body) != 0 || again.Header.Get("ETag") != h.Get("ETag") {
				t.Errorf("%s: 304 with %v", path, again.Header)
			}
		}
		if plain.Header.Get("Content-Encoding") != "" || packed.Header.Get("Content-Encoding") != "gzip" || plain.Header.Get("ETag") == packed.Header.Get("ETag") {
			t.Errorf("%s: %v and %v", path, plain.Header, packed.Header)
		}
		if fetch(b, path, "gzip;q=0").Want(200).Header.Get("Content-Encoding") != "" || fetch(b, path, "gzip; q=0.0, deflate").Header.Get("Content-Encoding") != "" {
			t.Errorf("%s: gzip for whom it is not acceptable", path)
		}
	}
	f(scriptPath, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable")
	f(stylePath, "text/css; charset=utf-8", "public, max-age=31536000, immutable")
	f("/docs", "text/html; charset=utf-8", "no-cache")
	f("/openapi.json", "application/json", "no-cache")
}

// TestDocsPageStaysHere holds that the page names only what this listener serves, and forbids the rest.
func TestDocsPageStaysHere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := fetch(b, "/docs", "identity").Want(200)
	links := regexp.MustCompile(`(?:src|href|Url)="([^"]+)"`).FindAllStringSubmatch(string(a.Body), -1)
	if len(links) != 4 {
		t.Errorf("links %q", links)
	}
	for _, link := range links {
		if link[1] != "data:," {
			fetch(b, link[1], "gzip").Want(200)
		}
	}
	policy := a.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "connect-src 'self'") || strings.Contains(policy, "http") {
		t.Errorf("policy %q", policy)
	}
	for _, path := range []string{stylePath, "/docs"} {
		if found := regexp.MustCompile(`url\(["']?(?:https?:)?//|@import`).Find(fetch(b, path, "identity").Body); found != nil {
			t.Errorf("%s loads %s", path, found)
		}
	}
}

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Tags        []string
		}
	}
	if err := json.Unmarshal(fetch(b, "/openapi.json", "identity").Want(200).Body, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" || doc.Paths["/v2/config"]["get"].OperationID != "getAppConfig" || doc.Paths["/v2/health"]["get"].Tags[0] != "System" {
		t.Errorf("described as %+v", doc)
	}
	if _, ok := doc.Paths["/docs"]; ok {
		t.Error("the docs page is described")
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	b := setup(t)
	get(b, "/v2/version").Want(200)
	a := get(b, "/metrics").Want(200)
	if !strings.HasPrefix(a.Header.Get("Content-Type"), "text/plain") || !strings.Contains(string(a.Body), `encora_requests_total{operation="getVersion",status="200"}`) ||
		!strings.Contains(string(a.Body), "process_resident_memory_bytes") {
		t.Errorf("%v %.300s", a.Header, a.Body)
	}
}
