package media

import (
	"errors"
	"io"

	"github.com/VictoriaMetrics/metrics"

	"encora/shared/sign"
)

// outcome is how a request came out.
type outcome uint8

const (
	whole outcome = iota
	part
	notModified
	absent
	noRange
	invalid // and so on: why the URL gives no access
	expired
	address
	recording
	ended
	outcomeCount
)

var outcomeNames = [outcomeCount]string{"whole", "part", "not_modified", "absent", "no_range", "invalid", "expired", "address", "recording", "ended"}

// meters count requests by outcome.
type meters struct {
	set      *metrics.Set
	counters [outcomeCount]*metrics.Counter
}

func newMeters() meters {
	m := meters{set: metrics.NewSet()}
	for i := range m.counters {
		m.counters[i] = m.set.NewCounter(`encora_edge_media_requests_total{outcome="` + outcomeNames[i] + `"}`)
	}
	return m
}

func (m *meters) count(o outcome) { m.counters[o].Inc() }

// refused counts a request whose URL gives no access.
func (m *meters) refused(err error) {
	reasons := [...]struct {
		err error
		outcome
	}{{sign.ErrExpired, expired}, {sign.ErrAddress, address}, {sign.ErrPart, recording}, {errEnded, ended}}
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			m.count(r.outcome)
			return
		}
	}
	m.count(invalid)
}

// WriteMetrics writes the counts in the Prometheus text format.
func (m *meters) WriteMetrics(w io.Writer) { m.set.WritePrometheus(w) }
