// Package local is the stack that runs on this machine, as `bin/local run -- COMMAND` tells a command of it: its addresses,
// its keys, players for it, and more edges.
package local

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"encora/loadtest/device"
	"encora/shared/token"
)

// Stack is where everything is. A command embeds it; under `bin/local run` none of it needs to be given.
type Stack struct {
	EdgeAddr     string `env:"EDGE_ADDR" default:"127.0.0.1:8080" help:"host:port of the edge; this machine only."`
	OriginAddr   string `env:"ORIGIN_ADDR" default:"127.0.0.1:8081" help:"host:port of the origin for editors."`
	InternalAddr string `env:"INTERNAL_ADDR" default:"127.0.0.1:8082" help:"host:port of the origin for edges."`
	EdgeKey      string `env:"EDGE_KEYS" help:"What edges show the origin; of several the first."`
	CursorKeys   string `env:"CURSOR_KEYS" help:"Keys that sign cursors."`
	StateDir     string `env:"STATE_DIR" default:".state" help:"Folder with the key of the development issuer."`
	BinDir       string `env:"BIN_DIR" default:"bin" help:"Folder of the programs origin and edge."`
}

// Edge is the base URL of the stack's edge.
func (s *Stack) Edge() string { return "http://" + s.EdgeAddr }

// Origin is the base URL of its origin, for editors.
func (s *Stack) Origin() string { return "http://" + s.OriginAddr }

// Internal is the base URL of its origin, for edges.
func (s *Stack) Internal() string { return "http://" + s.InternalAddr }

// Key is what an edge shows the origin.
func (s *Stack) Key() string {
	first, _, _ := strings.Cut(s.EdgeKey, ",")
	return first
}

// Admin is a token that may do everything.
func (s *Stack) Admin() (string, error) {
	issuer, err := token.OpenIssuer(s.StateDir)
	if err != nil {
		return "", err
	}
	return issuer.Mint(token.Spec{Role: "admin"})
}

// Players are the first n generated accounts at their devices. Seed brings them in.
func (s *Stack) Players(n int) ([]device.Player, error) {
	issuer, err := token.OpenIssuer(s.StateDir)
	if err != nil {
		return nil, err
	}
	players := make([]device.Player, n)
	for i := range players {
		spec := token.Spec{Role: "viewer", Account: token.AccountID(i).String(), Profiles: []string{token.ProfileID(i).String()}}
		players[i].Device = token.DeviceID(i).String()
		if players[i].Token, err = issuer.Mint(spec); err != nil {
			return nil, err
		}
	}
	return players, nil
}

// Seed has `origin seed` bring in the first n generated accounts, as far as they are not there.
func (s *Stack) Seed(ctx context.Context, n int) error {
	cmd := exec.CommandContext(ctx, filepath.Join(s.BinDir, "origin"), "seed", "--accounts", fmt.Sprint(n))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("origin seed --accounts %d: %w: %.2000s (is DATABASE_URL set, as under bin/local run?)", n, err, out)
	}
	return nil
}

// SeededPlayers are Players that were brought in.
func (s *Stack) SeededPlayers(ctx context.Context, n int) ([]device.Player, error) {
	if err := s.Seed(ctx, n); err != nil {
		return nil, err
	}
	return s.Players(n)
}

// cdnConfig is the file that `make run` has made.
func (s *Stack) cdnConfig() string {
	if file := os.Getenv("CDN_CONFIG"); file != "" {
		return file
	}
	return filepath.Join(s.StateDir, "cdn.json")
}
