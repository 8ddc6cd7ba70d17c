package system

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/shared/obs"
)

const editor = "content:read content:write"

type object = map[string]any

func setup(t *testing.T, components ...Component) *apitest.Bundle {
	t.Helper()
	return apitest.New(t, func(b *apitest.Bundle) []api.Entry {
		d := &Domain{CDNBaseURL: "https://cdn.example.com", Components: components, Now: b.Now, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
		entries := d.Entries()
		d.OpenAPI = func() ([]byte, error) { return api.OpenAPI(entries, obs.Version().APIVersion) }
		return entries
	})
}

func get(b *apitest.Bundle, path string) *apitest.Answer {
	return b.Do(apitest.Request{Method: "GET", Path: path})
}

func component(name string, critical bool, err error) Component {
	return Component{Name: name, Critical: critical, Check: func(context.Context) error { return err }}
}

var errBroken = errors.New("password=secret: connection refused")

func TestHealth(t *testing.T) {
	t.Parallel()
	f := func(components []Component, health string, status, readiness int) {
		t.Helper()
		b := setup(t, components...)
		var h Health
		a := get(b, "/v2/health").Want(status)
		a.Decode(&h)
		if h.Status != health || h.Version != "2.0.0" || len(h.Components) != len(components) || time.Since(h.Timestamp).Abs() > time.Minute {
			t.Errorf("health %s, want %s", a.Body, health)
		}
		for name, c := range h.Components {
			if c.CheckedAt.IsZero() || c.LatencyMS < 0 || (c.Status == "ok") != (c.Message == "") || c.Message != "" && c.Message != "The component does not answer." {
				t.Errorf("%s: %+v", name, c)
			}
		}
		ready := get(b, "/v2/ready").Want(readiness)
		if readiness == 503 && (ready.Refused().Code != "UNAVAILABLE" || ready.Header.Get("Retry-After") != "1") {
			t.Errorf("not ready as %v %s", ready.Header, ready.Body)
		}
		if a.Header.Get("Cache-Control") != "no-store" || ready.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("Cache-Control %q and %q", a.Header.Get("Cache-Control"), ready.Header.Get("Cache-Control"))
		}
	}
	f(nil, "ok", 200, 200)
	f([]Component{component("database", true, nil), component("jobs", false, nil)}, "ok", 200, 200)
	f([]Component{component("database", true, nil), component("jobs", false, errBroken)}, "degraded", 200, 200)
	f([]Component{component("database", true, errBroken), component("jobs", false, errBroken)}, "down", 503, 503)
	f([]Component{component("jobs", false, errBroken), component("database", true, errBroken)}, "down", 503, 503)
}

func TestHealthOfTheDatabase(t *testing.T) {
	t.Parallel()
	var b *apitest.Bundle
	b = setup(t, Component{Name: "database", Critical: true, Check: func(ctx context.Context) error { return b.DB.Ping(ctx) }})
	now := time.Now()
	b.Set(now)
	get(b, "/v2/ready").Want(200)
	b.DB.Close()
	get(b, "/v2/ready").Want(200) // within the second
	b.Set(now.Add(checkEvery))
	get(b, "/v2/ready").Want(503)
	get(b, "/v2/health").Want(503)
}

func TestProbesShareACheck(t *testing.T) {
	t.Parallel()
	checks, release := make(chan bool, 100), make(chan bool)
	b := setup(t, Component{Name: "slow", Check: func(context.Context) error { checks <- true; <-release; return nil }})
	b.Set(time.Now())
	answers := make(chan *apitest.Answer)
	for range 10 {
		go func() { answers <- get(b, "/v2/health") }()
	}
	<-checks
	close(release)
	for range 10 {
		(<-answers).Want(200)
	}
	if len(checks) != 0 {
		t.Errorf("%d checks too many", len(checks))
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var v obs.VersionInfo
	get(b, "/v2/version").Want(200).Decode(&v)
	if v != obs.Version() {
		t.Errorf("version %+v, want %+v", v, obs.Version())
	}
}
