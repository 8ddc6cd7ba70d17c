package bench

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"encora/loadtest/device"
	"encora/loadtest/fakeorigin"
	"encora/loadtest/mdtable"
	"encora/loadtest/subject"
)

// encodings are the variants that an entry holds; the first is identity.
var encodings = []string{"", "gzip", "br", "zstd"}

// entries fills the edge with many films and says what each costs.
func (r *rig) entries(ctx context.Context, out io.Writer) error {
	title := fmt.Sprintf("%d films of %d B held by the edge", r.Movies, fakeorigin.Small)
	edge, err := r.edge(ctx, 7, anyCore, max(roomy, int64(r.Movies)*8192))
	if err != nil {
		return without(out, title, err)
	}
	defer edge.Stop()
	request := func(n int) device.Request {
		return device.Request{Path: film(fakeorigin.Small, n), Token: r.token, Encoding: encodings[n%len(encodings)]}
	}
	before, err := edge.SettledRSS(r.Settle)
	if err != nil {
		return err
	}
	if err := ask(ctx, edge, 0, r.Movies, request); err != nil {
		return err
	}
	after, err := edge.SettledRSS(r.Settle)
	if err != nil {
		return err
	}
	fills := r.origin.Fills()
	if err := ask(ctx, edge, 0, r.Movies, request); err != nil {
		return err
	}
	refilled := r.origin.Fills() - fills
	bodies, err := r.variants(edge)
	if err != nil {
		return err
	}
	each := float64(after-before) / float64(r.Movies)
	t := &mdtable.Table{Title: title, Columns: []string{"", "value:"}}
	t.Add("resident before, MiB", mib(before))
	t.Add("resident with all, MiB", mib(after))
	t.Add("resident bytes per entry", fmt.Sprintf("%.0f", each))
	t.Add("of these bodies in all encodings", fmt.Sprintf("%.0f", bodies))
	t.Add("rest: headers, key, overhead, the heap's slack", fmt.Sprintf("%.0f", each-bodies))
	t.Add("filled again when all were asked for again", refilled)
	if err := r.addMetrics(ctx, edge, t, r.Movies, "entry"); err != nil {
		return err
	}
	return write(out, t)
}

// variants is the mean length in bytes of a film's bodies in all encodings together.
func (r *rig) variants(edge *subject.Subject) (float64, error) {
	client, err := device.NewClient("http://"+edge.Addr, 1, 10*time.Second)
	if err != nil {
		return 0, err
	}
	defer client.Close()
	const films = 50
	total := 0
	for n := range films {
		for _, encoding := range encodings {
			a, err := client.Do(device.Request{Path: film(fakeorigin.Small, n), Token: r.token, Encoding: encoding}, true)
			if err != nil {
				return 0, err
			}
			total += len(a.Body)
		}
	}
	return float64(total) / films, nil
}

// addMetrics adds what the edge itself counts of its cache, divided among n things.
func (r *rig) addMetrics(ctx context.Context, edge *subject.Subject, t *mdtable.Table, n int, thing string) error {
	_, status, body, err := edge.Fetch(ctx, "/metrics", r.token, "")
	if err != nil || status != http.StatusOK {
		return fmt.Errorf("/metrics: status %d, %v", status, err)
	}
	values := device.Metrics(body)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if strings.HasPrefix(name, "encora_edge_cache_") {
			t.Add(name+" per "+thing, fmt.Sprintf("%.0f", values[name]/float64(n)))
		}
	}
	return nil
}

// steps is how many points the memory curve has.
const steps = 16

// memory asks the edge for ever new films and watches its memory against the bound of its cache.
func (r *rig) memory(ctx context.Context, out io.Writer) error {
	title := fmt.Sprintf("Memory of the edge under an endless stream of keys, bound %s MiB", mib(r.CacheBytes))
	edge, err := r.edge(ctx, 7, anyCore, r.CacheBytes)
	if err != nil {
		return without(out, title, err)
	}
	defer edge.Stop()
	// Short and long films in turn; with their variants an entry comes to about 1.5 times its identity body.
	perKey := (fakeorigin.Small + fakeorigin.Large) / 2 * 3 / 2
	each := int(r.CacheBytes)*r.Turnover/perKey/steps + 1
	t := &mdtable.Table{Title: title, Columns: []string{"films asked for:", "resident MiB:", "of the bound:"}}
	peak := int64(0)
	for step := range steps + 1 {
		if step > 0 {
			err := ask(ctx, edge, (step-1)*each, step*each, func(n int) device.Request {
				return device.Request{Path: film([]int{fakeorigin.Small, fakeorigin.Large}[n%2], n), Token: r.token}
			})
			if err != nil {
				return err
			}
		}
		rss, err := edge.RSS()
		if err != nil {
			return err
		}
		peak = max(peak, rss)
		t.Add(step*each, mib(rss), fmt.Sprintf("%.2f", float64(rss)/float64(r.CacheBytes)))
	}
	if err := write(out, t); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Peak %s MiB, %.2f of the bound.\n\n", mib(peak), float64(peak)/float64(r.CacheBytes))
	return err
}
