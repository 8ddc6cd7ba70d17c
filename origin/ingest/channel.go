package ingest

import (
	"net/url"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// Limits of the contract's channel (adminCreateChannel), in code points; those of addresses and feeds' ids are ours.
const (
	channelNameMax     = 100
	channelCategoryMax = 100
	descriptionMax     = 1000
	urlMax             = 2048
	epgIDMax           = 255
	epgIDsMax          = 100
)

// Channel is one channel within the limits of the contract's channel. Empty strings and zeros mean that the source does
// not tell.
type Channel struct {
	// Key names the channel in its source for ever, as a film's does: "iptv-org:BBCOne.uk", "demo:harbour-one",
	// "generated:1:42".
	Key         string   `json:"key"`
	Name        string   `json:"name"` // 1–100 code points
	Number      int      `json:"number,omitempty"`
	Description string   `json:"description,omitempty"`
	Category    string   `json:"category,omitempty"`
	Language    string   `json:"language,omitempty"` // BCP-47
	WebsiteURL  string   `json:"website_url,omitempty"`
	LogoURL     string   `json:"logo_url,omitempty"`
	Status      string   `json:"status"` // live, offline or scheduled_maintenance
	Premium     bool     `json:"is_premium,omitempty"`
	CatchupDays int      `json:"catchup_days,omitempty"` // 0: no catch-up
	EPGIDs      []string `json:"epg_ids,omitempty"`      // the channel's ids in feeds
	Published   bool     `json:"published,omitempty"`
}

// fault says what makes the channel break the contract's limits, or "" when it keeps them.
func (c *Channel) fault() string {
	switch {
	case c.Key == "":
		return "no key"
	case c.Name == "":
		return "no name"
	case len(c.EPGIDs) > epgIDsMax:
		return "more than 100 feeds"
	}
	reason := textsFault(limited{"key", c.Key, keyMax}, limited{"name", c.Name, channelNameMax}, limited{"category", c.Category, channelCategoryMax},
		limited{"description", c.Description, descriptionMax})
	if reason != "" {
		return reason
	}
	for _, id := range c.EPGIDs {
		if reason := textFault("id of a feed", id, epgIDMax); reason != "" {
			return reason
		}
	}
	return ""
}

// webAddress is the text if it is an absolute http(s) URL, else "".
func webAddress(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || utf8.RuneCountInString(text) > urlMax || textFault("", text, urlMax) != "" {
		return ""
	}
	return text
}

// languageTag is the BCP-47 tag of a code of ISO 639, whichever part of it, or "" for none and for those that stand for no
// language.
func languageTag(code string) string {
	switch code {
	case "", "mis", "mul", "und", "zxx":
		return ""
	}
	tag, err := language.Parse(code)
	if err != nil {
		return ""
	}
	return tag.String()
}
