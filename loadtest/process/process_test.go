package process

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// start runs a shell script and returns the first line that it prints.
func start(t *testing.T, core int, script string) (*Process, string) {
	t.Helper()
	cmd := exec.Command("sh", "-c", script)
	out, in, err := os.Pipe() // cmd.StdoutPipe would be closed under the reader when the program ends
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	cmd.Stdout = in
	t.Cleanup(func() { out.Close() })
	p, err := Start(cmd, core)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(time.Second) })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return p, strings.TrimSpace(line)
}

func TestStartPinsTheChildAlone(t *testing.T) {
	before := LastCore()
	_, allowed := start(t, LastCore(), "grep Cpus_allowed_list /proc/self/status; exec sleep 60")
	if want := fmt.Sprintf("Cpus_allowed_list:\t%d", LastCore()); allowed != want {
		t.Errorf("child has %q, want %q", allowed, want)
	}
	if LastCore() != before {
		t.Error("the parent's affinity changed")
	}
}

func TestStartRefusesACoreThatIsAbsent(t *testing.T) {
	if _, err := Start(exec.Command("true"), 1023); err == nil {
		t.Error("core 1023 was accepted")
	}
	_, allowed := start(t, AnyCore, "nproc; exec sleep 60")
	if n, _ := strconv.Atoi(allowed); n < 1 {
		t.Errorf("nproc after the refusal: %q", allowed)
	}
}

func TestTreeFindsGrandchildren(t *testing.T) {
	p, grandchild := start(t, AnyCore, "(sleep 60 & echo $!; wait) & wait")
	want, _ := strconv.Atoi(grandchild)
	tree := Tree(p.PID())
	if len(tree) != 3 || tree[0] != p.PID() || tree[2] != want {
		t.Errorf("tree %v, want the shell, its child and %d", tree, want)
	}
}

func TestCPUCountsTheWholeTree(t *testing.T) {
	p, _ := start(t, AnyCore, "(i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo done; sleep 60) & wait")
	used, err := CPU(p.PID())
	if err != nil || used < tick || used > time.Minute {
		t.Errorf("CPU %v, %v; a loop of 200,000 steps takes more than a tick", used, err)
	}
	own, err := CPU(os.Getpid())
	if err != nil || own < used {
		t.Errorf("own CPU %v, %v; want the child's %v included", own, err, used)
	}
}

func TestRSSSeesMemory(t *testing.T) {
	before, err := RSS(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	block := bytes.Repeat([]byte{1}, 64<<20)
	after, err := RSS(os.Getpid())
	if grown := after - before; err != nil || grown < 60<<20 {
		t.Errorf("grew by %d bytes, %v, after touching 64 MiB", grown, err)
	}
	settled, err := SettledRSS(os.Getpid(), 20*time.Millisecond)
	if err != nil || settled < 60<<20 {
		t.Errorf("settled at %d, %v", settled, err)
	}
	if block[len(block)-1] != 1 {
		t.Error("unreachable; keeps the block alive")
	}
}

func TestStopKillsWhatIgnoresTerm(t *testing.T) {
	p, _ := start(t, AnyCore, "trap '' TERM; echo ready; while :; do sleep 0.05; done")
	began := time.Now()
	p.Stop(100 * time.Millisecond)
	if err := p.Wait(); err == nil || time.Since(began) > 5*time.Second {
		t.Errorf("ended with %v after %v", err, time.Since(began))
	}
}

func TestStatSurvivesOddNames(t *testing.T) {
	path := t.TempDir() + "/stat"
	line := "42 (a) b (c) S 7 1 1 0 -1 0 0 0 0 0 250 50 0 0"
	if err := os.WriteFile(path, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	fields, err := statFields(path)
	if err != nil || fields[ppidField] != "7" || fields[utimeField] != "250" || fields[stimeField] != "50" {
		t.Errorf("fields %v, %v", fields, err)
	}
}

func TestAvoid(t *testing.T) {
	core := LastCore()
	restore, err := Avoid(core)
	if err != nil {
		t.Fatal(err)
	}
	during := onCore(t, core)
	if err := restore(); err != nil {
		t.Fatal(err)
	}
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		t.Fatal(err)
	}
	if before.Count() > 1 && during {
		t.Error("a thread may use the core that is to be avoided")
	}
	if !onCore(t, core) {
		t.Error("the core is avoided for good")
	}
}

// onCore reports whether any thread of this process may use the core.
func onCore(t *testing.T, core int) bool {
	t.Helper()
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		id, _ := strconv.Atoi(thread.Name())
		var set unix.CPUSet
		if unix.SchedGetaffinity(id, &set) == nil && set.IsSet(core) {
			return true
		}
	}
	return false
}
