package subject

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// EdgeConfig is what an edge under test is told.
type EdgeConfig struct {
	Binary     string
	Origin     string // base URL of the origin's internal listener
	Key        string // which that origin accepts
	JWKS       string // URL of the keys of the tokens' issuer
	Issuer     string
	Audience   string
	CacheBytes int64
	CDNConfig  string // file; empty: the edge signs no URLs
	CursorKeys string // empty: some that nobody else has
}

// Edge starts the edge and waits until it answers path.
func Edge(ctx context.Context, env Env, addr string, c EdgeConfig, path string) (*Subject, error) {
	if _, err := os.Stat(c.Binary); err != nil {
		return nil, fmt.Errorf("%s: %w (go build -o bin/edge ./edge)", c.Binary, ErrAbsent)
	}
	cmd := exec.Command(c.Binary)
	cmd.Env = []string{ // nothing of ours: a stray setting would change what is measured
		"ENV=development", "EDGE_ADDR=" + addr, "ORIGIN_URL=" + c.Origin, "EDGE_KEY=" + c.Key, "JWKS_URL=" + c.JWKS,
		"TOKEN_ISSUER=" + c.Issuer, "TOKEN_AUDIENCE=" + c.Audience, "CACHE_BYTES=" + strconv.FormatInt(c.CacheBytes, 10),
		"CURSOR_KEYS=" + cmp.Or(c.CursorKeys, strings.Repeat("00", 32)),
		"CDN_CONFIG=" + c.CDNConfig,
	}
	s := &Subject{Name: "edge", Version: "this checkout", Addr: addr, Validates: true}
	return s.start(ctx, env, path, cmd)
}
