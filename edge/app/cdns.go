package app

import (
	"cmp"
	"context"
	"os"
	"time"

	"encora/edge/playback"
)

// lookEvery is how often CDN_CONFIG is looked at for a change: keys are rotated by writing the file.
const lookEvery = 2 * time.Second

// cdnFile keeps the signing of URLs as CDN_CONFIG says.
type cdnFile struct {
	cfg  *Config
	urls *playback.URLs
	seen os.FileInfo // of what was read last
}

// load reads the file.
func (f *cdnFile) load() error {
	if f.cfg.CDNConfig == "" {
		f.cfg.Log.Warn("no CDN_CONFIG: streams can't be started at this edge")
		return nil
	}
	seen, err := os.Stat(f.cfg.CDNConfig)
	if err != nil {
		return err
	}
	f.seen = seen
	cdns, err := f.cfg.cdns()
	if err == nil {
		err = f.cfg.checkMedia()
	}
	if err == nil {
		f.urls.Set(cdns)
	}
	return err
}

// Run reads the file again whenever it changes, until ctx ends. One that is wrong changes nothing.
func (f *cdnFile) Run(ctx context.Context) {
	if f.cfg.CDNConfig == "" {
		return
	}
	tick := time.NewTicker(cmp.Or(f.cfg.LookEvery, lookEvery))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now, err := os.Stat(f.cfg.CDNConfig)
		if err != nil || os.SameFile(now, f.seen) && now.ModTime().Equal(f.seen.ModTime()) && now.Size() == f.seen.Size() {
			continue
		}
		if err := f.load(); err != nil {
			f.cfg.Log.Error("CDN_CONFIG can't be used; URLs are signed as before: mend the file", "error", err)
		} else {
			f.cfg.Log.Info("CDN_CONFIG was read again")
		}
	}
}
