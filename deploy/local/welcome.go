package main

import (
	"fmt"
	"strings"
)

// welcome tells the reader where everything is, and six commands to copy.
func (s *settings) welcome() string {
	usual, _, err := load([]string{"run"}, func(string) (string, bool) { return "", false }, nil)
	if err != nil { // the defaults are ours
		panic(err)
	}
	try := "deploy/local/try.sh"
	for _, setting := range []struct{ name, value, usual string }{
		{"BIN_DIR", s.BinDir, usual.BinDir},
		{"EDGE_ADDR", s.EdgeAddr, usual.EdgeAddr},
		{"ORIGIN_ADDR", s.OriginAddr, usual.OriginAddr},
		{"STATE_DIR", s.StateDir, usual.StateDir},
	} {
		if setting.value != setting.usual {
			try = setting.name + "=" + quoted(setting.value) + " " + try
		}
	}
	return fmt.Sprintf(`
Encora runs until Ctrl-C (or SIGTERM).
  edge    %s    for players
  origin  %s    for editors; its description is at /docs
  state   %s

See a film come and go, in another terminal:
  %s publish
  %s change
  %s unpublish
See the home screen, and search:
  %s home
See what is on now:
  %s now
Play a film:
  %s play

`, baseURL(s.EdgeAddr), baseURL(s.OriginAddr), s.StateDir, try, try, try, try, try, try)
}

// quoted makes one word of the shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
