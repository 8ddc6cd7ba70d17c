package bench

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"time"

	"encora/loadtest/device"
	"encora/loadtest/fakeorigin"
	"encora/loadtest/mdtable"
)

// guideMemory has the edge hold the whole guide, and says what a programme costs.
func (r *rig) guideMemory(ctx context.Context, out io.Writer) error {
	title := fmt.Sprintf("The guide of %d channels × %d days held by the edge", fakeorigin.GuideChannels, fakeorigin.GuideDays)
	edge, err := r.edge(ctx, 7, anyCore, roomy)
	if err != nil {
		return without(out, title, err)
	}
	defer edge.Stop()
	before, err := edge.SettledRSS(r.Settle)
	if err != nil {
		return err
	}
	days := r.origin.Days()
	count := fakeorigin.GuideChannels * len(days)
	request := func(n int) device.Request {
		return device.Request{Path: dayOf(n/len(days), days[n%len(days)]), Token: r.token}
	}
	asked := r.origin.Fills()
	if err := ask(ctx, edge, 0, count, request); err != nil {
		return err
	}
	filled := r.origin.Fills() - asked
	after, err := edge.SettledRSS(r.Settle)
	if err != nil {
		return err
	}
	if err := ask(ctx, edge, 0, count, request); err != nil {
		return err
	}
	g := measureGuide(days)
	t := &mdtable.Table{Title: title, Columns: []string{"", "value:"}}
	t.Add("programmes", g.programmes)
	t.Add("the same by day: one that is on air at midnight is in two", g.inDays)
	t.Add("JSON of a programme, bytes", g.bytes/g.programmes)
	t.Add("days asked of the origin", filled)
	t.Add("asked again when all were asked for again", r.origin.Fills()-asked-filled)
	t.Add("CACHE_BYTES, MiB", mib(roomy))
	t.Add("resident before, MiB", mib(before))
	t.Add("resident with all, MiB", mib(after))
	t.Add("resident bytes per programme", fmt.Sprintf("%.0f", float64(after-before)/float64(g.programmes)))
	if err := r.addMetrics(ctx, edge, t, g.programmes, "programme"); err != nil {
		return err
	}
	return write(out, t)
}

// dayOf asks for the least of a channel's day, for which the edge needs all of it.
func dayOf(channel int, day int64) string {
	begin := time.Unix(day*24*60*60, 0).UTC()
	return schedulePath + "?" + url.Values{"channel_ids": {fakeorigin.ChannelID(channel)}, "limit": {"1"},
		"start_time": {begin.Format(time.RFC3339)}, "end_time": {begin.Add(24 * time.Hour).Format(time.RFC3339)}}.Encode()
}

// guideSize is what the fake origin's guide consists of.
type guideSize struct {
	programmes, inDays int
	bytes              int // of the programmes' JSON
}

// flags stand in for what the edge puts between a programme's halves.
const flags = `"is_live":false,"is_catchup_available":false,"catchup_expires_at":null`

func measureGuide(days []int64) guideSize {
	var g guideSize
	for n := range fakeorigin.GuideChannels {
		for _, day := range days {
			for _, p := range fakeorigin.Day(n, day).Programs {
				g.inDays++
				if day > days[0] && p.Start < day*24*60*60 {
					continue // it was counted on the day before
				}
				g.programmes++
				g.bytes += len(p.Before) + len(flags) + len(p.After)
			}
		}
	}
	return g
}
