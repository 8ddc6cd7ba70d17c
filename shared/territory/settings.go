package territory

import (
	"fmt"
	"net/netip"
	"strings"
)

// Settings are what both programs can be told about whom to believe, as flags and environment.
type Settings struct {
	TrustedProxies []string `help:"Networks (CIDR) whose X-Forwarded-For and country header count."`
	CountryHeader  string   `help:"The CDN's header with the viewer's country, such as CloudFront-Viewer-Country."`
	GeoIPFile      string   `name:"geoip-file" help:"MaxMind database with countries."`
}

// Config reads the settings; the error names the variable that is wrong.
func (s *Settings) Config() (Config, error) {
	c := Config{CountryHeader: s.CountryHeader, GeoIPFile: s.GeoIPFile}
	for _, text := range s.TrustedProxies {
		p, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil {
			return c, fmt.Errorf("TRUSTED_PROXIES: %q is not a network such as 10.0.0.0/8", text)
		}
		c.TrustedProxies = append(c.TrustedProxies, p)
	}
	return c, nil
}
