package pg

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// stranger is an account that owns nothing.
var stranger = &account{name: "stranger", uid: 54321, gid: 54321}

func TestHomeMovesOutOfAPrivateFolder(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Dir(openFolder(t)))
	private := t.TempDir()
	if err := os.Chmod(private, 0o700); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	home, err := makeHome(filepath.Join(private, "state"), stranger, &log)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(home, os.TempDir()) || !stranger.canEnter(home) {
		t.Fatalf("moved to %s", home)
	}
	if !strings.Contains(log.String(), home) {
		t.Fatalf("the log does not say where: %q", &log)
	}
	again, err := makeHome(filepath.Join(private, "state"), stranger, &log)
	if err != nil || again != home {
		t.Fatalf("second run: %s, %v; want %s", again, err, home)
	}
	other, err := makeHome(filepath.Join(private, "other"), stranger, &log)
	if err != nil || other == home {
		t.Fatalf("another state folder: %s, %v", other, err)
	}
}

func TestHomeStaysWhereItCanBeReached(t *testing.T) {
	t.Parallel()
	want := openFolder(t)
	home, err := makeHome(want, stranger, nil)
	if err != nil || home != want {
		t.Fatalf("got %s, %v; want %s", home, err, want)
	}
}

func TestHomeRefusesAnotherUsersLink(t *testing.T) {
	t.Parallel()
	dir := openFolder(t)
	if err := os.Symlink(os.TempDir(), dir); err != nil {
		t.Fatal(err)
	}
	if _, err := makeHome(dir, stranger, nil); err == nil {
		t.Fatal("a symbolic link was taken for our folder")
	}
}
