// Package process starts the programs of a bench on one core, and reads from /proc what they cost.
package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// AnyCore starts a program without pinning it.
const AnyCore = -1

// Process is a started program.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // how it ended; read after done
}

// Start starts cmd pinned to a core, so that a program that counts its cores (Go's runtime) finds one. The program is
// told to end should this one die.
func Start(cmd *exec.Cmd, core int) (*Process, error) {
	// A terminal's interrupt is for us; we end the others in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	cmd.WaitDelay = time.Second // output that orphans hold open is not waited for
	if err := startOn(cmd, core); err != nil {
		return nil, err
	}
	p := &Process{cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// startOn sets the affinity of its own thread for the time of the fork: a child inherits it.
func startOn(cmd *exec.Cmd, core int) error {
	if core == AnyCore {
		return cmd.Start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, pinned unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return fmt.Errorf("affinity: %w", err)
	}
	pinned.Set(core)
	if err := unix.SchedSetaffinity(0, &pinned); err != nil {
		return fmt.Errorf("core %d: %w", core, err)
	}
	return errors.Join(cmd.Start(), unix.SchedSetaffinity(0, &before))
}

// PID is the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait waits until the program has ended, and returns an error unless it ended with status 0.
func (p *Process) Wait() error {
	<-p.done
	return p.err
}

// Stop ends the program: SIGTERM, then SIGKILL to its process group if it has not gone within grace.
func (p *Process) Stop(grace time.Duration) {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have gone already
	kill := time.AfterFunc(grace, func() { _ = syscall.Kill(-p.PID(), syscall.SIGKILL) })
	defer kill.Stop()
	<-p.done
}

// LastCore is the highest core that this process may use.
func LastCore() int {
	var allowed unix.CPUSet
	if unix.SchedGetaffinity(0, &allowed) != nil {
		return runtime.NumCPU() - 1
	}
	for core := len(allowed) * 64; core > 0; core-- {
		if allowed.IsSet(core) {
			return core
		}
	}
	return 0
}

// Avoid keeps this process away from a core that something else is measured on, until the returned function is called.
// It does nothing where there is no other core.
func Avoid(core int) (func() error, error) {
	var before, rest unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return nil, fmt.Errorf("affinity: %w", err)
	}
	rest = before
	if rest.Clear(core); rest.Count() == 0 {
		return func() error { return nil }, nil
	}
	return func() error { return setAll(&before) }, setAll(&rest)
}

// setAll pins all threads; those that they start later are pinned like them.
func setAll(set *unix.CPUSet) error {
	threads, err := filepath.Glob("/proc/self/task/[0-9]*")
	for _, path := range threads {
		thread, _ := strconv.Atoi(filepath.Base(path))
		if errSet := unix.SchedSetaffinity(thread, set); errSet != nil && !errors.Is(errSet, unix.ESRCH) { // it may have ended
			err = errors.Join(err, fmt.Errorf("affinity: %w", errSet))
		}
	}
	return err
}

// Tree returns pid and all its descendants, masters and their workers alike.
func Tree(pid int) []int {
	parents := map[int]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		if fields, err := statFields(path); err == nil {
			child, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			parents[child], _ = strconv.Atoi(fields[ppidField])
		}
	}
	tree := []int{pid}
	for i := 0; i < len(tree); i++ {
		for child, parent := range parents {
			if parent == tree[i] {
				tree = append(tree, child)
			}
		}
	}
	return tree
}

// Fields of /proc/PID/stat after the name (proc(5) counts from 1 and has the name second), and the length of a tick,
// which Linux fixes at 10 ms for user space.
const (
	ppidField  = 4 - 3
	utimeField = 14 - 3
	stimeField = 15 - 3
	tick       = 10 * time.Millisecond
)

func statFields(path string) ([]string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	_, rest, ok := cutLast(string(raw), ") ") // the name may hold anything, brackets too
	fields := strings.Fields(rest)
	if !ok || len(fields) <= stimeField {
		return nil, fmt.Errorf("%s: unexpected %q", path, raw)
	}
	return fields, nil
}

func cutLast(s, sep string) (string, string, bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// CPU is the user and system time that pid and its descendants have used, in steps of 10 ms.
func CPU(pid int) (time.Duration, error) {
	var total time.Duration
	for _, p := range Tree(pid) {
		fields, err := statFields(fmt.Sprintf("/proc/%d/stat", p))
		if err != nil {
			return 0, err
		}
		user, errUser := strconv.ParseInt(fields[utimeField], 10, 64)
		system, errSystem := strconv.ParseInt(fields[stimeField], 10, 64)
		if err := errors.Join(errUser, errSystem); err != nil {
			return 0, err
		}
		total += time.Duration(user+system) * tick
	}
	return total, nil
}

// RSS is the resident memory of pid and its descendants in bytes; pages that they share count for each.
func RSS(pid int) (int64, error) {
	var total int64
	for _, p := range Tree(pid) {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p))
		if err != nil {
			return 0, err
		}
		var size, resident int64
		if _, err := fmt.Sscan(string(raw), &size, &resident); err != nil {
			return 0, fmt.Errorf("/proc/%d/statm: %w", p, err)
		}
		total += resident * int64(os.Getpagesize())
	}
	return total, nil
}

// SettledRSS waits until the memory of pid has stayed within 1 % for the given time, or four times as long, and returns
// it: collectors give memory back late.
func SettledRSS(pid int, quiet time.Duration) (int64, error) {
	last, err := RSS(pid)
	since, end := time.Now(), time.Now().Add(4*quiet)
	for err == nil && time.Since(since) < quiet && time.Now().Before(end) {
		time.Sleep(quiet / 20)
		var now int64
		if now, err = RSS(pid); max(now-last, last-now) > last/100 {
			last, since = now, time.Now()
		}
	}
	return last, err
}
