package fakeorigin

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"encora/shared/token"
	"encora/shared/wire"
)

// tell posts v and reads the answer into out.
func tell(t *testing.T, url string, v, out any) int {
	t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	req, _ := http.NewRequest("POST", url, strings.NewReader(string(body)))
	req.Header.Set("Authorization", "Bearer k")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == 200 {
		if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
			t.Fatal(err)
		}
	}
	return resp.StatusCode
}

func TestEveryNumberedSessionLives(t *testing.T) {
	o, base := setup(t)
	account := token.AccountID(3).String()
	var found wire.Session
	status := tell(t, base+wire.FindPath, wire.Find{AccountID: account, SessionID: SessionID(1_000_007)}, &found)
	if status != 200 || found.SessionID != SessionID(1_000_007) || found.AccountID != account || found.Media.HLSPath == "" || time.Until(found.ExpiresAt) < time.Minute {
		t.Errorf("%d %+v", status, found)
	}
	if status := tell(t, base+wire.FindPath, wire.Find{AccountID: account, SessionID: account}, &found); status != 404 {
		t.Errorf("a session without a number: %d", status)
	}
	if o.Finds() != 2 {
		t.Errorf("%d finds counted", o.Finds())
	}
}

func TestStartsAndSyncs(t *testing.T) {
	o, base := setup(t)
	var one, two wire.Started
	in := wire.Start{AccountID: token.AccountID(1).String(), Media: wire.Media{HLSPath: "/a/b.m3u8"}}
	if tell(t, base+wire.StartPath, in, &one) != 200 || tell(t, base+wire.StartPath, in, &two) != 200 || one.SessionID == two.SessionID || one.Media != in.Media {
		t.Errorf("started %+v and %+v", one, two)
	}
	var out wire.Synced
	beats := []wire.Beat{{AccountID: in.AccountID, SessionID: one.SessionID}, {AccountID: in.AccountID, SessionID: two.SessionID}}
	if tell(t, base+wire.SyncPath, wire.Sync{Edge: in.AccountID, Beats: beats}, &out) != 200 || len(out.Ends) != wire.EndShards || out.More || o.Beats() != 2 {
		t.Errorf("synced %+v, %d beats counted", out, o.Beats())
	}
}
