package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"golang.org/x/sync/errgroup"

	"encora/origin/api"
	"encora/origin/changes"
	"encora/origin/epg"
	"encora/origin/pgdb"
	"encora/origin/system"
	"encora/shared/territory"
	"encora/shared/token"
)

// patience is how long the database may take to appear before serve gives up.
const patience = 30 * time.Second

// Run serves until ctx ends, then lets requests finish.
func (s *serve) Run(ctx context.Context, p *program) error {
	db, err := s.open(ctx, p)
	if err != nil {
		return err
	}
	defer db.Close()
	hub := changes.NewHub(db.Pool(), p.log)
	verifier, issuer, err := p.verifier()
	if err != nil {
		return err
	}
	whom, err := s.Territory.Config()
	if err != nil {
		return err
	}
	resolver, err := territory.NewResolver(whom)
	if err != nil {
		return err
	}
	defer resolver.Close()
	d := newDomains(db, hub, s.CDNBaseURL)
	d.system.Log, d.curation.Log = p.log, p.log
	d.system.Components = []system.Component{
		{Name: "database", Critical: true, Check: db.Ping},
		{Name: "feed", Check: hub.Check},
	}
	d.epg.Imports = epg.Imports{Hosts: s.EPGSourceHosts, MaxBytes: s.EPGMaxBytes, Log: p.log}
	if d.epg.Enqueue, err = enqueueImports(db); err != nil {
		return err
	}
	server, err := s.server(p, db, hub, d, verifier, resolver)
	if err != nil {
		return err
	}
	work, err := startJobs(ctx, db, d, p.log)
	if err != nil {
		return err
	}
	defer work.stop()
	gauges(db, hub)

	run, stop := context.WithCancel(ctx)
	defer stop()
	go hub.Run(run)
	hub.Await(run) // so that the first to ask for the health is not told of a feed that was not read yet
	go verifier.Run(run)
	return s.listen(run, p, withIssuer(server.Public(), issuer), server.Internal())
}

// open waits for a database that is there and migrated.
func (s *serve) open(ctx context.Context, p *program) (*pgdb.DB, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		db, err := pgdb.Open(ctx, string(s.DatabaseURL), s.DatabaseConns)
		if err == nil {
			var pos int64
			if err = db.Pool().QueryRow(ctx, `SELECT pos FROM feed_head`).Scan(&pos); err == nil {
				return db, nil
			}
			db.Close()
			return nil, fmt.Errorf("the database has no schema of ours; run `origin migrate` first: %w", err)
		}
		p.log.Warn("waiting for the database", "error", err)
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(time.Second):
		}
	}
}

// verifier checks tokens by the configured issuer's keys, or the development issuer's.
func (p *program) verifier() (*token.Verifier, *token.Issuer, error) {
	issuer, err := p.settings.issuer()
	if err != nil {
		return nil, nil, err
	}
	var keys token.Source = token.HTTPSource{URL: p.settings.Serve.JWKSURL}
	if issuer != nil {
		p.log.Warn("tokens of the built-in development issuer are accepted")
		keys = token.SourceFunc(func(context.Context) ([]byte, error) { return issuer.JWKS(), nil })
	}
	v, err := token.NewVerifier(token.Config{Issuer: p.settings.Serve.TokenIssuer, Audience: p.settings.Serve.TokenAudience, Keys: keys, Log: p.log})
	return v, issuer, err
}

// withIssuer adds the development issuer's keys to the public listener, where edges fetch them.
func withIssuer(next http.Handler, issuer *token.Issuer) http.Handler {
	if issuer == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/.well-known/jwks.json" {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/jwk-set+json")
		w.Header().Set("Cache-Control", "public, max-age=60")
		_, _ = w.Write(issuer.JWKS()) // the client may have gone
	})
}

func (s *serve) server(p *program, db *pgdb.DB, hub *changes.Hub, d *domains, v *token.Verifier, r *territory.Resolver) (*api.Server, error) {
	cursors, err := s.Cursors.Codec()
	if err != nil {
		return nil, err
	}
	entries := d.entries()
	if err := api.Conflicts(entries); err != nil {
		return nil, err
	}
	var keys []string
	for _, k := range s.EdgeKeys {
		keys = append(keys, string(k))
	}
	return &api.Server{
		Entries: entries, DB: db, Hub: hub, Verify: v.Verify, Issuer: s.TokenIssuer, Cursors: cursors, EdgeKeys: keys,
		Country: func(req *http.Request, c *token.Claims) string {
			return r.Country(peer(req), headerOf(req), c.Country)
		},
		ClientIP:   func(req *http.Request) string { return r.ClientAddr(peer(req), headerOf(req)).String() },
		DenyRules:  d.rights.DenyRules,
		PlanFilter: d.subscriber.PlanFilter,
		// The rest of the connections is for editors, starts and beats.
		FillsAtOnce: max(1, int(s.DatabaseConns)/3),
		KeepFills:   2 * time.Second,
		Log:         p.log,
		Now:         time.Now,
	}, nil
}

func peer(r *http.Request) netip.Addr {
	addr, _ := netip.ParseAddrPort(r.RemoteAddr) // net/http sets it; a broken one is no proxy of ours
	return addr.Addr()
}

func headerOf(r *http.Request) territory.Header {
	return func(name string) [][]byte {
		var values [][]byte
		for _, v := range r.Header.Values(name) {
			values = append(values, []byte(v))
		}
		return values
	}
}

// listen serves both listeners until ctx ends.
func (s *serve) listen(ctx context.Context, p *program, public, internal http.Handler) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, l := range []struct {
		name, setting, addr string
		handler             http.Handler
	}{{"editors", "ORIGIN_ADDR", s.OriginAddr, public}, {"edges", "INTERNAL_ADDR", s.InternalAddr, internal}} {
		listener, err := net.Listen("tcp", l.addr)
		if err != nil {
			return fmt.Errorf("%s: listen for %s: %w", l.setting, l.name, err)
		}
		p.log.Info("listening", "for", l.name, "addr", listener.Addr().String())
		server := &http.Server{Handler: l.handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
			WriteTimeout: 40 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
			BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) }}
		g.Go(func() error {
			if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
		g.Go(func() error {
			<-ctx.Done()
			finish, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.StopAfter)
			defer cancel()
			return server.Shutdown(finish)
		})
	}
	return g.Wait()
}

func gauges(db *pgdb.DB, hub *changes.Hub) {
	metrics.GetOrCreateGauge("encora_feed_head", func() float64 { return float64(hub.Head()) })
	metrics.GetOrCreateGauge("encora_feed_waiting", func() float64 { return float64(hub.Waiting()) })
	metrics.GetOrCreateGauge("encora_db_connections", func() float64 { return float64(db.Pool().Stat().TotalConns()) })
	metrics.GetOrCreateGauge("encora_db_connections_in_use", func() float64 { return float64(db.Pool().Stat().AcquiredConns()) })
	metrics.GetOrCreateGauge("encora_db_acquires_waited", func() float64 { return float64(db.Pool().Stat().EmptyAcquireCount()) })
}
