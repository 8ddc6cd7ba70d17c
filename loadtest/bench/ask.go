package bench

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"encora/loadtest/closedloop"
	"encora/loadtest/device"
	"encora/loadtest/subject"
)

// askers are the connections over which a cache is filled.
const askers = 32

// ask sends the requests from the first to before the last to a server, a few at a time, and wants 200 for each.
func ask(ctx context.Context, s *subject.Subject, first, last int, request func(n int) device.Request) error {
	client, err := device.NewClient("http://"+s.Addr, askers, 10*time.Second)
	if err != nil {
		return err
	}
	defer client.Close()
	group, ctx := errgroup.WithContext(ctx)
	for w := range askers {
		group.Go(func() error {
			for n := first + w; n < last && ctx.Err() == nil; n += askers {
				req := request(n)
				answer, err := client.Do(req, true)
				if err != nil {
					return err
				}
				if answer.Status != http.StatusOK {
					return fmt.Errorf("%s: %w: %.300s", s.Name, answer.Fault(req), answer.Body)
				}
			}
			return ctx.Err()
		})
	}
	return group.Wait()
}

// warm asks for everything in a plan once.
func (r *rig) warm(ctx context.Context, s *subject.Subject, requests []closedloop.Request) error {
	return ask(ctx, s, 0, len(requests), func(n int) device.Request {
		return device.Request{Path: requests[n].Path, Token: requests[n].Token, Body: requests[n].Body}
	})
}
