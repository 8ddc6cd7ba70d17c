package app

import "encora/edge/media"

// openMedia opens the folder of media that this edge serves; nil when it serves none. Build says who verifies for it.
func openMedia(cfg *Config) (*media.Handler, error) {
	if cfg.MediaDir == "" {
		return nil, nil
	}
	return media.New(media.Config{Dir: cfg.MediaDir})
}
