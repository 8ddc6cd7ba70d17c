package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"encora/deploy/local/proc"
)

const (
	stopPatience  = 15 * time.Second // for a program to end before it is killed
	readyPatience = 2 * time.Minute  // for one to become ready
)

// stack is the programs of one run, in the order in which they were started.
type stack struct {
	log      io.Writer
	children []*proc.Child
	died     chan *proc.Child // has room for all
}

// maxPrograms run at once: Postgres, origin and edge.
const maxPrograms = 3

func newStack(log io.Writer) *stack {
	return &stack{log: log, died: make(chan *proc.Child, maxPrograms)}
}

// watch makes the child's end known to awaitReady and attend.
func (st *stack) watch(c *proc.Child) {
	go func() {
		<-c.Done()
		st.died <- c
	}()
}

// start starts a program that is to run until stop.
func (st *stack) start(name string, env []string, program string, args ...string) error {
	cmd := exec.Command(program, args...)
	cmd.Env = env
	c, err := proc.Start(name, cmd, st.log, syscall.SIGTERM)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	st.children = append(st.children, c)
	st.watch(c)
	return nil
}

// finish runs a program to its end, or until ctx ends.
func (st *stack) finish(ctx context.Context, env []string, program string, args ...string) error {
	name := filepath.Base(program) + " " + strings.Join(args, " ")
	cmd := exec.Command(program, args...)
	cmd.Env = env
	c, err := proc.Start(name, cmd, st.log, syscall.SIGTERM)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	select {
	case <-ctx.Done():
		c.Stop(syscall.SIGTERM, stopPatience)
		return ctx.Err()
	case <-c.Done():
	}
	if c.Err() != nil {
		return death(c)
	}
	return nil
}

func death(c *proc.Child) error {
	how := "status 0"
	if c.Err() != nil {
		how = c.Err().Error()
	}
	return fmt.Errorf("%s died (%s); it said last:\n%s", c.Name, how, c.Tail())
}

// awaitReady asks url until it answers 200.
func (st *stack) awaitReady(ctx context.Context, url string) error {
	asking, cancel := context.WithTimeout(ctx, readyPatience)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for !answers(asking, url) {
		select {
		case c := <-st.died:
			return death(c)
		case <-asking.Done():
			return errors.Join(fmt.Errorf("%s is not ready", url), asking.Err())
		case <-again.C:
		}
	}
	return nil
}

func answers(ctx context.Context, url string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// attend waits until ctx ends, or one of the programs does, which is an error. With a command it runs that, with our own
// input and output, for as long as it lasts, and returns its exit status; the command is told to stop when the wait ends
// first.
func (st *stack) attend(ctx context.Context, env, command []string) (int, error) {
	var guest *proc.Child
	var ended <-chan struct{} // without a command: never
	if len(command) > 0 {
		cmd := exec.Command(command[0], command[1:]...)
		cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = env, os.Stdin, os.Stdout, os.Stderr
		var err error
		if guest, err = proc.Start(command[0], cmd, nil, syscall.SIGTERM); err != nil {
			return 1, err
		}
		defer guest.Stop(syscall.SIGTERM, stopPatience)
		ended = guest.Done()
	}
	select {
	case <-ended:
		return exitStatus(guest.Err()), nil
	case c := <-st.died:
		return 1, death(c)
	case <-ctx.Done():
		return 128 + int(syscall.SIGTERM), nil
	}
}

// exitStatus is what a shell would report: 128 + the signal's number for a command that a signal ended.
func exitStatus(err error) int {
	if err == nil {
		return 0
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 1
	}
	if status := exit.Sys().(syscall.WaitStatus); status.Signaled() {
		return 128 + int(status.Signal())
	}
	return exit.ExitCode()
}

// stop ends the programs, the last one started first.
func (st *stack) stop() {
	for _, c := range slices.Backward(st.children) {
		c.Stop(syscall.SIGTERM, stopPatience)
	}
}
