package proxy

import (
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// meter is how a request of a hot or passed operation came out.
type meter uint8

const (
	hit meter = iota
	hitNotModified
	staleHit // served while the origin was away
	miss
	missNotModified
	collapsed
	passed
	meterCount
)

var meterNames = [meterCount]string{"hit", "hit_not_modified", "stale", "miss", "miss_not_modified", "collapsed", "passed"}

// notModified is what counts when the client had it already.
func notModified(m meter) meter {
	switch m {
	case hit:
		return hitNotModified
	case miss, collapsed:
		return missNotModified
	}
	return m
}

// meters counts. Everything on the way of a hit is resolved beforehand and costs one atomic addition.
type meters struct {
	set     *metrics.Set
	panics  *metrics.Counter
	latency [2]*metrics.PrometheusHistogram // of the lane's hits until they are written, sampled, and of the rest

	mu       sync.Mutex
	statuses map[int]*metrics.Counter
}

type routeMeters struct {
	counters [meterCount]*metrics.Counter
}

func (r *routeMeters) count(m meter) { r.counters[m].Inc() }

var latencyBounds = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5}

func newMeters(p *Proxy) *meters {
	m := &meters{set: metrics.NewSet(), statuses: make(map[int]*metrics.Counter)}
	m.panics = m.set.NewCounter("encora_edge_panics_total")
	for i, kind := range []string{"hit", "other"} {
		m.latency[i] = m.set.NewPrometheusHistogramExt(`encora_edge_request_seconds{kind="`+kind+`"}`, latencyBounds)
	}
	gauge := func(name string, f func() float64) { m.set.NewGauge("encora_edge_"+name, f) }
	gauge("fills_total", func() float64 { return float64(p.Filler.Fills()) })
	gauge("fill_panics_total", func() float64 { return float64(p.Filler.Panics()) })
	gauge("cache_bytes", func() float64 { return float64(p.store.Used()) })
	gauge("feed_behind_seconds", func() float64 {
		behind, _ := p.versions.Behind(p.clock.Base())
		return behind.Seconds()
	})
	gauge("feed_position", func() float64 { return float64(p.applied()) })
	if s := p.Playback; s != nil {
		gauge("sessions", func() float64 { return float64(s.Count()) })
		gauge("sessions_without_place_total", func() float64 { return float64(s.Full()) })
		gauge("beats_total", func() float64 { return float64(s.Beats()) })
		gauge("beats_waiting", func() float64 { return float64(s.Pending()) })
		gauge("beats_behind_seconds", func() float64 { return s.Behind().Seconds() })
	}
	gauge("clock_offset_seconds", func() float64 { return p.clock.Offset().Seconds() })
	return m
}

func (p *Proxy) applied() uint64 {
	if st := p.versions.State(); st != nil {
		return st.Applied()
	}
	return 0
}

func (m *meters) route(op string) *routeMeters {
	r := &routeMeters{}
	for i := range r.counters {
		r.counters[i] = m.set.NewCounter(fmt.Sprintf("encora_edge_requests_total{op=%q,outcome=%q}", op, meterNames[i]))
	}
	return r
}

// refused counts answers that are faults of the edge's own, by status.
func (m *meters) refused(status int) {
	m.mu.Lock()
	c := m.statuses[status]
	if c == nil {
		c = m.set.NewCounter(`encora_edge_refusals_total{status="` + strconv.Itoa(status) + `"}`)
		m.statuses[status] = c
	}
	m.mu.Unlock()
	c.Inc()
}

// Places in meters.latency.
const (
	latencyHit = iota
	latencyOther
)

// sampled picks one hit in 64 by the clock's middle bits, which costs neither a counter nor luck.
func sampled(now time.Time) bool { return now.Nanosecond()>>6&63 == 0 }

// write writes everything in the Prometheus text format.
func (m *meters) write(w io.Writer) {
	m.set.WritePrometheus(w)
	metrics.WriteProcessMetrics(w)
}
