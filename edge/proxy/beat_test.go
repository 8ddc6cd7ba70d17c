package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/shared/wire"
)

// playing is a session that this edge started for ann.
func (s *stage) playing() uuid.UUID {
	s.t.Helper()
	s.movie(1)
	return s.started(s.play(movieStream(1), asAnn)).Session
}

func TestBeatsAreTheSameOnBothWays(t *testing.T) {
	s := setupStage(t, withOrigins("https://tv.example"))
	id := s.playing()
	general := s.general.Load()
	headers := []string{asAnn, "X-Request-Id: r-1", "Origin: https://tv.example"}
	one := s.beat(id, 30, headers...)
	if s.general.Load() != general {
		t.Error("the lane left a plain heartbeat")
	}
	two := s.beat(id, 31, append(headers, slow)...)
	if s.general.Load() != general+1 {
		t.Error("the lane took what is not plain")
	}
	for _, a := range []answer{one, two} {
		got := s.wantBeaten(a)
		if left := time.Until(got.Expires); got.URLs != nil || left > wire.SessionFor+time.Second || left < wire.SessionFor-5*time.Second {
			t.Errorf("%s", a.body)
		}
		a.Header.Del("Date")
	}
	if !strings.HasPrefix(one.body, `{"refreshed_urls":null,"session_expires_at":"2`) || len(one.body) != len(two.body) || fmt.Sprint(one.Header) != fmt.Sprint(two.Header) || one.ContentLength != two.ContentLength {
		t.Errorf("%s %v\n%s %v", one.body, one.Header, two.body, two.Header)
	}
	s.until("the beat at the origin", func() bool { b, _ := s.origin.Sessions.Beat(id); return b.Position == 31 })
	if got := s.count("heartbeat", hit); got != 2 {
		t.Errorf("%d hits are counted", got)
	}
}

func TestBeatsThatTheLaneTakes(t *testing.T) {
	s := setupStage(t)
	id := s.playing()
	f := func(lane bool, raw string, status int) {
		t.Helper()
		before := s.general.Load()
		if a := s.send(raw); a.StatusCode != status {
			t.Errorf("%d %s, want %d", a.StatusCode, a.body, status)
		}
		if took := s.general.Load() == before; took != lane {
			t.Errorf("%q: taken by the lane: %v", raw, took)
		}
	}
	body := beatBody(id, 5)
	with := func(kind, body string) string {
		return request("POST", beatPath, asAnn, "Content-Type: "+kind, fmt.Sprintf("Content-Length: %d", len(body))) + body
	}
	f(true, beatRequest(body, asAnn), 200)
	f(true, beatRequest(strings.TrimSuffix(body, "}")+`,"is_paused":true}`, asAnn, "Cookie: a=b", "User-Agent: tv"), 200)
	f(true, beatRequest(body+strings.Repeat(" ", 4096-len(body)), asAnn), 200)
	f(false, beatRequest(strings.Replace(body, "5}", "5.0}", 1), asAnn), 200)
	f(false, beatRequest(strings.Replace(body, "5}", "x}", 1), asAnn), 400)
	f(false, beatRequest(beatBody(uuid.New(), 5), asAnn), 404)
	f(false, beatRequest(body), 401)
	f(false, beatRequest(body, "Authorization: Bearer nobody"), 401)
	f(false, beatRequest(body, "Authorization: Bearer scope:content:read"), 403)
	f(false, beatRequest(body, asBob), 404)
	f(false, with("application/json; charset=utf-8", body), 200)
	f(false, with("text/plain", body), 415)
	f(false, strings.Replace(beatRequest(body, asAnn), beatPath, beatPath+"?x=1", 1), 200)
	s.wantFault(s.send(beatRequest(body+strings.Repeat(" ", 4097-len(body)), asAnn)), 413, "PAYLOAD_TOO_LARGE")
	s.wantFault(s.send(strings.Replace(beatRequest(body, asAnn), beatPath, beatPath+"/", 1)), 404, "NOT_FOUND")
	s.wantFault(s.send(strings.Replace(beatRequest(body, asAnn), beatPath, "/v2/playback", 1)), 404, "NOT_FOUND")
}

func TestBeatsThatCantBeTaken(t *testing.T) {
	s := setupStage(t)
	id := s.playing()
	over := s.started(s.play(movieStream(1), asAnn)).Session
	s.origin.Sessions.End(over, wire.ReasonEnded)
	s.until("the end", func() bool { return s.proxy.Playback.Ended(over) })
	good := beatBody(id, 1)
	f := func(status int, code string, fields []string, body string, headers ...string) {
		t.Helper()
		a := s.send(beatRequest(body, append(headers, asAnn)...))
		s.wantFault(a, status, code)
		slices.Sort(fields)
		if got := a.fields(); fields != nil && !slices.Equal(got, fields) {
			t.Errorf("%.100s: %q, want %q", body, got, fields)
		}
		if a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%v", a.Header)
		}
	}
	f(400, badRequest, []string{"body malformed"}, "{")
	f(400, badRequest, []string{"body malformed"}, good+good)
	f(400, badRequest, []string{"position_seconds wrong_type", "x unknown_field", "session_id required"}, `{"position_seconds":"1","x":1}`)
	f(400, badRequest, []string{"position_seconds out_of_range", "is_paused wrong_type"}, strings.Replace(good, ":1}", `:-1,"is_paused":null}`, 1)) // both kinds at once
	f(422, "VALIDATION_FAILED", []string{"session_id required", "position_seconds required"}, `{}`)
	f(422, "VALIDATION_FAILED", []string{"position_seconds out_of_range"}, strings.Replace(good, ":1}", ":31536001}", 1))
	f(422, "VALIDATION_FAILED", []string{"session_id invalid_format"}, `{"session_id":"x","position_seconds":1}`)
	f(404, "NOT_FOUND", nil, `{"session_id":"`+uuid.NewString()+`","position_seconds":-1}`) // before what is out of its limits
	f(410, "SESSION_ENDED", []string{"session_id ended"}, `{"session_id":"`+over.String()+`"}`)
	f(400, badRequest, nil, `{"session_id":"`+over.String()+`","position_seconds":1.5}`)
	f(415, "UNSUPPORTED_MEDIA_TYPE", nil, good, "Content-Encoding: gzip")
	s.wantFault(s.send(request("POST", beatPath, asAnn, "Content-Length: 0")), 400, badRequest)
	s.wantFault(s.send(request("POST", beatPath, asAnn, fmt.Sprintf("Content-Length: %d", len(good)))+good), 415, "UNSUPPORTED_MEDIA_TYPE")
	s.wantFault(s.send(request("POST", beatPath, "Content-Length: 1")+"x"), 401, "UNAUTHORIZED")
	s.wantFault(s.send(request("POST", beatPath, "Authorization: Bearer scope:content:read", "Content-Length: 1")+"x"), 403, "FORBIDDEN")
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE"} {
		if a := s.do(method, beatPath, asAnn); a.StatusCode != 405 || a.Header.Get("Allow") != "POST" {
			t.Errorf("%s: %d, Allow %q", method, a.StatusCode, a.Header.Get("Allow"))
		}
	}
}

// More than 4 KiB are refused however they come, before they are read.
func TestLongBeatsAreRefused(t *testing.T) {
	s := setupStage(t)
	id := s.playing()
	body := beatBody(id, 1)
	long := body + strings.Repeat(" ", 5000)
	head := request("POST", beatPath, asAnn, "Content-Type: application/json")
	head = strings.TrimSuffix(head, "\r\n")
	s.wantFault(s.send(beatRequest(long, asAnn)), 413, "PAYLOAD_TOO_LARGE")
	s.wantFault(s.send(fmt.Sprintf("%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", head, len(long), long)), 413, "PAYLOAD_TOO_LARGE")
	s.wantFault(s.send(head+"Content-Length: 5000\r\nExpect: 100-continue\r\n\r\n"), 413, "PAYLOAD_TOO_LARGE")
	s.wantFault(s.send(head+"Content-Length: 99999999999\r\n\r\n"), 413, "PAYLOAD_TOO_LARGE")
	s.wantBeaten(s.send(fmt.Sprintf("%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", head, len(body), body)))
	c := s.dial()
	r := bufio.NewReader(c)
	if _, err := fmt.Fprintf(c, "%sContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", head, len(body)); err != nil {
		t.Fatal(err)
	}
	if line, err := r.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("%q %v", line, err)
	}
	if _, err := r.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(c, body)
	a, err := readAnswer(r, "POST")
	if err != nil {
		t.Fatal(err)
	}
	s.wantBeaten(a)
}

// Requests behind a heartbeat on one connection are answered, each in its turn, whoever answers them.
func TestRequestsBehindABeat(t *testing.T) {
	s := setupStage(t)
	id := s.playing()
	s.docs["/v2/config"] = "config"
	s.get("/v2/config")
	beat, config := beatRequest(beatBody(id, 1), asAnn), request("GET", "/v2/config")
	raw := beat + config + beatRequest(beatBody(id, 2), asAnn, slow) + beat + beatRequest(beatBody(uuid.New(), 1), asAnn) + config + beat
	wants := []int{200, 200, 200, 200, 404, 200, 200}
	for cut := range len(raw) / 23 { // in two parts, wherever
		c := s.dial()
		_, _ = io.WriteString(c, raw[:cut*23])
		time.Sleep(time.Millisecond)
		_, _ = io.WriteString(c, raw[cut*23:])
		r := bufio.NewReader(c)
		for i, want := range wants {
			if a, err := readAnswer(r, "POST"); err != nil || a.StatusCode != want {
				t.Fatalf("cut at %d: answer %d is %d %s %v", cut*23, i, a.StatusCode, a.body, err)
			}
		}
		c.Close()
	}
}

func TestURLsAreRenewedOnce(t *testing.T) {
	s := setupStage(t, func(_ *bundle, c *Config, _ *Timeouts) { c.LostAfter = 24 * time.Hour })
	id := s.playing()
	for range 16 { // 7 minutes 28 seconds
		s.pass(28 * time.Second)
		if got := s.wantBeaten(s.beat(id, 1)); got.URLs != nil {
			t.Errorf("new URLs after %v", time.Duration(s.shift.Load()))
		}
	}
	s.pass(10 * time.Second)
	a := s.beat(id, 2)
	got := s.wantBeaten(a)
	if got.URLs == nil || got.URLs.DASH == nil || got.URLs.HLS == nil || !got.URLs.Refresh.Before(got.URLs.Expires) {
		t.Fatalf("%s", a.body)
	}
	target := strings.TrimPrefix(*got.URLs.HLS, "https://cdn.example.com")
	if c, _, err := s.cdns.Verifier().Verify(target, "", s.now(), netip.Addr{}); err != nil || c.Session != id {
		t.Errorf("%v %v", c, err)
	}
	both(func(headers ...string) {
		if got := s.wantBeaten(s.beat(id, 3, append([]string{asAnn}, headers...)...)); got.URLs != nil {
			t.Error("renewed twice")
		}
	})
}

// A beat counts also when URLs can't be renewed, and they are as soon as they can be.
func TestABeatCountsWithoutACDN(t *testing.T) {
	s := setupStage(t)
	id := s.origin.Sessions.Begin(ann, wire.Media{HLSPath: "/vod/a/master.m3u8"})
	s.proxy.Playback.URLs.Set(nil)
	if got := s.wantBeaten(s.beat(id, 4)); got.URLs != nil {
		t.Errorf("%+v", got)
	}
	s.until("the beat at the origin", func() bool { b, _ := s.origin.Sessions.Beat(id); return b.Position == 4 })
	s.configure(cdn("1"))
	if got := s.wantBeaten(s.beat(id, 5)); got.URLs == nil || got.URLs.DASH != nil || got.URLs.HLS == nil {
		t.Errorf("%+v", got)
	}
}

func TestSessionsOfOtherEdges(t *testing.T) {
	s := setupStage(t)
	playing, over := s.origin.Sessions.Begin(ann, wire.Media{HLSPath: "/vod/a/master.m3u8"}), s.origin.Sessions.Begin(ann, wire.Media{})
	s.origin.Sessions.End(over, wire.ReasonDeviceRemoved)
	none := uuid.New()
	for range 3 {
		both(func(headers ...string) {
			as := append([]string{asAnn}, headers...)
			s.wantBeaten(s.beat(playing, 1, as...))
			a := s.beat(over, 1, as...)
			s.wantFault(a, 410, "SESSION_ENDED")
			if !strings.Contains(a.body, `"reason":"device_removed"`) {
				t.Error(a.body)
			}
			s.wantFault(s.beat(none, 1, as...), 404, "NOT_FOUND")
		})
	}
	for _, id := range []uuid.UUID{playing, over, none} {
		if n := s.origin.Sessions.Finds(id); n != 1 {
			t.Errorf("asked for %d times", n)
		}
	}
	s.until("the beat at the origin", func() bool { b, _ := s.origin.Sessions.Beat(playing); return b.Position == 1 })
}

// Beats that lay in the sockets of an edge that stood still are older than what other edges took meanwhile.
func TestBeatsThatLayThroughAStall(t *testing.T) {
	s := setupStage(t, func(_ *bundle, c *Config, _ *Timeouts) { c.LostAfter = 24 * time.Hour })
	pulse := &s.proxy.Playback.Pulse
	millis := func() int64 { pulse.Beat(); return s.proxy.millis() }
	both(func(headers ...string) {
		id := s.playing()
		f := func(position int, least, most int64) {
			t.Helper()
			got := s.wantBeaten(s.beat(id, position, append([]string{asAnn}, headers...)...))
			if left := got.Expires.Sub(s.now()); left < wire.SessionFor-5*time.Second || left > wire.SessionFor+time.Second {
				t.Errorf("the session lives for %v", left)
			}
			var told wire.Beat
			s.until(fmt.Sprintf("the beat at %d", position), func() bool { told, _ = s.origin.Sessions.Beat(id); return told.Position == position })
			if told.At < least || told.At > most {
				t.Errorf("position %d is stamped %d ms after %d, not by %d ms after", position, told.At-least, least, most-least)
			}
		}
		const slack = 100 // for the clock's corrections
		began := millis()
		f(10, began-slack, began+10_000)
		before := millis()
		s.pass(40 * time.Second)
		f(20, before-slack, before+slack)
		f(30, before-slack, before+slack)
		woke := millis()
		s.pass(250 * time.Millisecond)
		f(40, woke+250-slack, woke+10_000)
		pulse.Beat()
	})
}

// Another account's session is answered as one that there is none of, whatever is known of it here, to the letter.
func TestForeignSessionsAreAbsent(t *testing.T) {
	s := setupStage(t)
	held, unknown, over := s.playing(), s.origin.Sessions.Begin(ann, wire.Media{}), s.origin.Sessions.Begin(ann, wire.Media{})
	s.origin.Sessions.End(over, wire.ReasonEnded)
	s.wantFault(s.beat(over, 1), 410, "SESSION_ENDED")
	absent := s.beat(uuid.New(), 1, asBob)
	s.wantFault(absent, 404, "NOT_FOUND")
	f := func(what string, a answer) {
		t.Helper()
		a.Header.Del("Date")
		absent.Header.Del("Date")
		if a.StatusCode != 404 || a.unnamed() != absent.unnamed() || a.ContentLength != absent.ContentLength || len(a.Header) != len(absent.Header) {
			t.Errorf("%s: %d %s", what, a.StatusCode, a.body)
		}
	}
	f("held", s.beat(held, 1, asBob))
	f("unknown", s.beat(unknown, 1, asBob))
	f("over", s.beat(over, 1, asBob))
	f("held, and out of limits", s.beat(held, -1, asBob))
	s.wantBeaten(s.beat(unknown, 1)) // what bob was told does not hide it from ann
	f("unknown, held since", s.beat(unknown, 1, asBob))
	s.origin.Sessions.End(held, wire.ReasonReplaced)
	s.until("the end", func() bool { return s.beat(held, 1).StatusCode == 410 })
	f("held, over since", s.beat(held, 1, asBob))
}
