package epg

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/shared/fault"
	"encora/shared/wire"
)

// asked are the channels that a viewer asks for, in that order.
type asked struct {
	ChannelIDs []uuid.UUID `query:"channel_ids" ordered:"true" required:"true" minItems:"1" maxItems:"50"`
}

// distinct are the channels asked for, each once.
func (in *asked) distinct() []uuid.UUID {
	var ids []uuid.UUID
	for _, id := range in.ChannelIDs {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

type scheduleIn struct {
	asked
	StartTime *time.Time `query:"start_time" required:"true"`
	EndTime   *time.Time `query:"end_time" required:"true"`
	api.Paging
}

// maxWindow is the longest part of the guide that viewers see at once.
const maxWindow = 7 * 24 * time.Hour

// Faults implements api.Checked.
func (in *scheduleIn) Faults() []fault.Detail {
	faults := windowFaults(in.StartTime, in.EndTime)
	if in.StartTime != nil && in.EndTime != nil && in.EndTime.Sub(*in.StartTime) > maxWindow {
		faults = append(faults, fault.Detail{Field: "end_time", Code: "out_of_range", Message: "The window must not be longer than 7 days."})
	}
	return faults
}

// stretch is the part of the guide that a page goes on with.
type stretch struct {
	channels  []broadcaster // those that the viewer sees, in the order asked
	from, to  time.Time
	continued bool // what is after the position below, of the first channel
	start     time.Time
	id        uuid.UUID
}

func (d *Domain) getSchedule(ctx context.Context, r *api.Read, in *scheduleIn) (Schedule, error) {
	s := &stretch{from: wholeSecond(*in.StartTime), to: nextSecond(*in.EndTime)}
	ids, err := s.goOn(r, in)
	if err != nil {
		return Schedule{}, err
	}
	if err := s.see(ctx, r, ids); err != nil {
		return Schedule{}, err
	}
	rows, err := stretchPrograms(ctx, r, s, in.Limit+1)
	if err != nil {
		return Schedule{}, err
	}
	page := api.PageOf(r, in.Paging, rows, func(p program) any {
		return wire.GuidePosition{Channel: p.ChannelID.String(), Start: p.StartTime.Unix(), ID: p.ID.String()}
	})
	return Schedule{s.shown(page, r.AsOf), page.Meta}, nil
}

// goOn gives the channels from the one of the cursor on.
func (s *stretch) goOn(r *api.Read, in *scheduleIn) ([]uuid.UUID, error) {
	ids := in.distinct()
	var at wire.GuidePosition
	if more, err := r.After(in.Paging, &at); err != nil || !more {
		return ids, err
	}
	channel, channelErr := uuid.Parse(at.Channel)
	id, idErr := uuid.Parse(at.ID)
	i := slices.Index(ids, channel)
	if channelErr != nil || idErr != nil || i < 0 {
		return nil, api.ForeignCursor()
	}
	s.continued, s.start, s.id = true, time.Unix(at.Start, 0), id
	return ids[i:], nil
}

// see keeps the channels that the viewer sees.
func (s *stretch) see(ctx context.Context, r *api.Read, ids []uuid.UUID) error {
	visible, err := visibleBroadcasters(ctx, r, ids, r.Deny)
	if err != nil {
		return err
	}
	for i, id := range ids {
		b, ok := visible[id]
		if ok {
			s.channels = append(s.channels, b)
		} else if i == 0 { // the cursor's channel is gone, and with it the place in it
			s.continued = false
		}
	}
	return nil
}

// shown puts a page's programmes below their channels. A channel without any shows as empty on the page that passes over
// it; the one that the page goes on with had its place on the page before.
func (s *stretch) shown(page api.Paged[program], asOf time.Time) api.ByID[[]Program] {
	data := api.ByID[[]Program]{}
	rest := page.Data
	for n, b := range s.channels {
		programs := []Program{}
		for len(rest) > 0 && rest[0].ChannelID == b.ID {
			programs = append(programs, rest[0].at(asOf, b.CatchupDays))
			rest = rest[1:]
		}
		if len(programs) > 0 || n > 0 || !s.continued {
			data = append(data, api.OfID[[]Program]{ID: b.ID, Value: programs})
		}
		if page.Meta.HasMore && len(rest) == 0 {
			break
		}
	}
	return data
}

func (d *Domain) getNow(ctx context.Context, r *api.Read, in *asked) (Now, error) {
	s := &stretch{}
	if err := s.see(ctx, r, in.distinct()); err != nil {
		return Now{}, err
	}
	onAir, err := programsOnAir(ctx, r, s.ids(), r.AsOf)
	if err != nil {
		return Now{}, err
	}
	now := Now{Data: api.ByID[*Program]{}}
	for _, b := range s.channels {
		of := api.OfID[*Program]{ID: b.ID}
		if p, ok := onAir[b.ID]; ok {
			shown := p.at(r.AsOf, b.CatchupDays)
			of.Value = &shown
		}
		now.Data = append(now.Data, of)
	}
	return now, nil
}

func (s *stretch) ids() []uuid.UUID {
	ids := make([]uuid.UUID, len(s.channels))
	for i, b := range s.channels {
		ids[i] = b.ID
	}
	return ids
}
