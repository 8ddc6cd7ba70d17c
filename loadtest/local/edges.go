package local

import (
	"context"
	"fmt"
	"net"
	"path/filepath"

	"encora/loadtest/process"
	"encora/loadtest/subject"
	"encora/shared/token"
)

// cacheBytes bounds each of the further edges, which hold little.
const cacheBytes = 64 << 20

// Edges are the base URLs of the stack's edge and of n-1 more, which run until the function that comes with them is called.
func (s *Stack) Edges(ctx context.Context, n int) ([]string, func(), error) {
	var more []*subject.Subject
	stop := func() {
		for _, edge := range more {
			edge.Stop()
		}
	}
	urls := []string{s.Edge()}
	for len(urls) < n {
		edge, err := s.startEdge(ctx)
		if err != nil {
			stop()
			return nil, nil, err
		}
		more, urls = append(more, edge), append(urls, "http://"+edge.Addr)
	}
	return urls, stop, nil
}

func (s *Stack) startEdge(ctx context.Context) (*subject.Subject, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	return subject.Edge(ctx, subject.Env{Core: process.AnyCore}, addr, subject.EdgeConfig{
		Binary: filepath.Join(s.BinDir, "edge"), Origin: s.Internal(), Key: s.Key(), JWKS: s.Origin() + "/.well-known/jwks.json",
		Issuer: token.DevIssuer, Audience: token.DevAudience, CacheBytes: cacheBytes, CDNConfig: s.cdnConfig(), CursorKeys: s.CursorKeys,
	}, "/v2/ready")
}

// freeAddr is one that nobody listens on.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}
