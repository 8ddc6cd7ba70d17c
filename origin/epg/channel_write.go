package epg

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/vocab"
	"encora/shared/fault"
	"encora/shared/wire"
)

type createChannelIn struct {
	Body ChannelWrite
}

type updateChannelIn struct {
	channelID
	Body ChannelWrite
}

func (d *Domain) createChannel(ctx context.Context, w *api.Write, in *createChannelIn) (AdminChannel, error) {
	c := newChannel(w.Now)
	c.copyFrom(&in.Body)
	if err := w.Check(nil); err != nil {
		return AdminChannel{}, err
	}
	for _, c.Slug = range c.slugCandidates() { // the last is the channel's alone
		inserted, err := insertChannel(ctx, w.Tx.Tx, c)
		if err != nil {
			return AdminChannel{}, err
		}
		if inserted {
			break
		}
	}
	if _, err := d.attachRule(ctx, w, c.ID, in.Body.GeoRestrictions); err != nil {
		return AdminChannel{}, err
	}
	w.Audit("content.created", contentChannel, c.ID, nil)
	stored, err := readChannel(ctx, w.Tx.Tx, c.ID)
	if err != nil {
		return AdminChannel{}, err
	}
	return stored.AdminChannel, nil
}

// attachRule does what a body says of the channel's rules, and reports whether that changed any.
func (d *Domain) attachRule(ctx context.Context, w *api.Write, id uuid.UUID, ref api.Optional[vocab.GeoRestriction]) (bool, error) {
	switch {
	case !ref.Given:
		return false, nil
	case ref.Value == nil:
		return d.DetachAll(ctx, w, id)
	}
	return d.Attach(ctx, w, contentChannel, id, ref.Value.RuleID)
}

func (d *Domain) updateChannel(ctx context.Context, w *api.Write, in *updateChannelIn) (AdminChannel, error) {
	return d.editChannel(ctx, w, in.ChannelID, channelEdit{
		change: func(c *channel) { c.copyFrom(&in.Body) },
		rule:   in.Body.GeoRestrictions,
	})
}

// publishChannel shows the channel to viewers. What is published already stays as it is.
func (d *Domain) publishChannel(ctx context.Context, w *api.Write, in *channelID) (AdminChannel, error) {
	return d.editChannel(ctx, w, in.ChannelID, channelEdit{change: func(c *channel) { c.IsPublished = true }})
}

// unpublishChannel takes the channel from viewers. What is not published stays as it is.
func (d *Domain) unpublishChannel(ctx context.Context, w *api.Write, in *channelID) (AdminChannel, error) {
	return d.editChannel(ctx, w, in.ChannelID, channelEdit{change: func(c *channel) { c.IsPublished = false }})
}

// channelEdit is an editor's change to a channel.
type channelEdit struct {
	change func(*channel)
	rule   api.Optional[vocab.GeoRestriction]
}

// editChannel locks the channel, checks what w.Check does, stores what changed, and tells of it.
func (d *Domain) editChannel(ctx context.Context, w *api.Write, id uuid.UUID, e channelEdit) (AdminChannel, error) {
	var none AdminChannel
	before, err := lockChannel(ctx, w.Tx.Tx, id)
	if err != nil {
		return none, err
	}
	if before == nil {
		return none, fault.Missing()
	}
	after := *before
	e.change(&after)
	if err := w.Check(before.AdminChannel); err != nil {
		return none, err
	}
	ruled, err := d.attachRule(ctx, w, id, e.rule)
	if err != nil {
		return none, err
	}
	if ruled {
		stored, err := readChannel(ctx, w.Tx.Tx, id)
		if err != nil {
			return none, err
		}
		after.GeoRestrictions = stored.GeoRestrictions
	}
	return storeChannel(ctx, w, before, &after, ruled, ruled && e.rule.Value != nil)
}

// storeChannel writes an edited channel if anything changed. ruled says that other rules apply to it now, denied that
// some of them are new.
func storeChannel(ctx context.Context, w *api.Write, before, after *channel, ruled, denied bool) (AdminChannel, error) {
	changed, err := api.Changed(before.AdminChannel, after.AdminChannel)
	if err != nil {
		return AdminChannel{}, err
	}
	if ruled && !slices.Contains(changed, fieldRules) { // of several rules, only the first shows
		changed = append(changed, fieldRules)
	}
	if len(changed) == 0 {
		return before.AdminChannel, nil
	}
	after.UpdatedAt = w.Now
	announceChannel(w, before, after, changed)
	emitChannel(w, before, after, changed, denied)
	return after.AdminChannel, updateChannel(ctx, w.Tx.Tx, after)
}

// Names of fields whose changes mean more than the others'.
const (
	fieldRules       = "geo_restrictions"
	fieldPublished   = "is_published"
	fieldCatchup     = "is_catchup_enabled"
	fieldCatchupDays = "catchup_days"
)

// announceChannel leaves the audit entries and events of an edit: what was edited, and the publication if that changed.
func announceChannel(w *api.Write, before, after *channel, changed []string) {
	edited := slices.DeleteFunc(slices.Clone(changed), func(name string) bool { return name == fieldPublished })
	if len(edited) > 0 {
		w.Audit("content.updated", contentChannel, after.ID, map[string]any{"changed": edited})
	}
	if from, to := before.publication(), after.publication(); from != to {
		w.Audit("content."+to, contentChannel, after.ID, map[string]any{"from": from})
		w.Event("content."+to, map[string]any{"content_type": contentChannel, "content_id": after.ID, "title": after.Name, "status": to})
	}
}

// publication is the channel's state as audit and events name it.
func (c *channel) publication() string {
	if c.IsPublished {
		return "published"
	}
	return "unpublished"
}

// emitChannel tells caches of an edit of a channel that viewers see or saw.
func emitChannel(w *api.Write, before, after *channel, changed []string, denied bool) {
	if !before.IsPublished && !after.IsPublished {
		return
	}
	vocab.Emit(w, denied || !after.IsPublished, tagChannel(after.ID), tagChannels)
	if !before.IsPublished { // what was written to the schedule of a channel that nobody saw was told to nobody
		w.Emit(tagSchedule(after.ID))
	}
	if slices.ContainsFunc(changed, inLineup) {
		w.Emit(wire.TagLineup)
	}
}

// inLineup reports whether the lineup holds the field, or follows from it.
func inLineup(field string) bool {
	return slices.Contains([]string{fieldPublished, fieldRules, fieldCatchup, fieldCatchupDays}, field)
}

// deleteChannel removes a channel with its programmes. Nobody sees it any more, so there is no change to tell of.
func (d *Domain) deleteChannel(ctx context.Context, w *api.Write, in *channelID) (api.None, error) {
	c, err := lockChannel(ctx, w.Tx.Tx, in.ChannelID)
	if err != nil {
		return api.None{}, err
	}
	if c == nil {
		return api.None{}, fault.Missing()
	}
	if err := w.Check(c.AdminChannel); err != nil {
		return api.None{}, err
	}
	if c.IsPublished {
		return api.None{}, fault.New(fault.Conflict, "A published channel can't be deleted; unpublish it first.")
	}
	if _, err := d.DetachAll(ctx, w, c.ID); err != nil {
		return api.None{}, err
	}
	if err := d.RemoveMedia(ctx, w, c.ID); err != nil {
		return api.None{}, err
	}
	w.Audit("content.deleted", contentChannel, c.ID, map[string]any{"object": c.AdminChannel})
	return api.None{}, deleteChannel(ctx, w.Tx.Tx, c.ID)
}
