package subscriber

import (
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/shared/fault"
)

// Plan is a plan as everybody sees it.
type Plan struct {
	ID                   uuid.UUID   `json:"id"`
	Name                 string      `json:"name"`
	Description          string      `json:"description,omitempty"`
	Price                api.Decimal `json:"price" doc:"Per billing cycle, in the plan's currency."`
	Currency             string      `json:"currency" doc:"ISO 4217."`
	BillingCycle         string      `json:"billing_cycle" enum:"monthly,quarterly,semi_annual,annual"`
	MaxProfiles          int         `json:"max_profiles"`
	MaxConcurrentStreams int         `json:"max_concurrent_streams"`
	MaxDevices           int         `json:"max_devices"`
	MaxQuality           string      `json:"max_quality" enum:"SD,HD,FHD,UHD"`
	HasDownloads         bool        `json:"has_downloads"`
	AllowDownloadCount   int         `json:"allow_download_count"`
	HasAds               bool        `json:"has_ads"`
	HasHDR               bool        `json:"has_hdr" db:"has_hdr"`
	HasDolbyAtmos        bool        `json:"has_dolby_atmos"`
	TrialDays            int         `json:"trial_days"`
	IsActive             bool        `json:"is_active"`
	CreatedAt            time.Time   `json:"created_at"`
	UpdatedAt            time.Time   `json:"updated_at"`
}

// AdminPlan is a plan as editors see it.
type AdminPlan struct {
	Plan
	ExternalID              int64  `json:"external_id"`
	IncludesPremiumChannels bool   `json:"includes_premium_channels"`
	CatalogueFilter         string `json:"catalogue_filter"`
}

// Location is the address of the plan for editors.
func (p AdminPlan) Location() string { return adminPlans + "/" + p.ID.String() }

// PlanWrite is the body of create and replace.
type PlanWrite struct {
	Name                    string      `json:"name" minLength:"1" maxLength:"100" pattern:"^[^\\r\\n]*\\S[^\\r\\n]*$" patternDescription:"a text on one line that is not blank"`
	Description             string      `json:"description,omitempty" maxLength:"1000"`
	Price                   api.Decimal `json:"price" maximum:"100000000" doc:"Per billing cycle, in the plan's currency; at most four decimals."`
	Currency                string      `json:"currency" minLength:"3" maxLength:"3" doc:"An ISO 4217 code that is in use, such as EUR."`
	BillingCycle            string      `json:"billing_cycle" enum:"monthly,quarterly,semi_annual,annual"`
	MaxProfiles             int         `json:"max_profiles" minimum:"1" maximum:"50"`
	MaxConcurrentStreams    int         `json:"max_concurrent_streams" minimum:"1" maximum:"100"`
	MaxDevices              int         `json:"max_devices" minimum:"1" maximum:"100"`
	MaxQuality              string      `json:"max_quality" enum:"SD,HD,FHD,UHD"`
	HasDownloads            bool        `json:"has_downloads,omitempty" default:"false"`
	AllowDownloadCount      int         `json:"allow_download_count,omitempty" default:"0" minimum:"0" maximum:"10000"`
	HasAds                  bool        `json:"has_ads,omitempty" default:"false"`
	HasHDR                  bool        `json:"has_hdr,omitempty" default:"false"`
	HasDolbyAtmos           bool        `json:"has_dolby_atmos,omitempty" default:"false"`
	TrialDays               int         `json:"trial_days,omitempty" default:"0" minimum:"0" maximum:"365"`
	IsActive                bool        `json:"is_active" doc:"Whether the plan is on offer. Those who have it keep it in any case."`
	IncludesPremiumChannels bool        `json:"includes_premium_channels,omitempty" default:"false" doc:"Whether channels with is_premium play."`
	CatalogueFilter         string      `json:"catalogue_filter,omitempty" maxLength:"2000" doc:"What the plan includes of the catalogue, in the language of dynamic collections (CEL). What it leaves out is not there for the plan's viewers. Empty = everything."`
}

// Faults implements api.Checked.
func (b *PlanWrite) Faults() []fault.Detail {
	faults := b.Price.Faults("price")
	if !isCurrency(b.Currency) {
		faults = append(faults, fault.Detail{Field: "currency", Code: "not_allowed", Message: "Expected an ISO 4217 code that is in use, in capitals."})
	}
	return faults
}

// copyFrom takes over what a body says.
func (p *AdminPlan) copyFrom(b *PlanWrite) {
	p.Name, p.Description, p.Price, p.Currency, p.BillingCycle = b.Name, b.Description, b.Price, b.Currency, b.BillingCycle
	p.MaxProfiles, p.MaxConcurrentStreams, p.MaxDevices, p.MaxQuality = b.MaxProfiles, b.MaxConcurrentStreams, b.MaxDevices, b.MaxQuality
	p.HasDownloads, p.AllowDownloadCount, p.HasAds = b.HasDownloads, b.AllowDownloadCount, b.HasAds
	p.HasHDR, p.HasDolbyAtmos, p.TrialDays, p.IsActive = b.HasHDR, b.HasDolbyAtmos, b.TrialDays, b.IsActive
	p.IncludesPremiumChannels, p.CatalogueFilter = b.IncludesPremiumChannels, b.CatalogueFilter
}
