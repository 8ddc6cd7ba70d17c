package epg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"encora/origin/content"
	"encora/origin/listings"
	"encora/origin/record"
)

// feedTarget is a channel of the feed with those of ours that get its schedule.
type feedTarget struct {
	Number  int32
	Channel string
	Line    int64
	Staged  int64
	Targets []uuid.UUID
	Done    int
}

// applyAll gives the channels their schedules, each in a transaction of its own.
func (im *importer) applyAll(ctx context.Context) error {
	var all []feedTarget
	err := im.s.Write(ctx, func(tx pgx.Tx) error {
		var err error
		all, err = openTargets(ctx, tx, im.row.ID)
		return err
	})
	if err != nil {
		return err
	}
	dry := &dryRun{im: im, progress: im.row.ImportProgress, saved: time.Now()}
	for i := range all {
		for all[i].Done < len(all[i].Targets) {
			began := time.Now()
			if im.row.DryRun {
				err = dry.try(ctx, &all[i])
			} else {
				err = im.applyNext(ctx, &all[i])
			}
			if err != nil {
				return err
			}
			if err := im.rest(ctx, began); err != nil {
				return err
			}
		}
	}
	if im.row.DryRun {
		return dry.save(ctx)
	}
	return nil
}

func openTargets(ctx context.Context, tx pgx.Tx, id uuid.UUID) ([]feedTarget, error) {
	const q = `SELECT number, channel, line, staged, targets, done FROM epg_import_channels
		WHERE import_id = $1 AND done < cardinality(targets) ORDER BY number`
	rows, err := tx.Query(ctx, q, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[feedTarget])
}

// outcome is what a schedule did to a channel.
type outcome struct {
	diff     Diff
	imported int
	later    bool // the channel is left to an import that was submitted later
	errors   []ImportError
}

// after is the progress with the outcome.
func (o *outcome) after(p ImportProgress) ImportProgress {
	p = p.with(o.errors...)
	p.ChannelsDone++
	if o.later {
		p.ChannelsSuperseded++
	}
	p.ProgramsImported += int64(o.imported)
	p.ProgramsCreated += int64(o.diff.Created)
	p.ProgramsUpdated += int64(o.diff.Updated)
	p.ProgramsDeleted += int64(o.diff.Deleted)
	p.ProgramsUnchanged += int64(o.diff.Unchanged)
	return p
}

func (o *outcome) changed() bool { return o.diff.Created+o.diff.Updated+o.diff.Deleted > 0 }

// applyNext gives the schedule to the next of the targets. It is off the stage with the last one.
func (im *importer) applyNext(ctx context.Context, f *feedTarget) error {
	err := im.write(ctx, func(w *record.Tx) (ImportProgress, error) {
		o, err := im.perform(ctx, w, f)
		if err != nil {
			return ImportProgress{}, err
		}
		if o.changed() {
			w.Audit("epg.imported", content.Channel, f.Targets[f.Done], map[string]any{"import_id": im.row.ID,
				"created": o.diff.Created, "updated": o.diff.Updated, "deleted": o.diff.Deleted})
		}
		return o.after(im.row.ImportProgress), im.note(ctx, w.Tx, f.Number, f.Done+1, f.Done+1 == len(f.Targets))
	})
	if err == nil {
		f.Done++
	}
	return err
}

// note stores how many targets of a feed's channel are done.
func (im *importer) note(ctx context.Context, tx pgx.Tx, number int32, done int, whole bool) error {
	batch := &pgx.Batch{}
	batch.Queue(`UPDATE epg_import_channels SET done = $3 WHERE import_id = $1 AND number = $2`, im.row.ID, number, done)
	if whole {
		batch.Queue(`DELETE FROM epg_staged WHERE import_id = $1 AND channel = $2`, im.row.ID, number)
	}
	return tx.SendBatch(ctx, batch).Close()
}

// perform puts the staged programmes into the schedule of the next target, within the caller's transaction.
func (im *importer) perform(ctx context.Context, w *record.Tx, f *feedTarget) (*outcome, error) {
	target := f.Targets[f.Done]
	var language string
	err := w.QueryRow(ctx, `SELECT language FROM channels WHERE id = $1`, target).Scan(&language)
	if errors.Is(err, pgx.ErrNoRows) {
		return goneChannel(f), nil
	}
	if err != nil {
		return nil, err
	}
	programmes, err := stagedProgrammes(ctx, w.Tx, im.row.ID, f)
	if err != nil {
		return nil, err
	}
	feed, errs := settled(f, programmes, language)
	if feed, errs, err = im.linked(ctx, w.Tx, f, feed, errs); err != nil {
		return nil, err
	}
	o := &outcome{imported: len(feed)}
	if f.Done == 0 { // they are the same for the next
		o.errors = errs
	}
	if len(feed) == 0 {
		return o, nil
	}
	o.diff, err = im.d.apply(ctx, w, target, feed, im.row.ReplaceWindow, &turn{im.row.ID, im.row.CreatedAt})
	var later *superseded
	switch {
	case errors.Is(err, ErrNoChannel):
		return goneChannel(f), nil
	case errors.As(err, &later):
		return &outcome{later: true, errors: []ImportError{importError(f.Line, f.Channel, errorSuperseded, later.Error())}}, nil
	}
	return o, err
}

func goneChannel(f *feedTarget) *outcome {
	return &outcome{errors: []ImportError{importError(f.Line, f.Channel, errorUnknownChannel,
		fmt.Sprintf("The channel %s was deleted while the import ran.", f.Targets[f.Done]))}}
}

func stagedProgrammes(ctx context.Context, tx pgx.Tx, id uuid.UUID, f *feedTarget) ([]listings.Programme, error) {
	const q = `SELECT programme FROM epg_staged WHERE import_id = $1 AND channel = $2 ORDER BY seq`
	rows, err := tx.Query(ctx, q, id, f.Number)
	if err != nil {
		return nil, err
	}
	all := make([]listings.Programme, 0, f.Staged)
	var text pgtype.DriverBytes
	_, err = pgx.ForEachRow(rows, []any{&text}, func() error {
		all = append(all, listings.Programme{})
		return json.Unmarshal(text, &all[len(all)-1])
	})
	return all, err
}

// settled makes a schedule of what a feed has for a channel, and errors of the programmes that can't be in one.
func settled(f *feedTarget, programmes []listings.Programme, language string) ([]Incoming, []ImportError) {
	entries, faults := listings.Settle(programmes, language)
	var errs []ImportError
	for _, fault := range faults {
		errs = append(errs, importError(fault.Line, f.Channel, fault.Code, fault.Message))
	}
	feed := make([]Incoming, 0, len(entries))
	for i := range entries {
		p := incomingOf(&entries[i])
		if fault := p.Fault(); fault != "" {
			errs = append(errs, importError(entries[i].Line, f.Channel, "invalid_program", fault))
			continue
		}
		feed = append(feed, p)
	}
	return feed, errs
}

// linked leaves out programmes that are linked to content that is not there, as the API refuses them.
func (im *importer) linked(ctx context.Context, tx pgx.Tx, f *feedTarget, feed []Incoming, errs []ImportError) ([]Incoming, []ImportError, error) {
	var ids []uuid.UUID
	for i := range feed {
		if id := feed[i].LinkedVODID; id != nil {
			ids = append(ids, *id)
		}
	}
	if len(ids) == 0 {
		return feed, errs, nil
	}
	types, err := content.Types(ctx, tx, distinctIDs(ids))
	if err != nil {
		return nil, nil, err
	}
	feed = slices.DeleteFunc(feed, func(p Incoming) bool {
		unknown := p.LinkedVODID != nil && !isVOD(types[*p.LinkedVODID])
		if unknown {
			errs = append(errs, importError(p.line, f.Channel, "invalid_program", fmt.Sprintf("linked_vod_id: there is no content with the id %s.", *p.LinkedVODID)))
		}
		return unknown
	})
	return feed, errs, nil
}

func incomingOf(e *listings.Entry) Incoming {
	p := Incoming{Title: e.Title, Description: e.Description, ContentRating: e.ContentRating, Language: e.Language,
		Start: e.Start, End: e.End, Season: e.Season, Episode: e.Episode, Categories: e.Categories, Images: e.Images,
		LinkedVODID: e.LinkedVODID, CatchupBlocked: e.CatchupBlocked, line: e.Line}
	if e.ID != nil {
		p.ID = *e.ID
	}
	return p
}

// dryRun does the work of channels in transactions that it doesn't commit, and saves what it found now and then.
type dryRun struct {
	im       *importer
	progress ImportProgress
	noted    []*feedTarget // since it was saved
	saved    time.Time
}

func (r *dryRun) try(ctx context.Context, f *feedTarget) error {
	var o *outcome
	err := r.im.s.Write(ctx, func(tx pgx.Tx) error {
		var err error
		o, err = r.im.perform(ctx, record.Begin(tx, r.im.row.actor(), time.Now()), f)
		return err
	})
	if err != nil {
		return err
	}
	r.add(f, o)
	r.progress = o.after(r.progress)
	f.Done++
	r.noted = append(r.noted, f)
	if time.Since(r.saved) < saveEvery {
		return nil
	}
	return r.save(ctx)
}

func (r *dryRun) add(f *feedTarget, o *outcome) {
	if r.im.row.Diff == nil {
		r.im.row.Diff = &ImportDiff{Channels: []ChannelDiff{}, Changes: []Change{}}
	}
	d := r.im.row.Diff
	if len(d.Channels) < maxDiffChannels {
		d.Channels = append(d.Channels, ChannelDiff{ChannelID: f.Targets[f.Done], Channel: f.Channel,
			Created: o.diff.Created, Updated: o.diff.Updated, Deleted: o.diff.Deleted, Unchanged: o.diff.Unchanged})
	}
	d.Changes = append(d.Changes, o.diff.Changes[:min(len(o.diff.Changes), maxDiffChanges-len(d.Changes))]...)
}

func (r *dryRun) save(ctx context.Context) error {
	err := r.im.write(ctx, func(w *record.Tx) (ImportProgress, error) {
		for _, f := range r.noted {
			if err := r.im.note(ctx, w.Tx, f.Number, f.Done, f.Done == len(f.Targets)); err != nil {
				return r.progress, err
			}
		}
		_, err := w.Exec(ctx, `UPDATE epg_imports SET diff = $2 WHERE id = $1`, r.im.row.ID, r.im.row.Diff)
		return r.progress, err
	})
	if err == nil {
		r.noted, r.saved = r.noted[:0], time.Now()
	}
	return err
}
