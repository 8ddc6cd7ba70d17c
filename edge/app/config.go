package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"encora/shared/conf"
	"encora/shared/cursor"
	"encora/shared/op"
	"encora/shared/sign"
	"encora/shared/territory"
	"encora/shared/wire"
)

// Config is the edge's settings, by flag or environment variable. The fields without a tag are for tests.
type Config struct {
	LogLevel string `help:"Least level that is logged." enum:"debug,info,warn,error" default:"info"`
	Env      string `help:"production refuses settings that are only good for development." enum:"development,production" default:"production"`

	EdgeAddr      string          `help:"Where to listen for viewers." default:"127.0.0.1:8080"`
	OriginURL     string          `name:"origin-url" help:"The origin's internal listener." default:"http://127.0.0.1:8082"`
	EdgeKey       conf.Secret     `required:"" help:"One of the origin's EDGE_KEYS."`
	Cursors       cursor.Settings `embed:""`
	JWKSURL       string          `name:"jwks-url" required:"" help:"Keys of the token issuer."`
	TokenIssuer   string          `help:"The iss of tokens." default:"encora-dev"`
	TokenAudience string          `help:"The aud of tokens." default:"encora"`

	CacheBytes  int64         `help:"Bound of the cache, in bytes." default:"268435456"`
	CDNConfig   string        `name:"cdn-config" help:"File that says where media lie and how their URLs are signed (shared/docs/SIGNING.md); read again when it changes. Without it no stream starts."`
	PausedFor   time.Duration `help:"How long a paused stream holds its slot." default:"30m"`
	MaxSessions int           `help:"Most playback sessions held in memory, at about 150 bytes each." default:"2000000"`

	AllowedOrigins []string           `help:"Web origins whose pages may call, such as https://tv.example.com; * in development."`
	Territory      territory.Settings `embed:""`
	MediaDir       string             `help:"Folder of media to serve below /media/ to holders of signed URLs, where there is no CDN. A title without a folder of its own plays what lies in the folder clip."`
	MaxConns       int64              `help:"Most connections of viewers." default:"65536"`
	FillConns      int                `help:"Most fills under way at once; eight times as many may wait." default:"256"`

	FillTimeout   time.Duration `help:"How long the origin may take to answer a fill." default:"900ms"`
	PassTimeout   time.Duration `help:"How long it may take to answer what is passed through." default:"10s"`
	Patience      time.Duration `help:"How long a viewer's request waits for a fill." default:"2s"`
	FeedLostAfter time.Duration `help:"Without the change feed for longer than this, answers are marked with their age." default:"5s"`
	StaleFor      time.Duration `help:"Without the change feed for longer than this, nothing is served." default:"24h"`
	ReadTimeout   time.Duration `help:"How long a request may take to arrive." default:"10s"`
	WriteTimeout  time.Duration `help:"How long an answer may take to leave." default:"30s"`
	IdleTimeout   time.Duration `help:"How long a connection may be without a request." default:"75s"`
	StopAfter     time.Duration `help:"How long requests may take to finish after SIGTERM." default:"10s"`

	Log       *slog.Logger  `kong:"-"`
	Ops       []op.Op       `kong:"-"` // nil: all that the origin declares
	LookEvery time.Duration `kong:"-"` // at CDN_CONFIG; 0: every 2 s
}

const (
	minKey   = 16
	minCache = 8 << 20
)

// Validate is called by conf before anything starts.
func (c *Config) Validate() error {
	_, errCursors := c.Cursors.Codec()
	_, errProxies := c.Territory.Config()
	return errors.Join(errCursors, errProxies, c.checkAddresses(), c.checkNumbers(), c.checkOrigins(), c.checkMedia())
}

func (c *Config) checkAddresses() error {
	var faults []error
	if _, _, err := net.SplitHostPort(c.EdgeAddr); err != nil {
		faults = append(faults, fmt.Errorf("EDGE_ADDR: %q is not host:port", c.EdgeAddr))
	}
	for name, value := range map[string]string{"ORIGIN_URL": c.OriginURL, "JWKS_URL": c.JWKSURL} {
		if u, err := url.Parse(value); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			faults = append(faults, fmt.Errorf("%s: %q is not an http or https URL", name, value))
		}
	}
	if u := c.origin(); u != nil && strings.Trim(u.Path, "/") != "" {
		faults = append(faults, errors.New("ORIGIN_URL: must not have a path"))
	}
	if len(c.EdgeKey) < minKey {
		faults = append(faults, fmt.Errorf("EDGE_KEY: needs %d characters or more", minKey))
	}
	return errors.Join(faults...)
}

func (c *Config) checkNumbers() error {
	var faults []error
	for name, d := range map[string]time.Duration{"FILL_TIMEOUT": c.FillTimeout, "PASS_TIMEOUT": c.PassTimeout, "PATIENCE": c.Patience, "FEED_LOST_AFTER": c.FeedLostAfter,
		"STALE_FOR": c.StaleFor, "PAUSED_FOR": c.PausedFor, "READ_TIMEOUT": c.ReadTimeout, "WRITE_TIMEOUT": c.WriteTimeout, "IDLE_TIMEOUT": c.IdleTimeout, "STOP_AFTER": c.StopAfter} {
		if d <= 0 {
			faults = append(faults, fmt.Errorf("%s: must be longer than 0", name))
		}
	}
	if c.CacheBytes < minCache {
		faults = append(faults, fmt.Errorf("CACHE_BYTES: must be %d or more", minCache))
	}
	if c.MaxSessions < 1000 {
		faults = append(faults, errors.New("MAX_SESSIONS: must be 1000 or more"))
	}
	if c.PausedFor < wire.SessionFor {
		faults = append(faults, fmt.Errorf("PAUSED_FOR: must be %s or more", wire.SessionFor))
	}
	if c.MaxConns < 1 || c.FillConns < 1 {
		faults = append(faults, errors.New("MAX_CONNS and FILL_CONNS: must be 1 or more"))
	}
	if c.FeedLostAfter < pollWait { // a quiet feed is known to be at its head once in so long
		faults = append(faults, fmt.Errorf("FEED_LOST_AFTER: must be %s or more", pollWait))
	}
	if c.StaleFor < c.FeedLostAfter { // answers would stop before they were ever marked
		faults = append(faults, fmt.Errorf("STALE_FOR: must be FEED_LOST_AFTER, which is %s, or more", c.FeedLostAfter))
	}
	return errors.Join(faults...)
}

func (c *Config) checkOrigins() error {
	var faults []error
	for _, o := range c.AllowedOrigins {
		if o == "*" {
			if c.Env == "production" {
				faults = append(faults, errors.New("ALLOWED_ORIGINS: * is for ENV=development only; name the origins"))
			}
			continue
		}
		if u, err := url.Parse(o); err != nil || u.Scheme == "" || u.Host == "" || u.String() != u.Scheme+"://"+u.Host {
			faults = append(faults, fmt.Errorf("ALLOWED_ORIGINS: %q is not scheme://host, as browsers write it", o))
		}
	}
	return errors.Join(faults...)
}

// cdns are those of CDN_CONFIG; nil without.
func (c *Config) cdns() (*sign.CDNs, error) {
	if c.CDNConfig == "" {
		return nil, nil
	}
	cdns, err := sign.Load(c.CDNConfig)
	if err != nil {
		return nil, fmt.Errorf("CDN_CONFIG: %w", err)
	}
	return cdns, nil
}

// checkMedia checks what media is served by: URLs that we sign and can verify.
func (c *Config) checkMedia() error {
	cdns, err := c.cdns()
	if err != nil || c.MediaDir == "" {
		return err
	}
	if cdns == nil || cdns.Verifier() == nil {
		return errors.New("MEDIA_DIR: needs a CDN_CONFIG with a CDN whose signer is hmac")
	}
	if info, err := os.Stat(c.MediaDir); err != nil || !info.IsDir() {
		return fmt.Errorf("MEDIA_DIR: %q is not a folder", c.MediaDir)
	}
	return nil
}

// origin is nil when ORIGIN_URL is no URL.
func (c *Config) origin() *url.URL {
	u, err := url.Parse(c.OriginURL)
	if err != nil {
		return nil
	}
	return u
}
