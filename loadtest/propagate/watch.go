package propagate

import (
	"bytes"
	"fmt"
	"sync/atomic"
	"time"

	"encora/loadtest/device"
)

// state is what an edge shows of a film: its title, or that there is none (404).
type state string

const absent state = ""

// change is one write to one film, as its watchers need it. Every title is used once, so that a state tells which write
// it belongs to.
type change struct {
	path        string
	token       string
	before      state
	after       state
	acked       atomic.Pointer[time.Time] // set when the origin has acknowledged the write
	readsOfThis atomic.Int64
}

// sighting is what one edge did with one change.
type sighting struct {
	took time.Duration // from the acknowledgement until the edge showed it; 0 if it was there before
	seen bool          // within patience
	old  int64         // answers with the state before: after the new one was seen, or asked for over staleAfter past the acknowledgement
	odd  []string      // answers that are neither state
}

// staleAfter is when an old answer is one too many even if the edge never showed the new state before.
const staleAfter = time.Second

// watcher polls one edge.
type watcher struct {
	edge     *device.Client
	every    time.Duration // pause between two polls
	linger   time.Duration // how long to look for old answers once the new state is there
	patience time.Duration // how long past the acknowledgement to wait for it
}

// watch polls from before the write until the edge has shown the new state for the linger.
func (w watcher) watch(c *change) (sighting, error) {
	var s sighting
	var firstSeen time.Time
	for {
		asked := time.Now()
		got, err := w.look(c)
		if err != nil {
			return s, err
		}
		now, acked := time.Now(), c.acked.Load()
		switch {
		case got == c.after && !s.seen:
			s.seen, firstSeen = true, now
		case got == c.after:
		case got == c.before:
			if s.seen || acked != nil && asked.Sub(*acked) > staleAfter {
				s.old++
			}
		default:
			s.odd = append(s.odd, fmt.Sprintf("%s: %q, expected %q or %q", c.path, got, c.before, c.after))
		}
		if acked != nil && s.seen && now.Sub(later(*acked, firstSeen)) > w.linger {
			s.took = max(0, firstSeen.Sub(*acked))
			return s, nil
		}
		if acked != nil && !s.seen && now.Sub(*acked) > w.patience {
			return s, nil
		}
		time.Sleep(w.every)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// look asks the edge once.
func (w watcher) look(c *change) (state, error) {
	answer, err := w.edge.Do(device.Request{Path: c.path, Token: c.token}, true)
	if err != nil {
		return absent, err
	}
	c.readsOfThis.Add(1)
	if answer.Status == 404 {
		return absent, nil
	}
	if answer.Status != 200 {
		return absent, fmt.Errorf("GET %s: status %d: %.300s", c.path, answer.Status, answer.Body)
	}
	return title(answer.Body), nil
}

// title cuts the title out of a film's JSON: decoding all of it would cost the machine more than the edge's work does.
// The titles of this package need no escapes.
func title(body []byte) state {
	_, rest, _ := bytes.Cut(body, []byte(`"title":"`))
	t, _, _ := bytes.Cut(rest, []byte(`"`))
	return state(t)
}
