package sign

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"sync"
)

// keyed is HMAC-SHA256 with one key. It keeps the key in its hashes only, where nothing that prints values looks; and its
// hashes in a pool, as one that is reset costs a fifth of a new one.
type keyed struct{ pool sync.Pool }

// scratch is a hash, with room for what is hashed.
type scratch struct {
	hash hash.Hash
	buf  []byte
}

func newKeyed(key []byte) *keyed {
	return &keyed{sync.Pool{New: func() any { return &scratch{hash: hmac.New(sha256.New, key)} }}}
}

func (k *keyed) get() *scratch { return k.pool.Get().(*scratch) }

func (k *keyed) put(s *scratch) { k.pool.Put(s) }

// sum replaces what follows the first keep bytes of the buffer by the MAC of the whole buffer, 32 bytes.
func (s *scratch) sum(keep int) {
	s.hash.Reset()
	s.hash.Write(s.buf)
	s.buf = s.hash.Sum(s.buf[:keep])
}
