package closedloop

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"encora/loadtest/loopback"
)

// Command is `loadtest closed`, the client that stands in for wrk.
type Command struct {
	Plan        string        `required:"" help:"File of requests: path, token, ETag, number, body, separated by tabs."`
	Addr        string        `required:"" help:"host:port on this machine."`
	Connections int           `default:"64" help:"Kept-alive connections."`
	Duration    time.Duration `default:"3s" help:"How long to ask."`
}

// Run asks until the time is up and prints the summary.
func (c *Command) Run(ctx context.Context, out io.Writer) error {
	host, err := loopback.Host("http://" + c.Addr)
	if err != nil {
		return err
	}
	requests, err := c.requests(host)
	if err != nil {
		return err
	}
	client := &fasthttp.HostClient{
		Addr: host, Dial: loopback.Dial, MaxConns: c.Connections, MaxIdemponentCallAttempts: 1,
		NoDefaultUserAgentHeader: true, DisablePathNormalizing: true, ReadBufferSize: 48 << 10,
	}
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, c.Duration)
	defer cancel()
	var sent, errors atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for w := range c.Connections {
		own := share(requests, w, c.Connections)
		wg.Go(func() {
			answer := fasthttp.AcquireResponse()
			defer fasthttp.ReleaseResponse(answer)
			for i := 0; ctx.Err() == nil; i++ {
				if err := client.Do(own[i%len(own)], answer); err != nil || answer.StatusCode() > 399 {
					errors.Add(1)
				}
				sent.Add(1)
			}
		})
	}
	wg.Wait()
	_, err = fmt.Fprintf(out, summary, sent.Load(), time.Since(start).Microseconds(), errors.Load())
	return err
}

func (c *Command) requests(host string) ([]*fasthttp.Request, error) {
	f, err := os.Open(c.Plan)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var requests []*fasthttp.Request
	for lines := bufio.NewScanner(f); lines.Scan(); {
		field := strings.Split(lines.Text(), "\t")
		if len(field) != 5 {
			return nil, fmt.Errorf("%s: %q has not five fields", c.Plan, lines.Text())
		}
		requests = append(requests, prepared(host, field))
	}
	if len(requests) == 0 {
		return nil, fmt.Errorf("%s: no request", c.Plan)
	}
	return requests, nil
}

// prepared is the request of a plan's line.
func prepared(host string, field []string) *fasthttp.Request {
	req := &fasthttp.Request{}
	req.SetRequestURI("http://" + host + field[0])
	req.Header.Set("X-Number", field[3])
	if field[1] != "" {
		req.Header.Set("Authorization", "Bearer "+field[1])
	}
	if field[2] != "" {
		req.Header.Set("If-None-Match", field[2])
	}
	if field[4] != "" {
		req.Header.SetMethod(fasthttp.MethodPost)
		req.Header.SetContentType("application/json")
		req.SetBodyString(field[4])
	}
	return req
}

// share gives worker w its own requests, since sending changes them: every connections-th from the w-th on, or all of a
// plan that is too short to be divided, begun at another place by each.
func share(requests []*fasthttp.Request, w, connections int) []*fasthttp.Request {
	step, count := 1, len(requests)
	if count >= connections {
		step, count = connections, (count-w+connections-1)/connections
	}
	own := make([]*fasthttp.Request, count)
	for i := range own {
		own[i] = &fasthttp.Request{}
		requests[(w+i*step)%len(requests)].CopyTo(own[i])
	}
	return own
}
