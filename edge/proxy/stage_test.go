package proxy

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/edge/fill/filltest"
	"encora/edge/playback"
	"encora/shared/op"
	"encora/shared/sign"
	"encora/shared/token"
	"encora/shared/wire"
)

// playOps are the operations of playback, and what is passed beside them.
var playOps = []op.Op{
	{ID: "getMovieStream", Method: "GET", Path: "/v2/movies/{movie_id}/stream", Access: op.Viewer, Serve: op.Stream, Content: wire.ContentMovie},
	{ID: "getEpisodeStream", Method: "GET", Path: "/v2/episodes/{episode_id}/stream", Access: op.Viewer, Serve: op.Stream, Content: wire.ContentEpisode},
	{ID: "getChannelStream", Method: "GET", Path: "/v2/channels/{channel_id}/stream", Access: op.Viewer, Serve: op.Stream, Content: wire.ContentChannel},
	{ID: "getChannelCatchup", Method: "GET", Path: "/v2/channels/{channel_id}/catchup", Access: op.Viewer, Serve: op.Stream, Content: wire.ContentChannel, Shift: op.CatchUp},
	{ID: "getChannelStartOver", Method: "GET", Path: "/v2/channels/{channel_id}/start-over", Access: op.Viewer, Serve: op.Stream, Content: wire.ContentChannel, Shift: op.StartOver},
	{ID: "heartbeat", Method: "POST", Path: "/v2/playback/heartbeat", Access: op.Viewer, Serve: op.Beat, MaxBody: 4096},
	{ID: "endSession", Method: "DELETE", Path: "/v2/playback/sessions/{session_id}", Access: op.Viewer, Serve: op.Pass, EndsSessions: true},
}

// The accounts of tests, whose tokens are called so.
var (
	ann = uuid.MustParse("0190a6e0-0000-7000-8000-0000000000a1")
	bob = uuid.MustParse("0190a6e0-0000-7000-8000-0000000000b2")
)

const (
	asAnn    = "Authorization: Bearer ann"
	asBob    = "Authorization: Bearer bob"
	asFrench = "Authorization: Bearer ann-FR"
	device   = "X-Device-Id: 0190a6e0-0000-7000-8000-00000000de01"
	beatPath = "/v2/playback/heartbeat"
)

// stage is a bundle over an origin that has titles to play, with a clock that can be moved on.
type stage struct {
	*bundle
	shift  atomic.Int64
	titles map[string]*wire.Playable // by content type and id; guarded by the origin
	cdns   *sign.CDNs
}

func setupStage(t testing.TB, options ...option) *stage {
	t.Helper()
	s := &stage{titles: map[string]*wire.Playable{}}
	now := func() time.Time { return time.Now().Add(time.Duration(s.shift.Load())) }
	s.bundle = setup(t, append([]option{func(b *bundle, c *Config, _ *Timeouts) {
		c.Ops = append(slices.Clone(testOps), playOps...)
		b.now, b.origin.Now, b.plays = now, now, &playback.Settings{PausedFor: 30 * time.Minute, Limit: 10_000}
		other := b.origin.Render
		b.origin.Render = func(a filltest.Ask) filltest.Answer {
			if title, ok := strings.CutPrefix(a.Path, "/internal/playable/"); ok {
				return s.render(title)
			}
			return other(a)
		}
		b.tokens.claims = map[string]*token.Claims{
			"ann":    {AccountID: ann.String(), Country: "GB", Expires: never},
			"ann-FR": {AccountID: ann.String(), Country: "FR", Expires: never},
			"bob":    {AccountID: bob.String(), Country: "GB", Expires: never},
			"one":    {AccountID: ann.String(), Country: "GB", Expires: never, ProfileIDs: []string{testID(71)}},
			"two":    {AccountID: ann.String(), Country: "GB", Expires: never, ProfileIDs: []string{testID(71), testID(72)}},
		}
	}}, options...)...)
	s.configure(cdn("1"))
	s.proxy.Playback.Await(t.Context()) // ends are told of from the first exchange on
	return s
}

// cdn is a configuration of one CDN with keys, each a digit.
func cdn(keys string) string {
	var all []string
	for _, k := range keys {
		all = append(all, fmt.Sprintf(`{"id":"%c","secret":"%s"}`, k, strings.Repeat("0"+string(k), 32)))
	}
	return `{"cdns":[{"name":"own","paths":["/vod","/live"],"base_url":"https://cdn.example.com","signer":"hmac","ttl":"10m","keys":[` + strings.Join(all, ",") + `]}]}`
}

func (s *stage) configure(text string) {
	s.t.Helper()
	cdns, err := sign.Parse([]byte(text))
	if err != nil {
		s.t.Fatal(err)
	}
	s.cdns = cdns
	s.proxy.Playback.URLs.Set(cdns)
}

// render answers for a title; one that is on air is looked for among the programmes.
func (s *stage) render(title string) filltest.Answer {
	p := s.titles[title]
	kind, id, _ := strings.Cut(title, "/")
	answer := filltest.Answer{Tags: []string{tagOf(title)}}
	if kind == wire.ContentOnAir {
		now := s.now()
		for _, candidate := range s.titles {
			if candidate.ChannelID != id {
				continue
			}
			if !candidate.Begin.After(now) && candidate.End.After(now) {
				p, answer.Until = candidate, candidate.End
			}
		}
	}
	if p == nil {
		answer.Status, answer.Body = http.StatusNotFound, `{"code":"NOT_FOUND","message":"gone","request_id":"origin","details":[]}`
		return answer
	}
	body, _ := json.Marshal(p)
	answer.Body = string(body)
	return answer
}

func tagOf(title string) string { return strings.ReplaceAll(title, "/", ":") }

// movie adds a film that plays.
func (s *stage) movie(n int, change ...func(*wire.Playable)) string {
	return s.title(wire.ContentMovie, n, &wire.Playable{Title: fmt.Sprintf("Film %d", n), Rules: []string{}, Seconds: 5400, DASHPath: "/vod/a/manifest.mpd", HLSPath: "/vod/a/master.m3u8"}, change...)
}

// channel adds a channel with a week of catch-up.
func (s *stage) channel(n int, change ...func(*wire.Playable)) string {
	return s.title(wire.ContentChannel, n, &wire.Playable{Title: fmt.Sprintf("Channel %d", n), Rules: []string{}, CatchupFor: 7, HLSPath: "/live/c/master.m3u8"}, change...)
}

// program adds a programme of a channel, by its beginning and end after now.
func (s *stage) program(n, channel int, begin, end time.Duration, change ...func(*wire.Playable)) string {
	now := s.now().UTC().Truncate(time.Second)
	return s.title(wire.ContentProgram, n, &wire.Playable{Title: fmt.Sprintf("Programme %d", n), Rules: []string{}, Seconds: int((end - begin).Seconds()), ProgramID: testID(n),
		ChannelID: testID(channel), Begin: now.Add(begin), End: now.Add(end)}, change...)
}

func (s *stage) title(kind string, n int, p *wire.Playable, change ...func(*wire.Playable)) string {
	for _, f := range change {
		f(p)
	}
	s.origin.Set(func() { s.titles[kind+"/"+testID(n)] = p })
	return testID(n)
}

func (s *stage) pass(d time.Duration) { s.shift.Add(int64(d)) }

// play starts a stream.
func (s *stage) play(target string, headers ...string) answer {
	s.t.Helper()
	return s.do("GET", target, append([]string{device}, headers...)...)
}

func movieStream(n int) string { return "/v2/movies/" + testID(n) + "/stream" }

// stream is the body of a start.
type stream struct {
	Session uuid.UUID `json:"session_id"`
	URLs
}

// URLs are the four fields of URLs.
type URLs struct {
	DASH    *string   `json:"dash_url"`
	HLS     *string   `json:"hls_url"`
	Expires time.Time `json:"expires_at"`
	Refresh time.Time `json:"token_refresh_before"`
}

// started reads a start that must have succeeded.
func (s *stage) started(a answer) stream {
	s.t.Helper()
	var got stream
	dec := json.NewDecoder(strings.NewReader(a.body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&got); err != nil || a.StatusCode != 200 {
		s.t.Fatalf("%d %s %v", a.StatusCode, a.body, err)
	}
	return got
}

// beaten is the body of a heartbeat's answer.
type beaten struct {
	URLs    *URLs     `json:"refreshed_urls"`
	Expires time.Time `json:"session_expires_at"`
}

// beatRequest is a heartbeat as players send it.
func beatRequest(body string, headers ...string) string {
	return request("POST", beatPath, append(headers, "Content-Type: application/json", fmt.Sprintf("Content-Length: %d", len(body)))...) + body
}

func beatBody(id uuid.UUID, position int) string {
	return fmt.Sprintf(`{"session_id":"%s","position_seconds":%d}`, id, position)
}

func (s *stage) beat(id uuid.UUID, position int, headers ...string) answer {
	s.t.Helper()
	if len(headers) == 0 || !strings.HasPrefix(headers[0], "Authorization") {
		headers = append([]string{asAnn}, headers...)
	}
	return s.send(beatRequest(beatBody(id, position), headers...))
}

// wantBeaten checks that a beat was taken, and returns what it says.
func (s *stage) wantBeaten(a answer) beaten {
	s.t.Helper()
	var got beaten
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.StatusCode != 200 || a.Header.Get("Cache-Control") != "no-store" {
		s.t.Fatalf("%d %s %v %v", a.StatusCode, a.body, a.Header, err)
	}
	return got
}

// fields are the names and codes of an error's details.
func (a answer) fields() []string {
	var e struct {
		Details []struct{ Field, Code string }
	}
	_ = json.Unmarshal([]byte(a.body), &e)
	fields := []string{}
	for _, d := range e.Details {
		fields = append(fields, d.Field+" "+d.Code)
	}
	slices.Sort(fields)
	return fields
}

// unnamed is an answer's body without what names the request.
func (a answer) unnamed() string {
	return strings.ReplaceAll(a.body, a.Header.Get("X-Request-Id"), "ID")
}
