// Package closedloop asks a server as fast as it answers, over a fixed number of kept-alive connections, from one core:
// the measure of side-by-side benches. It uses wrk where that is installed, so that the generator costs as little as
// can be, and a client of its own elsewhere.
package closedloop

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"encora/loadtest/process"
)

// Request is one request of a plan. Token and ETag are sent when they are not empty; a Body of JSON makes it a POST.
type Request struct {
	Path, Token, ETag, Body string
}

// Plan is what to send, again and again in this order. Plans of one request are prepared once; those of several cost
// the generator the same for each request, whether they differ or repeat.
type Plan struct {
	Requests    []Request
	Connections int
	file        string
}

// Result is what a run came to. Errors counts failed connections, timeouts and statuses above 399.
type Result struct {
	Requests int64
	Elapsed  time.Duration
	Errors   int64
}

// PerSecond is the throughput.
func (r Result) PerSecond() float64 { return float64(r.Requests) / r.Elapsed.Seconds() }

// Generator runs plans, pinned to Core.
type Generator struct {
	Core int
	Dir  string // for plans and scripts
	Wrk  string // path of wrk; empty: the client of this program
	Self string // path of this program
}

// Name says which client is used, with its version.
func (g Generator) Name() string {
	if g.Wrk == "" {
		return "fasthttp client of this program (wrk is not installed)"
	}
	out, _ := exec.Command(g.Wrk, "-v").CombinedOutput() // exits with 1 although all is well
	first, _, _ := strings.Cut(string(out), " Copyright")
	return first
}

// Prepare writes the plan's files; the plan may then be run any number of times.
func (g Generator) Prepare(name string, p Plan) (Plan, error) {
	p.file = filepath.Join(g.Dir, name)
	var list bytes.Buffer
	for i, r := range p.Requests {
		fmt.Fprintf(&list, "%s\t%s\t%s\t%06d\t%s\n", r.Path, r.Token, r.ETag, i, r.Body)
	}
	if err := os.WriteFile(p.file+".tsv", list.Bytes(), 0o600); err != nil {
		return Plan{}, err
	}
	return p, os.WriteFile(p.file+".lua", []byte(p.script()), 0o600)
}

// Run sends the plan to addr (host:port) for the given time, a multiple of a second.
func (g Generator) Run(ctx context.Context, p Plan, addr string, d time.Duration) (Result, error) {
	cmd := g.command(ctx, p, addr, d)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	generator, err := process.Start(cmd, g.Core)
	if err != nil {
		return Result{}, err
	}
	if err := generator.Wait(); err != nil {
		return Result{}, fmt.Errorf("%s: %w: %s%s", filepath.Base(cmd.Path), err, errs.String(), out.String())
	}
	return parse(out.String())
}

func (g Generator) command(ctx context.Context, p Plan, addr string, d time.Duration) *exec.Cmd {
	connections := fmt.Sprint(p.Connections)
	if g.Wrk == "" {
		return exec.CommandContext(ctx, g.Self, "closed", "--plan", p.file+".tsv", "--addr", addr, "--connections", connections, "--duration", d.String())
	}
	seconds := fmt.Sprintf("%ds", max(1, int(d.Seconds())))
	return exec.CommandContext(ctx, g.Wrk, "-t1", "-c"+connections, "-d"+seconds, "--timeout", "10s", "-s", p.file+".lua", "http://"+addr)
}

// summary is the line in which both clients report: requests, microseconds, errors.
const summary = "SUMMARY %d %d %d\n"

func parse(out string) (Result, error) {
	lines := bufio.NewScanner(strings.NewReader(out))
	for lines.Scan() {
		var r Result
		var micros int64
		if n, _ := fmt.Sscanf(lines.Text()+"\n", summary, &r.Requests, &micros, &r.Errors); n == 3 && micros > 0 {
			r.Elapsed = time.Duration(micros) * time.Microsecond
			return r, nil
		}
	}
	return Result{}, fmt.Errorf("no summary in %q", out)
}

// script makes wrk send the plan. One request is formatted once, by wrk itself and without a call into Lua; several are
// formatted before the start and handed out in turn. Each carries its number, so that Lua, which keeps one copy of equal
// strings, holds and touches the same memory whether the requests differ otherwise or not.
func (p Plan) script() string {
	const read = `
local function format(line)
  local path, token, etag, number, body = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)$")
  local headers = {}
  if token ~= "" then headers["Authorization"] = "Bearer " .. token end
  if etag ~= "" then headers["If-None-Match"] = etag end
  if body == "" then return path, headers, number, "GET", nil end
  headers["Content-Type"] = "application/json"
  return path, headers, number, "POST", body
end
`
	const single = `
for line in io.lines(%q) do wrk.path, wrk.headers, _, wrk.method, wrk.body = format(line) end
`
	const several = `
local requests, at = {}, 0
function init(args)
  for line in io.lines(%q) do
    local path, headers, number, method, body = format(line)
    headers["X-Number"] = number
    requests[#requests + 1] = wrk.format(method, path, headers, body)
  end
end
function request()
  at = at %% #requests + 1
  return requests[at]
end
`
	const done = `
function done(summary, latency, requests)
  local e = summary.errors
  print(string.format("SUMMARY %d %d %d", summary.requests, summary.duration, e.connect + e.read + e.write + e.timeout + e.status))
end
`
	if len(p.Requests) == 1 {
		return read + fmt.Sprintf(single, p.file+".tsv") + done
	}
	return read + fmt.Sprintf(several, p.file+".tsv") + done
}
