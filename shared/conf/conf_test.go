package conf

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

type settings struct {
	OriginAddr     string         `help:"Where to listen." default:"127.0.0.1:8081"`
	Wait           time.Duration  `help:"How long." default:"5s"`
	TrustedProxies []netip.Prefix `help:"Whom to believe."`
	Workers        int            `default:"2"`
	Policy         string         `enum:"deny,grace" default:"deny"`
	EdgeKeys       []Secret       `help:"Bearer keys."`
	Quiet          bool
}

func parse(cfg any, env map[string]string, args ...string) (string, error) {
	var out bytes.Buffer
	_, err := Parse(cfg, Program{Name: "origin", Args: args, Out: &out,
		LookupEnv: func(name string) (string, bool) { v, ok := env[name]; return v, ok }})
	return out.String(), err
}

func TestSources(t *testing.T) {
	defaults := settings{OriginAddr: "127.0.0.1:8081", Wait: 5 * time.Second, Workers: 2, Policy: "deny"}
	f := func(env map[string]string, args []string, change func(*settings)) {
		t.Helper()
		want := defaults
		change(&want)
		var got settings
		if _, err := parse(&got, env, args...); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	f(nil, nil, func(*settings) {})
	f(map[string]string{"ORIGIN_ADDR": ""}, nil, func(*settings) {})
	f(map[string]string{"ORIGIN_ADDR": ":1", "WAIT": "2m", "QUIET": "true", "HELP": "1"}, nil, func(s *settings) {
		s.OriginAddr, s.Wait, s.Quiet = ":1", 2*time.Minute, true
	})
	f(map[string]string{"ORIGIN_ADDR": ":1"}, []string{"--origin-addr", ":2"}, func(s *settings) { s.OriginAddr = ":2" })
	f(map[string]string{"WORKERS": "many"}, []string{"--workers=3"}, func(s *settings) { s.Workers = 3 })
	f(map[string]string{"TRUSTED_PROXIES": "10.0.0.0/8,::1/128", "EDGE_KEYS": "a,b"}, nil, func(s *settings) {
		s.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
		s.EdgeKeys = []Secret{"a", "b"}
	})
}

type strict struct {
	DatabaseURL string `name:"database-url" required:""`
	StateDir    string `required:""`
	Workers     int    `default:"2"`
	Policy      string `enum:"deny,grace" default:"deny"`
}

func (s *strict) Validate() error {
	if s.Workers > 64 {
		return errors.New("--workers (WORKERS): more than 64")
	}
	return nil
}

func TestFaults(t *testing.T) {
	good := map[string]string{"DATABASE_URL": "x", "STATE_DIR": "y"}
	f := func(env map[string]string, args []string, want ...string) {
		t.Helper()
		_, err := parse(&strict{}, env, args...)
		if err == nil {
			t.Fatal("no error")
		}
		if lines := strings.Split(err.Error(), "\n"); len(lines) != len(want) {
			t.Fatalf("got %q, want %d faults", err, len(want))
		}
		for _, w := range want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%q does not say %q", err, w)
			}
		}
	}
	f(nil, nil, "--database-url (DATABASE_URL): is required", "--state-dir (STATE_DIR): is required")
	f(map[string]string{"STATE_DIR": "y", "WORKERS": "many", "POLICY": "hope"}, nil,
		"--database-url (DATABASE_URL): is required", "--workers (WORKERS): ", `--policy (POLICY): "hope" is none of deny, grace`)
	f(good, []string{"--workers", "many"}, "--workers (WORKERS): ")
	f(good, []string{"--workers", "65"}, "more than 64")
	f(good, []string{"--policy", "hope"}, "--policy must be one of")
	f(good, []string{"--colour"}, "unknown flag --colour")
}

func TestFaultsOfBothSources(t *testing.T) {
	_, err := parse(&strict{}, map[string]string{"STATE_DIR": "y", "POLICY": "hope"}, "--workers", "many")
	for _, w := range []string{"(DATABASE_URL)", "(POLICY)", "(WORKERS)"} {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("%v does not name %s", err, w)
		}
	}
}

func TestHelp(t *testing.T) {
	out, err := parse(&settings{}, nil, "--help")
	if !errors.Is(err, ErrHelp) {
		t.Fatal(err)
	}
	for _, w := range []string{"--origin-addr", "127.0.0.1:8081", "Where to listen. ($ORIGIN_ADDR)", "($EDGE_KEYS)"} {
		if !strings.Contains(out, w) {
			t.Errorf("help does not say %q:\n%s", w, out)
		}
	}
	if _, err := parse(&strict{}, nil, "--help"); !errors.Is(err, ErrHelp) {
		t.Error("required flags hide the help:", err)
	}
}

func TestCommands(t *testing.T) {
	var cfg struct {
		Serve struct {
			OriginAddr string `default:":1"`
		} `cmd:"" default:"1"`
		Seed struct {
			Movies int `required:""`
		} `cmd:""`
	}
	ctx, err := Parse(&cfg, Program{Args: []string{"seed"}, Out: &bytes.Buffer{},
		LookupEnv: func(name string) (string, bool) { return map[string]string{"MOVIES": "7"}[name], true }})
	if err != nil || ctx.Command() != "seed" || cfg.Seed.Movies != 7 {
		t.Fatal(err, cfg)
	}
	if _, err := parse(&cfg, nil, "serve"); err != nil {
		t.Error("a flag of another command is asked for:", err)
	}
}

func TestSecretIsNotShown(t *testing.T) {
	const inner = "hunter2"
	v := struct{ Key Secret }{inner}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("start", "key", v.Key, "config", v)
	js, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{log.String(), string(js), fmt.Sprint(v), fmt.Sprintf("%+v %#v %q %s", v, v, v, v.Key)} {
		if strings.Contains(shown, inner) || !strings.Contains(shown, mask) {
			t.Errorf("shown as %s", shown)
		}
	}
	if Secret("").String() != "" {
		t.Error("an absent secret looks set")
	}
}
