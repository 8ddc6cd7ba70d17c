package sign

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var early = expires.Add(-time.Minute)

// verify is Verify where only the error counts.
func verify(v *Verifier, path, query string, now time.Time, ip netip.Addr) error {
	_, _, err := v.Verify(path, query, now, ip)
	return err
}

func TestWhatATokenCovers(t *testing.T) {
	c := configured(t, ofKeys("a:"+secretA))
	path, _ := split(t, signed(t, c, film()))
	token := strings.TrimSuffix(path, "/vod/abc/master.m3u8")
	f := func(rest string, want error) {
		t.Helper()
		_, got, err := c.Verifier().Verify(token+rest, "", early, netip.Addr{})
		if err != want || err == nil && got != rest {
			t.Errorf("%q: %q %v, want %v", rest, got, err, want)
		}
	}
	f("/vod/abc/master.m3u8", nil)
	f("/vod/abc/hd/1.m4s", nil)
	f("/vod/abc/other.mpd", nil)
	for _, other := range []string{"", "/", "/vod", "/vod/", "/vod/abc", "/vod/abc/", "/vod/abd/master.m3u8", "/vod/abcd/x", "/vod/ab/c/x", "/vodabc/x/y",
		"/master.m3u8", "//vod/abc/x", "/vod//abc/x", "/vod/abc//x", "/vod/abc/../x", "/vod/abc/../abc/x", "/vod/abc/./x", "/vod/abc/x/..", "/vod/abc/..",
		"/vod/abc/%2e%2e/x", "/vod/abc/..%2fx", "/vod/abc/a%2fb", "/vod/abc/a\\..\\b", "/vod/abc/x?y", "/vod/abc/\x00", "/VOD/abc/x", "/x/vod/abc/y"} {
		f(other, ErrInvalid)
	}
}

func TestPathsWithoutToken(t *testing.T) {
	v := configured(t, ofKeys("a:"+secretA)).Verifier()
	for _, path := range []string{"", "/", "//", "x", "/x", "/vod/abc/master.m3u8", "vod/abc/x", "/A/vod/abc/x", "/=/x/y", "/\n/x/y", "/" + strings.Repeat("A", 40) + "/vod/abc/x",
		"/" + strings.Repeat("A", maxToken) + "/vod/abc/x", "/" + strings.Repeat("A", 1<<20) + "/vod/abc/x"} {
		if err := verify(v, path, "", early, netip.Addr{}); err != ErrInvalid {
			t.Errorf("%.50q: %v", path, err)
		}
	}
}

func TestEveryChangeIsNoticed(t *testing.T) {
	c := configured(t, ofKeys("a:"+secretA, "b:"+secretB))
	path, query := split(t, signed(t, c, recording()))
	if err := verify(c.Verifier(), path, query, early, viewer); err != nil {
		t.Fatal(err)
	}
	f := func(changed string) {
		t.Helper()
		if err := verify(c.Verifier(), changed, query, early, viewer); err != ErrInvalid {
			t.Errorf("%q: %v", changed, err)
		}
	}
	end := strings.IndexByte(path[1:], '/') + 1
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/\n\r %"
	for i := range end {
		for _, b := range []byte(alphabet) {
			if b != path[i] {
				f(path[:i] + string(b) + path[i+1:])
			}
			f(path[:i+1] + string(b) + path[i+1:])
		}
		f(path[:i] + path[i+1:])
	}
}

// macked is a token of this payload with a genuine MAC.
func macked(key, payload []byte, folder string) string {
	m := newKeyed(key).get()
	m.buf = append(append(m.buf, payload...), folder...)
	m.sum(0)
	return base64URL.EncodeToString(append(append([]byte{}, payload...), m.buf[:macLen]...))
}

// Tokens of an unknown key are compared with MACs of a key that everybody knows: none of them passes.
func TestDecoySignsNothing(t *testing.T) {
	v := configured(t, ofKeys("a:"+secretA)).Verifier()
	for _, id := range []string{"z", ""} {
		token := macked(make([]byte, 32), appendPayload(nil, id, 2, film()), "/vod/abc/")
		if err := verify(v, "/"+token+"/vod/abc/x", "", early, viewer); err != ErrInvalid {
			t.Errorf("%q: %v", id, err)
		}
	}
}

// What follows has the right MAC, and is yet no token: only whoever has the key could make it, and nobody does.
func TestPayloadsThatNobodyMakes(t *testing.T) {
	c := configured(t, ofKeys("a:"+secretA))
	good := appendPayload(nil, "a", 2, recording())
	folder := "/vod/abc/"
	f := func(payload []byte, want error) {
		t.Helper()
		key, _ := hex.DecodeString(secretA)
		token := macked(key, payload, folder)
		if err := verify(c.Verifier(), "/"+token+"/vod/abc/x", "", early, viewer); err != want {
			t.Errorf("% x: %v, want %v", payload, err, want)
		}
	}
	change := func(at int, to byte) []byte {
		changed := append([]byte{}, good...)
		changed[at] = to
		return changed
	}
	f(good, nil)
	f(change(0, 0), ErrInvalid)
	f(change(0, 2), ErrInvalid)
	f(change(1, flagIPv4|flagIPv6), ErrInvalid)
	f(change(1, flagIPv4|flagPart|8), ErrInvalid)
	f(change(1, flagIPv4), ErrInvalid) // leaves bytes over
	f(change(1, flagIPv6|flagPart), ErrInvalid)
	f(change(2, 1), ErrInvalid)
	f(change(2, 3), ErrInvalid)
	f(change(3, 0), ErrInvalid)
	f(change(3, 255), ErrInvalid)
	f(good[:len(good)-1], ErrInvalid)
	f(append(append([]byte{}, good...), 0), ErrInvalid)
	folder = "/"
	f(change(2, 0), ErrInvalid) // would cover everything
	folder = "/vod/"
	f(change(2, 1), nil)
}

func TestExpiryAndAddress(t *testing.T) {
	c := configured(t, ofKeys("a:"+secretA))
	f := func(bound string, now time.Time, from string, want error) {
		t.Helper()
		target, ip := film(), netip.Addr{}
		if bound != "" {
			target.IP = netip.MustParseAddr(bound)
		}
		if from != "" {
			ip = netip.MustParseAddr(from)
		}
		path, query := split(t, signed(t, c, target))
		if err := verify(c.Verifier(), path, query, now, ip); err != want {
			t.Errorf("bound to %s, from %s at %v: %v, want %v", bound, from, now, err, want)
		}
	}
	f("", early, "", nil)
	f("", early, "192.0.2.1", nil)
	f("", expires.Add(-1), "", nil)
	f("", expires, "", ErrExpired)
	f("", expires.Add(time.Hour), "", ErrExpired)
	f("203.0.113.7", early, "203.0.113.7", nil)
	f("203.0.113.7", early, "::ffff:203.0.113.7", nil)
	f("::ffff:203.0.113.7", early, "203.0.113.7", nil)
	f("203.0.113.7", early, "203.0.113.8", ErrAddress)
	f("203.0.113.7", early, "", ErrAddress)
	f("203.0.113.7", early, "::203.0.113.7", ErrAddress)
	f("203.0.113.7", expires, "203.0.113.8", ErrExpired)
	f("2001:db8::7", early, "2001:db8::7", nil)
	f("2001:db8::7", early, "2001:db8::7%eth0", nil)
	f("2001:db8::7", early, "2001:db8::8", ErrAddress)
}

func TestParts(t *testing.T) {
	c := configured(t, ofKeys("a:"+secretA))
	whole := recording()
	whole.Begin, whole.End = time.Time{}, time.Time{}
	f := func(target *Target, query string, want error) {
		t.Helper()
		path, _ := split(t, signed(t, c, target))
		if err := verify(c.Verifier(), path, query, early, viewer); err != want {
			t.Errorf("%q: %v, want %v", query, err, want)
		}
	}
	const begin, end = "begin=2029-12-31T23:00:00Z", "end=2029-12-31T23:50:00Z"
	for _, good := range []string{"", begin, end, begin + "&" + end, end + "&" + begin, "x=1&" + begin + "&y", "&" + begin + "&", begin + "&" + begin,
		"begin=2029-12-31T23%3A00%3A00Z", "b%65gin=2029-12-31T23:00:00Z", "Begin=1", "xbegin=1", "CMCD=bl%3D21300%2Cbr%3D3200"} {
		f(recording(), good, nil)
	}
	for _, bad := range []string{"begin", "begin=", "begin=0", "begin=2029-12-31T22:59:59Z", "begin=2029-12-31T23:00:00", "begin=2029-12-31T23:00:00z", "end=2029-12-31T23:00:00Z",
		begin + "&begin=", begin + "&" + end + "&end=2029-12-31T23:50:01Z", "b%65gin=2029-12-31T22:00:00Z", "x=1;begin=2029-12-31T22:00:00Z", "begin%=1", "%zz=1",
		"begin=2029-12-31T23:00:00Z%", "begin=2029-12-31T23:00:00Z "} {
		f(recording(), bad, ErrPart)
		f(whole, bad, ErrPart)
	}
	f(whole, begin, ErrPart)
	f(whole, "begin=0001-01-01T00:00:00Z", ErrPart)
	f(whole, "x=1", nil)
}

func TestKeys(t *testing.T) {
	a, b, other := configured(t, ofKeys("a:"+secretA)), configured(t, ofKeys("b:"+secretB)), configured(t, ofKeys("a:"+secretB))
	both := configured(t, ofKeys("b:"+secretB, "a:"+secretA))
	f := func(from, by *CDNs, want error) {
		t.Helper()
		path, query := split(t, signed(t, from, film()))
		if err := verify(by.Verifier(), path, query, early, netip.Addr{}); err != want {
			t.Errorf("%v, want %v", err, want)
		}
	}
	f(a, a, nil)
	f(a, both, nil)
	f(b, both, nil)
	f(both, b, nil)
	f(both, a, ErrInvalid)
	f(a, b, ErrInvalid)
	f(a, other, ErrInvalid)
}

// Whoever signs and whoever verifies get each step of a rotation at times of their own. The last step alone has to wait,
// until all that the old key signed has run out.
func TestRotationFailsNobody(t *testing.T) {
	steps := []*CDNs{configured(t, ofKeys("a:"+secretA)), configured(t, ofKeys("a:"+secretA, "b:"+secretB)),
		configured(t, ofKeys("b:"+secretB, "a:"+secretA)), configured(t, ofKeys("b:"+secretB))}
	var signing, verifying atomic.Int32
	var alive sync.RWMutex // is read-locked while a URL is
	var workers sync.WaitGroup
	verified, stop := make(chan struct{}), make(chan struct{})
	work := func() {
		alive.RLock()
		defer alive.RUnlock()
		path, query := split(t, signed(t, steps[signing.Load()], recording()))
		runtime.Gosched() // so that a step may fall between
		_, rest, err := steps[verifying.Load()].Verifier().Verify(path, query, early, viewer)
		if err != nil || rest != recording().Path {
			t.Errorf("signed at step %d, verified at %d: %q %v", signing.Load(), verifying.Load(), rest, err)
		}
	}
	for range 4 {
		workers.Go(func() {
			for {
				work()
				select {
				case verified <- struct{}{}:
				case <-stop:
					return
				}
			}
		})
	}
	step := func(who *atomic.Int32, to int32) {
		who.Store(to)
		for range 200 {
			<-verified
		}
	}
	step(&verifying, 1)
	step(&signing, 1)
	step(&signing, 2)
	step(&verifying, 2)
	alive.Lock() // what was signed before has run out
	verifying.Store(3)
	alive.Unlock()
	step(&verifying, 3)
	step(&signing, 3)
	close(stop)
	workers.Wait()
}

func FuzzVerify(f *testing.F) {
	c := configured(f, ofKeys("a:"+secretA, "b:"+secretB))
	good, query := split(f, signed(f, c, recording()))
	token := strings.TrimSuffix(good, recording().Path)
	f.Add(good, query)
	f.Add(token+"/live/arte/hd/../x", "begin=1")
	f.Add(token[:len(token)-1]+"/live/arte/hd/x", "")
	f.Add("/"+base64URL.EncodeToString([]byte("\x01\x00\x01\x01a\xff\xff\xff\xff0123456789abcdef0123456789abcdef"))+"/x/y", "")
	f.Fuzz(func(t *testing.T, path, query string) {
		_, rest, err := c.Verifier().Verify(path, query, early, viewer)
		if err != nil && rest != "" {
			t.Errorf("%q beside %v", rest, err)
		}
		if err == nil && (path != token+rest || !strings.HasPrefix(rest, "/live/arte/hd/") || strings.Contains(rest+"/", "/../")) {
			t.Errorf("%q is taken", path)
		}
	})
}

// Whatever is signed verifies, and only where it should.
func FuzzRoundTrip(f *testing.F) {
	c := configured(f, ofKeys("a:"+secretA))
	f.Add("/vod/abc/master.m3u8", []byte(session[:]), uint32(1893456000), []byte{203, 0, 113, 7}, uint32(0), uint32(9))
	f.Add("/a/b", []byte("0123456789abcdef"), uint32(1), []byte("0123456789abcdef"), uint32(7), uint32(8))
	f.Fuzz(func(t *testing.T, path string, id []byte, exp uint32, ip []byte, begin, end uint32) {
		target := &Target{Path: path, Expires: time.Unix(int64(exp), 0)}
		copy(target.Session[:], id)
		target.IP, _ = netip.AddrFromSlice(ip)
		if begin != 0 {
			target.Begin, target.End = time.Unix(int64(begin), 0), time.Unix(int64(end), 0)
		}
		url, err := c.For("/").Signer.AppendURL(nil, target)
		if err != nil {
			return
		}
		below, query := split(t, string(url))
		claims, rest, err := c.Verifier().Verify(below, query, target.Expires.Add(-1), target.IP)
		got, want := fmt.Sprint(claims.Session, claims.Expires.Unix(), claims.Begin.Unix(), claims.End.Unix()),
			fmt.Sprint(target.Session, target.Expires.Unix(), target.Begin.Unix(), target.End.Unix())
		if err != nil || rest != path || got != want {
			t.Errorf("%s: %s %q %v, want %s", url, got, rest, err, want)
		}
	})
}

// A manifest at the root has no folder that could be given away: its URL opens it alone.
func TestFileAtTheRoot(t *testing.T) {
	c := configured(t, ofKeys("a:"+secretA))
	target := film()
	target.Path = "/master.m3u8"
	path := strings.TrimPrefix(signed(t, c, target), c.For("/").BaseURL)
	token := strings.TrimSuffix(path, target.Path)
	f := func(rest string, want error) {
		t.Helper()
		if err := verify(c.Verifier(), token+rest, "", early, netip.Addr{}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", rest, err, want)
		}
	}
	f("/master.m3u8", nil)
	for _, other := range []string{"/", "", "/other.m3u8", "/master.m3u8/", "/master.m3u8/x", "/vod/abc/master.m3u8", "/master.m3u8x", "/./master.m3u8"} {
		f(other, ErrInvalid)
	}
	akamai := signed(t, configured(t, akamaiFields), target)
	if !strings.Contains(akamai, "/master.m3u8~id=") {
		t.Errorf("Akamai's token of a file: %s", akamai)
	}
}
