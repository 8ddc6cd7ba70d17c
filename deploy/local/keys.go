package main

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// loadKeys replaces keys that are not set by those that an earlier run left in the state folder, or by new ones.
func (s *settings) loadKeys() error {
	if err := loadKey(&s.EdgeKeys, filepath.Join(s.StateDir, "edge-keys")); err != nil {
		return err
	}
	return loadKey(&s.CursorKeys, filepath.Join(s.StateDir, "cursor-keys"))
}

func loadKey[Text ~string](key *Text, path string) error {
	if *key != "" {
		return nil
	}
	kept, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		kept, err = makeKey(path)
	}
	*key = Text(strings.TrimSpace(string(kept)))
	return err
}

// makeKey makes a key of 32 random bytes, in hex. It links a finished file into place: nobody reads half a key, and of
// two runs that make it at once both take the first one's.
func makeKey(path string) ([]byte, error) {
	raw := make([]byte, 32)
	rand.Read(raw)                                          // never fails
	draft, err := os.CreateTemp(filepath.Dir(path), "key-") // of mode 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(draft.Name())
	_, err = fmt.Fprintln(draft, hex.EncodeToString(raw))
	if err := cmp.Or(err, draft.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(draft.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.ReadFile(path)
}
