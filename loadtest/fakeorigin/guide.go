package fakeorigin

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/google/uuid"

	"encora/shared/wire"
)

// The guide: so many channels, with a schedule for so many days around the origin's start. Programmes begin and end at
// multiples of GuideStep, so that answers of the guide are what they were until the next one.
const (
	GuideChannels = 500
	GuideDays     = 14
	GuideStep     = 5 * time.Minute
)

const (
	daySeconds  = 24 * 60 * 60
	stepSeconds = int64(GuideStep / time.Second)
)

// ChannelID is the id of the n-th channel.
func ChannelID(n int) string {
	id := uuid.UUID{0x01, 0x99, 6: 0x70}
	binary.BigEndian.PutUint64(id[8:], 1<<63|uint64(n))
	return id.String()
}

// channelOf is the number in an id that ChannelID made.
func channelOf(id string) (int, bool) {
	u, err := uuid.Parse(id)
	if err != nil {
		return 0, false
	}
	n := int(binary.BigEndian.Uint64(u[8:]) &^ (1 << 63))
	return n, n < GuideChannels && id == ChannelID(n)
}

// programID is the id of the programme that begins on the n-th channel at an instant.
func programID(n int, start int64) string {
	id := uuid.UUID{0x01, 0x9a, 6: 0x70}
	binary.BigEndian.PutUint32(id[2:], uint32(n))
	binary.BigEndian.PutUint64(id[8:], 1<<63|uint64(start))
	return id.String()
}

// firstGuideDay is the day with which the guide of an origin that starts now begins, counted from 1970-01-01 in UTC.
func firstGuideDay() int64 { return time.Now().Unix()/daySeconds - GuideDays/2 }

// Days are the days of the guide, counted from 1970-01-01 in UTC.
func (o *Origin) Days() []int64 {
	days := make([]int64, GuideDays)
	for i := range days {
		days[i] = o.firstDay + int64(i)
	}
	return days
}

// Day is what the origin answers for the n-th channel's day: what is on air at some time of it, the same each time. Its
// first programme began on the day before, unless one begins with the day.
func Day(n int, day int64) wire.Day {
	d := wire.Day{Programs: []wire.DayProgram{}}
	before := starts(n, day-1)
	if last := before[len(before)-1]; firstStart(n, day) > day*daySeconds {
		d.Programs = append(d.Programs, program(n, last, firstStart(n, day)))
	}
	began := append(starts(n, day), firstStart(n, day+1))
	for i, start := range began[:len(began)-1] {
		d.Programs = append(d.Programs, program(n, start, began[i+1]))
	}
	return d
}

// firstStart is when the first programme of a day begins that doesn't begin on the day before.
func firstStart(n int, day int64) int64 {
	return day*daySeconds + stepSeconds*rand.New(rand.NewPCG(uint64(n), uint64(day))).Int64N(6)
}

// lengths of programmes in minutes; their mean makes 39 programmes a day.
var lengths = []int64{5, 10, 15, 20, 25, 30, 30, 45, 50, 60, 60, 90}

// starts are when the programmes of a day begin.
func starts(n int, day int64) []int64 {
	rng := rand.New(rand.NewPCG(uint64(day), uint64(n)))
	end := min(firstStart(n, day+1), (day+1)*daySeconds)
	var all []int64
	for at := firstStart(n, day); at < end; at += 60 * lengths[rng.IntN(len(lengths))] {
		all = append(all, at)
	}
	return all
}

// program is a programme in the contract's shape, about 700 bytes of JSON with the flags that edges put between its halves.
func program(n int, start, end int64) wire.DayProgram {
	id := programID(n, start)
	rng := rand.New(rand.NewPCG(uint64(n), uint64(start)))
	before := fmt.Sprintf(`{"id":%q,"channel_id":%q,"title":%q,"description":%q,"content_rating":"TV-PG","language":"en",`+
		`"start_time":%q,"end_time":%q,"duration_minutes":%d,`,
		id, ChannelID(n), Words(rng, 12+rng.IntN(30)), Words(rng, 80+rng.IntN(321)), instant(start), instant(end), (end-start)/60)
	after := fmt.Sprintf(`,"season_number":%d,"episode_number":%d,"categories":["Series",%q],`+
		`"images":{"thumbnail_url":"https://img.example.com/epg/%s.jpg"}}`,
		1+rng.IntN(9), 1+rng.IntN(24), Words(rng, 8), id[19:])
	return wire.DayProgram{ID: id, Start: start, End: end, Before: before, After: after}
}

func instant(at int64) string { return time.Unix(at, 0).UTC().Format(time.RFC3339) }

func (o *Origin) lineup(w http.ResponseWriter, _ *http.Request) {
	o.stamp(w, o.position(), wire.TagLineup)
	var l wire.Lineup
	for n := range GuideChannels {
		l.Channels = append(l.Channels, wire.LineupChannel{ID: ChannelID(n), CatchupDays: n % 4 * 2, Rules: []string{}})
	}
	json.NewEncoder(w).Encode(l)
}

// day answers for any channel and day; there are no programmes outside of the guide.
func (o *Origin) day(w http.ResponseWriter, r *http.Request) {
	o.fills.Add(1)
	date, err := time.Parse(time.DateOnly, r.PathValue("day"))
	if err != nil {
		http.Error(w, `{"code":"BAD_REQUEST"}`, http.StatusBadRequest)
		return
	}
	id := r.PathValue("channel_id")
	o.stamp(w, o.position(), wire.TagSchedule(id))
	d := wire.Day{Programs: []wire.DayProgram{}}
	day := date.Unix() / daySeconds
	if n, ok := channelOf(id); ok && day >= o.firstDay && day < o.firstDay+GuideDays {
		d = Day(n, day)
	}
	json.NewEncoder(w).Encode(d)
}
