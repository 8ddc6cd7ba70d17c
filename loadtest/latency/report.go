package latency

import (
	"fmt"
	"io"
	"strings"
	"time"

	"encora/loadtest/mdtable"
)

// Table lays rows out for people.
func Table(title string, rows []Row) *mdtable.Table {
	t := &mdtable.Table{Title: title, Columns: []string{
		"operation", "count:", "per s:", "p50 ms:", "p90 ms:", "p99 ms:", "p99.9 ms:", "max ms:", "status", "errors:",
	}}
	for _, r := range rows {
		t.Add(r.Op, r.Count, fmt.Sprintf("%.1f", r.PerSecond), ms(r.P50), ms(r.P90), ms(r.P99), ms(r.P999), ms(r.Max),
			r.statuses(), r.Errors)
	}
	return t
}

// Explain writes the first errors in words below their table.
func Explain(w io.Writer, faults []string) error {
	if len(faults) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "First errors:\n\n- %s\n\n", strings.Join(faults, "\n- "))
	return err
}

func ms(v float64) string { return fmt.Sprintf("%.2f", v) }

func (r Row) statuses() string {
	var parts []string
	for _, class := range classNames {
		if n := r.Status[class]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", class, n))
		}
	}
	return strings.Join(parts, ", ")
}

// Limits are thresholds for all operations together. A negative MaxErrors and a zero MaxP99 set none.
type Limits struct {
	MaxErrors int64
	MaxP99    time.Duration
}

// Check returns an error naming every limit that the last row (All) exceeds. A run without a single request fails too: it
// has shown nothing.
func (l Limits) Check(rows []Row) error {
	all := rows[len(rows)-1]
	var broken []string
	if all.Count == 0 {
		broken = append(broken, "no request was made")
	}
	if l.MaxErrors >= 0 && all.Errors > l.MaxErrors {
		broken = append(broken, fmt.Sprintf("%d errors, at most %d allowed", all.Errors, l.MaxErrors))
	}
	if limit := float64(l.MaxP99) / float64(time.Millisecond); l.MaxP99 > 0 && all.P99 > limit {
		broken = append(broken, fmt.Sprintf("p99 %.2f ms, at most %.2f ms allowed", all.P99, limit))
	}
	if broken != nil {
		return fmt.Errorf("threshold: %s", strings.Join(broken, "; "))
	}
	return nil
}
