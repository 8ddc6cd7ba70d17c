package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"encora/loadtest/closedloop"
	"encora/loadtest/fakeorigin"
	"encora/loadtest/mdtable"
	"encora/loadtest/process"
	"encora/loadtest/subject"
	"encora/shared/token"
)

// rig is what the cases share: a folder, a fake origin, tokens, the generator, and the servers once they run.
type rig struct {
	*Command
	dir       string
	self      string
	issuer    *token.Issuer
	token     string // of the one viewer of most cases
	key       string // between edge and fake origin
	origin    *fakeorigin.Origin
	upstream  string // host:port of the fake origin
	generator closedloop.Generator
	field     *field
	warmUp    time.Duration
	round     time.Duration
}

func newRig(ctx context.Context, c *Command) (*rig, error) {
	r := &rig{Command: c, key: rand.Text(), warmUp: time.Second, round: time.Duration(c.Seconds) * time.Second}
	var err error
	if r.dir, err = os.MkdirTemp("", "encora-bench-"); err != nil {
		return nil, err
	}
	if err := r.setup(ctx); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *rig) setup(ctx context.Context) error {
	err := os.Chmod(r.dir, 0o755) // the servers' own users must get in
	if err != nil {
		return err
	}
	if r.self, err = os.Executable(); err != nil {
		return err
	}
	if r.issuer, err = token.OpenIssuer(filepath.Join(r.dir, "issuer")); err != nil {
		return err
	}
	if r.token, err = r.issuer.Mint(token.Spec{Role: "viewer"}); err != nil {
		return err
	}
	if err := os.WriteFile(r.cdns(), []byte(cdnConfig), 0o600); err != nil {
		return err
	}
	r.origin = fakeorigin.New(r.key, r.issuer)
	if r.upstream, err = r.origin.Serve(ctx, r.addr(0)); err != nil {
		return fmt.Errorf("fake origin: %w", err)
	}
	wrk, _ := exec.LookPath("wrk") // empty: the own client, which the report says
	r.generator = closedloop.Generator{Core: r.Core, Dir: r.dir, Wrk: wrk, Self: r.self}
	return nil
}

func (r *rig) close() {
	if r.field != nil {
		r.field.stop()
	}
	_ = os.RemoveAll(r.dir) // a folder that stays in /tmp is no reason to fail
}

// addr is the n-th of the bench's ports. 0 is the fake origin's.
func (r *rig) addr(n int) string { return fmt.Sprintf("127.0.0.1:%d", r.Port+n) }

func (r *rig) env(core int) subject.Env {
	return subject.Env{Dir: r.dir, Core: core, Self: r.self, Token: r.token}
}

// edge starts an edge of its own on the n-th port.
func (r *rig) edge(ctx context.Context, n, core int, cacheBytes int64) (*subject.Subject, error) {
	return subject.Edge(ctx, r.env(core), r.addr(n), subject.EdgeConfig{
		Binary: r.Edge, Origin: "http://" + r.upstream, Key: r.key, JWKS: "http://" + r.upstream + fakeorigin.JWKSPath,
		Issuer: token.DevIssuer, Audience: token.DevAudience, CacheBytes: cacheBytes, CDNConfig: r.cdns(),
	}, film(fakeorigin.Small, 0))
}

// cdns is the file that says how the edge signs URLs.
func (r *rig) cdns() string { return filepath.Join(r.dir, "cdn.json") }

// cdnConfig has URLs live for so long that none is renewed while something is measured.
const cdnConfig = `{"cdns": [{"name": "bench", "paths": ["/"], "base_url": "http://127.0.0.1/media", "signer": "hmac", "ttl": "24h",
	"keys": [{"id": "bench", "secret": "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"}]}]}`

func film(size, n int) string { return "/v2/movies/" + fakeorigin.FilmID(size, n) }

// describe says where and how the figures came about.
func (r *rig) describe(out io.Writer) error {
	t := mdtable.Table{Title: "Bench", Columns: []string{"", "value"}}
	t.Add("machine", fmt.Sprintf("%s, %d cores, %s", cpuModel(), runtime.NumCPU(), kernel()))
	t.Add("Go", runtime.Version())
	t.Add("generator", r.generator.Name())
	t.Add("pinning", fmt.Sprintf("server and generator on core %d", r.Core))
	t.Add("rounds", fmt.Sprintf("%d of %d s, paired and interleaved, %d connections", r.Rounds, r.Seconds, r.Connections))
	_, err := t.WriteTo(out)
	return err
}

func cpuModel() string {
	raw, _ := os.ReadFile("/proc/cpuinfo")
	_, rest, _ := strings.Cut(string(raw), "model name\t: ")
	model, _, _ := strings.Cut(rest, "\n")
	return model
}

func kernel() string {
	raw, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return "Linux " + strings.TrimSpace(string(raw))
}

// without says in place of a table why a server was not measured; other errors are passed on.
func without(out io.Writer, title string, err error) error {
	if !errors.Is(err, subject.ErrAbsent) {
		return err
	}
	_, err = fmt.Fprintf(out, "### %s\n\nNot measured: %v.\n\n", title, err)
	return err
}

const anyCore = process.AnyCore
