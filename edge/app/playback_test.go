package app

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/edge/fill/filltest"
	"encora/shared/op"
	"encora/shared/sign"
	"encora/shared/wire"
)

// Whoever calls one of these expects that a heartbeat right after knows of the end.
func TestWhatEndsSessions(t *testing.T) {
	all, err := op.All()
	if err != nil {
		t.Fatal(err)
	}
	var ending []string
	for _, o := range all {
		if o.EndsSessions {
			ending = append(ending, o.ID)
		}
	}
	if slices.Sort(ending); !slices.Equal(ending, []string{"endSession", "removeDevice"}) {
		t.Errorf("%q", ending)
	}
}

const movieID = "0190a6e0-0000-7000-8000-000000000001"

// theatre is an edge with one film, which it serves itself by signed URLs.
type theatre struct {
	*world
	config string
}

func startTheatre(t *testing.T) *theatre {
	t.Helper()
	dir, config := t.TempDir(), filepath.Join(t.TempDir(), "cdn.json")
	if err := os.MkdirAll(filepath.Join(dir, "clip"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "clip", "master.m3u8"), []byte("clip"), 0o600); err != nil {
		t.Fatal(err)
	}
	th := &theatre{config: config}
	write(t, config, cdnKeys("a"))
	th.world = start(t, nil, "MEDIA_DIR", dir, "CDN_CONFIG", config)
	th.origin.Render = func(a filltest.Ask) filltest.Answer {
		body, _ := json.Marshal(wire.Playable{Title: "Film", Rules: []string{}, HLSPath: "/vod/one/master.m3u8"})
		return filltest.Answer{Body: string(body), Tags: []string{"movie:" + movieID}}
	}
	th.until("readiness", func() bool { status, _, err := th.get("/v2/ready"); return err == nil && status == 200 })
	return th
}

// cdnKeys is a configuration with keys, each a letter.
func cdnKeys(keys string) string {
	var all []string
	for _, k := range keys {
		all = append(all, fmt.Sprintf(`{"id":"%c","secret":"%s"}`, k, strings.Repeat("0"+string(k), 32)))
	}
	return `{"cdns":[{"name":"own","paths":["/"],"base_url":"http://edge/media","signer":"hmac","keys":[` + strings.Join(all, ",") + `]}]}`
}

// write puts a file in its place whole, as whoever rotates keys does.
func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		t.Fatal(err)
	}
}

func (th *theatre) send(method, target, body string) (int, string, error) {
	req, err := http.NewRequest(method, "http://"+th.addr+target, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Authorization", "Bearer "+th.viewer)
	req.Header.Set("X-Device-Id", "d")
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(got), err
}

// play starts the film, and returns the session and where its playlist is at this edge.
func (th *theatre) play() (uuid.UUID, string, error) {
	status, body, err := th.send("GET", "/v2/movies/"+movieID+"/stream", "")
	var s struct {
		Session uuid.UUID `json:"session_id"`
		HLS     string    `json:"hls_url"`
	}
	if err == nil {
		err = json.Unmarshal([]byte(body), &s)
	}
	if err != nil || status != 200 {
		return s.Session, "", fmt.Errorf("%d %s %v", status, body, err)
	}
	return s.Session, strings.TrimPrefix(s.HLS, "http://edge"), nil
}

// signed is where the playlist is for whoever signs with a key.
func signed(t *testing.T, key string) string {
	t.Helper()
	cdns, err := sign.Parse([]byte(cdnKeys(key)))
	if err != nil {
		t.Fatal(err)
	}
	u, err := cdns.For("/").Signer.AppendURL(nil, &sign.Target{Path: "/vod/one/master.m3u8", Session: uuid.New(), Expires: time.Now().Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(string(u), "http://edge")
}

// Keys are rotated in three steps, the new one added, then signing, then alone, and a broken file in between: no start fails,
// and every URL works.
func TestKeysAreRotatedUnderLoad(t *testing.T) {
	th := startTheatre(t)
	var stop atomic.Bool
	var plays atomic.Int64
	var running sync.WaitGroup
	for range 3 {
		running.Go(func() {
			for !stop.Load() {
				_, target, err := th.play()
				if err != nil {
					t.Error(err)
					return
				}
				if status, body, err := th.get(target); status != 200 || body != "clip" {
					t.Errorf("%s: %d %s %v", target, status, body, err)
					return
				}
				plays.Add(1)
			}
		})
	}
	some := func() {
		t.Helper()
		least := plays.Load() + 20
		th.until("more plays", func() bool { return plays.Load() > least || t.Failed() })
	}
	works := func(key string) bool { status, _, _ := th.get(signed(t, key)); return status == 200 }
	signs := func(key string) bool {
		cdns, _ := sign.Parse([]byte(cdnKeys(key)))
		_, target, err := th.play()
		_, _, wrong := cdns.Verifier().Verify(strings.TrimPrefix(target, "/media"), "", time.Now(), netip.Addr{})
		return err == nil && wrong == nil
	}
	some()
	write(t, th.config, cdnKeys("ab"))
	th.until("the new key", func() bool { return works("b") })
	some()
	for _, broken := range []string{"{", `{"cdns":[]}`, cdnKeys(""), strings.Replace(cdnKeys("ab"), "hmac", "none", 1)} {
		write(t, th.config, broken)
		time.Sleep(30 * time.Millisecond)
		some()
		if !works("a") || !works("b") || !signs("a") {
			t.Errorf("%s changed something", broken)
		}
	}
	if err := os.Remove(th.config); err != nil {
		t.Fatal(err)
	}
	some()
	write(t, th.config, cdnKeys("ba"))
	th.until("signatures by the new key", func() bool { return signs("b") })
	if !works("a") {
		t.Error("URLs of players that play don't work any more")
	}
	some()
	write(t, th.config, cdnKeys("b"))
	th.until("the old key's end", func() bool { return !works("a") })
	some()
	stop.Store(true)
	running.Wait()
}

// A viewer who ends a session gets neither beats nor media through, at once; and the last beats outlive the edge.
func TestSessionsEndAndAreDelivered(t *testing.T) {
	th := startTheatre(t)
	th.origin.Pass = func(w http.ResponseWriter, p filltest.Passed) {
		th.origin.Sessions.End(uuid.MustParse(p.Target[strings.LastIndexByte(p.Target, '/')+1:]), wire.ReasonEnded)
		w.WriteHeader(http.StatusNoContent)
	}
	beat := func(id uuid.UUID, position int) int {
		status, _, err := th.send("POST", "/v2/playback/heartbeat", fmt.Sprintf(`{"session_id":"%s","position_seconds":%d}`, id, position))
		if err != nil {
			t.Fatal(err)
		}
		return status
	}
	for _, path := range []string{"/v2/playback/sessions/", "/v2/devices/"} {
		id, target, err := th.play()
		if err != nil {
			t.Fatal(err)
		}
		if status := beat(id, 1); status != 200 {
			t.Errorf("%d", status)
		}
		if status, _, _ := th.get(target); status != 200 {
			t.Errorf("%d", status)
		}
		if status, _, err := th.send("DELETE", path+id.String(), ""); status != 204 {
			t.Errorf("%d %v", status, err)
		}
		if status := beat(id, 2); status != 410 {
			t.Errorf("%s: a beat gets %d", path, status)
		}
		if status, _, _ := th.get(target); status != 403 {
			t.Errorf("%s: media gets %d", path, status)
		}
	}
	id, _, err := th.play()
	if err != nil || beat(id, 77) != 200 {
		t.Fatal(err)
	}
	th.stop()
	if err := <-th.ended; err != nil {
		t.Error(err)
	}
	if b, ok := th.origin.Sessions.Beat(id); !ok || b.Position != 77 {
		t.Errorf("%+v", b)
	}
}
