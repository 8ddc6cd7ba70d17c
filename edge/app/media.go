package app

import "encora/edge/media"

// openMedia opens the folder of media that this edge serves; nil when it serves none.
func openMedia(cfg *Config) (*media.Handler, error) {
	if cfg.MediaDir == "" {
		return nil, nil
	}
	cdns, err := cfg.cdns()
	if err != nil {
		return nil, err
	}
	return media.New(media.Config{Dir: cfg.MediaDir, Verifier: cdns.Verifier()})
}
