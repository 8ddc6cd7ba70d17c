package pg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const superuser = "postgres"

// orphanPatience is how long a server that an earlier run left behind may take to end.
const orphanPatience = 20 * time.Second

func (s *Server) data() string    { return filepath.Join(s.home, "data") }
func (s *Server) pidFile() string { return filepath.Join(s.data(), "postmaster.pid") }

// initialise takes the folder for this process alone and makes its data folder unless it has one.
func (s *Server) initialise(ctx context.Context) error {
	if err := s.takeLock(); err != nil {
		return err
	}
	if err := s.loadPassword(); err != nil {
		return err
	}
	_, err := os.Stat(s.data())
	if errors.Is(err, fs.ErrNotExist) {
		return s.initdb(ctx)
	}
	if err != nil {
		return err
	}
	return s.endOrphan(ctx)
}

// takeLock fails when another process runs a server in the folder. The kernel gives the lock up when its holder dies.
func (s *Server) takeLock() error {
	f, err := os.OpenFile(filepath.Join(s.home, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return fmt.Errorf("%s is in use by another run: stop that, or set another STATE_DIR", s.home)
	}
	s.lock = f
	return nil
}

// loadPassword reads the superuser's password, or makes one before there is data that it could fail to open.
func (s *Server) loadPassword() error {
	path := filepath.Join(s.home, "password")
	if s.password = readFile(path); s.password != "" {
		return nil
	}
	s.password = newPassword()
	return os.WriteFile(path, []byte(s.password), 0o600)
}

// initdb works in a folder that gets its name at the end: what is called data is complete.
func (s *Server) initdb(ctx context.Context) error {
	draft := s.data() + ".new"
	if err := os.RemoveAll(draft); err != nil {
		return err
	}
	if err := os.Mkdir(draft, 0o700); err != nil {
		return err
	}
	if err := s.user.own(draft); err != nil {
		return err
	}
	password := s.data() + ".password" // for initdb's eyes: the server's user can't read ours
	defer os.Remove(password)
	if err := os.WriteFile(password, []byte(s.password), 0o600); err != nil {
		return err
	}
	if err := s.user.own(password); err != nil {
		return err
	}
	cmd := s.user.command(ctx, filepath.Join(s.bin, "initdb"), "--pgdata="+draft, "--username="+superuser,
		"--pwfile="+password, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8")
	if err := quietly(cmd); err != nil {
		return err
	}
	return os.Rename(draft, s.data())
}

// endOrphan clears what a run that was killed left: its server, if it still runs, and a pid file whose number now belongs
// to another program, for which Postgres would wait in vain. Any other stale pid file Postgres itself judges better.
func (s *Server) endOrphan(ctx context.Context) error {
	first, _, _ := strings.Cut(readFile(s.pidFile()), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil || pid <= 1 {
		return nil
	}
	if !s.isServer(pid) {
		if exists(fmt.Sprintf("/proc/%d", pid)) {
			return os.Remove(s.pidFile())
		}
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, orphanPatience)
	defer cancel()
	_ = syscall.Kill(pid, syscall.SIGINT) // fails when it has just ended
	for s.isServer(pid) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("the server of an earlier run (process %d) does not end", pid)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// isServer reports whether the process serves this data folder.
func (s *Server) isServer(pid int) bool {
	args := readFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return strings.Contains(args, "\x00-D\x00"+s.data()+"\x00")
}

// readFile is the file's text without surrounding space; empty when it can't be read.
func readFile(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
