package epg

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/content"
	"encora/origin/pgdb"
	"encora/origin/vocab"
	"encora/shared/fault"
)

type programID struct {
	ProgramID uuid.UUID `path:"program_id"`
}

type getProgramIn struct {
	programID
	api.Sparse
}

// getProgram answers for a programme whose channel the viewer sees. It tags the absent one, too.
func (d *Domain) getProgram(ctx context.Context, r *api.Read, in *getProgramIn) (Program, error) {
	p, err := readProgram(ctx, r, in.ProgramID)
	if err != nil {
		return Program{}, err
	}
	if p == nil {
		r.Tag(tagProgram(in.ProgramID))
		return Program{}, fault.Missing()
	}
	r.Tag(tagSchedule(p.ChannelID), tagChannel(p.ChannelID))
	seen, err := visibleBroadcasters(ctx, r, []uuid.UUID{p.ChannelID}, r.Deny)
	if err != nil {
		return Program{}, err
	}
	b, ok := seen[p.ChannelID]
	if !ok {
		return Program{}, fault.Missing()
	}
	r.Until(&p.StartTime, &p.EndTime, p.expiry(b.CatchupDays))
	return p.at(r.AsOf, b.CatchupDays), nil
}

type adminScheduleIn struct {
	ChannelID uuid.UUID  `path:"channel_id"`
	StartTime *time.Time `query:"start_time" doc:"Leaves out what ends at or before it."`
	EndTime   *time.Time `query:"end_time" doc:"Leaves out what starts at or after it."`
	api.Paging
}

// Faults implements api.Checked.
func (in *adminScheduleIn) Faults() []fault.Detail { return windowFaults(in.StartTime, in.EndTime) }

// windowFaults is about a window whose ends may be absent.
func windowFaults(from, to *time.Time) []fault.Detail {
	var faults vocab.Faults
	for _, end := range []struct {
		name string
		at   *time.Time
	}{{"start_time", from}, {"end_time", to}} {
		if end.at != nil && (end.at.Year() < 1 || end.at.Year() > 9999) {
			faults.Add(end.name, "out_of_range", "Expected a year from 1 to 9999 in UTC.")
		}
	}
	if from != nil && to != nil && !to.After(*from) {
		faults.Add("end_time", "out_of_range", "The window must end after it begins.")
	}
	return faults
}

// programPosition is what a cursor of the admin list holds.
type programPosition struct {
	Start int64     `json:"s"` // Unix seconds
	ID    uuid.UUID `json:"i"`
}

func (d *Domain) adminSchedule(ctx context.Context, r *api.Read, in *adminScheduleIn) (api.Counted[AdminProgram], error) {
	var none api.Counted[AdminProgram]
	b, err := readBroadcaster(ctx, r, in.ChannelID)
	if err != nil {
		return none, err
	}
	if b == nil {
		return none, fault.Missing()
	}
	f := &pgdb.Filters{}
	f.And("p.channel_id = @channel_id", "channel_id", in.ChannelID)
	if in.StartTime != nil {
		from := wholeSecond(*in.StartTime) // the ends of programmes are whole seconds
		f.And("p.end_time > @from AND p.start_time > @earliest", "from", from, "earliest", from.Add(-maxDuration))
	}
	if in.EndTime != nil {
		f.And("p.start_time < @to", "to", nextSecond(*in.EndTime))
	}
	total, err := countPrograms(ctx, r, f)
	if err != nil {
		return none, err
	}
	var after programPosition
	if more, err := r.After(in.Paging, &after); err != nil {
		return none, err
	} else if more {
		f.And("(p.start_time, p.id) > (@after, @after_id)", "after", time.Unix(after.Start, 0), "after_id", after.ID)
	}
	found, err := listPrograms(ctx, r, f, in.Limit+1)
	if err != nil {
		return none, err
	}
	rows := make([]AdminProgram, len(found))
	for i := range found {
		rows[i] = found[i].admin(r.AsOf, b.CatchupDays)
	}
	page := api.PageOf(r, in.Paging, rows, func(p AdminProgram) any { return programPosition{p.StartTime.Unix(), p.ID} })
	return page.Count(total), nil
}

// nextSecond is the first whole second that is not before t.
func nextSecond(t time.Time) time.Time {
	if s := wholeSecond(t); s.Before(t) {
		return s.Add(time.Second)
	}
	return wholeSecond(t)
}

type createProgramIn struct {
	ChannelID uuid.UUID `path:"channel_id"`
	Body      ProgramWrite
}

type updateProgramIn struct {
	programID
	Body ProgramWrite
}

const resourceProgram = "epg_program"

func (d *Domain) createProgram(ctx context.Context, w *api.Write, in *createProgramIn) (AdminProgram, error) {
	var none AdminProgram
	b, err := holdBroadcaster(ctx, w.Tx.Tx, in.ChannelID)
	if err != nil {
		return none, err
	}
	if b == nil {
		return none, fault.Missing()
	}
	faults, err := d.checkProgram(ctx, w, &in.Body, in.ChannelID)
	if err != nil {
		return none, err
	}
	if err := w.Check(nil, faults...); err != nil {
		return none, err
	}
	p := &program{}
	p.ID, p.ChannelID = uuid.Must(uuid.NewV7()), in.ChannelID
	p.copyFrom(&in.Body)
	if err := insertProgram(ctx, w.Tx.Tx, p); err != nil {
		return none, err
	}
	w.Audit("epg.program_created", resourceProgram, p.ID, map[string]any{"channel_id": p.ChannelID})
	if b.IsPublished {
		w.Emit(tagSchedule(p.ChannelID), tagProgram(p.ID))
	}
	return p.admin(w.Now, b.CatchupDays), nil
}

// checkProgram finds what the body alone doesn't tell of a programme that is to be on a channel.
func (d *Domain) checkProgram(ctx context.Context, w *api.Write, b *ProgramWrite, channelID uuid.UUID) ([]fault.Detail, error) {
	var faults vocab.Faults
	if b.ChannelID != channelID {
		faults.Add("channel_id", "mismatch", fmt.Sprintf("Expected the programme's channel, %s.", channelID))
	}
	if b.LinkedVODID == nil {
		return faults, nil
	}
	types, err := content.Types(ctx, w.Tx.Tx, []uuid.UUID{*b.LinkedVODID})
	if err == nil && !isVOD(types[*b.LinkedVODID]) {
		faults.Add("linked_vod_id", "unknown", "There is no content with this id.")
	}
	return faults, err
}

// isVOD reports whether programmes can be linked to content of the kind.
func isVOD(kind string) bool {
	return slices.Contains([]string{content.Movie, content.Show, content.Episode}, kind)
}

func (d *Domain) updateProgram(ctx context.Context, w *api.Write, in *updateProgramIn) (AdminProgram, error) {
	var none AdminProgram
	before, b, err := lockedProgram(ctx, w, in.ProgramID)
	if err != nil {
		return none, err
	}
	faults, err := d.checkProgram(ctx, w, &in.Body, before.ChannelID)
	if err != nil {
		return none, err
	}
	last := before.admin(w.Now, b.CatchupDays)
	if err := w.Check(last, faults...); err != nil {
		return none, err
	}
	after := *before
	after.copyFrom(&in.Body)
	shown := after.admin(w.Now, b.CatchupDays)
	changed, err := api.Changed(last, shown)
	if err != nil || len(changed) == 0 {
		return last, err
	}
	if err := updateProgram(ctx, w.Tx.Tx, &after); err != nil {
		return none, err
	}
	w.Audit("epg.program_updated", resourceProgram, after.ID, map[string]any{"changed": changed})
	if b.IsPublished {
		vocab.Emit(w, after.CatchupBlocked && !before.CatchupBlocked, tagSchedule(after.ChannelID))
	}
	return shown, nil
}

// lockedProgram locks a programme, and before it its channel against feeds, deletion and changes of its publication.
func lockedProgram(ctx context.Context, w *api.Write, id uuid.UUID) (*program, *broadcaster, error) {
	channelID, err := programChannel(ctx, w.Tx.Tx, id)
	if err != nil {
		return nil, nil, err
	}
	b, err := holdBroadcaster(ctx, w.Tx.Tx, channelID)
	if err != nil {
		return nil, nil, err
	}
	p, err := lockProgram(ctx, w.Tx.Tx, channelID, id)
	if err != nil {
		return nil, nil, err
	}
	if b == nil || p == nil {
		return nil, nil, fault.Missing()
	}
	return p, b, nil
}

func (d *Domain) deleteProgram(ctx context.Context, w *api.Write, in *programID) (api.None, error) {
	p, b, err := lockedProgram(ctx, w, in.ProgramID)
	if err != nil {
		return api.None{}, err
	}
	last := p.admin(w.Now, b.CatchupDays)
	if err := w.Check(last); err != nil {
		return api.None{}, err
	}
	w.Audit("epg.program_deleted", resourceProgram, p.ID, map[string]any{"object": last})
	if b.IsPublished {
		w.EmitHard(tagSchedule(p.ChannelID))
	}
	return api.None{}, deletePrograms(ctx, w.Tx.Tx, p.ChannelID, []uuid.UUID{p.ID})
}
