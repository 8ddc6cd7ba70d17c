package epg

import (
	"context"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/content"
	"encora/shared/fault"
	"encora/shared/wire"
)

// PlayableChannel says what decides who may play a channel; fault.Missing for one that is not published.
func (d *Domain) PlayableChannel(ctx context.Context, r *api.Read, id uuid.UUID) (wire.Playable, error) {
	p, err := content.Playable(content.Channel)(ctx, r, id)
	if err != nil {
		return p, err
	}
	return p, r.QueryRow(ctx, `SELECT coalesce(catchup_days, 0) FROM channels WHERE id = $1`, id).Scan(&p.CatchupFor)
}

// PlayableProgram says when a programme was on, and where: its channel's Playable decides the rest.
func (d *Domain) PlayableProgram(ctx context.Context, r *api.Read, id uuid.UUID) (wire.Playable, error) {
	r.Tag(tagProgram(id)) // the absence, too
	p, err := readProgram(ctx, r, id)
	if err != nil {
		return wire.Playable{}, err
	}
	if p == nil {
		return wire.Playable{}, fault.Missing()
	}
	r.Tag(tagSchedule(p.ChannelID))
	return p.playable(), nil
}

// PlayableOnAir is the PlayableProgram that is on a channel at the read's instant.
func (d *Domain) PlayableOnAir(ctx context.Context, r *api.Read, channel uuid.UUID) (wire.Playable, error) {
	r.Tag(tagSchedule(channel))
	horizon := r.AsOf.Add(maxDuration)
	around, err := programsBetween(ctx, r, channel, r.AsOf, horizon)
	if err != nil {
		return wire.Playable{}, err
	}
	r.Until(&horizon)
	for i := range around { // the next turn is a start or an end of one of these
		r.Until(&around[i].StartTime, &around[i].EndTime)
	}
	onAir, err := programsOnAir(ctx, r, []uuid.UUID{channel}, r.AsOf)
	if err != nil {
		return wire.Playable{}, err
	}
	p, ok := onAir[channel]
	if !ok {
		return wire.Playable{}, fault.Missing()
	}
	return p.playable(), nil
}

func (p *program) playable() wire.Playable {
	return wire.Playable{Title: p.Title, Rules: []string{}, Seconds: int(p.EndTime.Sub(p.StartTime).Seconds()), ProgramID: p.ID.String(),
		ChannelID: p.ChannelID.String(), Begin: p.StartTime, End: p.EndTime, CatchupBlocked: p.CatchupBlocked}
}
