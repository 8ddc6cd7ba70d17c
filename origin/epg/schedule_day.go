package epg

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/shared/fault"
	"encora/shared/wire"
)

type dayIn struct {
	ChannelID uuid.UUID `path:"channel_id"`
	Day       string    `path:"day"`
}

// Faults implements api.Checked.
func (in *dayIn) Faults() []fault.Detail {
	if day, err := time.Parse(time.DateOnly, in.Day); err != nil || day.Year() < 1 {
		return []fault.Detail{{Field: "day", Code: "invalid_format", Message: "Expected a day of the years 1 to 9999, such as 2006-01-02."}}
	}
	return nil
}

// day answers edges with a channel's programmes of a day in UTC. A page of the guide is made of fifty such answers.
func (d *Domain) day(ctx context.Context, r *api.Read, in *dayIn) (wire.Day, error) {
	begin, err := time.Parse(time.DateOnly, in.Day)
	if err != nil {
		return wire.Day{}, err
	}
	r.Tag(tagSchedule(in.ChannelID))
	programs, err := programsBetween(ctx, r, in.ChannelID, begin, begin.AddDate(0, 0, 1))
	if err != nil {
		return wire.Day{}, err
	}
	day := wire.Day{Programs: make([]wire.DayProgram, len(programs))}
	for i := range programs {
		if day.Programs[i], err = programs[i].fragment(); err != nil {
			return wire.Day{}, err
		}
	}
	return day, nil
}

// fragment is the programme in two halves, which with the flags between them are its representation.
func (p *program) fragment() (wire.DayProgram, error) {
	shown := p.at(p.StartTime, 0)
	before, err := encodeHalf(shown.ProgramFront)
	if err != nil {
		return wire.DayProgram{}, err
	}
	after, err := encodeHalf(shown.ProgramBack)
	return wire.DayProgram{ID: p.ID.String(), Start: p.StartTime.Unix(), End: p.EndTime.Unix(), CatchupBlocked: p.CatchupBlocked,
		Before: "{" + before + ",", After: "," + after + "}"}, err
}

// encodeHalf gives an object's fields as answers are encoded.
func encodeHalf(v any) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", err
	}
	return string(b.Bytes()[1 : b.Len()-2]), nil // without braces and the newline
}
