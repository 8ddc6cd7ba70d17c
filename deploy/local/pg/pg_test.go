package pg

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// start runs a server in dir, with the binaries that the machine has (PG_BIN asks for others), until the test ends.
func start(t *testing.T, o Options) *Server {
	t.Helper()
	var log bytes.Buffer
	o.Bin, o.Log = os.Getenv("PG_BIN"), &log
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	t.Cleanup(s.Stop)
	return s
}

// openFolder is a temporary folder that every user may pass through.
func openFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "encora-pgtest-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "postgres")
}

// greet opens a session of the protocol, version 3.0, and returns the server's first message: its type and its body.
func greet(t *testing.T, s *Server) (byte, []byte) {
	t.Helper()
	u, err := url.Parse(s.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	body := "\x00\x03\x00\x00user\x00postgres\x00database\x00postgres\x00\x00"
	hello := append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...)
	if _, err := conn.Write(hello); err != nil {
		t.Fatal(err)
	}
	head := make([]byte, 5)
	if _, err := io.ReadFull(conn, head); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
	if _, err := io.ReadFull(conn, answer); err != nil {
		t.Fatal(err)
	}
	return head[0], answer
}

// systemIdentifier is the number that initdb gave to the data folder, the first eight bytes of pg_control.
func systemIdentifier(t *testing.T, s *Server) uint64 {
	t.Helper()
	control, err := os.ReadFile(filepath.Join(s.data(), "global", "pg_control"))
	if err != nil {
		t.Fatal(err)
	}
	return binary.NativeEndian.Uint64(control)
}

func TestServerAsksForItsPassword(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Dir: openFolder(t)})
	kind, answer := greet(t, s)
	if kind != 'R' || !bytes.Contains(answer, []byte("SCRAM-SHA-256")) {
		t.Fatalf("first message %q %q, want an authentication request", kind, answer)
	}
	if os.Geteuid() == 0 {
		info, err := os.Stat("/proc/" + strconv.Itoa(s.Process().Pid()))
		if err != nil {
			t.Fatal(err)
		}
		if uid := info.Sys().(*syscall.Stat_t).Uid; uid == 0 {
			t.Fatal("the server runs as root")
		}
	}
}

func TestSecondRunGoesOnWithTheFirstOnesData(t *testing.T) {
	t.Parallel()
	dir := openFolder(t)
	first := start(t, Options{Dir: dir})
	before := systemIdentifier(t, first)
	_, err := Start(t.Context(), Options{Dir: dir, Bin: os.Getenv("PG_BIN")})
	if err == nil || !strings.Contains(err.Error(), "in use by another run") {
		t.Fatalf("second server on the folder: %v", err)
	}
	first.Stop()
	second := start(t, Options{Dir: dir})
	if systemIdentifier(t, second) != before {
		t.Fatal("the data folder was made anew")
	}
	if first.password != second.password {
		t.Fatal("the password changed, the data did not")
	}
}

func TestKilledServerDoesNotPreventStart(t *testing.T) {
	t.Parallel()
	dir := openFolder(t)
	first := start(t, Options{Dir: dir})
	if err := syscall.Kill(first.Process().Pid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-first.Process().Done()
	if !exists(first.pidFile()) {
		t.Fatal("no stale pid file: the test shows nothing")
	}
	first.release() // as the kernel does for a dead process
	greet(t, start(t, Options{Dir: dir}))
}

func TestPidFileThatNamesAnotherProgramDoesNotPreventStart(t *testing.T) {
	t.Parallel()
	dir := openFolder(t)
	first := start(t, Options{Dir: dir})
	first.Stop()
	stale := strconv.Itoa(os.Getpid()) + "\n" + first.data() + "\n"
	if err := os.WriteFile(first.pidFile(), []byte(stale), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := first.user.own(first.pidFile()); err != nil {
		t.Fatal(err)
	}
	greet(t, start(t, Options{Dir: dir}))
}

func TestServerLeftRunningIsEnded(t *testing.T) {
	t.Parallel()
	dir := openFolder(t)
	first := start(t, Options{Dir: dir})
	first.release() // its owner is gone, it is not
	greet(t, start(t, Options{Dir: dir}))
	select {
	case <-first.Process().Done():
	default:
		t.Fatal("two servers run on one folder")
	}
}

func TestServerForTestsLeavesNothing(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Dir: openFolder(t), ForTests: true})
	greet(t, s)
	s.Stop()
	if exists(s.home) {
		t.Fatalf("%s is still there", s.home)
	}
}

func TestPortInUseIsSaid(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	_, err = Start(t.Context(), Options{Dir: openFolder(t), Bin: os.Getenv("PG_BIN"), Port: port, ForTests: true})
	if err == nil || !strings.Contains(err.Error(), "Address already in use") {
		t.Fatalf("got %v", err)
	}
}

func TestStartCanBeInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Start(ctx, Options{Dir: openFolder(t), Bin: os.Getenv("PG_BIN")}); err == nil {
		t.Fatal("started")
	}
}
