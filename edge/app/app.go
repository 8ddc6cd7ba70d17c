// Package app builds the edge from its settings: it is the only package that sees all of it.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"encora/edge/cache"
	"encora/edge/feed"
	"encora/edge/fill"
	"encora/edge/media"
	"encora/edge/playback"
	"encora/edge/proxy"
	"encora/shared/conf"
	"encora/shared/obs"
	"encora/shared/op"
	"encora/shared/territory"
	"encora/shared/token"
	"encora/shared/wire"
)

// pollWait is how long the origin may hold a poll of the feed.
const pollWait = 2 * time.Second

// gcPercent is how much garbage may lie beside what is live. Most of that is bodies, which the collector need not look
// into, so it is cheap to collect often; with Go's 100 the process would take twice the cache's bound.
const gcPercent = 25

// Streams is the process around the program.
type Streams struct {
	LookupEnv func(string) (string, bool)
	Out, Err  io.Writer
}

// Main reads the settings, runs the edge and returns the exit status: 0, 1 when it failed, 2 when it was set wrongly.
func Main(ctx context.Context, args []string, s Streams) int {
	var cfg Config
	_, err := conf.Parse(&cfg, conf.Program{Name: "edge", Description: "The edge of Encora.", Args: args, LookupEnv: s.LookupEnv, Out: s.Out})
	if errors.Is(err, conf.ErrHelp) {
		return 0
	}
	if err == nil {
		cfg.Log, err = obs.NewLogger(s.Err, cfg.LogLevel)
	}
	if err != nil {
		fmt.Fprintln(s.Err, "edge:", err)
		return 2
	}
	if _, set := s.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(gcPercent)
	}
	if err := Run(ctx, &cfg); err != nil {
		fmt.Fprintln(s.Err, "edge:", err)
		return 1
	}
	return 0
}

// Run serves until ctx ends, then lets requests finish. cfg must be valid.
func Run(ctx context.Context, cfg *Config) error {
	whom, err := cfg.Territory.Config()
	if err != nil {
		return err
	}
	resolver, err := territory.NewResolver(whom)
	if err != nil {
		return err
	}
	defer resolver.Close()
	files, err := openMedia(cfg)
	if err != nil {
		return err
	}
	if files != nil {
		defer files.Close()
	}
	e, err := build(cfg, resolver, files)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", cfg.EdgeAddr)
	if err != nil {
		return fmt.Errorf("EDGE_ADDR: %w", err)
	}
	server := proxy.NewServer(e.proxy, ln, proxy.Timeouts{Read: cfg.ReadTimeout, Write: cfg.WriteTimeout, Idle: cfg.IdleTimeout}, cfg.MaxConns)
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	for _, run := range []func(context.Context){e.tailer.Run, e.next.Run, e.tokens.Run, e.proxy.KeepAhead, e.sessions.Run, e.sessions.Pulse.Run, e.cdns.Run} {
		running.Go(func() { run(background) })
	}
	defer running.Wait()
	defer cancel()
	cfg.Log.Info("edge serves", "addr", ln.Addr().String(), "origin", cfg.OriginURL, "commit", obs.Version().CommitSHA)
	return server.Run(ctx, cfg.StopAfter)
}

// edge is everything that runs.
type edge struct {
	proxy  *proxy.Proxy
	tailer *feed.Tailer
	next   *fill.Successors
	tokens *token.Verifier

	sessions *playback.Sessions
	cdns     *cdnFile
}

func build(cfg *Config, resolver *territory.Resolver, files *media.Handler) (*edge, error) {
	ops := cfg.Ops
	if ops == nil {
		var err error
		if ops, err = op.All(); err != nil {
			return nil, err
		}
	}
	tokens, err := token.NewVerifier(token.Config{Issuer: cfg.TokenIssuer, Audience: cfg.TokenAudience, Keys: token.HTTPSource{URL: cfg.JWKSURL}, Log: cfg.Log})
	if err != nil {
		return nil, err
	}
	cursors, err := cfg.Cursors.Codec()
	if err != nil {
		return nil, err
	}
	store, err := cache.NewStore(cfg.CacheBytes)
	if err != nil {
		return nil, err
	}
	origin := fill.NewOrigin(fill.Config{URL: cfg.origin(), Key: string(cfg.EdgeKey), Timeout: cfg.FillTimeout, Now: time.Now, Log: cfg.Log})
	versions, clock := feed.NewVersions(feed.DefaultSlots, time.Now()), feed.NewClock(time.Now)
	filler := &fill.Filler{Origin: origin, Versions: versions, Clock: clock, Store: store, Log: cfg.Log}
	filler.Prepare(fill.Limits{Concurrent: cfg.FillConns, Queue: 8 * cfg.FillConns})
	sessions := playback.New(playback.NewTable(playback.Settings{PausedFor: cfg.PausedFor, Limit: cfg.MaxSessions, KeepEnds: cfg.MediaDir != ""}),
		playback.Config{Origin: origin, Timeout: cfg.FillTimeout, Patience: cfg.Patience, Now: func() int64 { return clock.Now().UnixMilli() }, Base: clock.Base, Log: cfg.Log})
	cdns := &cdnFile{cfg: cfg, urls: &sessions.URLs}
	if err := cdns.load(); err != nil {
		return nil, err
	}
	pc := proxy.Config{Ops: ops, Filler: filler, Tokens: tokens, Resolver: resolver, Cursors: cursors, Playback: sessions, Log: cfg.Log,
		AllowedOrigins: cfg.AllowedOrigins, LostAfter: cfg.FeedLostAfter, StaleFor: cfg.StaleFor, Patience: cfg.Patience, PassTimeout: cfg.PassTimeout}
	if files != nil { // a nil pointer would be an interface that is not nil
		files.Verifier, files.Ended = sessions.URLs.Verifier, sessions.Ended
		pc.Media = files
	}
	p, err := proxy.New(pc)
	if err != nil {
		return nil, err
	}
	next := &fill.Successors{Filler: filler, Query: p.Query}
	next.Prepare()
	filler.Stored = next.Stored
	return &edge{proxy: p, next: next, tokens: tokens, sessions: sessions, cdns: cdns, tailer: newTailer(cfg.Log, origin, versions, clock, p.Changed)}, nil
}

func newTailer(log *slog.Logger, origin *fill.Origin, versions *feed.Versions, clock *feed.Clock, applied func([]wire.Change)) *feed.Tailer {
	return &feed.Tailer{Versions: versions, Clock: clock, Jitter: rand.Float64, Applied: applied, Log: log,
		Poll: func(ctx context.Context, epoch string, after uint64) (*wire.FeedPage, error) {
			return origin.Feed(ctx, epoch, after, pollWait)
		}}
}
