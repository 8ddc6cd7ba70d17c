package api

import (
	"net/http"
	"reflect"
	"time"

	"encora/shared/op"
)

// Document is an answer that comes from no transaction: health, metrics, the docs page.
type Document struct {
	Status      int
	ContentType string
	Body        []byte
	Header      http.Header
}

// JSON makes a document of a value.
func JSON(status int, v any) Document {
	body, err := encode(v)
	if err != nil {
		return Document{Status: http.StatusInternalServerError, ContentType: "text/plain"}
	}
	return Document{Status: status, ContentType: "application/json", Body: body}
}

// Plain declares a public GET that is answered without a transaction; out documents the shape of its JSON (nil for none).
func Plain(id, path string, serve op.Serve, out any, f func(*http.Request) Document) Entry {
	e := entry[None, None](id, "GET", path, op.Public, 200)
	e.Serve, e.plain = serve, f
	if out != nil {
		e.out = reflect.TypeOf(out)
	}
	return e
}

func (s *Server) sendPlain(w http.ResponseWriter, r *http.Request, e *Entry) {
	began := time.Now()
	d := e.plain(r)
	a := &answer{d.Status, d.Header.Clone(), d.Body}
	if a.header == nil {
		a.header = http.Header{}
	}
	if d.ContentType != "" {
		a.header.Set("Content-Type", d.ContentType)
	}
	if a.header.Get("Cache-Control") == "" {
		a.header.Set("Cache-Control", "no-store")
	}
	observe(e.ID, a.status, began)
	writeAnswer(w, a)
}
