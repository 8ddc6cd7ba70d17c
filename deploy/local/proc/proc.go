// Package proc runs child processes that do not outlive their parent. Linux only.
package proc

import (
	"io"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// flushDelay bounds the wait for output that an ended child's own children still hold open.
const flushDelay = 2 * time.Second

// Child is a started process. Make one with Start.
type Child struct {
	Name string
	cmd  *exec.Cmd
	out  *lines
	done chan struct{}
	err  error
}

// Start runs cmd in a process group of its own, so that a terminal's Ctrl-C reaches it only through Stop. With a log, its
// standard output and error go there line by line, each after the name; without, cmd's own outputs stay. When this process
// dies, however that comes, the kernel sends orphaned to the child.
func Start(name string, cmd *exec.Cmd, log io.Writer, orphaned syscall.Signal) (*Child, error) {
	c := &Child{Name: name, cmd: cmd, out: &lines{to: log, prefix: name + " | "}, done: make(chan struct{})}
	if log != nil {
		cmd.Stdout, cmd.Stderr, cmd.WaitDelay = c.out, c.out, flushDelay
	}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	cmd.SysProcAttr.Pdeathsig = orphaned
	started := make(chan error)
	go c.run(started)
	return c, <-started
}

func (c *Child) run(started chan<- error) {
	// Pdeathsig fires when the thread that forked ends, not the process: keep the thread until the child has ended.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := c.cmd.Start()
	started <- err
	if err == nil {
		c.err = c.cmd.Wait()
		c.out.flush()
	}
	close(c.done)
}

// Done is closed when the child has ended and all of its output is written.
func (c *Child) Done() <-chan struct{} { return c.done }

// Err says how the child ended, as exec.Cmd.Wait does: nil for status 0. Only valid after Done.
func (c *Child) Err() error { return c.err }

// Tail is what the child printed last, some twenty lines.
func (c *Child) Tail() string { return c.out.tail() }

// Pid is the child's process id.
func (c *Child) Pid() int { return c.cmd.Process.Pid }

// Stop sends sig, waits for the child to end, and kills what is left of its group: at once when it has ended, else when
// patience is over. Stopping a child that has ended does nothing.
func (c *Child) Stop(sig syscall.Signal, patience time.Duration) {
	select {
	case <-c.done:
		return
	default:
	}
	_ = c.cmd.Process.Signal(sig) // fails only when it has just ended
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-c.done:
	case <-late.C:
	}
	_ = syscall.Kill(-c.Pid(), syscall.SIGKILL) // fails when the group is empty
	<-c.done
}
