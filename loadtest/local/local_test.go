package local

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func TestEnvironmentSaysWhereTheStackIs(t *testing.T) {
	for name, value := range map[string]string{"EDGE_ADDR": "127.0.0.1:1", "ORIGIN_ADDR": "127.0.0.1:2", "INTERNAL_ADDR": "127.0.0.1:3", "EDGE_KEYS": "one,two", "STATE_DIR": t.TempDir()} {
		t.Setenv(name, value)
	}
	var c struct {
		Stack `embed:""`
	}
	if _, err := kong.Must(&c).Parse(nil); err != nil {
		t.Fatal(err)
	}
	if c.Edge() != "http://127.0.0.1:1" || c.Origin() != "http://127.0.0.1:2" || c.Internal() != "http://127.0.0.1:3" || c.Key() != "one" {
		t.Errorf("%+v", c)
	}
	players, err := c.Players(3)
	if err != nil || len(players) != 3 || players[0].Device == players[1].Device || players[0].Token == players[1].Token {
		t.Errorf("%v, %v", players, err)
	}
	if admin, err := c.Admin(); err != nil || admin == "" {
		t.Errorf("%q, %v", admin, err)
	}
}

// A program that fails is told of with what it said.
func TestSeedTellsWhatWentWrong(t *testing.T) {
	s := Stack{BinDir: t.TempDir()}
	if err := os.WriteFile(filepath.Join(s.BinDir, "origin"), []byte("#!/bin/sh\necho \"no database for $*\"; exit 3\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := s.Seed(t.Context(), 5); err == nil || !strings.Contains(err.Error(), "no database for seed --accounts 5") {
		t.Errorf("%v", err)
	}
}
