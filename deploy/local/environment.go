package main

import (
	"cmp"
	"os"
	"slices"
	"strings"
)

// originEnv is our environment and what the origin is to know. Secrets go this way: a command line is everybody's to read.
func (s *settings) originEnv() []string {
	return append(os.Environ(), "ENV=development", "STATE_DIR="+s.StateDir, "DATABASE_URL="+string(s.DatabaseURL),
		"ORIGIN_ADDR="+s.OriginAddr, "INTERNAL_ADDR="+s.InternalAddr,
		"EDGE_KEYS="+string(s.EdgeKeys), "CURSOR_KEYS="+string(s.CursorKeys),
		"CDN_BASE_URL="+cmp.Or(s.CDNBaseURL, s.mediaURL()))
}

// edgeEnv is our environment and what the edge is to know, which is no way into the database.
func (s *settings) edgeEnv() []string {
	env := slices.DeleteFunc(os.Environ(), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return name == "DATABASE_URL" || name == "EDGE_KEYS"
	})
	key, _, _ := strings.Cut(string(s.EdgeKeys), ",")
	return append(append(env, s.mediaEnv()...), "ENV=development", "EDGE_ADDR="+s.EdgeAddr, "ORIGIN_URL="+baseURL(s.InternalAddr), "EDGE_KEY="+key,
		"CURSOR_KEYS="+string(s.CursorKeys), "JWKS_URL="+baseURL(s.OriginAddr)+"/.well-known/jwks.json",
		"TOKEN_ISSUER=encora-dev", "TOKEN_AUDIENCE=encora")
}

// commandEnv is for a command that runs beside origin and edge: what both know, and where they are.
func (s *settings) commandEnv() []string {
	return append(s.originEnv(), "EDGE_ADDR="+s.EdgeAddr, "BIN_DIR="+s.BinDir)
}
