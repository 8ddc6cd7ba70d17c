// Package originlist measures the origin's admin list of movies: filters, orders, searches and deep pages.
package originlist

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"strings"
	"time"

	"encora/loadtest/device"
	"encora/loadtest/latency"
	"encora/loadtest/openloop"
)

// Command is `loadtest origin-list`.
type Command struct {
	Origin     string        `required:"" help:"The origin, such as http://127.0.0.1:8081."`
	AdminToken string        `required:"" help:"Token with the scope content:read (bin/origin token --role admin)."`
	Requests   int           `default:"500" help:"Requests one after another."`
	Rate       float64       `default:"50" help:"Requests a second of the second part; 0 leaves it out."`
	Duration   time.Duration `default:"15s" help:"Length of the second part."`
	Seed       uint64        `default:"1" help:"Seed of what is drawn."`
	MaxP99     time.Duration `name:"max-p99" help:"Fail when the p99 of either part exceeds this; 0 sets no limit."`
}

// Run measures both parts and prints a table for each. Any answer but 200 fails it.
func (c *Command) Run(ctx context.Context, out io.Writer) error {
	load := openloop.Load{Rate: c.Rate, Arrivals: openloop.Poisson, Duration: c.Duration, Workers: 16, Backlog: int(c.Rate) + 1, Seed: c.Seed}
	if c.Requests < 1 || c.Requests > 1_000_000 {
		return errors.New("requests: 1 to 1000000")
	}
	if c.Rate > 0 {
		if err := load.Validate(); err != nil {
			return err
		}
	}
	client, err := device.NewClient(c.Origin, load.Workers, 30*time.Second)
	if err != nil {
		return err
	}
	defer client.Close()
	list, err := learn(client, c.AdminToken)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d films; searching for words such as %s.\n\n", list.total, strings.Join(list.words[:min(5, len(list.words))], ", "))
	errOne := c.oneByOne(ctx, out, client, list)
	if c.Rate == 0 {
		return errOne
	}
	return errors.Join(errOne, c.atRate(ctx, out, client, list, load))
}

func (c *Command) oneByOne(ctx context.Context, out io.Writer, client *device.Client, l *listing) error {
	var recorder latency.Recorder
	rng, start := rand.New(rand.NewPCG(c.Seed, 0)), time.Now()
	for n := 0; n < c.Requests && ctx.Err() == nil; n++ {
		send(client, l.draw(rng), time.Now(), &recorder)
	}
	return c.print(out, "Admin list, one request after another", &recorder, time.Since(start))
}

func (c *Command) atRate(ctx context.Context, out io.Writer, client *device.Client, l *listing, load openloop.Load) error {
	var recorder latency.Recorder
	rngs := make([]*rand.Rand, load.Workers)
	for w := range rngs {
		rngs[w] = rand.New(rand.NewPCG(c.Seed, uint64(w)+1))
	}
	outcome := load.Run(ctx, func(w int, due time.Time) { send(client, l.draw(rngs[w]), due, &recorder) })
	title := fmt.Sprintf("Admin list at %.0f requests a second (dropped unsent: %d)", c.Rate, outcome.Dropped)
	return c.print(out, title, &recorder, outcome.Elapsed)
}

func send(client *device.Client, req device.Request, due time.Time, recorder *latency.Recorder) {
	answer, err := client.Do(req, false)
	if err == nil && answer.Status != 200 {
		err = answer.Fault(req)
	}
	recorder.Record(req.Op, time.Since(due), answer.Status, err)
}

func (c *Command) print(out io.Writer, title string, recorder *latency.Recorder, elapsed time.Duration) error {
	rows := recorder.Rows(elapsed)
	if _, err := latency.Table(title, rows).WriteTo(out); err != nil {
		return err
	}
	if err := latency.Explain(out, recorder.Faults()); err != nil {
		return err
	}
	return latency.Limits{MaxErrors: 0, MaxP99: c.MaxP99}.Check(rows)
}

// listing is what requests are drawn from.
type listing struct {
	token  string
	total  int64
	words  []string // of titles
	genres []string // slugs
	pages  []string // paths of pages that follow the first
}

const path = "/v2/admin/movies"

// learn reads some pages, for the words of their titles and their cursors, and the genres.
func learn(client *device.Client, token string) (*listing, error) {
	l := &listing{token: token}
	next := path + "?limit=100"
	for range 20 {
		var page struct {
			Data []struct {
				Title  string   `json:"title"`
				Genres []string `json:"genres"`
			} `json:"data"`
			Meta struct {
				NextCursor string `json:"next_cursor"`
				TotalCount int64  `json:"total_count"`
			} `json:"meta"`
		}
		answer, err := client.Do(device.Request{Path: next, Token: token}, true)
		if err != nil {
			return nil, err
		}
		if answer.Status != 200 {
			return nil, fmt.Errorf("GET %s: status %d: %.300s", next, answer.Status, answer.Body)
		}
		if err := json.Unmarshal(answer.Body, &page); err != nil {
			return nil, fmt.Errorf("GET %s: %w", next, err)
		}
		for _, m := range page.Data {
			l.genres = append(l.genres, m.Genres...)
			for _, w := range strings.Fields(m.Title) {
				if len(w) > 3 {
					l.words = append(l.words, w)
				}
			}
		}
		if l.total = page.Meta.TotalCount; page.Meta.NextCursor == "" {
			break
		}
		next = path + "?limit=100&cursor=" + url.QueryEscape(page.Meta.NextCursor)
		l.pages = append(l.pages, next)
	}
	if len(l.words) == 0 || len(l.genres) == 0 || len(l.pages) == 0 {
		return nil, errors.New("the origin lists too little to draw requests from (bin/origin seed --movies 50000 --seed 1)")
	}
	return l, nil
}

var (
	statuses = []string{"draft", "published", "scheduled", "unpublished"}
	sorts    = []string{"title", "-title", "release_year", "-release_year", "-average_rating", "-created_at", "-updated_at", "available_from"}
)

// draw mixes what a console asks for; each kind is recorded under its own name.
func (l *listing) draw(rng *rand.Rand) device.Request {
	sort, status := "sort="+pick(rng, sorts), "status="+pick(rng, statuses)
	genre, q := "genre="+url.QueryEscape(pick(rng, l.genres)), "q="+url.QueryEscape(l.query(rng))
	kinds := []struct {
		op    string
		parts []string
	}{
		{"first page", nil}, {"sort", []string{sort}}, {"status, sort", []string{status, sort}},
		{"genre, sort", []string{genre, sort}}, {"genre, status, sort", []string{genre, status, sort}},
		{"q", []string{q}}, {"q, sort", []string{q, sort}}, {"q, status, sort", []string{q, status, sort}},
	}
	if rng.IntN(len(kinds)+1) == 0 {
		return device.Request{Op: "deep page", Path: pick(rng, l.pages), Token: l.token}
	}
	kind := pick(rng, kinds)
	query := strings.Join(append(kind.parts, "limit=50"), "&")
	return device.Request{Op: kind.op, Path: path + "?" + query, Token: l.token}
}

// query is one word, two words, or the beginning of a word.
func (l *listing) query(rng *rand.Rand) string {
	word := pick(rng, l.words)
	switch rng.IntN(3) {
	case 0:
		return word
	case 1:
		return word + " " + pick(rng, l.words)
	}
	runes := []rune(word)
	return string(runes[:min(3, len(runes))])
}

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }
