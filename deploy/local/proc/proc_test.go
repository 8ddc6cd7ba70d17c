package proc

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// parent makes the test binary a process that starts a child, prints its id and is killed.
const parent = "ENCORA_PROC_TEST_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv(parent) != "" {
		child, err := Start("child", exec.Command("sleep", "600"), io.Discard, syscall.SIGKILL)
		if err != nil {
			panic(err)
		}
		fmt.Println(child.Pid())
		select {}
	}
	os.Exit(m.Run())
}

func start(t *testing.T, log io.Writer, script string) *Child {
	t.Helper()
	c, err := Start("it", exec.Command("sh", "-c", script), log, syscall.SIGKILL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Stop(syscall.SIGKILL, 0) })
	return c
}

func TestOutputIsPrefixedAndItsEndKept(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	c := start(t, &log, "seq 1 30; echo oops >&2; printf unfinished; exit 3")
	<-c.Done()
	if c.Err() == nil || c.Err().Error() != "exit status 3" {
		t.Errorf("ended with %v", c.Err())
	}
	if !strings.HasPrefix(log.String(), "it | 1\nit | 2\n") || !strings.HasSuffix(log.String(), "it | oops\nit | unfinished\n") {
		t.Errorf("log %q", &log)
	}
	if tail := c.Tail(); !strings.HasPrefix(tail, "13\n") || !strings.HasSuffix(tail, "oops\nunfinished") {
		t.Errorf("tail %q", tail)
	}
}

func TestEndlessLineIsBroken(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	<-start(t, &log, "head -c 100000 /dev/zero | tr '\\0' x").Done()
	if x := strings.Count(log.String(), "x"); x != 100000 {
		t.Errorf("%d of 100000 bytes passed on", x)
	}
	if lines := strings.Count(log.String(), "it | "); lines != 2 {
		t.Errorf("%d lines, want 2", lines)
	}
}

// startReady starts a script and returns once it has said ready.
func startReady(t *testing.T, script string) *Child {
	t.Helper()
	r, w := io.Pipe()
	c := start(t, w, script)
	log := bufio.NewReader(r)
	if line, err := log.ReadString('\n'); line != "it | ready\n" {
		t.Fatalf("%q, %v", line, err)
	}
	go io.Copy(io.Discard, log)
	return c
}

func TestStopIsPatientThenKills(t *testing.T) {
	t.Parallel()
	polite := startReady(t, "trap 'sleep 0.1; exit 7' TERM; echo ready; while :; do sleep 0.01; done")
	polite.Stop(syscall.SIGTERM, time.Minute)
	if err := polite.Err(); err == nil || err.Error() != "exit status 7" {
		t.Errorf("polite child: %v", err)
	}
	stubborn := startReady(t, "trap '' TERM; echo ready; while :; do sleep 0.01; done")
	stubborn.Stop(syscall.SIGTERM, 50*time.Millisecond)
	if err := stubborn.Err(); err == nil || err.Error() != "signal: killed" {
		t.Errorf("stubborn child: %v", err)
	}
	stubborn.Stop(syscall.SIGTERM, time.Minute) // does nothing
}

func TestProgramThatIsNotThere(t *testing.T) {
	t.Parallel()
	if _, err := Start("it", exec.Command("/nonexistent"), io.Discard, syscall.SIGKILL); err == nil {
		t.Fatal("started")
	}
}

func TestChildDiesWithItsKilledParent(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), parent+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscan(out, &pid); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for deadline := time.Now().Add(10 * time.Second); alive(pid); {
		if time.Now().After(deadline) {
			t.Fatalf("process %d outlived its parent", pid)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// alive reports whether the process runs, a zombie that nobody has reaped yet not counting.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !bytes.Contains(stat, []byte(") Z "))
}
