package subject

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/valyala/fasthttp"

	"encora/loadtest/loopback"
)

// fasthttpVersion is the one in go.mod; a test holds the two together.
const fasthttpVersion = "v1.74.0"

// Bare starts a fasthttp server that does nothing but answer the pages from a map: the least that the edge could cost.
func Bare(ctx context.Context, env Env, addr string, pages []Page) (*Subject, error) {
	dir, err := env.folder("fasthttp")
	if err != nil {
		return nil, err
	}
	list, err := json.Marshal(pages)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "pages.json")
	if err := os.WriteFile(file, list, 0o644); err != nil {
		return nil, err
	}
	s := &Subject{Name: "bare fasthttp", Version: fasthttpVersion, Addr: addr}
	return s.start(ctx, env, pages[0].Path, exec.Command(env.Self, "bare", "--pages", file, "--addr", addr))
}

// BareCommand is `loadtest bare`, the server that Bare starts.
type BareCommand struct {
	Pages string `required:"" help:"File of pages."`
	Addr  string `required:"" help:"Address to listen on."`
}

// Run serves until ctx ends.
func (c *BareCommand) Run(ctx context.Context) error {
	if _, err := loopback.Base("http://" + c.Addr); err != nil {
		return err
	}
	list, err := os.ReadFile(c.Pages)
	if err != nil {
		return err
	}
	var pages []Page
	if err := json.Unmarshal(list, &pages); err != nil {
		return fmt.Errorf("%s: %w", c.Pages, err)
	}
	server := bareServer(pages)
	go func() {
		<-ctx.Done()
		_ = server.Shutdown() // it ends ListenAndServe, which reports
	}()
	return server.ListenAndServe(c.Addr)
}

// bareServer has a write buffer that holds a whole answer (the default splits it into several writes), and no timeouts.
func bareServer(pages []Page) *fasthttp.Server {
	byPath := map[string]Page{}
	date := false
	for _, p := range pages {
		byPath[p.Path] = p
		for _, h := range p.Header {
			date = date || h.Name == "Date"
		}
	}
	return &fasthttp.Server{
		WriteBufferSize: 48 << 10, NoDefaultServerHeader: true, NoDefaultContentType: true, NoDefaultDate: !date,
		Handler: func(ctx *fasthttp.RequestCtx) {
			page, ok := byPath[string(ctx.Path())]
			if !ok {
				ctx.SetStatusCode(fasthttp.StatusNotFound)
				return
			}
			for _, h := range page.Header {
				if h.Name != "Date" { // the server writes its own
					ctx.Response.Header.Set(h.Name, h.Value)
				}
			}
			if page.Status != 0 {
				ctx.SetStatusCode(page.Status)
			}
			ctx.Response.SetBodyRaw(page.Body)
		},
	}
}
