package subject

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// NginxStatic starts nginx with the pages as files. With sendfile they go from the page cache to the socket, which is
// best for long ones; without, they are copied and leave in one write with their header, which is best for short ones.
func NginxStatic(ctx context.Context, env Env, addr string, pages []Page, sendfile bool) (*Subject, error) {
	dir, err := env.folder("nginx-" + strings.ReplaceAll(addr, ":", "-"))
	if err != nil {
		return nil, err
	}
	for _, p := range pages {
		file := filepath.Join(dir, "www", p.Path)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(file, p.Body, 0o644); err != nil {
			return nil, err
		}
	}
	return nginx(ctx, env, "nginx static", addr, dir, pages[0].Path, nginxStatic(dir, addr, pages[0].Header, sendfile))
}

// NginxCache starts nginx as a cache before upstream (host:port), which answers the pages.
func NginxCache(ctx context.Context, env Env, addr, upstream string, pages []Page) (*Subject, error) {
	dir, err := env.folder("nginx-" + strings.ReplaceAll(addr, ":", "-"))
	if err != nil {
		return nil, err
	}
	return nginx(ctx, env, "nginx proxy_cache", addr, dir, pages[0].Path, nginxCache(dir, addr, upstream))
}

func nginx(ctx context.Context, env Env, name, addr, dir, path, config string) (*Subject, error) {
	program, err := find("nginx")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		return nil, err
	}
	version, _ := exec.Command(program, "-v").CombinedOutput()
	s := &Subject{Name: name, Version: strings.TrimSpace(strings.TrimPrefix(string(version), "nginx version: ")), Addr: addr, Validates: true}
	return s.start(ctx, env, path, exec.Command(program, "-p", dir, "-c", file))
}

// nginxBase is what both configurations share: one worker, no log, kept-alive connections without end, and the metadata
// of open files remembered.
func nginxBase(dir, server string) string {
	return fmt.Sprintf(`daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid %[1]s/nginx.pid;
error_log %[1]s/error.log;
events { worker_connections 16384; use epoll; }
http {
  access_log off;
  tcp_nodelay on;
  gzip off;
  server_tokens off;
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  open_file_cache max=100000 inactive=1h;
  open_file_cache_valid 1h;
  open_file_cache_min_uses 1;
  client_body_temp_path %[1]s/body;
  proxy_temp_path %[1]s/proxy;
  fastcgi_temp_path %[1]s/fastcgi;
  uwsgi_temp_path %[1]s/uwsgi;
  scgi_temp_path %[1]s/scgi;
%[2]s}
`, dir, server)
}

// ownHeaders are those that nginx writes by itself.
var ownHeaders = []string{"Content-Type", "Content-Length", "Etag", "Last-Modified", "Date", "Server", "Connection"}

func nginxStatic(dir, addr string, header []Header, sendfile bool) string {
	var add strings.Builder
	for _, h := range header {
		if !slices.Contains(ownHeaders, h.Name) {
			fmt.Fprintf(&add, "    add_header %s '%s';\n", h.Name, strings.NewReplacer("'", `\'`, "$", "").Replace(h.Value))
		}
	}
	return nginxBase(dir, fmt.Sprintf(`  default_type application/json;
%s
  server {
    listen %s backlog=4096;
    root %s/www;
%s  }
`, sending(sendfile), addr, dir, add.String()))
}

// nginxCache ignores what would keep the answers out of a shared cache or split it by token: every subject is to serve
// hits of one entry.
func nginxCache(dir, addr, upstream string) string {
	return nginxBase(dir, fmt.Sprintf(`%[4]s
  proxy_cache_path %[1]s/cache levels=1:2 keys_zone=films:64m max_size=8g inactive=1h use_temp_path=off;
  server {
    listen %[2]s backlog=4096;
    location / {
      proxy_pass http://%[3]s;
      proxy_cache films;
      proxy_cache_key $uri;
      proxy_cache_valid 200 1h;
      proxy_cache_lock on;
      proxy_ignore_headers Cache-Control Expires Vary Set-Cookie;
    }
  }
`, dir, addr, upstream, sending(true)))
}

func sending(sendfile bool) string {
	if sendfile {
		return "  sendfile on;\n  tcp_nopush on;"
	}
	return "  sendfile off;\n  output_buffers 1 64k;"
}
