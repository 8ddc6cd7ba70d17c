package pg

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// account is the user under whom root runs Postgres, which refuses root. Nil means ourselves.
type account struct {
	name     string
	uid, gid uint32
}

// unprivileged finds the account to use: nil unless we are root.
func unprivileged() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
		return &account{name, uint32(uid), uint32(gid)}, errors.Join(errUID, errGID)
	}
	return nil, errors.New("it does not run as root, and there is no user postgres or nobody to run it as")
}

// command runs a program as the account, from the root folder (it may not enter ours), in plain English.
func (a *account) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_MESSAGES=C", "TZ=UTC"}
	if a != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: a.uid, Gid: a.gid}}
	}
	return cmd
}

// own gives the file to the account.
func (a *account) own(path string) error {
	if a == nil {
		return nil
	}
	return os.Chown(path, int(a.uid), int(a.gid))
}

// canEnter reports whether the account may pass through dir and every folder above it. Those that don't exist yet count
// as passable: we make them so.
func (a *account) canEnter(dir string) bool {
	if a == nil {
		return true
	}
	for ; ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err == nil && !a.mayPass(info) {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}

func (a *account) mayPass(info fs.FileInfo) bool {
	owner := info.Sys().(*syscall.Stat_t)
	need := fs.FileMode(0o001)
	switch {
	case owner.Uid == a.uid:
		need = 0o100
	case owner.Gid == a.gid:
		need = 0o010
	}
	return info.Mode()&need != 0
}

// makeHome makes dir, or a folder in its place where the account can reach it, and returns its absolute path.
func makeHome(dir string, a *account, log io.Writer) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if !a.canEnter(filepath.Dir(dir)) {
		sum := sha256.Sum256([]byte(dir))
		other := filepath.Join(os.TempDir(), "encora-postgres-"+hex.EncodeToString(sum[:8]))
		fmt.Fprintf(log, "postgres | user %s can't enter %s: Postgres keeps its files in %s\n", a.name, dir, other)
		dir = other
	}
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return "", err
	}
	return dir, claim(dir, a)
}

// makeTestHome makes a new folder below the temporary one.
func makeTestHome() (string, error) {
	dir, err := os.MkdirTemp("", "encora-test-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o711)
}

// claim refuses a folder that another user has put in our way, and lets the account through it.
func claim(dir string, a *account) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() || info.Sys().(*syscall.Stat_t).Uid != uint32(os.Geteuid()) {
		return fmt.Errorf("%s is not a folder of ours", dir)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		return err
	}
	if !a.canEnter(dir) {
		return fmt.Errorf("user %s can't enter %s: set STATE_DIR or TMPDIR to a folder that everyone may pass through", a.name, dir)
	}
	return nil
}

// quietly runs cmd and shows its output only in the error.
func quietly(cmd *exec.Cmd) error {
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return nil
}
