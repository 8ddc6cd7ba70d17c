package subject

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Varnish starts Varnish with its store in memory before upstream (host:port), which answers the pages.
func Varnish(ctx context.Context, env Env, addr, upstream string, pages []Page) (*Subject, error) {
	program, err := find("varnishd")
	if err != nil {
		return nil, err
	}
	dir, err := env.folder("varnish")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "films.vcl")
	if err := os.WriteFile(file, []byte(vcl(upstream, pages[0].Header)), 0o644); err != nil {
		return nil, err
	}
	version, _ := exec.Command(program, "-V").CombinedOutput()
	_, rest, _ := strings.Cut(string(version), "(") // varnishd (varnish-7.1.1 revision …)
	first, _, _ := strings.Cut(rest, ")")
	s := &Subject{Name: "Varnish", Version: first, Addr: addr, Validates: true}
	cmd := exec.Command(program, "-F", "-a", addr, "-f", file, "-n", filepath.Join(dir, "state"), "-s", "malloc,1G",
		"-T", "none", "-p", "thread_pools=1", "-p", "timeout_idle=3600")
	return s.start(ctx, env, pages[0].Path, cmd)
}

// vcl looks every request up, tokens or not, and keeps every answer for an hour under its URL alone; Vary is put back on
// delivery, so that the answer has the headers of the others.
func vcl(upstream string, header []Header) string {
	host, port, _ := strings.Cut(upstream, ":")
	vary := ""
	for _, h := range header {
		if h.Name == "Vary" {
			vary = fmt.Sprintf("\n  set resp.http.Vary = %q;", h.Value)
		}
	}
	return fmt.Sprintf(`vcl 4.1;
backend films { .host = %q; .port = %q; }
sub vcl_recv { return (hash); }
sub vcl_backend_response {
  unset beresp.http.Vary;
  set beresp.ttl = 1h;
  return (deliver);
}
sub vcl_deliver {%s
  return (deliver);
}
`, host, port, vary)
}
