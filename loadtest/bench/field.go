package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"encora/loadtest/fakeorigin"
	"encora/loadtest/mdtable"
	"encora/loadtest/subject"
)

// Names of the servers, as the tables have them.
const (
	edgeName    = "edge"
	bare        = "bare fasthttp"
	nginxStatic = "nginx static"
	nginxCopy   = "nginx static, sendfile off"
	nginxCache  = "nginx proxy_cache"
	varnish     = "Varnish"
)

// roomy is the edge's bound where memory is not the question.
const roomy = 1 << 30

// field is the servers that are compared, all on the bench's core, and the pages that all of them answer.
type field struct {
	pages  []subject.Page // Small, Large, Home
	edge   *subject.Subject
	peers  []*subject.Subject
	absent [][2]string // name and why
}

func (f *field) stop() {
	for _, s := range f.all() {
		s.Stop()
	}
}

// all returns the edge, if it is there, and its peers.
func (f *field) all() []*subject.Subject {
	if f.edge == nil {
		return f.peers
	}
	return append([]*subject.Subject{f.edge}, f.peers...)
}

// servers starts the field once, proves that all of it answers the same bytes, and prints what it consists of.
func (r *rig) servers(ctx context.Context, out io.Writer) (*field, error) {
	if r.field != nil {
		return r.field, nil
	}
	r.field = &field{}
	if err := r.startEdge(ctx); err != nil {
		return nil, err
	}
	if err := r.startPeers(ctx); err != nil {
		return nil, err
	}
	for _, s := range r.field.all() {
		for _, p := range r.field.pages {
			if err := r.verify(ctx, s, p); err != nil {
				return nil, err
			}
		}
	}
	t := mdtable.Table{Title: "Servers, verified to answer the same bytes", Columns: []string{"server", "version"}}
	for _, s := range r.field.all() {
		t.Add(s.Name, s.Version)
	}
	for _, a := range r.field.absent {
		t.Add(a[0], "absent: "+a[1])
	}
	_, err := t.WriteTo(out)
	return r.field, err
}

// startEdge starts the edge and takes the headers of its hits over for everyone.
func (r *rig) startEdge(ctx context.Context) error {
	edge, err := r.edge(ctx, 1, r.Core, roomy)
	if errors.Is(err, subject.ErrAbsent) {
		r.field.absent = append(r.field.absent, [2]string{edgeName, err.Error()})
	} else if err != nil {
		return err
	}
	r.field.edge = edge
	r.origin.Plain = map[string]http.Header{}
	for _, size := range []int{fakeorigin.Small, fakeorigin.Large, fakeorigin.Home} {
		page, err := r.page(ctx, pathOf(size), size)
		if err != nil {
			return err
		}
		r.field.pages = append(r.field.pages, page)
		plain := http.Header{}
		for _, h := range page.Header {
			plain.Set(h.Name, h.Value)
		}
		plain.Del("Date") // the origin writes its own
		r.origin.Plain[fakeorigin.FilmID(size, 0)] = plain
	}
	return nil
}

// pathOf is where a body of the size is found.
func pathOf(size int) string {
	if size == fakeorigin.Home {
		return fakeorigin.HomePath
	}
	return film(size, 0)
}

func (r *rig) page(ctx context.Context, path string, size int) (subject.Page, error) {
	body, err := fakeorigin.Body(fakeorigin.FilmID(size, 0))
	if err != nil {
		return subject.Page{}, err
	}
	p := subject.Page{Path: path, Body: body, Header: assumed}
	if r.field.edge == nil {
		return p, nil
	}
	for range 2 { // the second answer is a hit's
		header, _, _, err := r.field.edge.Fetch(ctx, p.Path, r.token, "")
		if err != nil {
			return subject.Page{}, err
		}
		p.Header = copied(header)
	}
	return p, nil
}

// assumed stands in for the headers of an edge that is absent.
var assumed = []subject.Header{
	{Name: "Content-Type", Value: "application/json"}, {Name: "Etag", Value: `"0123456789abcdef"`}, {Name: "Date", Value: ""},
	{Name: "Cache-Control", Value: "private, no-cache"}, {Name: "Vary", Value: "Authorization, Accept-Encoding"},
	{Name: "Cache-Status", Value: "encora; hit"}, {Name: "X-Request-Id", Value: "01990000-0000-7000-8000-000000000000"},
}

// copied are the headers of an answer without those that belong to the connection or the body, in a fixed order.
func copied(h http.Header) []subject.Header {
	var list []subject.Header
	for name, values := range h {
		if !slices.Contains([]string{"Content-Length", "Connection", "Keep-Alive", "Server"}, name) {
			list = append(list, subject.Header{Name: name, Value: values[0]})
		}
	}
	slices.SortFunc(list, func(a, b subject.Header) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
	return list
}

func (r *rig) startPeers(ctx context.Context) error {
	env, pages := r.env(r.Core), r.field.pages
	starts := []struct {
		name  string
		start func() (*subject.Subject, error)
	}{
		{bare, func() (*subject.Subject, error) { return subject.Bare(ctx, env, r.addr(2), pages) }},
		{nginxStatic, func() (*subject.Subject, error) { return subject.NginxStatic(ctx, env, r.addr(3), pages, true) }},
		{nginxCopy, func() (*subject.Subject, error) { return subject.NginxStatic(ctx, env, r.addr(4), pages, false) }},
		{nginxCache, func() (*subject.Subject, error) {
			return subject.NginxCache(ctx, env, r.addr(5), r.upstream, pages)
		}},
		{varnish, func() (*subject.Subject, error) { return subject.Varnish(ctx, env, r.addr(6), r.upstream, pages) }},
	}
	for _, s := range starts {
		peer, err := s.start()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil { // not there, or not able to run here: the others are still worth comparing
			why := strings.Join(strings.Fields(err.Error()), " ")
			r.field.absent = append(r.field.absent, [2]string{s.name, why})
			continue
		}
		peer.Name = s.name
		r.field.peers = append(r.field.peers, peer)
	}
	return nil
}

// verify fetches a page and compares status, body and encoding with what everyone must answer.
func (r *rig) verify(ctx context.Context, s *subject.Subject, p subject.Page) error {
	header, status, body, err := s.Fetch(ctx, p.Path, r.token, "")
	if err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	if status != http.StatusOK || header.Get("Content-Encoding") != "" || !bytes.Equal(body, p.Body) {
		return fmt.Errorf("%s answers %s with status %d, encoding %q and %d bytes that differ from the %d expected",
			s.Name, p.Path, status, header.Get("Content-Encoding"), len(body), len(p.Body))
	}
	return nil
}
