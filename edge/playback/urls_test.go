package playback

import (
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"encora/shared/sign"
	"encora/shared/wire"
)

// cdn is one CDN of a configuration; keys are first letters of secrets.
func cdn(name, path, ttl, bind, keys string) string {
	var all []string
	for _, k := range keys {
		all = append(all, `{"id":"`+string(k)+`","secret":"`+strings.Repeat("0"+string(k), 32)+`"}`)
	}
	return `{"name":"` + name + `","paths":["` + path + `"],"base_url":"https://` + name + `.example.com","signer":"hmac","ttl":"` + ttl + `","bind_ip":` + bind + `,"keys":[` + strings.Join(all, ",") + `]}`
}

func configured(t testing.TB, cdns ...string) *sign.CDNs {
	t.Helper()
	c, err := sign.Parse([]byte(`{"cdns":[` + strings.Join(cdns, ",") + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// stream is the four fields of URLs.
type stream struct {
	DASH    *string   `json:"dash_url"`
	HLS     *string   `json:"hls_url"`
	Expires time.Time `json:"expires_at"`
	Refresh time.Time `json:"token_refresh_before"`
}

var (
	instant = time.Date(2026, 7, 1, 12, 0, 0, 700_000_000, time.UTC)
	viewer  = netip.MustParseAddr("192.0.2.9")
)

// signed has URLs made and reads them.
func signedURLs(t testing.TB, u *URLs, m *wire.Media) stream {
	t.Helper()
	b, refresh, err := u.Append([]byte("{"), m, num(7), instant, viewer)
	var s stream
	if err == nil {
		err = json.Unmarshal(append(b, '}'), &s)
	}
	if err != nil {
		t.Fatal(err)
	}
	if refresh != s.Refresh.UnixMilli() {
		t.Errorf("beats renew from %d on, players are told %d", refresh, s.Refresh.UnixMilli())
	}
	return s
}

func TestBothManifestsAreSigned(t *testing.T) {
	var u URLs
	u.Set(configured(t, cdn("one", "/vod", "10m", "false", "1"), cdn("two", "/live", "1m", "true", "2")))
	m := &wire.Media{DASHPath: "/vod/a/manifest.mpd", HLSPath: "/vod/a/master.m3u8"}
	s := signedURLs(t, &u, m)
	for _, url := range []*string{s.DASH, s.HLS} {
		target, ok := strings.CutPrefix(*url, "https://one.example.com")
		claims, name, err := u.Verifier().Verify(target, "", instant, netip.MustParseAddr("192.0.2.77"))
		if !ok || err != nil || claims.Session != num(7) || !claims.Expires.Equal(s.Expires) || name != m.DASHPath && name != m.HLSPath {
			t.Errorf("%s: %v %+v %s", *url, err, claims, name)
		}
	}
	if s.Expires != instant.Add(10*time.Minute).Truncate(time.Second) || s.Refresh != s.Expires.Add(-150*time.Second) {
		t.Errorf("they end at %v, renewed from %v", s.Expires, s.Refresh)
	}
	two := signedURLs(t, &u, &wire.Media{DASHPath: "/vod/a/manifest.mpd", HLSPath: "/live/b/master.m3u8", Begin: instant.Add(-time.Hour).Truncate(time.Second), End: instant.Truncate(time.Second)})
	if two.Expires != instant.Add(time.Minute).Truncate(time.Second) || two.Refresh != two.Expires.Add(-30*time.Second) {
		t.Errorf("two CDNs: they end at %v, renewed from %v", two.Expires, two.Refresh)
	}
	target, query, _ := strings.Cut(strings.TrimPrefix(*two.HLS, "https://two.example.com"), "?")
	if query != "begin=2026-07-01T11:00:00Z&end=2026-07-01T12:00:00Z" {
		t.Errorf("the part is %q", query)
	}
	if _, _, err := u.Verifier().Verify(target, query, instant, viewer); err != nil {
		t.Error(err)
	}
	if _, _, err := u.Verifier().Verify(target, query, instant, netip.MustParseAddr("192.0.2.77")); !errors.Is(err, sign.ErrAddress) {
		t.Errorf("another address: %v", err)
	}
	if dash, query, _ := strings.Cut(strings.TrimPrefix(*two.DASH, "https://one.example.com"), "?"); query == "" {
		t.Error("one manifest has no part")
	} else if _, _, err := u.Verifier().Verify(dash, query, instant, netip.MustParseAddr("192.0.2.77")); err != nil {
		t.Errorf("bound to an address that only the other CDN asks for: %v", err)
	}
}

func TestAManifestMayBeMissing(t *testing.T) {
	var u URLs
	u.Set(configured(t, cdn("one", "/", "10m", "false", "1")))
	if s := signedURLs(t, &u, &wire.Media{HLSPath: "/vod/a/master.m3u8"}); s.DASH != nil || s.HLS == nil {
		t.Errorf("%+v", s)
	}
	if s := signedURLs(t, &u, &wire.Media{DASHPath: "/vod/a/manifest.mpd"}); s.DASH == nil || s.HLS != nil {
		t.Errorf("%+v", s)
	}
}

// URLs are renewed before they end, with room for three beats where their life has it.
func TestRenewalComesBeforeTheEnd(t *testing.T) {
	f := func(ttl string, before time.Duration) {
		t.Helper()
		var u URLs
		u.Set(configured(t, cdn("one", "/", ttl, "false", "1")))
		s := signedURLs(t, &u, &wire.Media{HLSPath: "/vod/a/master.m3u8"})
		if got := s.Expires.Sub(s.Refresh); got != before {
			t.Errorf("%s: %v before, want %v", ttl, got, before)
		}
	}
	f("1m", 30*time.Second)
	f("2m", time.Minute)
	f("3m", 90*time.Second)
	f("6m", 90*time.Second)
	f("10m", 150*time.Second)
	f("24h", 6*time.Hour)
}

func TestMediaWithoutACDN(t *testing.T) {
	var u URLs
	f := func(m wire.Media) {
		t.Helper()
		before := []byte("before")
		b, _, err := u.Append(before, &m, num(1), instant, viewer)
		if !errors.Is(err, ErrNoCDN) || string(b) != "before" || !errors.Is(refusal(&u, &m, instant, viewer), ErrNoCDN) {
			t.Errorf("%q %v", b, err)
		}
	}
	f(wire.Media{DASHPath: "/vod/a/m.mpd"})
	if u.Verifier() != nil {
		t.Error("something is verified by no keys")
	}
	u.Set(configured(t, cdn("one", "/vod", "10m", "false", "1")))
	f(wire.Media{DASHPath: "/vod/a/m.mpd", HLSPath: "/live/a/m.m3u8"})
	f(wire.Media{DASHPath: "/vodka/a/m.mpd"})
	if err := refusal(&u, &wire.Media{DASHPath: "/vod/a/m.mpd"}, instant, viewer); err != nil {
		t.Error(err)
	}
	if _, _, err := u.Append(nil, &wire.Media{DASHPath: "/vod/a/../m.mpd"}, num(1), instant, viewer); !errors.Is(err, sign.ErrTarget) {
		t.Errorf("a path that is none was signed: %v", err)
	}
	u.Set(nil)
	f(wire.Media{DASHPath: "/vod/a/m.mpd"})
}

// Keys are exchanged in three steps: the new one is added, signs, and the old one goes. All the while what is signed is verified.
func TestConfigurationsAreExchangedUnderLoad(t *testing.T) {
	var u URLs
	steps := []*sign.CDNs{configured(t, cdn("one", "/", "10m", "false", "1")), configured(t, cdn("one", "/", "10m", "false", "12")),
		configured(t, cdn("one", "/", "10m", "false", "21")), configured(t, cdn("one", "/", "10m", "false", "2"))}
	u.Set(steps[0])
	stop := make(chan struct{})
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				from := u.Verifier()
				s := signedURLs(t, &u, &wire.Media{DASHPath: "/vod/a/m.mpd", HLSPath: "/vod/a/m.m3u8"})
				dash, hls := strings.TrimPrefix(*s.DASH, "https://one.example.com"), strings.TrimPrefix(*s.HLS, "https://one.example.com")
				if u.Verifier() != from { // the steps of a test come faster than a URL is used
					continue
				}
				for _, target := range []string{dash, hls} {
					if _, _, err := from.Verify(target, "", instant, viewer); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	for i := range 60 {
		u.Set(steps[i%len(steps)])
		time.Sleep(time.Millisecond)
	}
	close(stop)
	running.Wait()
}

// What Append refuses is refused before there is a session, for either manifest, and nothing else is.
func TestWhatCantBeSignedIsKnownBefore(t *testing.T) {
	akamai := `{"name":"akamai","paths":["/ak"],"base_url":"https://ak.example.com","signer":"akamai","bind_ip":true,"keys":[{"id":"a","secret":"` + strings.Repeat("0a", 32) + `"}]}`
	front := func(name, path, more string) string {
		return `{"name":"` + name + `","paths":["` + path + `"],"base_url":"https://` + name + `.example.com","signer":"cloudfront","keys":[{"key_pair_id":"K1","private_key_file":"../../shared/sign/testdata/rsa.pem"}],` + more + `}`
	}
	var u URLs
	u.Set(configured(t, cdn("own", "/vod", "10m", "true", "1"), akamai, front("bound", "/bound", `"policy":"custom","bind_ip":true`), front("free", "/free", `"policy":"custom"`)))
	v4, v6, none := viewer, netip.MustParseAddr("2001:db8::7"), netip.Addr{}
	f := func(path string, ip netip.Addr, want bool) {
		t.Helper()
		for _, m := range []wire.Media{{DASHPath: path}, {HLSPath: path}, {DASHPath: "/vod/a/m.mpd", HLSPath: path}, {DASHPath: path, HLSPath: "/vod/a/m.m3u8"}} {
			_, _, err := u.Append(nil, &m, num(1), instant, ip)
			before := refusal(&u, &m, instant, ip)
			if (before == nil) != want || (err == nil) != want || before != nil && !errors.Is(before, sign.ErrTarget) {
				t.Errorf("%+v for %v: %v before, %v when it is signed", m, ip, before, err)
			}
		}
	}
	f("/bound/a/m.mpd", v4, true)
	f("/bound/a/m.mpd", netip.MustParseAddr("::ffff:192.0.2.9"), true)
	f("/bound/a/m.mpd", none, true)
	f("/bound/a/m.mpd", v6, false)
	f("/free/a/m.mpd", v6, true)
	f("/free/a*b/m.mpd", v4, false)
	f("/free/ab/m*.mpd", v4, true)
	f("/ak/a/m.mpd", v6, true)
	f("/ak/a~b/m.mpd", v4, false)
	f("/ak/a!b/m.mpd", v4, false)
	f("/ak/a*b/m.mpd", v4, false)
	f("/vod/a*~!b/m.mpd", v6, true)
	f("/vod/a/../m.mpd", v4, false)
	f("/vod"+strings.Repeat("/a", 254)+"/m.mpd", v4, true)
	f("/vod"+strings.Repeat("/a", 255)+"/m.mpd", v4, false)
	part := wire.Media{HLSPath: "/vod/a/m.m3u8", Begin: instant, End: instant}
	if _, _, err := u.Append(nil, &part, num(1), instant, v4); err == nil || refusal(&u, &part, instant, v4) == nil {
		t.Errorf("a part without a length: %v", err)
	}
}

// refusal is why URLs can't be made.
func refusal(u *URLs, m *wire.Media, now time.Time, ip netip.Addr) error {
	_, err := u.Check(m, now, ip)
	return err
}
