package epg

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/shared/wire"
)

// programBody is a legal body with fields replaced; nil takes one out.
func programBody(channel uuid.UUID, fields object) object {
	body := object{"channel_id": channel, "title": "The News", "start_time": "2026-03-02T12:00:00Z", "end_time": "2026-03-02T12:45:59Z",
		"is_live": false, "is_catchup_available": false}
	maps.Copy(body, fields)
	maps.DeleteFunc(body, func(_ string, v any) bool { return v == nil })
	return body
}

func schedulePath(channel uuid.UUID) string { return "/v2/admin/channels/" + channel.String() + "/epg" }

func (b *guideBundle) create(channel uuid.UUID, fields object) (AdminProgram, string) {
	b.t.Helper()
	a := b.admin("POST", schedulePath(channel), programBody(channel, fields)).Want(201)
	var p AdminProgram
	a.Decode(&p)
	return p, a.Header.Get("ETag")
}

func TestFlagsFollowTheClock(t *testing.T) {
	start, end := noon, noon.Add(45*time.Minute)
	week := end.Add(7 * 24 * time.Hour)
	for _, c := range []struct {
		name    string
		at      time.Time
		days    int
		blocked bool
		live    bool
		expires *time.Time
	}{
		{"before", start.Add(-time.Nanosecond), 7, false, false, nil},
		{"at its start", start, 7, false, true, nil},
		{"to its end", end.Add(-time.Nanosecond), 7, false, true, nil},
		{"at its end", end, 7, false, false, &week},
		{"to the last", week.Add(-time.Nanosecond), 7, false, false, &week},
		{"expired", week, 7, false, false, nil},
		{"without catch-up", end, 0, false, false, nil},
		{"blocked", end, 7, true, false, nil},
	} {
		p := &program{CatchupBlocked: c.blocked}
		p.StartTime, p.EndTime = start, end
		got := p.at(c.at, c.days)
		if got.IsLive != c.live || got.IsCatchupAvailable != (c.expires != nil) || !sameValue(got.CatchupExpiresAt, c.expires) {
			t.Errorf("%s: %+v", c.name, got.ProgramFlags)
		}
	}
}

func TestGetProgram(t *testing.T) {
	t.Parallel()
	b := setupGuide(t)
	channel := b.channel(true, 7)
	film := b.Movies(1, "published")[0]
	p, _ := b.create(channel, object{"title": "<News> & more", "description": "d", "content_rating": "TV-PG", "language": "en-GB", "season_number": 2,
		"episode_number": 0, "categories": []string{"News"}, "images": object{"thumbnail_url": "https://cdn.example.com/t.jpg"}, "linked_vod_id": film})
	path := programPath + p.ID.String()
	want := `{"id":"` + p.ID.String() + `","channel_id":"` + channel.String() + `","title":"<News> & more","description":"d","content_rating":"TV-PG","language":"en-GB",` +
		`"start_time":"2026-03-02T12:00:00Z","end_time":"2026-03-02T12:45:59Z","duration_minutes":45,"is_live":true,"is_catchup_available":false,"catchup_expires_at":null,` +
		`"season_number":2,"episode_number":0,"categories":["News"],"images":{"thumbnail_url":"https://cdn.example.com/t.jpg"},"linked_vod_id":"` + film.String() + `"}`
	a := b.view(path).Want(200)
	if string(a.Body) != want {
		t.Errorf("answered %s, want %s", a.Body, want)
	}
	b.Do(apitest.Request{Method: "GET", Path: path, Access: "viewer", Header: map[string]string{"If-None-Match": a.Header.Get("ETag")}}).Want(304)
	if a := b.view(path + "?fields=id,is_live").Want(200); string(a.Body) != `{"id":"`+p.ID.String()+`","is_live":true}` {
		t.Errorf("sparse: %s", a.Body)
	}
	if fields := b.view(path + "?fields=nope").Want(400).Refused().Fields(); !slices.Equal(fields, []string{"fields"}) {
		t.Errorf("an unknown field: %q", fields)
	}
	end := p.EndTime
	for _, c := range []struct {
		at    time.Time
		until time.Time
		flags string
	}{
		{noon.Add(-time.Hour), noon, `"is_live":false,"is_catchup_available":false,"catchup_expires_at":null`},
		{noon, end, `"is_live":true,"is_catchup_available":false,"catchup_expires_at":null`},
		{end, end.AddDate(0, 0, 7), `"is_live":false,"is_catchup_available":true,"catchup_expires_at":"2026-03-09T12:45:59Z"`},
		{end.AddDate(0, 0, 7), time.Time{}, `"is_live":false,"is_catchup_available":false,"catchup_expires_at":null`},
	} {
		b.Set(c.at)
		a := b.Ask(wire.FillPrefix+path, nil).Want(200)
		until, _ := time.Parse(time.RFC3339Nano, a.Header.Get(wire.Until))
		if !until.Equal(c.until) || !strings.Contains(string(a.Body), c.flags) {
			t.Errorf("at %v: until %v, want %v; %s", c.at, until, c.until, a.Body)
		}
		if tags := a.Header.Get(wire.Tags); tags != "channel:"+channel.String()+",epg:"+channel.String() {
			t.Errorf("tags %q", tags)
		}
	}
}

func TestWhoSeesAProgram(t *testing.T) {
	t.Parallel()
	b := setupGuide(t)
	hidden, denied := b.channel(false, 0), b.channel(true, 0)
	b.deny(denied)
	unseen := b.program(hidden, "A", noon, noon.Add(time.Hour))
	local := b.program(denied, "B", noon, noon.Add(time.Hour))
	never := uuid.Must(uuid.NewV7())
	message := b.view(programPath + never.String()).Want(404).Refused().Message
	if got := b.view(programPath + unseen.String()).Want(404).Refused().Message; got != message {
		t.Errorf("a hidden programme answers %q, an absent one %q", got, message)
	}
	b.view(programPath + local.String()).Want(200)
	b.Do(apitest.Request{Method: "GET", Path: programPath + local.String(), Access: "viewer@XX"}).Want(404)
	b.view(programPath + "nonsense").Want(400)
	for id, want := range map[uuid.UUID]string{
		never:  "program:" + never.String(),
		unseen: "channel:" + hidden.String() + ",epg:" + hidden.String(),
		local:  "channel:" + denied.String() + ",epg:" + denied.String(),
	} {
		a := b.Ask(wire.FillPrefix+programPath+id.String(), map[string]string{wire.Deny: b.rule.String()}).Want(404)
		if got := a.Header.Get(wire.Tags); got != want {
			t.Errorf("tags %q, want %q", got, want)
		}
	}
}

func TestEditPrograms(t *testing.T) {
	t.Parallel()
	b := setupGuide(t)
	channel := b.channel(true, 7)
	var p AdminProgram
	var tag string
	tags := b.during(func() {
		p, tag = b.create(channel, object{"start_time": "2026-03-02T14:00:00.9+02:00", "end_time": "2026-03-02T12:45:00.1Z",
			"is_live": false, "is_catchup_available": true, "catchup_expires_at": "2030-01-01T00:00:00Z", "duration_minutes": 7})
	})
	if tags != "epg:"+channel.String()+" program:"+p.ID.String() {
		t.Errorf("creating emits %q", tags)
	}
	if !p.StartTime.Equal(noon) || !p.EndTime.Equal(noon.Add(45*time.Minute)) || !p.IsLive || p.IsCatchupAvailable || p.CatchupExpiresAt != nil || p.DurationMinutes != 45 || p.CatchupBlocked {
		t.Errorf("created %+v", p)
	}
	path := adminPath + p.ID.String()
	if p.Location() != path {
		t.Errorf("its address is %q", p.Location())
	}
	put := func(fields object, header ...string) *apitest.Answer {
		t.Helper()
		same := object{"end_time": "2026-03-02T12:45:00Z"}
		maps.Copy(same, fields)
		return b.admin("PUT", path, programBody(channel, same), header...)
	}
	if got := b.during(func() { put(nil, "If-Match", tag).Want(200) }); got != "" {
		t.Errorf("the same again emits %q", got)
	}
	if got := b.during(func() { put(object{"title": "Other"}, "If-Match", tag).Want(200) }); got != "epg:"+channel.String() {
		t.Errorf("an update emits %q", got)
	}
	if f := put(nil, "If-Match", tag).Want(412).Refused(); !slices.Equal(f.Fields(), []string{"title"}) {
		t.Errorf("412 names %q", f.Fields())
	}
	put(object{"channel_id": uuid.Must(uuid.NewV7())}, "If-Match", `"old"`).Want(412)
	if got := b.during(func() { put(object{"catchup_blocked": true}).Want(200).Decode(&p) }); got != "!epg:"+channel.String() || !p.CatchupBlocked {
		t.Errorf("blocking catch-up emits %q", got)
	}
	if got := b.during(func() { put(object{"catchup_blocked": true, "title": "Third"}).Want(200) }); got != "epg:"+channel.String() {
		t.Errorf("an update of what is blocked emits %q", got)
	}
	b.admin("DELETE", path, nil, "If-Match", tag).Want(412)
	if got := b.during(func() { b.admin("DELETE", path, nil).Want(204) }); got != "!epg:"+channel.String() {
		t.Errorf("deleting emits %q", got)
	}
	b.admin("DELETE", path, nil).Want(404)
	put(object{"title": ""}).Want(404)
	if got, want := b.Actions(), []string{"epg.program_created", "epg.program_updated", "epg.program_updated", "epg.program_updated", "epg.program_deleted"}; !slices.Equal(got, want) {
		t.Errorf("audited as %q", got)
	}
	hidden := b.channel(false, 7)
	if got := b.during(func() {
		p, _ := b.create(hidden, nil)
		b.admin("PUT", p.Location(), programBody(hidden, object{"title": "Other", "catchup_blocked": true})).Want(200)
		b.admin("DELETE", p.Location(), nil).Want(204)
	}); got != "" {
		t.Errorf("what nobody sees emits %q", got)
	}
}

func TestCreateOnce(t *testing.T) {
	t.Parallel()
	b := setupGuide(t)
	channel := b.channel(true, 0)
	send := func() *apitest.Answer {
		return b.admin("POST", schedulePath(channel), programBody(channel, nil), "Idempotency-Key", "k1").Want(201)
	}
	first, second := send(), send()
	if string(first.Body) != string(second.Body) || second.Header.Get("Idempotent-Replayed") != "true" || len(b.all(channel)) != 1 {
		t.Errorf("first %s, then %s", first.Body, second.Body)
	}
}

// What follows from the clock is no part of a version: nobody has edited anything when a programme begins or ends.
func TestVersionsOfProgramsOutliveTheClock(t *testing.T) {
	t.Parallel()
	b := setupGuide(t)
	channel := b.channel(true, 7)
	for _, at := range []time.Time{noon.Add(-time.Hour), noon, noon.Add(10 * time.Hour), noon.AddDate(0, 0, 30)} {
		b.Set(noon.Add(-2 * time.Hour))
		p, tag := b.create(channel, nil)
		b.Set(at)
		a := b.admin("PUT", p.Location(), programBody(channel, nil), "If-Match", tag).Want(200)
		if a.Header.Get("ETag") != tag {
			t.Errorf("at %v the version is %s, was %s", at, a.Header.Get("ETag"), tag)
		}
		b.admin("PUT", p.Location(), programBody(channel, object{"title": "Other"}), "If-Match", tag).Want(200)
		b.admin("PUT", p.Location(), programBody(channel, nil), "If-Match", tag).Want(412)
		b.admin("DELETE", p.Location(), nil, "If-Match", tag).Want(412)
		b.admin("DELETE", p.Location(), nil).Want(204)
	}
}

func TestProgramFaults(t *testing.T) {
	t.Parallel()
	b := setupGuide(t)
	channel := b.channel(true, 0)
	f := func(fields object, want ...string) {
		t.Helper()
		got := b.admin("POST", schedulePath(channel), programBody(channel, fields)).Want(422).Refused().Fields()
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%v: 422 names %q, want %q", fields, got, want)
		}
	}
	f(object{"channel_id": uuid.Must(uuid.NewV7())}, "channel_id")
	f(object{"channel_id": nil, "title": nil, "is_live": nil, "is_catchup_available": nil, "end_time": nil}, "channel_id", "end_time", "is_catchup_available", "is_live", "title")
	f(object{"end_time": "2026-03-02T12:00:00Z"}, "end_time")
	f(object{"end_time": "2026-03-02T12:00:00.9Z"}, "end_time")
	f(object{"end_time": "2026-03-09T12:00:01Z"}, "end_time")
	f(object{"language": "!", "images": object{"poster_url": "ftp://x/"}, "linked_vod_id": channel}, "images.poster_url", "language", "linked_vod_id")
	f(object{"categories": []string{""}, "season_number": -1, "episode_number": 1_000_001}, "categories[0]", "episode_number", "season_number")
	f(object{"start_time": "0001-01-01T00:00:00Z"}, "start_time")
	f(object{"end_time": "0001-01-01T00:00:00Z"}, "end_time")
	f(object{"start_time": "today"}, "start_time")
	f(object{"end_time": nil}, "end_time")
	b.admin("POST", schedulePath(channel), programBody(channel, object{"end_time": "2026-03-09T12:00:00Z", "season_number": 0})).Want(201)
	unknown := uuid.Must(uuid.NewV7())
	b.admin("POST", schedulePath(unknown), programBody(channel, object{"title": ""})).Want(404)
	b.admin("POST", schedulePath(unknown), programBody(channel, object{"title": 1})).Want(400)
}

func TestAdminSchedule(t *testing.T) {
	t.Parallel()
	b := setupGuide(t)
	channel, other := b.channel(false, 0), b.channel(true, 0)
	b.program(other, "Elsewhere", noon, noon.Add(time.Hour))
	var want []uuid.UUID
	for i := range 7 { // three begin at once
		at := noon.Add(time.Duration(max(i, 2)) * time.Hour)
		want = append(want, b.program(channel, fmt.Sprint(i), at, at.Add(time.Hour)))
	}
	list := func(query string) ([]uuid.UUID, api.CountedMeta) {
		t.Helper()
		var page api.Counted[AdminProgram]
		b.admin("GET", schedulePath(channel)+"?"+query, nil).Want(200).Decode(&page)
		var ids []uuid.UUID
		for _, p := range page.Data {
			ids = append(ids, p.ID)
		}
		return ids, page.Meta
	}
	if got, meta := list(""); !slices.Equal(got, want) || meta.TotalCount != 7 || meta.Limit != 20 || meta.HasMore {
		t.Errorf("all: %v, %+v", got, meta)
	}
	var all []uuid.UUID
	for query, pages := "limit=2", 0; query != ""; pages++ {
		got, meta := list(query)
		all = append(all, got...)
		if query = ""; meta.NextCursor != nil {
			query = "limit=2&cursor=" + *meta.NextCursor
		}
		if meta.TotalCount != 7 || pages > 4 {
			t.Fatalf("page %d: %+v", pages, meta)
		}
	}
	if !slices.Equal(all, want) {
		t.Errorf("by pages: %v, want %v", all, want)
	}
	at := func(hours float64) string {
		return url.QueryEscape(noon.Add(time.Duration(hours * float64(time.Hour))).Format(time.RFC3339Nano))
	}
	for query, part := range map[string][]uuid.UUID{
		"start_time=" + at(4):                            want[4:],
		"start_time=" + at(4.5):                          want[4:],
		"end_time=" + at(4):                              want[:4],
		"end_time=" + at(4.0001):                         want[:5],
		"start_time=" + at(4) + "&end_time=" + at(5):     want[4:5],
		"start_time=" + at(4.5) + "&end_time=" + at(4.6): want[4:5],
		"end_time=" + at(-100):                           nil,
	} {
		if got, meta := list(query); !slices.Equal(got, part) || meta.TotalCount != len(part) {
			t.Errorf("%s: %v, want %v", query, got, part)
		}
	}
	for query, field := range map[string]string{"start_time=" + at(1) + "&end_time=" + at(1): "end_time", "start_time=x": "start_time", "q=a": "q",
		"start_time=" + url.QueryEscape("0000-01-01T00:00:00+23:59"): "start_time"} {
		if got := b.admin("GET", schedulePath(channel)+"?"+query, nil).Want(400).Refused().Fields(); !slices.Equal(got, []string{field}) {
			t.Errorf("%s: 400 names %q", query, got)
		}
	}
	_, meta := list("limit=2")
	b.admin("GET", schedulePath(other)+"?limit=2&cursor="+*meta.NextCursor, nil).Want(400)
	b.admin("GET", schedulePath(uuid.Must(uuid.NewV7())), nil).Want(404)
}

func TestWhoMayEditPrograms(t *testing.T) {
	t.Parallel()
	b := setupGuide(t)
	channel := b.channel(true, 0)
	id := b.program(channel, "A", noon, noon.Add(time.Hour)).String()
	for _, r := range []apitest.Request{{Method: "GET", Path: schedulePath(channel)}, {Method: "POST", Path: schedulePath(channel), Body: programBody(channel, nil)},
		{Method: "PUT", Path: adminPath + id, Body: programBody(channel, nil)}, {Method: "DELETE", Path: adminPath + id}} {
		b.Denied(t, r)
		if r.Method != "GET" {
			r.Access = "epg:read"
			b.Do(r).Want(http.StatusForbidden)
		}
	}
	for _, path := range []string{programPath + id, "/v2/epg/now?channel_ids=" + channel.String()} {
		b.Do(apitest.Request{Method: "GET", Path: path}).Want(401)
		b.Do(apitest.Request{Method: "GET", Path: path, Access: guideEditor}).Want(403)
	}
}

func TestHostilePrograms(t *testing.T) {
	t.Parallel()
	b := setupGuide(t)
	channel := b.channel(true, 7)
	film := b.Movies(1, "published")[0]
	full := programBody(channel, object{"description": "d", "content_rating": "PG", "language": "en-GB", "catchup_expires_at": nil, "duration_minutes": 45,
		"season_number": 1, "episode_number": 2, "categories": []string{"News"}, "images": object{"poster_url": "https://cdn.example.com/p.jpg"},
		"linked_vod_id": film, "catchup_blocked": true})
	b.Hostile(t, apitest.Request{Method: "POST", Path: schedulePath(channel), Access: guideEditor}, full)
	p, _ := b.create(channel, nil)
	b.Hostile(t, apitest.Request{Method: "PUT", Path: p.Location(), Access: guideEditor}, full)
	b.HostileQuery(t, apitest.Request{Path: schedulePath(channel), Access: guideEditor}, "start_time", "end_time", "cursor", "limit")
	b.HostileQuery(t, apitest.Request{Path: programPath + p.ID.String(), Access: "viewer"}, "fields")
	b.HostileQuery(t, apitest.Request{Path: "/v2/epg/now", Access: "viewer"}, "channel_ids")
}
