package epg

import (
	"encoding/json"
	"fmt"
	"iter"

	"encora/shared/wire"
)

// Channel is what the guide knows of a published channel.
type Channel struct {
	ID    ID
	Text  string   // the id's usual form
	Days  int64    // of catch-up, 0 for none
	Rules []string // ids of its geo rules
	Slot  uint32   // of the channel's own tag

	now now
}

// Lineup is every published channel.
type Lineup struct {
	channels []Channel
	places   map[ID]int32 // without pointers, which the collector would have to follow
}

// ReadLineup decodes a wire.Lineup. slot gives the place of a tag among the versions of tags.
func ReadLineup(body []byte, slot func(tag string) uint32) (*Lineup, error) {
	var in wire.Lineup
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, fmt.Errorf("guide: line-up: %w", err)
	}
	l := &Lineup{channels: make([]Channel, len(in.Channels)), places: make(map[ID]int32, len(in.Channels))}
	for i := range in.Channels {
		from, to := &in.Channels[i], &l.channels[i]
		var ok bool
		if to.ID, ok = ParseID(from.ID); !ok {
			return nil, fmt.Errorf("guide: line-up: a channel's id is %q", from.ID)
		}
		to.Text, to.Days, to.Rules = to.ID.String(), int64(from.CatchupDays), from.Rules
		to.Slot = slot(wire.TagChannel(to.Text))
		l.places[to.ID] = int32(i)
	}
	return l, nil
}

// Channel is the channel of an id, nil when it is not published or there is none.
func (l *Lineup) Channel(id ID) *Channel {
	if i, ok := l.places[id]; ok {
		return &l.channels[i]
	}
	return nil
}

// Asked yields the channels of which somebody wants to know what is on at an instant: those of which it was found.
func (l *Lineup) Asked(at int64) iter.Seq[*Channel] {
	return func(yield func(*Channel) bool) {
		for i := range l.channels {
			if c := &l.channels[i]; c.Known(at) != nil && !yield(c) {
				return
			}
		}
	}
}
