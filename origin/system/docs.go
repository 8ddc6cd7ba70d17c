package system

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/VictoriaMetrics/metrics"
	"github.com/cespare/xxhash/v2"

	"encora/origin/api"
)

// The docs page is Stoplight Elements 9.0.25, Apache-2.0 (elements/LICENSE): the two files of the npm package
// @stoplight/elements that a page needs, compressed and otherwise untouched.
const (
	elements   = "/docs/elements-9.0.25"
	scriptPath = elements + "/web-components.min.js"
	stylePath  = elements + "/styles.min.css"
)

var (
	//go:embed elements/web-components.min.js.gz
	scriptGzip []byte
	//go:embed elements/styles.min.css.gz
	styleGzip []byte
)

var (
	script = newFile("text/javascript; charset=utf-8", "public, max-age=31536000, immutable", scriptGzip)
	style  = newFile("text/css; charset=utf-8", "public, max-age=31536000, immutable", styleGzip)
	page   = newFile("text/html; charset=utf-8", "no-cache", compress([]byte(pageText))).with("Content-Security-Policy", pagePolicy)
)

const pageText = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>EncoraStream CMS API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="` + stylePath + `">
<script src="` + scriptPath + `" defer></script>
<style>html, body { height: 100%; margin: 0 }</style>
</head>
<body>
<elements-api apiDescriptionUrl="/openapi.json" router="hash" layout="sidebar"></elements-api>
</body>
</html>
`

// pagePolicy keeps the page to this origin. Elements writes styles into its elements, hence unsafe-inline for those.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// file is a document that does not change while the process runs, kept compressed.
type file struct {
	contentType, cacheControl string
	gzipped                   []byte
	tag                       string // of the identity; the compressed one has -gz at its end
	header                    http.Header
}

func newFile(contentType, cacheControl string, gzipped []byte) *file {
	return &file{contentType: contentType, cacheControl: cacheControl, gzipped: gzipped,
		tag: fmt.Sprintf("%016x", xxhash.Sum64(gzipped)), header: http.Header{}}
}

func (f *file) with(name, value string) *file {
	f.header.Set(name, value)
	return f
}

func compress(b []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level exists, and a buffer takes everything
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

// serve answers with the encoding that the client takes, or 304.
func (f *file) serve(r *http.Request) api.Document {
	d := api.Document{Status: http.StatusOK, ContentType: f.contentType, Body: f.gzipped, Header: f.header.Clone()}
	d.Header.Set("Cache-Control", f.cacheControl)
	d.Header.Set("Vary", "Accept-Encoding")
	d.Header.Set("X-Content-Type-Options", "nosniff")
	tag := f.tag + "-gz"
	if takesGzip(r.Header.Values("Accept-Encoding")) {
		d.Header.Set("Content-Encoding", "gzip")
	} else {
		tag, d.Body = f.tag, f.identity()
	}
	d.Header.Set("ETag", `"`+tag+`"`)
	if strings.Contains(r.Header.Get("If-None-Match"), f.tag) {
		d.Status, d.Body, d.ContentType = http.StatusNotModified, nil, ""
	}
	return d
}

func (f *file) identity() []byte {
	z, err := gzip.NewReader(bytes.NewReader(f.gzipped))
	if err != nil {
		panic(err) // compressed by us
	}
	b, err := io.ReadAll(z)
	if err != nil {
		panic(err)
	}
	return b
}

// takesGzip reads Accept-Encoding (RFC 9110 §12.5.3) as far as one coding needs it.
func takesGzip(values []string) bool {
	for item := range strings.SplitSeq(strings.Join(values, ","), ",") {
		coding, weight, _ := strings.Cut(item, ";")
		if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			continue
		}
		weight = strings.TrimLeft(strings.TrimPrefix(strings.ToLower(strings.TrimSpace(weight)), "q="), " ")
		return strings.Trim(weight, "0.") != "" || weight == ""
	}
	return false
}

// openapi serves the description of all operations, rendered when it is first asked for.
func (d *Domain) openapi(r *http.Request) api.Document {
	d.description.Do(func() {
		text, err := d.OpenAPI()
		if err != nil {
			d.Log.Error("OpenAPI description could not be rendered", "error", err)
			return
		}
		d.description.file = newFile("application/json", "no-cache", compress(text))
	})
	if d.description.file == nil {
		return api.Document{Status: http.StatusInternalServerError, ContentType: "text/plain"}
	}
	return d.description.serve(r)
}

func metricsText(*http.Request) api.Document {
	var b bytes.Buffer
	metrics.WritePrometheus(&b, true)
	return api.Document{Status: http.StatusOK, ContentType: "text/plain; version=0.0.4; charset=utf-8", Body: b.Bytes()}
}
