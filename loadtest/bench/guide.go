package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"encora/loadtest/closedloop"
	"encora/loadtest/device"
	"encora/loadtest/fakeorigin"
	"encora/loadtest/mdtable"
	"encora/loadtest/subject"
)

// guideGoals are throughput ratios of the edge for what's on now on polledChannels channels.
var guideGoals = map[string]goal{bare: {0.80, 0.90}}

// polledChannels is how many channels a device asks for at once in the case that has a goal.
const polledChannels = 20

const nowPath = "/v2/epg/now"

// guide compares what's on now, which the edge composes for each of many choices of channels, with a server that sends one
// answer of that size.
func (r *rig) guide(ctx context.Context, out io.Writer) error {
	const title = "What's on now, another choice of channels in every request"
	edge, err := r.edge(ctx, 7, r.Core, roomy)
	if err != nil {
		return without(out, title, err)
	}
	defer edge.Stop()
	if err := r.holdToday(ctx, edge); err != nil {
		return err
	}
	values, ratios := tables(title)
	for _, channels := range []int{polledChannels, 5, 50} {
		for _, revalidate := range []bool{false, true} {
			var goals map[string]goal
			if channels == polledChannels && !revalidate {
				goals = guideGoals
			}
			if err := r.poll(ctx, edge, channels, revalidate, values, ratios, goals); err != nil {
				return err
			}
		}
	}
	return write(out, values, ratios)
}

// holdToday asks for what's on now channel by channel, so that the edge holds all of today.
func (r *rig) holdToday(ctx context.Context, edge *subject.Subject) error {
	return ask(ctx, edge, 0, fakeorigin.GuideChannels, func(n int) device.Request {
		return device.Request{Path: nowPath + "?channel_ids=" + fakeorigin.ChannelID(n), Token: r.token}
	})
}

// poll compares one number of channels, with whole answers or with 304.
func (r *rig) poll(ctx context.Context, edge *subject.Subject, channels int, revalidate bool, values, ratios *mdtable.Table, goals map[string]goal) error {
	if err := quiet(ctx, 2*(r.warmUp+time.Duration(r.Rounds)*r.round)+10*time.Second); err != nil {
		return err
	}
	requests := r.choices(channels)
	page, err := r.typical(ctx, edge, requests, revalidate)
	if err != nil {
		return err
	}
	peer, err := r.double(ctx, requests[0], page)
	if err != nil {
		return err
	}
	defer peer.Stop()
	plan, err := r.generator.Prepare("guide", closedloop.Plan{Requests: requests, Connections: r.Connections})
	if err != nil {
		return err
	}
	asked := r.origin.Fills()
	entrants := []*contestant{{name: edgeName, server: edge, plan: plan}, {name: bare, server: peer, plan: plan}}
	what := fmt.Sprintf("200, %d channels, %d B", channels, len(page.Body))
	if revalidate {
		what = fmt.Sprintf("304, %d channels", channels)
	}
	if err := r.compare(ctx, what, entrants, values, ratios, goals); err != nil {
		return err
	}
	if n := r.origin.Fills() - asked; n > 0 {
		return fmt.Errorf("%s: the origin was asked for %d days meanwhile, so not all answers were hits", what, n)
	}
	_, err = r.look(edge, requests, page.Status) // what has another status now had it, perhaps, in the last rounds too
	return err
}

// quiet waits until no programme will end for so long, unless one always does.
func quiet(ctx context.Context, spell time.Duration) error {
	left := time.Until(time.Now().Truncate(fakeorigin.GuideStep).Add(fakeorigin.GuideStep))
	if left >= spell || spell >= fakeorigin.GuideStep {
		return nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(left + time.Second):
		return nil
	}
}

// choices are as many requests as there are keys, each for a choice of channels of its own in random order.
func (r *rig) choices(channels int) []closedloop.Request {
	rng := rand.New(rand.NewPCG(2, uint64(channels)))
	requests := make([]closedloop.Request, r.Keys)
	for i := range requests {
		requests[i] = closedloop.Request{Path: nowPath + "?channel_ids=" + choice(rng, channels), Token: r.token}
	}
	return requests
}

// choice lists distinct channels in random order.
func choice(rng *rand.Rand, channels int) string {
	ids := make([]string, channels)
	for i, n := range rng.Perm(fakeorigin.GuideChannels)[:channels] {
		ids[i] = fakeorigin.ChannelID(n)
	}
	return strings.Join(ids, ",")
}

// typical asks for everything and returns the answer of middle length as a page. If the requests are to revalidate, they
// get their ETags.
func (r *rig) typical(ctx context.Context, edge *subject.Subject, requests []closedloop.Request, revalidate bool) (subject.Page, error) {
	page := subject.Page{Path: nowPath, Status: http.StatusOK}
	answers, err := r.look(edge, requests, page.Status)
	if err != nil {
		return page, err
	}
	order := make([]int, len(answers))
	for i := range order {
		if order[i] = i; revalidate {
			requests[i].ETag = answers[i].etag
		}
	}
	slices.SortFunc(order, func(a, b int) int { return answers[a].length - answers[b].length })
	if revalidate {
		page.Status = http.StatusNotModified
	}
	middle := requests[order[len(order)/2]]
	header, status, body, err := edge.Fetch(ctx, middle.Path, middle.Token, middle.ETag)
	if err == nil && status != page.Status {
		err = fmt.Errorf("the edge answers GET %s with status %d, want %d", middle.Path, status, page.Status)
	}
	page.Body, page.Header = body, copied(header)
	return page, err
}

// answered is what is kept of an answer.
type answered struct {
	etag   string
	length int
}

// look sends the requests one after the other and wants the same status for each.
func (r *rig) look(s *subject.Subject, requests []closedloop.Request, status int) ([]answered, error) {
	client, err := device.NewClient("http://"+s.Addr, 1, 10*time.Second)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	answers := make([]answered, len(requests))
	for i, q := range requests {
		a, err := client.Do(device.Request{Path: q.Path, Token: q.Token, ETag: q.ETag}, true)
		if err != nil {
			return nil, err
		}
		if a.Status != status {
			return nil, fmt.Errorf("%s answers GET %s with status %d, want %d: %.300s", s.Name, q.Path, a.Status, status, a.Body)
		}
		answers[i] = answered{a.ETag, len(a.Body)}
	}
	return answers, nil
}

// double starts a bare server that answers every choice of channels with the page, and proves that it does: the same status,
// body and headers, down to the length of their values.
func (r *rig) double(ctx context.Context, q closedloop.Request, page subject.Page) (*subject.Subject, error) {
	start := subject.Page{Path: "/", Body: []byte("{}")} // answers 200, as a start is told by
	peer, err := subject.Bare(ctx, r.env(r.Core), r.addr(8), []subject.Page{start, page})
	if err != nil {
		return nil, err
	}
	peer.Name = bare
	header, status, body, err := fetch(ctx, peer, q)
	if err == nil && (status != page.Status || !bytes.Equal(body, page.Body) || !alike(copied(header), page.Header)) {
		err = fmt.Errorf("%s answers with status %d, %d bytes and %v; want %d, %d bytes and %v",
			peer.Name, status, len(body), header, page.Status, len(page.Body), page.Header)
	}
	if err != nil {
		peer.Stop()
		return nil, err
	}
	return peer, nil
}

// fetch sends one request of a plan.
func fetch(ctx context.Context, s *subject.Subject, q closedloop.Request) (http.Header, int, []byte, error) {
	if q.Body != "" {
		return s.Post(ctx, q.Path, q.Token, q.Body)
	}
	return s.Fetch(ctx, q.Path, q.Token, q.ETag)
}

// alike reports whether headers have the same names, and values of the same lengths.
func alike(a, b []subject.Header) bool {
	return slices.EqualFunc(a, b, func(a, b subject.Header) bool { return a.Name == b.Name && len(a.Value) == len(b.Value) })
}
