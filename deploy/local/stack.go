package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"encora/deploy/local/proc"
)

// stopPatience is how long a program may take to end before it is killed.
const stopPatience = 10 * time.Second

// stack is the programs of one run, in the order in which they were started.
type stack struct {
	log      io.Writer
	children []*proc.Child
	died     chan *proc.Child // has room for all
}

// watch makes the child's end known to wait and awaitReady.
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

// wait returns nil when ctx ends, or says which program ended before that.
func (st *stack) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case c := <-st.died:
		return death(c)
	}
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

// stop ends the programs, the last one started first.
func (st *stack) stop() {
	for _, c := range slices.Backward(st.children) {
		c.Stop(syscall.SIGTERM, stopPatience)
	}
}
