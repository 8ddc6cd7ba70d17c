package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"encora/deploy/local/media"
)

// setUpMedia makes the clip that every title of the demo plays, and the configuration by which the edge signs its URLs. It
// goes on without a clip: all but the streams works.
func (s *settings) setUpMedia(ctx context.Context) error {
	if s.CDNConfig != "" {
		return nil // somebody else serves media
	}
	if err := os.MkdirAll(s.mediaDir(), 0o700); err != nil {
		return err
	}
	err := media.Package(ctx, s.FFmpeg, s.mediaDir(), os.Stderr)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, media.ErrNoFFmpeg):
		fmt.Fprintln(os.Stderr, "streams will not play until ffmpeg is installed: on Debian by `apt-get install ffmpeg`, then run this again")
	case err != nil:
		fmt.Fprintln(os.Stderr, "streams will not play:", err)
	}
	return s.writeCDNs()
}

// writeCDNs writes where media lies, which the settings say, and the key that signs its URLs, which was made once.
func (s *settings) writeCDNs() error {
	var key string
	if err := loadKey(&key, filepath.Join(s.StateDir, "cdn-key")); err != nil {
		return err
	}
	text, err := json.MarshalIndent(map[string]any{"cdns": []any{map[string]any{
		"name": "edge", "paths": []string{"/"}, "base_url": s.mediaURL(), "signer": "hmac", "ttl": s.CDNTTL.String(),
		"keys": []any{map[string]string{"id": "local", "secret": key}},
	}}}, "", "  ")
	if err != nil { // plain texts; a broken invariant
		panic(err)
	}
	return replaceSecret(s.cdnConfig(), append(text, '\n'))
}

// replaceSecret writes a file of mode 0600, whole or not at all.
func replaceSecret(path string, text []byte) error {
	draft := path + ".new"
	if err := os.WriteFile(draft, text, 0o600); err != nil {
		return err
	}
	return os.Rename(draft, path)
}

func (s *settings) mediaDir() string { return filepath.Join(s.StateDir, "media") }

// mediaURL is where the edge serves media.
func (s *settings) mediaURL() string { return baseURL(s.EdgeAddr) + "/media" }

// cdnConfig is the name of the file that writeCDNs writes.
func (s *settings) cdnConfig() string { return filepath.Join(s.StateDir, "cdn.json") }

// mediaEnv is what the edge is to know of media, unless somebody else serves it.
func (s *settings) mediaEnv() []string {
	if s.CDNConfig != "" {
		return []string{"CDN_CONFIG=" + s.CDNConfig}
	}
	return []string{"CDN_CONFIG=" + s.cdnConfig(), "MEDIA_DIR=" + s.mediaDir()}
}
