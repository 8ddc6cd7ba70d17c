package media

import (
	"path"
	"time"

	"github.com/google/uuid"
	"golang.org/x/text/language"

	"encora/shared/fault"
)

// The types of assets, as the contract's uploads name them.
const (
	videoMaster = "video_master"
	trailer     = "trailer"
	subtitle    = "subtitle"
	audioTrack  = "audio_track"
)

// statusReady is the status of an asset that another packager made: it can be played at once.
const statusReady = "ready"

// AssetTarget is the content that an asset belongs to.
type AssetTarget struct {
	ContentType string    `json:"content_type" enum:"movie,show,episode,channel"`
	ContentID   uuid.UUID `json:"content_id"`
}

// AssetWrite is the body of a registration.
type AssetWrite struct {
	AssetType       string      `json:"asset_type" enum:"video_master,trailer,image,subtitle,audio_track"`
	Target          AssetTarget `json:"target" doc:"Content entity to attach the asset to."`
	DASHPath        string      `json:"dash_path,omitempty" maxLength:"1024" pattern:"^/[A-Za-z0-9._~!$&'()*+,;=:@/-]+$" patternDescription:"a path that begins with / and holds characters of URLs only" doc:"Path below the CDN's base URL; this or hls_path is required. A file that is no manifest, such as a subtitle or image, may be given as either."`
	HLSPath         string      `json:"hls_path,omitempty" maxLength:"1024" pattern:"^/[A-Za-z0-9._~!$&'()*+,;=:@/-]+$" patternDescription:"a path that begins with / and holds characters of URLs only" doc:"Path below the CDN's base URL; this or dash_path is required."`
	DurationSeconds int         `json:"duration_seconds,omitempty" minimum:"1" maximum:"31536000"`
	KeyIDs          []uuid.UUID `json:"key_ids,omitempty" maxItems:"64" doc:"Key ids of Common Encryption (ISO/IEC 23001-7); none when the asset is clear."`
	Language        string      `json:"language,omitempty" maxLength:"35" pattern:"^[A-Za-z0-9-]+$" patternDescription:"a BCP-47 language tag" doc:"BCP-47."`
	Kind            string      `json:"kind,omitempty" maxLength:"32" pattern:"^[a-z][a-z0-9_-]*$" patternDescription:"a word of small letters a to z, digits, hyphens and underscores, a letter first" doc:"Role of a track, such as subtitles, captions, forced, main, commentary or descriptions."`
	Title           string      `json:"title,omitempty" maxLength:"255" pattern:"^[^\\r\\n]*$" patternDescription:"a text on one line"`
}

// Asset is a packaged asset. What was not given is left out.
type Asset struct {
	ID              uuid.UUID   `json:"id"`
	AssetType       string      `json:"asset_type" enum:"video_master,trailer,image,subtitle,audio_track"`
	Target          AssetTarget `json:"target"`
	DASHPath        string      `json:"dash_path,omitempty"`
	HLSPath         string      `json:"hls_path,omitempty"`
	DurationSeconds int         `json:"duration_seconds,omitempty"`
	KeyIDs          []uuid.UUID `json:"key_ids"`
	Language        string      `json:"language,omitempty"`
	Kind            string      `json:"kind,omitempty"`
	Title           string      `json:"title,omitempty"`
	Status          string      `json:"status" enum:"ready"`
	CreatedAt       time.Time   `json:"created_at"`
}

// Location is the address of the asset.
func (a Asset) Location() string { return "/v2/admin/media/assets/" + a.ID.String() }

// Faults implements api.Checked.
func (b *AssetWrite) Faults() []fault.Detail {
	var all []fault.Detail
	add := func(field, code, message string) {
		all = append(all, fault.Detail{Field: field, Code: code, Message: message})
	}
	if b.DASHPath == "" && b.HLSPath == "" {
		add("dash_path", "required", "One of dash_path and hls_path is required.")
		add("hls_path", "required", "One of dash_path and hls_path is required.")
	}
	if !clean(b.DASHPath) {
		add("dash_path", "invalid_format", "Expected a path without empty, . and .. segments.")
	}
	if !clean(b.HLSPath) {
		add("hls_path", "invalid_format", "Expected a path without empty, . and .. segments.")
	}
	if _, err := language.Parse(b.Language); err != nil && b.Language != "" {
		add("language", "invalid_format", "Expected a BCP-47 language tag.")
	}
	return all
}

// faults are those of the target; known is the type of the content with its id, if there is one.
func (t *AssetTarget) faults(known string) []fault.Detail {
	if known != "" && known == t.ContentType {
		return nil
	}
	return []fault.Detail{{Field: "target.content_id", Code: "unknown", Message: "There is no content of this type with this id."}}
}

// clean reports whether a path is in its one spelling; an absent one is.
func clean(p string) bool { return p == "" || path.Clean(p) == p }

func (b *AssetWrite) asset(id uuid.UUID, now time.Time) *Asset {
	return &Asset{ID: id, AssetType: b.AssetType, Target: b.Target, DASHPath: b.DASHPath, HLSPath: b.HLSPath,
		DurationSeconds: b.DurationSeconds, KeyIDs: append([]uuid.UUID{}, b.KeyIDs...), Language: b.Language, Kind: b.Kind,
		Title: b.Title, Status: statusReady, CreatedAt: now}
}
