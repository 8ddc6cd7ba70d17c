package cursor

import (
	"encoding/hex"
	"fmt"

	"encora/shared/conf"
)

// Settings are the keys as both programs are told them, by flag and environment.
type Settings struct {
	CursorKeys []conf.Secret `required:"" help:"Hex keys of 16 bytes or more that sign cursors, the same at origin and edges: the first signs, all verify."`
}

// Codec makes the codec of the keys; the error names the variable and which key is wrong.
func (s *Settings) Codec() (*Codec, error) {
	var keys [][]byte
	for i, k := range s.CursorKeys {
		key, err := hex.DecodeString(string(k))
		if err != nil {
			return nil, fmt.Errorf("CURSOR_KEYS: key %d is not hexadecimal", i+1)
		}
		keys = append(keys, key)
	}
	codec, err := New(keys)
	if err != nil {
		return nil, fmt.Errorf("CURSOR_KEYS: %w", err)
	}
	return codec, nil
}
