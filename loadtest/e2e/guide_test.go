package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// channel makes a published channel.
func (s *stack) channel(name string, catchup bool) string {
	s.t.Helper()
	body := fmt.Sprintf(`{"name":%q,"status":"live","drm_required":false,"is_premium":false,"is_catchup_enabled":%t}`, name, catchup)
	id := s.edit("POST", "/v2/admin/channels", body).id()
	s.edit("POST", "/v2/admin/channels/"+id+"/publish", "")
	return id
}

// programme adds one to a channel's schedule and returns its id.
func (s *stack) programme(channel, title string, start time.Time, length time.Duration) string {
	s.t.Helper()
	body := fmt.Sprintf(`{"channel_id":%q,"title":%q,"description":"…","start_time":%q,"end_time":%q,"is_live":false,"is_catchup_available":false}`,
		channel, title, start.Format(time.RFC3339), start.Add(length).Format(time.RFC3339))
	return s.edit("POST", "/v2/admin/channels/"+channel+"/epg", body).id()
}

// The edge composes the guide from its parts, the origin answers it from the database: both say the same, byte for byte, and
// go on from one another's cursors.
func TestGuideIsOneAtEdgeAndOrigin(t *testing.T) {
	s := start(t, 1)
	r := rand.New(rand.NewPCG(1, 2))
	base := time.Now().UTC().Truncate(time.Hour)
	var ids []string
	for n := range 6 {
		id := s.channel(fmt.Sprintf("Channel %d", n), n%2 == 0)
		ids = append(ids, id)
		for at := base.Add(-30 * time.Hour); n != 5 && at.Before(base.Add(30*time.Hour)); {
			length := time.Duration(20+r.IntN(300)) * time.Minute
			if r.IntN(4) > 0 { // else there is a gap
				s.programme(id, "A & B <"+at.String()+">", at, length)
			}
			at = at.Add(length - time.Duration(r.IntN(2))*5*time.Minute) // some overlap
		}
	}
	s.edit("POST", "/v2/admin/channels/"+ids[1]+"/unpublish", "")
	s.edit("POST", "/v2/admin/geo-restrictions", ruleFor("not in France", []string{"FR"}, ids[2]))
	ids = append(ids, "0190a6e0-0000-7000-8000-000000000000")
	viewers := []string{s.token("--role", "viewer", "--country", "FR"), s.token("--role", "viewer", "--country", "DE")}
	s.seen("/v2/epg/now?channel_ids="+ids[2], viewers[0], 200, `{"data":{}}`)

	bases := []string{s.edges[0], "http://" + s.addr}
	same := func(path, token string) string {
		t.Helper()
		var bodies []string
		for range 3 { // a programme may begin between two questions
			bodies = bodies[:0]
			for _, base := range bases {
				a := call(t.Context(), "GET", base+path, token, "")
				if a.status != 200 {
					t.Fatalf("%s%s: %d %s", base, path, a.status, a.body)
				}
				bodies = append(bodies, a.body)
			}
			if bodies[0] == bodies[1] {
				return bodies[0]
			}
		}
		t.Fatalf("%s\nedge   %s\norigin %s", path, bodies[0], bodies[1])
		return ""
	}
	for range 60 {
		r.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
		asked := "channel_ids=" + strings.Join(ids[:1+r.IntN(len(ids))], ",")
		token := viewers[r.IntN(2)]
		same("/v2/epg/now?"+asked, token)

		from := base.Add(time.Duration(r.IntN(48*60)-24*60) * time.Minute)
		window := fmt.Sprintf("/v2/epg?%s&start_time=%s&end_time=%s&limit=%d", asked, from.Format(time.RFC3339),
			from.Add(time.Duration(1+r.IntN(30*60))*time.Minute).Format(time.RFC3339), 1+r.IntN(12))
		cursor := ""
		for cursor != "none" {
			var page struct {
				Meta struct {
					Next *string `json:"next_cursor"`
				}
			}
			if err := json.Unmarshal([]byte(same(window+cursor, token)), &page); err != nil {
				t.Fatal(err)
			}
			if cursor = "none"; page.Meta.Next != nil {
				cursor = "&cursor=" + *page.Meta.Next
			}
		}
	}
}

// A programme that an editor adds, changes or takes away is so at every edge, in the guide and by its id.
func TestProgrammeReachesEveryPlayer(t *testing.T) {
	s := start(t, 2)
	viewer := s.token("--role", "viewer")
	channel := s.channel("News", true)
	now := "/v2/epg/now?channel_ids=" + channel
	s.seen(now, viewer, 200, `{"data":{"`+channel+`":null}}`)
	id := s.programme(channel, "The News", time.Now().Add(-time.Minute), time.Hour)
	s.seen(now, viewer, 200, `"title":"The News"`)
	s.seen("/v2/epg/programs/"+id, viewer, 200, `"is_live":true`)
	s.edit("DELETE", "/v2/admin/epg/programs/"+id, "")
	s.seen(now, viewer, 200, `{"data":{"`+channel+`":null}}`)
	s.seen("/v2/epg/programs/"+id, viewer, 404, "")
	s.edit("POST", "/v2/admin/channels/"+channel+"/unpublish", "")
	s.seen(now, viewer, 200, `{"data":{}}`)
	s.seen("/v2/channels/"+channel, viewer, 404, "")
	s.edit("DELETE", "/v2/admin/channels/"+channel, "")
}
