package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"encora/loadtest/device"
	"encora/loadtest/mdtable"
	"encora/loadtest/subject"
	"encora/shared/token"
)

const (
	// maxSessionBytes is what a live session may cost the edge.
	maxSessionBytes = 400
	// households is how many accounts have the sessions between them. An edge holds a session's account as it is, so that
	// fewer make no session smaller; what it remembers of tokens is bounded and not the question.
	households = 1000
	// sessionsHeld is the edge's own count.
	sessionsHeld = "encora_edge_sessions"
)

// sessions has the edge hold very many live sessions, and says what each costs. It learns of each from its origin, by a first
// beat, as after a failure of all other edges. Paused ones, since those live for as long as that takes.
func (r *rig) sessions(ctx context.Context, out io.Writer) error {
	title := fmt.Sprintf("%d live sessions held by the edge", r.Sessions)
	edge, err := r.edge(ctx, 7, anyCore, roomy)
	if err != nil {
		return without(out, title, err)
	}
	defer edge.Stop()
	tokens, err := r.mint(households)
	if err != nil {
		return err
	}
	request := func(n int) device.Request {
		return device.Request{Path: beatPath, Token: tokens[n%households], Body: heartbeat(n, true)}
	}
	if err := ask(ctx, edge, 0, households, request); err != nil { // tokens and buffers are not the sessions'
		return err
	}
	before, err := edge.SettledRSS(r.Settle)
	if err != nil {
		return err
	}
	if err := ask(ctx, edge, households, r.Sessions+households, request); err != nil {
		return err
	}
	after, err := edge.SettledRSS(r.Settle)
	if err != nil {
		return err
	}
	return r.sessionTable(ctx, out, edge, title, before, after)
}

func (r *rig) sessionTable(ctx context.Context, out io.Writer, edge *subject.Subject, title string, before, after int64) error {
	_, status, body, err := edge.Fetch(ctx, "/metrics", r.token, "")
	if err != nil || status != http.StatusOK {
		return fmt.Errorf("/metrics: status %d, %w", status, err)
	}
	held := int(device.Metrics(body)[sessionsHeld])
	if held != r.Sessions+households {
		return fmt.Errorf("the edge holds %d sessions, not %d", held, r.Sessions+households)
	}
	each := float64(after-before) / float64(r.Sessions)
	verdict := "reached"
	if each > maxSessionBytes {
		verdict = "MISSED"
	}
	t := &mdtable.Table{Title: title, Columns: []string{"", "value:"}}
	t.Add(sessionsHeld+", by the edge's own count", held)
	t.Add("resident with the first of them, MiB", mib(before))
	t.Add("resident with all, MiB", mib(after))
	t.Add("resident bytes per session", fmt.Sprintf("%.0f", each))
	t.Add(fmt.Sprintf("asked for at most %d", maxSessionBytes), verdict)
	return write(out, t)
}

// mint makes tokens of so many accounts.
func (r *rig) mint(n int) ([]string, error) {
	tokens := make([]string, n)
	for i := range tokens {
		account, profile := token.AccountID(i), token.ProfileID(i)
		var err error
		if tokens[i], err = r.issuer.Mint(token.Spec{Role: "viewer", Account: account.String(), Profiles: []string{profile.String()}}); err != nil {
			return nil, err
		}
	}
	return tokens, nil
}
