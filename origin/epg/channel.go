package epg

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/content"
	"encora/origin/vocab"
	"encora/shared/fault"
)

// Channel is a channel as viewers see it. Optional values that are not given are left out; catchup_days is null without
// catch-up, geo_restrictions when no rule is attached.
type Channel struct {
	ID               uuid.UUID                `json:"id"`
	Name             string                   `json:"name"`
	Slug             string                   `json:"slug"`
	Number           int                      `json:"number,omitempty"`
	Description      string                   `json:"description,omitempty"`
	Category         string                   `json:"category,omitempty"`
	Language         string                   `json:"language,omitempty"`
	Images           vocab.ImageSet           `json:"images"`
	Status           string                   `json:"status" enum:"live,offline,scheduled_maintenance"`
	GeoRestrictions  *vocab.GeoRestrictionRef `json:"geo_restrictions" db:"geo"`
	DRMRequired      bool                     `json:"drm_required" db:"drm_required"`
	IsPremium        bool                     `json:"is_premium"`
	IsCatchupEnabled bool                     `json:"is_catchup_enabled"`
	CatchupDays      *int                     `json:"catchup_days" nullable:"true"`
	SortOrder        int                      `json:"sort_order"`
	WebsiteURL       string                   `json:"website_url,omitempty" db:"website_url"`
	CreatedAt        time.Time                `json:"created_at"`
	UpdatedAt        time.Time                `json:"updated_at"`
}

// AdminChannel is a channel as editors see it.
type AdminChannel struct {
	Channel
	IsPublished bool     `json:"is_published" doc:"Whether viewers see the channel; status says whether it is on air."`
	EPGIDs      []string `json:"epg_ids" db:"epg_ids" doc:"The channel's ids in the feeds that its schedule is imported from."`
}

// Location is the address of the channel for editors.
func (c AdminChannel) Location() string { return "/v2/admin/channels/" + c.ID.String() }

// ChannelWrite is the body of create and replace.
type ChannelWrite struct {
	Name             string                             `json:"name" minLength:"1" maxLength:"100" pattern:"^[^\\r\\n]*\\S[^\\r\\n]*$" patternDescription:"a text on one line that is not blank"`
	Number           int                                `json:"number,omitempty" minimum:"1" maximum:"1000000" doc:"Logical Channel Number (LCN) for display in the EPG grid."`
	Description      string                             `json:"description,omitempty" maxLength:"1000"`
	Category         string                             `json:"category,omitempty" maxLength:"100" doc:"Channel genre category (e.g. News, Sports, Entertainment)."`
	Language         string                             `json:"language,omitempty" maxLength:"35" doc:"Primary broadcast language (BCP-47)."`
	Images           vocab.ImageSet                     `json:"images,omitzero" doc:"Content artwork. All URLs are CDN-hosted, immutable, and cache-safe."`
	Status           string                             `json:"status" enum:"live,offline,scheduled_maintenance"`
	GeoRestrictions  api.Optional[vocab.GeoRestriction] `json:"geo_restrictions,omitzero" doc:"Attaches the rule; null detaches all; absent changes nothing."`
	DRMRequired      bool                               `json:"drm_required"`
	IsPremium        bool                               `json:"is_premium" doc:"Requires a premium or higher plan tier to access."`
	IsCatchupEnabled bool                               `json:"is_catchup_enabled" doc:"Whether catch-up TV (time-shifted replay) is available for this channel."`
	CatchupDays      *int                               `json:"catchup_days,omitempty" nullable:"true" minimum:"0" maximum:"30" doc:"Number of past days available for catch-up. Null when is_catchup_enabled is false; 7 when it is true and no number is given."`
	SortOrder        int                                `json:"sort_order,omitempty" default:"0" minimum:"-1000000" maximum:"1000000" doc:"Display position in channel lists (lower = higher priority)."`
	WebsiteURL       string                             `json:"website_url,omitempty" format:"uri" maxLength:"2048" doc:"Official broadcaster website URL."`
	EPGIDs           []string                           `json:"epg_ids,omitempty" minLength:"1" maxLength:"255" maxItems:"100" doc:"The channel's ids in the feeds that its schedule is imported from."`
}

// defaultCatchupDays is for channels that have catch-up and don't say for how long.
const defaultCatchupDays = 7

// channel is a channel as the database holds it.
type channel struct {
	AdminChannel
	content.Publication
	SortNumber int // of what lists are sorted by, what the database computes
	SortName   string
}

// newChannel is a channel that no viewer sees yet.
func newChannel(now time.Time) *channel {
	c := &channel{Publication: content.Publication{State: content.Unpublished}}
	c.ID, c.CreatedAt, c.UpdatedAt = uuid.Must(uuid.NewV7()), now, now
	return c
}

// copyFrom takes over what a body says of the channel itself.
func (c *channel) copyFrom(b *ChannelWrite) {
	c.Name, c.Number, c.Description, c.Category, c.Language = b.Name, b.Number, b.Description, b.Category, b.Language
	c.Images, c.Status, c.DRMRequired, c.IsPremium = b.Images, b.Status, b.DRMRequired, b.IsPremium
	c.IsCatchupEnabled, c.CatchupDays = b.IsCatchupEnabled, b.catchupDays()
	c.SortOrder, c.WebsiteURL, c.EPGIDs = b.SortOrder, b.WebsiteURL, trimmed(b.EPGIDs)
}

// catchupDays is nil without catch-up, whatever the body says beside it.
func (b *ChannelWrite) catchupDays() *int {
	if !b.IsCatchupEnabled {
		return nil
	}
	days := defaultCatchupDays
	if b.CatchupDays != nil {
		days = *b.CatchupDays
	}
	return &days
}

// trimmed trims texts and leaves out repeats; it is never nil.
func trimmed(texts []string) []string {
	kept := []string{}
	for _, text := range texts {
		if text = strings.TrimSpace(text); !slices.Contains(kept, text) {
			kept = append(kept, text)
		}
	}
	return kept
}

// Faults implements api.Checked.
func (b *ChannelWrite) Faults() []fault.Detail {
	var faults vocab.Faults
	faults.Language("language", b.Language)
	faults.Images("images", b.Images)
	faults.URL("website_url", b.WebsiteURL)
	for i, id := range b.EPGIDs {
		if strings.TrimSpace(id) == "" {
			faults.Add("epg_ids["+strconv.Itoa(i)+"]", "required", "Expected an id; this one is blank.")
		}
	}
	return faults
}

// slugs are candidates: the name, the name and number, and one that nothing else has.
func (c *channel) slugs() []string { return content.SlugsOf(content.Channel, c.ID, c.Name, c.Number) }

// admin is the editors' representation; channels have no window, so the instant makes no difference.
func (c *channel) admin(time.Time) AdminChannel {
	c.IsPublished = c.State == content.Live
	return c.AdminChannel
}
