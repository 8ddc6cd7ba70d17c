package app

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"

	"encora/origin/epg"
	"encora/shared/conf"
	"encora/shared/cursor"
	"encora/shared/territory"
	"encora/shared/token"
)

// settings are the commands and what they can be told, by flag or environment.
type settings struct {
	LogLevel string `help:"Least level that is logged." enum:"debug,info,warn,error" default:"info"`
	Env      string `help:"development enables the built-in token issuer; production refuses it." enum:"development,production" default:"production"`
	StateDir string `help:"Folder of the development issuer's key." default:".state"`

	Serve   serve   `cmd:"" help:"Serve editors and edges until SIGTERM."`
	Migrate migrate `cmd:"" help:"Bring the database to the newest schema."`
	Seed    seed    `cmd:"" help:"Load the demo catalogue, or generate a large one."`
	Import  imports `cmd:"" help:"Import film sets, channel lists and schedules, plain or gzip."`
	Token   tokens  `cmd:"" help:"Print development tokens, alone on standard output."`
	Gen     gen     `cmd:"" help:"Write the operations as plain data, for the edge and the load tools."`
}

// database is the setting of every command that needs Postgres.
type database struct {
	DatabaseURL conf.Secret `required:"" help:"Postgres, as postgres://user:password@host:port/database."`
}

type serve struct {
	database
	OriginAddr     string             `help:"Where to listen for editors." default:"127.0.0.1:8081"`
	InternalAddr   string             `help:"Where to listen for edges; keep it private." default:"127.0.0.1:8082"`
	EdgeKeys       []conf.Secret      `required:"" help:"Keys that edges present; two live while you rotate."`
	Cursors        cursor.Settings    `embed:""`
	JWKSURL        string             `name:"jwks-url" help:"Keys of the token issuer. Required in production; in development the built-in issuer stands in."`
	TokenIssuer    string             `help:"The iss of tokens." default:"encora-dev"`
	TokenAudience  string             `help:"The aud of tokens." default:"encora"`
	CDNBaseURL     string             `name:"cdn-base-url" help:"Where players load media from." default:"https://cdn.example.com"`
	Territory      territory.Settings `embed:""`
	DatabaseConns  int32              `help:"Most connections to Postgres." default:"24"`
	EPGSourceHosts []string           `name:"epg-source-hosts" help:"Hosts that schedules may be imported from, as host or host:port; none: no source_url is taken."`
	EPGMaxBytes    int64              `name:"epg-max-bytes" help:"Most bytes of an imported schedule, compressed or not." default:"2147483648"`
	StopAfter      time.Duration      `help:"How long requests may take to finish after SIGTERM." default:"10s"`
}

// Validate is called by conf before anything starts.
func (s *serve) Validate() error {
	_, errCursor := s.Cursors.Codec()
	_, errProxies := s.Territory.Config()
	var errKeys error
	for _, k := range s.EdgeKeys {
		if len(k) < 16 {
			errKeys = errors.New("EDGE_KEYS: each key needs 16 characters or more")
		}
	}
	return errors.Join(errCursor, errProxies, errKeys, epg.CheckHosts(s.EPGSourceHosts), s.checkAddresses(), s.checkNumbers())
}

func (s *serve) checkAddresses() error {
	var faults []error
	for name, addr := range map[string]string{"ORIGIN_ADDR": s.OriginAddr, "INTERNAL_ADDR": s.InternalAddr} {
		if _, err := net.ResolveTCPAddr("tcp", addr); err != nil {
			faults = append(faults, fmt.Errorf("%s: %q is not host:port", name, addr))
		}
	}
	if u, err := url.Parse(s.CDNBaseURL); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		faults = append(faults, fmt.Errorf("CDN_BASE_URL: %q is not an http or https URL", s.CDNBaseURL))
	}
	if _, err := pgx.ParseConfig(string(s.DatabaseURL)); err != nil {
		faults = append(faults, errors.New("DATABASE_URL: it is not of the form postgres://user:password@host:port/database"))
	}
	return errors.Join(faults...)
}

func (s *serve) checkNumbers() error {
	var faults []error
	if s.DatabaseConns < 4 {
		faults = append(faults, errors.New("DATABASE_CONNS: must be 4 or more"))
	}
	if s.EPGMaxBytes <= 0 {
		faults = append(faults, errors.New("EPG_MAX_BYTES: must be more than 0"))
	}
	if s.StopAfter <= 0 {
		faults = append(faults, errors.New("STOP_AFTER: must be longer than 0"))
	}
	return errors.Join(faults...)
}

// issuer is the built-in development issuer, or nil where a real one is configured.
func (s *settings) issuer() (*token.Issuer, error) {
	if s.Serve.JWKSURL != "" {
		return nil, nil
	}
	if s.Env != "development" {
		return nil, errors.New("JWKS_URL is required: the built-in token issuer is for ENV=development only")
	}
	return token.OpenIssuer(s.StateDir)
}
