// Package media packages the clip that every title of the demo plays: CMAF fragments with one HLS and one DASH description
// over them. It is made by ffmpeg on the spot, so that no video has to be part of the project.
package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"encora/deploy/local/proc"
)

// ErrNoFFmpeg says that there is no clip, and nothing to make one with.
var ErrNoFFmpeg = errors.New("ffmpeg is not installed")

// clipFolder is the folder that edges serve for each title which has none of its own.
const clipFolder = "clip"

// stampFile holds the recipe that a clip was made by. No server of the folder gives out a name that begins with a dot.
const stampFile = ".recipe"

const stopPatience = 5 * time.Second // for ffmpeg to end before it is killed

// Package makes the clip in a folder of dir, unless one of the current recipe is there. The folder appears, or changes,
// whole: whoever reads it never finds half a clip. A clip of an older recipe stays when ffmpeg, a path or a name to look
// up, is not there. What ffmpeg has to say goes to log.
func Package(ctx context.Context, ffmpeg, dir string, log io.Writer) error {
	clip := filepath.Join(dir, clipFolder)
	stamp, err := os.ReadFile(filepath.Join(clip, stampFile))
	if bytes.Equal(stamp, recipe()) {
		return nil
	}
	there := err == nil
	program, err := exec.LookPath(ffmpeg)
	switch {
	case err != nil && there:
		return nil
	case err != nil:
		return ErrNoFFmpeg
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	draft, err := os.MkdirTemp(dir, ".clip-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(draft)
	if err := encode(ctx, program, draft, log); err != nil {
		return err
	}
	return replace(draft, clip)
}

// encode runs ffmpeg in the folder and leaves the stamp beside what it made.
func encode(ctx context.Context, program, folder string, log io.Writer) error {
	cmd := exec.Command(program, arguments()...)
	cmd.Dir = folder
	c, err := proc.Start("ffmpeg", cmd, log, syscall.SIGKILL)
	if err != nil {
		return fmt.Errorf("ffmpeg: %w", err)
	}
	select {
	case <-ctx.Done():
		c.Stop(syscall.SIGTERM, stopPatience)
		return ctx.Err()
	case <-c.Done():
	}
	if c.Err() != nil {
		return fmt.Errorf("ffmpeg: %w", c.Err())
	}
	return os.WriteFile(filepath.Join(folder, stampFile), recipe(), 0o600)
}

// replace puts the folder draft in the place of old, if that is there. Folders can't be exchanged in one step everywhere:
// a run that dies between the two leaves no clip, and the next one makes it again.
func replace(draft, old string) error {
	aside := draft + "-old"
	if err := os.Rename(old, aside); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	defer os.RemoveAll(aside)
	return os.Rename(draft, old)
}
