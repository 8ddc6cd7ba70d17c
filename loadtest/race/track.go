package race

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"encora/loadtest/device"
	"encora/loadtest/editor"
	"encora/loadtest/fleet"
	"encora/loadtest/latency"
	"encora/shared/token"
)

// track is one account of its own with many devices, and the edges that its players come by.
type track struct {
	streams int
	edges   []*device.Client
	players []device.Player
	films   []string
	editor  *editor.Client
	account string
	plan    string

	recorder         latency.Recorder
	raced            time.Duration // in rounds, without what lies between them
	started, refused int
	deviations       []string
}

// track makes plan, account and devices. What it returns is to be cleared even when it fails.
func (c *Command) track(urls []string) (*track, error) {
	t := &track{streams: c.Streams}
	for _, url := range urls {
		edge, err := device.NewClient(url, c.Starts, 30*time.Second)
		if err != nil {
			return t, err
		}
		t.edges = append(t.edges, edge)
	}
	admin, err := c.Admin()
	if err != nil {
		return t, err
	}
	if t.editor, err = editor.New(c.Origin(), admin); err != nil {
		return t, err
	}
	viewer, err := t.subscribe(c)
	if err != nil {
		return t, err
	}
	if t.players, err = register(t.edges[0], viewer, c.Starts); err != nil {
		return t, err
	}
	catalogue, err := fleet.Discover(t.edges[0], viewer, c.Starts)
	if t.films = catalogue.Films; err == nil && len(t.films) < c.Starts {
		err = fmt.Errorf("%d films are not enough for %d starts", len(t.films), c.Starts)
	}
	return t, err
}

// subscribe tells of the account and returns a token of it.
func (t *track) subscribe(c *Command) (string, error) {
	var err error
	if t.plan, err = t.editor.CreatePlan(fmt.Sprintf("Race %d", time.Now().UnixNano()), c.Streams, c.Starts); err != nil {
		return "", err
	}
	t.account = uuid.Must(uuid.NewV7()).String()
	if err := t.editor.Subscribe(t.account, t.plan); err != nil {
		return "", err
	}
	issuer, err := token.OpenIssuer(c.StateDir)
	if err != nil {
		return "", err
	}
	return issuer.Mint(token.Spec{Role: "viewer", Account: t.account, Profiles: []string{uuid.Must(uuid.NewV7()).String()}})
}

// register registers devices of the account.
func register(edge *device.Client, viewer string, n int) ([]device.Player, error) {
	players := make([]device.Player, n)
	for i := range players {
		body := fmt.Sprintf(`{"name":"Racer %d","device_type":"smart_tv","fingerprint":"racer-%[1]d"}`, i)
		req := device.Request{Path: "/v2/devices", Token: viewer, Body: body}
		answer, err := edge.Do(req, true)
		if err != nil {
			return nil, err
		}
		var made struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal(answer.Body, &made); err != nil || made.ID == "" {
			return nil, fmt.Errorf("%w: %.300s", answer.Fault(req), answer.Body)
		}
		players[i] = device.Player{Token: viewer, Device: made.ID}
	}
	return players, nil
}

// clear removes account and plan.
func (t *track) clear() error {
	var errs []error
	if t.account != "" {
		errs = append(errs, t.editor.RemoveAccount(t.account))
	}
	if t.plan != "" {
		errs = append(errs, t.editor.RemovePlan(t.plan))
	}
	return errors.Join(errs...)
}

// round lets everybody start at once, judges what they got, and ends what plays.
func (t *track) round(n int) error {
	answers, errs := make([]device.Answer, len(t.players)), make([]error, len(t.players))
	gate := make(chan struct{})
	var all sync.WaitGroup
	for i := range t.players {
		all.Go(func() {
			<-gate
			at := time.Now()
			answers[i], errs[i] = t.edges[(i+n)%len(t.edges)].Do(t.players[i].Play(t.films[(i+n)%len(t.films)]), true)
			t.recorder.Record(fmt.Sprintf("start, %d", answers[i].Status), time.Since(at), answers[i].Status, errs[i])
		})
	}
	began := time.Now()
	close(gate)
	all.Wait()
	t.raced += time.Since(began)
	playing, deviation := t.judge(answers, errs)
	if deviation != nil {
		t.deviations = append(t.deviations, fmt.Sprintf("round %d: %v", n+1, deviation))
	}
	return t.end(playing, n)
}

// end ends sessions, each at another edge than the one before.
func (t *track) end(playing []string, n int) error {
	for i, session := range playing {
		req := t.players[0].End(session)
		answer, err := t.edges[(i+n)%len(t.edges)].Do(req, false)
		if err != nil {
			return err
		}
		if answer.Status != 204 {
			return answer.Fault(req)
		}
	}
	return nil
}

// judge returns the sessions that play, and what is wrong with the answers.
func (t *track) judge(answers []device.Answer, errs []error) ([]string, error) {
	var playing []string
	faults := slices.Clone(errs)
	for i, a := range answers {
		if a.Status == 200 {
			session, err := device.Started(a, t.players[i].Play(""))
			playing, faults = append(playing, session), append(faults, err)
		}
	}
	refused := 0
	for _, a := range answers {
		if a.Status == 409 {
			refused++
			faults = append(faults, holders(a.Body, playing))
		}
	}
	t.started, t.refused = t.started+len(playing), t.refused+refused
	if len(playing) != t.streams || refused != len(answers)-t.streams {
		faults = append(faults, fmt.Errorf("%d × 200 and %d × 409 of %d", len(playing), refused, len(answers)))
	}
	return playing, errors.Join(faults...)
}

// holders wants a refusal to name exactly the sessions that play.
func holders(body []byte, playing []string) error {
	var refusal struct {
		Code    string `json:"code"`
		Details []struct {
			Session struct {
				SessionID string `json:"session_id"`
			} `json:"session"`
		} `json:"details"`
	}
	if err := json.Unmarshal(body, &refusal); err != nil {
		return err
	}
	var named []string
	for _, d := range refusal.Details {
		named = append(named, d.Session.SessionID)
	}
	want := slices.Sorted(slices.Values(playing))
	slices.Sort(named)
	if refusal.Code != "CONCURRENCY_LIMIT_EXCEEDED" || !slices.Equal(named, want) {
		return fmt.Errorf("a refusal %s names %v, while %v play", refusal.Code, named, want)
	}
	return nil
}
