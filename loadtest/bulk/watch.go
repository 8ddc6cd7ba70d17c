package bulk

import (
	"fmt"
	"strings"
	"time"

	"encora/loadtest/device"
)

// state is what tells one answer from another: its tag, or that it is an absence.
type state struct {
	status int
	etag   string
}

// ask asks once, and wants an answer or an absence.
func ask(client *device.Client, l look, token string) (device.Answer, state, error) {
	req := device.Request{Op: l.kind, Path: l.path, Token: token}
	a, err := client.Do(req, true)
	if err == nil && a.Status != 200 && a.Status != 404 {
		err = a.Fault(req)
	}
	return a, state{a.Status, a.ETag}, err
}

// watcher looks at one answer of one edge.
type watcher struct {
	edge     *device.Client
	look     look
	token    string
	every    time.Duration
	patience time.Duration
	before   state
}

// linger is how long an answer is looked at once it is new.
const linger = 200 * time.Millisecond

// sighting is how an answer became another. The last look is what is held against the origin.
type sighting struct {
	took time.Duration // from the acknowledgement
	old  int           // looks that showed what was before, after the new one
	last device.Answer
}

// watch looks from the acknowledgement on until the answer is another one for the linger.
func (w *watcher) watch(acked time.Time) (sighting, error) {
	var s sighting
	for {
		a, is, err := ask(w.edge, w.look, w.token)
		if err != nil && is.status != 503 {
			return s, err
		}
		if is.status == 503 || strings.Contains(a.CacheStatus, "ttl=-") { // refused, or marked as old: the new answer is on its way
			is = w.before
		}
		now := time.Now()
		switch {
		case is != w.before && s.took == 0:
			s.took = now.Sub(acked)
		case is == w.before && s.took != 0:
			s.old++
		}
		s.last = a
		if s.took != 0 && now.Sub(acked) > s.took+linger {
			return s, nil
		}
		if s.took == 0 && now.Sub(acked) > w.patience {
			return s, fmt.Errorf("%s for %s: still as before the change after %s", w.look.path, w.look.country, w.patience)
		}
		time.Sleep(w.every)
	}
}
