package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// world is a state folder, the programs and free addresses: what one run needs for itself.
type world struct {
	t                      *testing.T
	dir                    string
	origin, internal, edge string
	env                    []string
}

func newWorld(t *testing.T, env ...string) *world {
	t.Helper()
	dir, err := os.MkdirTemp("", "encora-local-") // not t.TempDir: Postgres' user must pass through it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"local", "origin", "edge", "ffmpeg"} {
		if err := os.Symlink(self, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	w := &world{t: t, dir: dir, origin: freeAddr(t), internal: freeAddr(t), edge: freeAddr(t)}
	w.env = append(os.Environ(), "STATE_DIR="+w.state(), "BIN_DIR="+dir, noteDir+"="+dir, "DATABASE_URL=postgres://db/given",
		"ORIGIN_ADDR="+w.origin, "INTERNAL_ADDR="+w.internal, "EDGE_ADDR="+w.edge, "EDGE_KEYS=", "CURSOR_KEYS=",
		"CDN_CONFIG=", "CDN_BASE_URL=", "CDN_TTL=", "FFMPEG="+filepath.Join(dir, "absent"))
	w.env = append(w.env, "GORACE=atexit_sleep_ms=0") // a second for each process otherwise
	w.env = append(w.env, env...)
	return w
}

func (w *world) state() string { return filepath.Join(w.dir, "state") }

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// process is `local` at work.
type process struct {
	*exec.Cmd
	t   *testing.T
	out *bufio.Reader
	log bytes.Buffer
}

func (w *world) start(args ...string) *process {
	w.t.Helper()
	p := &process{Cmd: exec.Command(filepath.Join(w.dir, "local"), args...), t: w.t}
	p.Env, p.Stderr = w.env, &p.log
	p.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := p.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	p.out = bufio.NewReader(out)
	if err := p.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { p.Process.Kill() })
	return p
}

// awaitWelcome returns what run prints once everything is ready.
func (p *process) awaitWelcome() string {
	p.t.Helper()
	var text strings.Builder
	for !strings.Contains(text.String(), "try.sh play\n") {
		line, err := p.out.ReadString('\n')
		if err != nil {
			p.Wait()
			p.t.Fatalf("%v after %q\n%s", err, text.String(), &p.log)
		}
		text.WriteString(line)
	}
	return text.String()
}

// ends waits for the exit status.
func (p *process) ends(want int) {
	p.t.Helper()
	p.Wait()
	if got := p.ProcessState.ExitCode(); got != want {
		p.t.Fatalf("ended with %v, want status %d\n%s", p.ProcessState, want, &p.log)
	}
}

func (p *process) signalGroup(sig syscall.Signal) {
	p.t.Helper()
	if err := syscall.Kill(-p.Process.Pid, sig); err != nil {
		p.t.Fatal(err)
	}
}

func (w *world) read(name string) string {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// variable is what the program was given under the name.
func (w *world) variable(program, name string) string {
	w.t.Helper()
	value := ""
	for line := range strings.SplitSeq(w.read(program+".env"), "\n") {
		if v, ok := strings.CutPrefix(line, name+"="); ok {
			value = v // the last one counts
		}
	}
	return value
}

// awaitSilence waits until nothing listens at addr.
func awaitSilence(t *testing.T, addr string) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		conn.Close()
		if time.Now().After(deadline) {
			t.Fatalf("something still listens at %s", addr)
		}
	}
}

func TestRunUntilToldToStop(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		w := newWorld(t)
		p := w.start("run")
		p.awaitWelcome()
		p.signalGroup(sig)
		p.ends(0)
		want := "origin migrate\norigin seed --demo\norigin serves\nedge serves\nedge stops\norigin stops\n"
		if got := w.read("calls"); got != want {
			t.Errorf("%v: got\n%swant\n%s", sig, got, want)
		}
	}
}

func TestDemoGoesOnWhileItRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "SEED_EVERY=20ms", seedFails+"=3")
	p := w.start("run")
	p.awaitWelcome()
	for deadline := time.Now().Add(15 * time.Second); strings.Count(w.read("calls"), "origin seed --demo\n") < 5; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the demo is not carried on, or no more once that has failed:\n%s", w.read("calls"))
		}
	}
	p.Process.Signal(syscall.SIGTERM)
	p.ends(0)
	if log := p.log.String(); !strings.Contains(log, "origin seed --demo died (exit status 4); it said last:\nno such luck\n") {
		t.Errorf("log\n%s", log)
	}
}

func TestRepeatGoesByTheClockOfTheDay(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var clock atomic.Int64 // seconds; real timers know nothing of it
	look, done := make(chan time.Time), make(chan int)
	times := 0
	go func() {
		defer close(done)
		repeat(ctx, time.Hour, look, func() time.Time { return time.Unix(1e9+clock.Load(), 0) }, func() { times++ })
	}()
	at := func(seconds int64, want int) {
		t.Helper()
		clock.Store(seconds)
		look <- time.Time{}
		look <- time.Time{} // taken once what came of the first is over, and nothing comes of it
		if times != want {
			t.Errorf("%d s: done %d times, want %d", seconds, times, want)
		}
	}
	at(0, 0) // it has begun
	at(3599, 0)
	at(3600, 1)
	at(7199, 1)
	at(20*86400, 2) // the machine slept
	at(20*86400+3599, 2)
	at(86400, 3) // its clock was set back
	at(86400+3600, 4)
	cancel()
	<-done
}

func TestSettingsOfThePrograms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "EDGE_KEYS=one,two", "CURSOR_KEYS=0011")
	p := w.start("run")
	p.awaitWelcome()
	p.Process.Signal(syscall.SIGTERM)
	p.ends(0)
	for _, c := range []struct{ program, name, want string }{
		{"origin", "ENV", "development"}, {"edge", "ENV", "development"},
		{"origin", "STATE_DIR", w.state()}, {"origin", "DATABASE_URL", "postgres://db/given"}, {"edge", "DATABASE_URL", ""},
		{"origin", "ORIGIN_ADDR", w.origin}, {"origin", "INTERNAL_ADDR", w.internal}, {"edge", "EDGE_ADDR", w.edge},
		{"edge", "ORIGIN_URL", "http://" + w.internal},
		{"edge", "JWKS_URL", "http://" + w.origin + "/.well-known/jwks.json"},
		{"origin", "EDGE_KEYS", "one,two"}, {"edge", "EDGE_KEYS", ""}, {"edge", "EDGE_KEY", "one"},
		{"origin", "CURSOR_KEYS", "0011"}, {"edge", "CURSOR_KEYS", "0011"},
		{"edge", "CDN_CONFIG", filepath.Join(w.state(), "cdn.json")}, {"edge", "MEDIA_DIR", filepath.Join(w.state(), "media")},
		{"origin", "CDN_BASE_URL", "http://" + w.edge + "/media"},
		{"edge", "TOKEN_ISSUER", "encora-dev"}, {"edge", "TOKEN_AUDIENCE", "encora"},
	} {
		if got := w.variable(c.program, c.name); got != c.want {
			t.Errorf("%s: %s=%q, want %q", c.program, c.name, got, c.want)
		}
	}
}

func TestKeysAreMadeOnceAndKeptSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var edgeKeys, cursorKeys []string
	for range 2 {
		p := w.start("run")
		p.awaitWelcome()
		p.Process.Signal(syscall.SIGTERM)
		p.ends(0)
		edgeKeys = append(edgeKeys, w.variable("origin", "EDGE_KEYS"))
		cursorKeys = append(cursorKeys, w.variable("edge", "CURSOR_KEYS"))
	}
	if len(edgeKeys[0]) != 64 || edgeKeys[0] != edgeKeys[1] || len(cursorKeys[0]) != 64 || cursorKeys[0] != cursorKeys[1] {
		t.Errorf("edge keys %q, cursor keys %q", edgeKeys, cursorKeys)
	}
	if edgeKeys[0] == cursorKeys[0] {
		t.Error("one key for two uses")
	}
	for _, name := range []string{"edge-keys", "cursor-keys", "cdn-key"} {
		info, err := os.Stat(filepath.Join(w.state(), name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
}

func TestRunsSideBySideOnTheirOwnPostgres(t *testing.T) {
	t.Parallel()
	worlds := []*world{newWorld(t, "DATABASE_URL="), newWorld(t, "DATABASE_URL=")}
	var runs []*process
	for _, w := range worlds {
		runs = append(runs, w.start("run"))
	}
	hosts := map[string]bool{}
	for i, p := range runs {
		p.awaitWelcome()
		u, err := url.Parse(worlds[i].variable("origin", "DATABASE_URL"))
		if err != nil {
			t.Fatal(err)
		}
		conn, err := net.Dial("tcp", u.Host)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		hosts[u.Host] = true
	}
	if len(hosts) != 2 {
		t.Errorf("two runs share Postgres: %v", hosts)
	}
	for _, p := range runs {
		p.signalGroup(syscall.SIGTERM)
		p.ends(0)
	}
	for host := range hosts {
		awaitSilence(t, host)
	}
}

func TestDeadProgramEndsTheRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t, edgeFails+"=1")
	p := w.start("run")
	p.ends(1)
	if log := p.log.String(); !strings.Contains(log, "edge died (exit status 3); it said last:\nout of luck\n") {
		t.Errorf("log\n%s", log)
	}
	if calls := w.read("calls"); !strings.HasSuffix(calls, "origin stops\n") {
		t.Errorf("origin was not stopped:\n%s", calls)
	}
}

func TestKilledRunLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "DATABASE_URL=")
	p := w.start("run")
	p.awaitWelcome()
	p.Process.Kill()
	p.ends(-1)
	u, err := url.Parse(w.variable("origin", "DATABASE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	for _, addr := range []string{w.origin, w.edge, u.Host} {
		awaitSilence(t, addr)
	}
	again := w.start("run")
	again.awaitWelcome()
	again.Process.Signal(syscall.SIGTERM)
	again.ends(0)
}

func TestWelcomeSaysWhatToCopy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.start("run")
	text := p.awaitWelcome()
	p.Process.Signal(syscall.SIGTERM)
	p.ends(0)
	want := fmt.Sprintf("STATE_DIR='%s' ORIGIN_ADDR='%s' EDGE_ADDR='%s' BIN_DIR='%s' deploy/local/try.sh", w.state(), w.origin, w.edge, w.dir)
	for _, command := range []string{"publish", "change", "unpublish", "now", "play"} {
		if !strings.Contains(text, want+" "+command+"\n") {
			t.Errorf("%q is not in\n%s", want+" "+command, text)
		}
	}
	usual, _, err := load([]string{"run"}, func(string) (string, bool) { return "", false }, nil)
	if err != nil {
		t.Fatal(err)
	}
	if text := usual.welcome(); !strings.Contains(text, "\n  deploy/local/try.sh publish\n") {
		t.Errorf("the usual settings are repeated:\n%s", text)
	}
}

func TestRunLastsAsLongAsItsCommand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.start("run", "--", "sh", "-c", `echo "$EDGE_ADDR $ORIGIN_ADDR $STATE_DIR $BIN_DIR"; exit 7`)
	line, err := p.out.ReadString('\n')
	if want := fmt.Sprintln(w.edge, w.origin, w.state(), w.dir); err != nil || line != want {
		t.Errorf("command saw %q, %v; want %q", line, err, want)
	}
	p.ends(7)
	if calls := w.read("calls"); !strings.HasSuffix(calls, "edge stops\norigin stops\n") {
		t.Errorf("calls\n%s", calls)
	}
}

func TestWrongSettingsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "EDGE_ADDR=8080", "ORIGIN_ADDR=8081", "PG_PORT=none", "SEED_EVERY=often")
	p := w.start("run")
	p.ends(2)
	for _, name := range []string{"EDGE_ADDR", "ORIGIN_ADDR", "PG_PORT", "SEED_EVERY"} {
		if !strings.Contains(p.log.String(), name) {
			t.Errorf("%s is not named in %q", name, &p.log)
		}
	}
}

func TestSeedEveryLeavesTheScheduleInHand(t *testing.T) {
	t.Parallel()
	for value, ok := range map[string]bool{"1ms": true, "168h": true, "169h": false, "0s": false, "-1h": false} {
		env := map[string]string{"SEED_EVERY": value}
		_, _, err := load([]string{"run"}, func(name string) (string, bool) { v, ok := env[name]; return v, ok }, io.Discard)
		if (err == nil) != ok || !ok && !strings.Contains(err.Error(), "SEED_EVERY") {
			t.Errorf("%s: %v", value, err)
		}
	}
}

func TestTestPassesTheStatusOn(t *testing.T) {
	t.Parallel()
	f := func(script string, want int) {
		t.Helper()
		newWorld(t).start("test", "--", "sh", "-c", script).ends(want)
	}
	f(`case $TEST_DATABASE_URL in postgres://*@127.0.0.1:*/postgres*) [ -x "$PG_BIN/initdb" ];; *) exit 1;; esac`, 0)
	f("exit 7", 7)
	f("kill -KILL $$", 137)
}

func TestTestCanBeInterrupted(t *testing.T) {
	t.Parallel()
	p := newWorld(t).start("test", "--", "sh", "-c", `echo "$TEST_DATABASE_URL"; sleep 600`)
	line, err := p.out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	p.signalGroup(syscall.SIGTERM)
	p.ends(128 + int(syscall.SIGTERM))
	awaitSilence(t, u.Host)
}
