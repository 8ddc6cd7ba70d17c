package system

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"time"

	"github.com/cespare/xxhash/v2"
	"golang.org/x/text/language"

	"encora/shared/fault"
)

// AppSettings are what editors set for the apps of one platform.
type AppSettings struct {
	MinimumAppVersion AppVersions    `json:"minimum_app_version"`
	FeatureFlags      map[string]any `json:"feature_flags" maxProperties:"500" doc:"Names with a boolean, a number or a string each."`
	CDNBaseURL        string         `json:"cdn_base_url" format:"uri" maxLength:"2048"`
	Maintenance       Maintenance    `json:"maintenance"`
	SupportedLocales  []string       `json:"supported_locales" minItems:"1" maxItems:"200" maxLength:"35" pattern:"^[A-Za-z0-9-]+$" patternDescription:"a BCP-47 language tag" doc:"BCP-47."`
}

// AppVersions tells apps when to update themselves.
type AppVersions struct {
	Required    string  `json:"required" maxLength:"32" pattern:"^[0-9]+(\\.[0-9]+){0,3}$" patternDescription:"a version of one to four numbers, such as 2.10.1" doc:"Older apps must update before anything else."`
	Recommended string  `json:"recommended" maxLength:"32" pattern:"^[0-9]+(\\.[0-9]+){0,3}$" patternDescription:"a version of one to four numbers, such as 2.10.1" doc:"Older apps suggest an update."`
	StoreURL    *string `json:"store_url" required:"false" format:"uri" maxLength:"2048"`
}

// Maintenance tells apps to show a message instead of the catalogue.
type Maintenance struct {
	IsActive      bool       `json:"is_active" doc:"For apps: whether it is active now. For editors: whether it is switched on, within starts_at and ends_at where they are given."`
	Message       *string    `json:"message" required:"false" maxLength:"1000"`
	StartsAt      *time.Time `json:"starts_at" required:"false"`
	EndsAt        *time.Time `json:"ends_at" required:"false"`
	AllowPlayback bool       `json:"allow_playback" doc:"What is playing may go on."`
}

// activeAt reports whether a maintenance that is switched on is under way.
func (m *Maintenance) activeAt(at time.Time) bool {
	return m.IsActive && (m.StartsAt == nil || !at.Before(*m.StartsAt)) && (m.EndsAt == nil || at.Before(*m.EndsAt))
}

// AppConfig is what an app fetches when it starts.
type AppConfig struct {
	AppSettings
	ConfigVersion string `json:"config_version" doc:"Changes whenever the rest does."`
}

// AdminAppConfig is a platform's configuration as editors see it.
type AdminAppConfig struct {
	Platform string `json:"platform" enum:"ios,android,tvos,web,roku,firetv"`
	AppConfig
	UpdatedAt *time.Time `json:"updated_at" doc:"null while the defaults stand."`
}

// defaults are what apps get until an editor has written something else.
func (d *Domain) defaults() AppSettings {
	return AppSettings{
		MinimumAppVersion: AppVersions{Required: "1.0.0", Recommended: "1.0.0"},
		FeatureFlags:      map[string]any{},
		CDNBaseURL:        d.CDNBaseURL,
		Maintenance:       Maintenance{AllowPlayback: true},
		SupportedLocales:  []string{"en"},
	}
}

// versioned adds the settings' hash.
func (s AppSettings) versioned() (AppConfig, error) {
	text, err := json.Marshal(s)
	return AppConfig{s, fmt.Sprintf("%016x", xxhash.Sum64(text))}, err
}

var flagName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,99}$`)

// Faults implements api.Checked.
func (s *AppSettings) Faults() []fault.Detail {
	var all []fault.Detail
	add := func(field, code, message string) {
		all = append(all, fault.Detail{Field: field, Code: code, Message: message})
	}
	if u, err := url.Parse(s.CDNBaseURL); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		add("cdn_base_url", "invalid_format", "Expected an absolute http(s) URL without user, query and fragment.")
	}
	if store := s.MinimumAppVersion.StoreURL; store != nil && !hasHost(*store) {
		add("minimum_app_version.store_url", "invalid_format", "Expected an absolute URL.")
	}
	for name, value := range s.FeatureFlags {
		if !flagName.MatchString(name) {
			add("feature_flags."+name, "invalid_format", "Expected a name of at most 100 letters, digits, dots, dashes and underscores, a letter first.")
		}
		if !isFlag(value) {
			add("feature_flags."+name, "not_allowed", "Expected a boolean, a number, or a string of at most 1000 bytes.")
		}
	}
	for i, locale := range s.SupportedLocales {
		if _, err := language.Parse(locale); err != nil {
			add(fmt.Sprintf("supported_locales[%d]", i), "invalid_format", "Expected a BCP-47 language tag.")
		}
	}
	if m := s.Maintenance; m.StartsAt != nil && m.EndsAt != nil && !m.EndsAt.After(*m.StartsAt) {
		add("maintenance.ends_at", "out_of_range", "The maintenance must end after it begins.")
	}
	return all
}

func isFlag(value any) bool {
	switch v := value.(type) {
	case bool, float64:
		return true
	case string:
		return len(v) <= 1000
	}
	return false
}

func hasHost(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme != "" && u.Host != ""
}
