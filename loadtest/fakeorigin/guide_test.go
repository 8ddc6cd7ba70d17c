package fakeorigin

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"encora/shared/wire"
)

// flags are what an edge puts between the halves of a programme.
const flags = `"is_live":true,"is_catchup_available":false,"catchup_expires_at":null`

func TestDaysFitTogether(t *testing.T) {
	const first, days = 20_000, 5
	programmes, bytes := 0, 0
	for n := range 20 {
		seen := map[string]wire.DayProgram{}
		end := int64(0)
		for day := int64(first); day < first+days; day++ {
			d := Day(n, day)
			for i, p := range d.Programs {
				if p.End <= day*daySeconds || p.Start >= (day+1)*daySeconds || p.End <= p.Start || p.Start%stepSeconds != 0 || p.End%stepSeconds != 0 {
					t.Fatalf("channel %d, day %d: a programme from %d to %d", n, day, p.Start, p.End)
				}
				if again, ok := seen[p.ID]; ok {
					if i != 0 || again != p {
						t.Fatalf("channel %d: %s differs on its second day", n, p.ID)
					}
					continue
				}
				if end != 0 && p.Start != end {
					t.Fatalf("channel %d: one ends at %d, the next begins at %d", n, end, p.Start)
				}
				seen[p.ID], end = p, p.End
				bytes += len(p.Before) + len(flags) + len(p.After)
			}
			if end < (day+1)*daySeconds {
				t.Fatalf("channel %d, day %d ends at %d", n, day, end)
			}
		}
		programmes += len(seen)
	}
	if each := programmes / (20 * days); each < 35 || each > 45 {
		t.Errorf("%d programmes a day, want about 40", each)
	}
	if each := bytes / programmes; each < 600 || each > 800 {
		t.Errorf("%d bytes a programme, want 600 to 800", each)
	}
}

func TestProgrammesHaveTheContractsShape(t *testing.T) {
	for _, p := range Day(7, 20_000).Programs {
		var shown struct {
			ID          string
			ChannelID   string    `json:"channel_id"`
			StartTime   time.Time `json:"start_time"`
			EndTime     time.Time `json:"end_time"`
			Minutes     int64     `json:"duration_minutes"`
			IsLive      bool      `json:"is_live"`
			Description string
			Categories  []string
		}
		if err := json.Unmarshal([]byte(p.Before+flags+p.After), &shown); err != nil {
			t.Fatal(err)
		}
		if shown.ID != p.ID || shown.ChannelID != ChannelID(7) || shown.StartTime.Unix() != p.Start || shown.EndTime.Unix() != p.End ||
			shown.Minutes*60 != p.End-p.Start || !shown.IsLive || len(shown.Categories) != 2 || len(shown.Description) < 80 || len(shown.Description) > 400 {
			t.Errorf("%+v of %+v", shown, p)
		}
	}
}

func TestGuideIsServed(t *testing.T) {
	o, base := setup(t)
	resp, body := get(t, base+wire.LineupPath, "k")
	var l wire.Lineup
	if err := json.Unmarshal(body, &l); err != nil || len(l.Channels) != GuideChannels || resp.Header.Get(wire.Tags) != wire.TagLineup {
		t.Errorf("line-up of %d channels with tags %q, %v", len(l.Channels), resp.Header.Get(wire.Tags), err)
	}
	last := GuideChannels - 1
	if l.Channels[last].ID != ChannelID(last) || !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		t.Errorf("the last channel is %+v", l.Channels[last])
	}
	days := o.Days()
	if today := time.Now().Unix() / daySeconds; len(days) != GuideDays || days[GuideDays/2] > today || days[GuideDays/2] < today-1 {
		t.Errorf("days %v", days)
	}
	ask := func(id string, day int64) (wire.Day, http.Header) {
		date := time.Unix(day*daySeconds, 0).UTC().Format(time.DateOnly)
		resp, body := get(t, base+strings.NewReplacer("{channel_id}", id, "{day}", date).Replace(wire.DayPath), "k")
		var d wire.Day
		if err := json.Unmarshal(body, &d); err != nil || d.Programs == nil {
			t.Fatalf("%s of %s: %v in %s", date, id, err, body)
		}
		return d, resp.Header
	}
	d, header := ask(ChannelID(last), days[0])
	if len(d.Programs) != len(Day(last, days[0]).Programs) || header.Get(wire.Tags) != wire.TagSchedule(ChannelID(last)) || header.Get(wire.Pos) != "1" {
		t.Errorf("%d programmes with %v", len(d.Programs), header)
	}
	for _, day := range []int64{days[0] - 1, days[0] + GuideDays} {
		if d, _ := ask(ChannelID(0), day); len(d.Programs) != 0 {
			t.Errorf("day %d is outside of the guide and has %d programmes", day, len(d.Programs))
		}
	}
	if d, _ := ask(ChannelID(GuideChannels), days[0]); len(d.Programs) != 0 {
		t.Error("an unknown channel has programmes")
	}
	if o.Fills() != 4 {
		t.Errorf("%d fills counted, want those of 4 days", o.Fills())
	}
	if resp, _ := get(t, base+wire.LineupPath, "other"); resp.StatusCode != 401 {
		t.Errorf("foreign key: %d", resp.StatusCode)
	}
}
