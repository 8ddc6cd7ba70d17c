package epg

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/content"
	"encora/origin/record"
	"encora/origin/vocab"
)

// Incoming is a programme as a feed has it: what is to be in the schedule of one channel.
type Incoming struct {
	ID             uuid.UUID // of the programme that it is, if the feed says so; what is no id of the channel's counts for nothing
	Title          string
	Description    string
	ContentRating  string // one of the contract's, or ""
	Language       string // BCP-47, or ""
	Start, End     time.Time
	Season         *int
	Episode        *int
	Categories     []string
	Images         vocab.ImageSet
	LinkedVODID    *uuid.UUID // nil: the feed says nothing, what an editor set stays
	CatchupBlocked *bool      // nil: the same

	line int64 // of an import's document
}

// Diff is what a feed changes in a channel's schedule.
type Diff struct {
	Created   int      `json:"created"`
	Updated   int      `json:"updated" doc:"Those that moved, too."`
	Deleted   int      `json:"deleted"`
	Unchanged int      `json:"unchanged"`
	Changes   []Change `json:"changes" doc:"The first of the changes, in the order of their starts."`
}

// Change is a programme that a feed changes, as it is then; a deleted one as it was.
type Change struct {
	Action        string     `json:"action" enum:"created,updated,moved,deleted"`
	ChannelID     uuid.UUID  `json:"channel_id"`
	ProgramID     *uuid.UUID `json:"program_id" nullable:"true" doc:"Null for one that is created: it has no id yet."`
	Title         string     `json:"title"`
	FromStartTime *time.Time `json:"from_start_time,omitempty" doc:"Where it starts now; of moved ones."`
	StartTime     time.Time  `json:"start_time"`
	EndTime       time.Time  `json:"end_time"`
}

// maxChanges bounds Diff.Changes.
const maxChanges = 100

// ErrNoChannel reports a channel that is not there, or not any more.
var ErrNoChannel = errors.New("there is no such channel")

// Fault says why a programme can't be in a schedule, or nothing.
func (p *Incoming) Fault() string {
	length := wholeSecond(p.End).Sub(wholeSecond(p.Start))
	switch {
	case strings.TrimSpace(p.Title) == "" || utf8.RuneCountInString(p.Title) > 255:
		return "A programme needs a title of 1 to 255 characters."
	case utf8.RuneCountInString(p.Description) > 2000:
		return "A description has 2000 characters at most."
	case length <= 0:
		return "A programme must end after it starts, by a whole second at least."
	case length > maxDuration:
		return "A programme must end within 7 days of its start."
	case wholeSecond(p.Start).Year() < 1 || wholeSecond(p.End).Year() > 9999:
		return "A programme must lie in the years 1 to 9999."
	case !storable(append([]string{p.Title, p.Description, p.ContentRating, p.Language}, p.Categories...)):
		return "Texts must be valid UTF-8 without NUL."
	case outOfRange(p.Season) || outOfRange(p.Episode):
		return "Season and episode are numbers from 0 to 1000000."
	}
	return ""
}

// storable reports whether Postgres takes the texts.
func storable(texts []string) bool {
	return !slices.ContainsFunc(texts, func(s string) bool { return !utf8.ValidString(s) || strings.ContainsRune(s, 0) })
}

func outOfRange(n *int) bool { return n != nil && (*n < 0 || *n > 1_000_000) }

// IngestSchedule makes the programmes the channel's schedule for the time that they span, in a transaction of its own. It
// leaves an audit entry when that changes anything.
func (d *Domain) IngestSchedule(ctx context.Context, actor record.Actor, now time.Time, channelID uuid.UUID, feed []Incoming) (Diff, error) {
	var diff Diff
	err := d.DB.Write(ctx, func(tx pgx.Tx) error {
		w := record.Begin(tx, actor, now)
		var err error
		if diff, err = d.apply(ctx, w, channelID, feed, true, nil); err != nil {
			return err
		}
		if n := diff.Created + diff.Updated + diff.Deleted; n > 0 {
			w.Audit("epg.imported", content.Channel, channelID,
				map[string]any{"created": diff.Created, "updated": diff.Updated, "deleted": diff.Deleted})
		}
		return w.Commit(ctx)
	})
	if err != nil {
		return Diff{}, fmt.Errorf("bring the schedule of %s in: %w", channelID, err)
	}
	return diff, nil
}

// apply writes a feed's programmes into the channel's schedule, within the caller's transaction, and tells caches if that
// changes what viewers see. The error is ErrNoChannel when the channel is gone, and superseded when it is not the import's turn.
//
// The feed's range is from its earliest start to its latest end. With replace, the schedule holds in it exactly the
// feed's programmes: others that start in it are deleted, and one that runs into it is cut off where it begins. Nothing
// else changes, but for a programme that the feed names by id. Without replace the feed's programmes are only added, or
// take the place of those that they are. A programme that the feed still has keeps its id (match).
func (d *Domain) apply(ctx context.Context, w *record.Tx, channelID uuid.UUID, feed []Incoming, replace bool, by *turn) (Diff, error) {
	b, err := lockBroadcaster(ctx, w.Tx, channelID)
	if err != nil {
		return Diff{}, err
	}
	if b == nil {
		return Diff{}, ErrNoChannel
	}
	if len(feed) == 0 {
		return Diff{}, nil
	}
	m, err := newMerge(channelID, feed, replace)
	if err != nil {
		return Diff{}, err
	}
	if m.stored, err = storedAround(ctx, w.Tx, m); err != nil {
		return Diff{}, err
	}
	m.match()
	m.decide()
	if by != nil {
		if err := by.take(ctx, w.Tx, m); err != nil {
			return Diff{}, err
		}
	}
	if err := m.write(ctx, w.Tx); err != nil {
		return Diff{}, err
	}
	diff := m.diff()
	if b.IsPublished && len(diff.Changes) > 0 {
		vocab.Emit(w, m.blocks, tagSchedule(channelID))
	}
	return diff, nil
}

// merge is a feed on its way into a schedule.
type merge struct {
	channel  uuid.UUID
	replace  bool
	from, to time.Time  // the feed's range
	feed     []Incoming // in the order of start and end
	folded   []string   // their titles
	stored   []program  // those in the range, in the order of start and id, and those that the feed names
	found    []int      // for each of the feed, which of the stored it is, or -1
	taken    []bool     // which of the stored one of the feed is

	created, updated []program
	deleted          []uuid.UUID
	changes          []Change
	unchanged        int
	blocks           bool // the catch-up of a programme is forbidden now
}

func newMerge(channelID uuid.UUID, feed []Incoming, replace bool) (*merge, error) {
	m := &merge{channel: channelID, replace: replace, feed: slices.Clone(feed), folded: make([]string, len(feed))}
	for i := range m.feed {
		p := &m.feed[i]
		if fault := p.Fault(); fault != "" {
			return nil, fmt.Errorf("programme %d of the feed, %q: %s", i, p.Title, fault)
		}
		p.Start, p.End = wholeSecond(p.Start), wholeSecond(p.End)
	}
	slices.SortStableFunc(m.feed, func(a, b Incoming) int {
		return cmp.Or(a.Start.Compare(b.Start), a.End.Compare(b.End))
	})
	m.from, m.to = m.feed[0].Start, m.feed[0].End
	for i := range m.feed {
		m.folded[i] = fold(m.feed[i].Title)
		if m.feed[i].End.After(m.to) {
			m.to = m.feed[i].End
		}
	}
	return m, nil
}

// decide finds what is to be written.
func (m *merge) decide() {
	for i := range m.feed {
		if s := m.found[i]; s >= 0 {
			m.keep(&m.stored[s], m.feed[i].onto(m.stored[s]))
			continue
		}
		p := m.feed[i].onto(program{})
		p.ID, p.ChannelID = uuid.Must(uuid.NewV7()), m.channel
		m.created = append(m.created, p)
		m.note("created", &p, nil)
		m.blocks = m.blocks || p.CatchupBlocked
	}
	if m.replace {
		m.clear()
	}
}

// keep notes a programme that stays, and in what it differs from before.
func (m *merge) keep(before *program, after program) {
	if same(before, &after) {
		m.unchanged++
		return
	}
	action := "updated"
	if !before.StartTime.Equal(after.StartTime) || !before.EndTime.Equal(after.EndTime) {
		action = "moved"
	}
	m.updated = append(m.updated, after)
	m.note(action, &after, before)
	m.blocks = m.blocks || after.CatchupBlocked && !before.CatchupBlocked
}

// clear takes what the feed doesn't have from its range.
func (m *merge) clear() {
	for s := range m.stored {
		p := m.stored[s]
		switch {
		case m.taken[s] || !p.StartTime.Before(m.to) || !p.EndTime.After(m.from):
		case p.StartTime.Before(m.from):
			p.EndTime = m.from
			m.updated = append(m.updated, p)
			m.note("moved", &p, &m.stored[s])
		default:
			m.deleted = append(m.deleted, p.ID)
			m.note("deleted", &p, &p)
		}
	}
}

// note keeps a change for those who ask what would be; before is nil for what is created.
func (m *merge) note(action string, p, before *program) {
	c := Change{Action: action, ChannelID: m.channel, Title: p.Title, StartTime: p.StartTime, EndTime: p.EndTime}
	if before != nil {
		c.ProgramID = &before.ID
	}
	if action == "moved" {
		c.FromStartTime = &before.StartTime
	}
	m.changes = append(m.changes, c)
}

func (m *merge) diff() Diff {
	slices.SortStableFunc(m.changes, func(a, b Change) int { return a.StartTime.Compare(b.StartTime) })
	return Diff{Created: len(m.created), Updated: len(m.updated), Deleted: len(m.deleted), Unchanged: m.unchanged,
		Changes: slices.Clone(m.changes[:min(len(m.changes), maxChanges)])}
}

// onto is a programme as the feed wants it; of what the feed says nothing of, it stays as it is.
func (p *Incoming) onto(at program) program {
	at.Title, at.Description, at.ContentRating, at.Language = p.Title, p.Description, p.ContentRating, p.Language
	at.StartTime, at.EndTime = p.Start, p.End
	at.SeasonNumber, at.EpisodeNumber = p.Season, p.Episode
	at.Categories, at.Images = vocab.Some(p.Categories), p.Images
	if p.LinkedVODID != nil {
		at.LinkedVODID = p.LinkedVODID
	}
	if p.CatchupBlocked != nil {
		at.CatchupBlocked = *p.CatchupBlocked
	}
	return at
}

// same compares what is stored of two programmes.
func same(a, b *program) bool {
	return a.ID == b.ID && a.Title == b.Title && a.Description == b.Description && a.ContentRating == b.ContentRating &&
		a.Language == b.Language && a.StartTime.Equal(b.StartTime) && a.EndTime.Equal(b.EndTime) &&
		sameValue(a.SeasonNumber, b.SeasonNumber) && sameValue(a.EpisodeNumber, b.EpisodeNumber) &&
		slices.Equal(a.Categories, b.Categories) && a.Images == b.Images &&
		sameValue(a.LinkedVODID, b.LinkedVODID) && a.CatchupBlocked == b.CatchupBlocked
}

func sameValue[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }
