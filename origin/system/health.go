package system

import (
	"context"
	"net/http"
	"sync"
	"time"

	"encora/origin/api"
	"encora/shared/fault"
	"encora/shared/obs"
	"encora/shared/wire"
)

const (
	statusOK       = "ok"
	statusDegraded = "degraded"
	statusDown     = "down"
)

const (
	checkEvery   = time.Second // probes of load balancers share one check
	checkTimeout = 2 * time.Second
)

// Health is the platform's state and that of its components.
type Health struct {
	Status     string                     `json:"status" enum:"ok,degraded,down"`
	Version    string                     `json:"version"`
	Timestamp  time.Time                  `json:"timestamp"`
	Components map[string]ComponentHealth `json:"components"`
}

// ComponentHealth is one component's state.
type ComponentHealth struct {
	Status    string    `json:"status" enum:"ok,degraded,down"`
	LatencyMS float64   `json:"latency_ms" doc:"How long the check took."`
	Message   string    `json:"message,omitempty"`
	CheckedAt time.Time `json:"checked_at"`
}

func (d *Domain) getHealth(r *http.Request) api.Document {
	h := d.health(r.Context())
	if h.Status == statusDown {
		return api.JSON(http.StatusServiceUnavailable, h)
	}
	return api.JSON(http.StatusOK, h)
}

// ready is for traffic routing: an origin that lacks something critical should get none.
func (d *Domain) ready(r *http.Request) api.Document {
	if d.health(r.Context()).Status == statusDown {
		f := fault.Busy("A critical component does not answer; see /v2/health.", time.Second)
		return api.Document{Status: f.Status(), ContentType: "application/json", Body: f.JSON(r.Header.Get(wire.RequestID)),
			Header: http.Header{"Retry-After": {"1"}}}
	}
	return api.JSON(http.StatusOK, Readiness{Status: "ready"})
}

// Readiness is the answer of an origin that takes traffic.
type Readiness struct {
	Status string `json:"status" enum:"ready"`
}

func version(*http.Request) api.Document { return api.JSON(http.StatusOK, obs.Version()) }

// health checks the components, or returns what was found within the last second. Callers at the same time share a check.
func (d *Domain) health(ctx context.Context) Health {
	d.probe.Lock()
	defer d.probe.Unlock()
	now := d.Now().UTC()
	if d.probe.last.Status == "" || now.Sub(d.probe.last.Timestamp) >= checkEvery {
		d.probe.last = d.check(context.WithoutCancel(ctx), now)
	}
	return d.probe.last
}

func (d *Domain) check(ctx context.Context, now time.Time) Health {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	found := make([]ComponentHealth, len(d.Components))
	var all sync.WaitGroup
	for i := range d.Components {
		all.Go(func() { found[i] = d.checkOne(ctx, &d.Components[i], now) })
	}
	all.Wait()
	h := Health{Status: statusOK, Version: obs.Version().APIVersion, Timestamp: now, Components: map[string]ComponentHealth{}}
	for i, c := range d.Components {
		h.Components[c.Name] = found[i]
		switch {
		case found[i].Status == statusOK:
		case c.Critical:
			h.Status = statusDown
		case h.Status == statusOK:
			h.Status = statusDegraded
		}
	}
	return h
}

// checkOne checks one component. Why it fails is for the log: health is public.
func (d *Domain) checkOne(ctx context.Context, c *Component, now time.Time) ComponentHealth {
	began := time.Now()
	err := c.Check(ctx)
	took := time.Since(began)
	h := ComponentHealth{Status: statusOK, LatencyMS: float64(took.Microseconds()) / 1000, CheckedAt: now}
	if err != nil {
		h.Status, h.Message = statusDown, "The component does not answer."
		d.Log.Warn("health check failed", "component", c.Name, "error", err)
	}
	return h
}
