package bench

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"

	"encora/loadtest/closedloop"
	"encora/loadtest/fakeorigin"
	"encora/loadtest/process"
	"encora/loadtest/subject"
)

// beatGoals are throughput ratios of the edge for heartbeats.
var beatGoals = map[string]goal{bare: {0.70, 0.70}}

const beatPath = "/v2/playback/heartbeat"

// beats compares heartbeats, each of another session of another account, with a server that sends one such answer. The
// origin that the edge tells of them keeps off the core.
func (r *rig) beats(ctx context.Context, out io.Writer) error {
	title := fmt.Sprintf("Heartbeats, in turn of %d sessions, each with a token of its own", r.Keys)
	edge, err := r.edge(ctx, 7, r.Core, roomy)
	if err != nil {
		return without(out, title, err)
	}
	defer edge.Stop()
	plan, peer, err := r.beating(ctx, edge)
	if err != nil {
		return err
	}
	defer peer.Stop()
	restore, err := process.Avoid(r.Core)
	if err != nil {
		return err
	}
	values, ratios := tables(title)
	entrants := []*contestant{{name: edgeName, server: edge, plan: plan}, {name: bare, server: peer, plan: plan}}
	finds, told := r.origin.Finds(), r.origin.Beats()
	err = r.compare(ctx, "200", entrants, values, ratios, beatGoals)
	if err := restore(); err != nil {
		return err
	}
	if err != nil {
		return err
	}
	if n := r.origin.Finds() - finds; n > 0 {
		return fmt.Errorf("the origin was asked for %d sessions meanwhile: not all beats were of sessions that are held", n)
	}
	if err := write(out, values, ratios); err != nil {
		return err
	}
	// Of beats of one session between two exchanges the origin is told the last.
	_, err = fmt.Fprintf(out, "Meanwhile the edge told its origin of %d beats.\n\n", r.origin.Beats()-told)
	return err
}

// beating has the edge learn of the sessions, and prepares their beats and the server that they are compared with.
func (r *rig) beating(ctx context.Context, edge *subject.Subject) (closedloop.Plan, *subject.Subject, error) {
	requests, err := r.heartbeats()
	if err != nil {
		return closedloop.Plan{}, nil, err
	}
	if err := r.warm(ctx, edge, requests); err != nil {
		return closedloop.Plan{}, nil, err
	}
	page := subject.Page{Path: beatPath, Status: http.StatusOK}
	header, status, body, err := fetch(ctx, edge, requests[0])
	if err != nil || status != page.Status {
		return closedloop.Plan{}, nil, fmt.Errorf("the edge answers a beat with status %d, %w: %.300s", status, err, body)
	}
	page.Header, page.Body = copied(header), body
	peer, err := r.double(ctx, requests[0], page)
	if err != nil {
		return closedloop.Plan{}, nil, err
	}
	plan, err := r.generator.Prepare("beats", closedloop.Plan{Requests: requests, Connections: r.Connections})
	if err != nil {
		peer.Stop()
	}
	return plan, peer, err
}

// heartbeats are one beat of each of as many sessions as there are keys, in random order.
func (r *rig) heartbeats() ([]closedloop.Request, error) {
	tokens, err := r.mint(r.Keys)
	if err != nil {
		return nil, err
	}
	requests := make([]closedloop.Request, r.Keys)
	for i, n := range rand.New(rand.NewPCG(4, 4)).Perm(r.Keys) {
		requests[i] = closedloop.Request{Path: beatPath, Token: tokens[n], Body: heartbeat(n, false)}
	}
	return requests, nil
}

// heartbeat is the body of the n-th session's beat, as players write it.
func heartbeat(n int, paused bool) string {
	return fmt.Sprintf(`{"session_id":%q,"position_seconds":%d,"is_paused":%t}`, fakeorigin.SessionID(n), n%5400, paused)
}
