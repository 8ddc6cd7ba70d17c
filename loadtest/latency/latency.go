// Package latency records what requests of named operations came to, in HDR histograms, and prints it.
package latency

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The histograms hold 1 µs to 5 minutes with three significant digits; what is longer is counted as 5 minutes.
const (
	lowest  = 1
	highest = int64(5 * time.Minute / time.Microsecond)
	digits  = 3
)

// Recorder is safe for concurrent use. Its zero value is ready.
type Recorder struct {
	mu     sync.Mutex
	order  []string
	series map[string]*series
	faults []string
}

type series struct {
	took    *hdrhistogram.Histogram
	classes [6]int64 // by the first digit of the status; 0 counts requests without an answer
	errors  int64
}

func newSeries() *series {
	return &series{took: hdrhistogram.New(lowest, highest, digits)}
}

// Record adds one request: how long it took from the instant at which it was due, its status (0: no answer), and what was
// wrong with it, nil for nothing.
func (r *Recorder) Record(op string, took time.Duration, status int, fault error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.series[op]
	if s == nil {
		if r.series == nil {
			r.series = map[string]*series{}
		}
		s = newSeries()
		r.series[op], r.order = s, append(r.order, op)
	}
	_ = s.took.RecordValue(min(max(took.Microseconds(), lowest), highest)) // clamped, so never out of range
	class := status / 100
	if class < 0 || class > 5 {
		class = 0
	}
	s.classes[class]++
	if fault == nil {
		return
	}
	s.errors++
	if len(r.faults) < keptFaults {
		r.faults = append(r.faults, op+": "+fault.Error())
	}
}

// keptFaults is how many errors are kept in words: the first ones usually tell.
const keptFaults = 5

// Faults are the first errors in words.
func (r *Recorder) Faults() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.faults...)
}

// Row is what one operation, or all together, came to. Times are in milliseconds, PerSecond counts answers of any kind.
type Row struct {
	Op        string           `json:"op"`
	Count     int64            `json:"count"`
	PerSecond float64          `json:"per_second"`
	P50       float64          `json:"p50_ms"`
	P90       float64          `json:"p90_ms"`
	P99       float64          `json:"p99_ms"`
	P999      float64          `json:"p999_ms"`
	Max       float64          `json:"max_ms"`
	Status    map[string]int64 `json:"status"`
	Errors    int64            `json:"errors"`
}

// All names the row of all operations together.
const All = "all"

// Rows returns a row for each operation in the order of its first request, and the row All, over the time that the run
// took.
func (r *Recorder) Rows(elapsed time.Duration) []Row {
	r.mu.Lock()
	defer r.mu.Unlock()
	rows, all := make([]Row, 0, len(r.order)+1), newSeries()
	for _, op := range r.order {
		s := r.series[op]
		rows = append(rows, s.row(op, elapsed))
		all.took.Merge(s.took)
		all.errors += s.errors
		for i, n := range s.classes {
			all.classes[i] += n
		}
	}
	return append(rows, all.row(All, elapsed))
}

var classNames = [6]string{"none", "1xx", "2xx", "3xx", "4xx", "5xx"}

func (s *series) row(op string, elapsed time.Duration) Row {
	status := map[string]int64{}
	for i, n := range s.classes {
		if n > 0 {
			status[classNames[i]] = n
		}
	}
	q := s.took.ValueAtPercentilesSlice([]float64{50, 90, 99, 99.9})
	return Row{
		Op: op, Count: s.took.TotalCount(), PerSecond: float64(s.took.TotalCount()) / elapsed.Seconds(),
		P50: milli(q[0]), P90: milli(q[1]), P99: milli(q[2]), P999: milli(q[3]), Max: milli(s.took.Max()),
		Status: status, Errors: s.errors,
	}
}

func milli(micros int64) float64 { return float64(micros) / 1000 }
