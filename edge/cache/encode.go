package cache

import (
	"bytes"
	"io"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const (
	minEncode   = 512 // bytes: below, a coding saves no packet
	brotliLevel = 5   // a fill compresses once; 5 is the last level before the time rises much faster than the ratio
)

// packer is a compressor that can be used again.
type packer interface {
	io.WriteCloser
	Reset(io.Writer)
}

var packers = [Identity]sync.Pool{
	Brotli: {New: func() any { return brotli.NewWriterLevel(io.Discard, brotliLevel) }},
	Gzip:   {New: func() any { return gzip.NewWriter(io.Discard) }},
}

// zstds is one encoder for all: EncodeAll keeps its own pool, of as many as may run at once.
var zstds = sync.OnceValue(func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(2), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(1<<20))
	if err != nil { // constant options
		panic(err)
	}
	return e
})

// encode returns the body in a coding, or nil when that would save less than a tenth.
func encode(e Encoding, body []byte) []byte {
	if e == Identity {
		return body
	}
	if len(body) < minEncode {
		return nil
	}
	out := compress(e, body)
	if len(out) > len(body)-len(body)/10 {
		return nil
	}
	return out
}

func compress(e Encoding, body []byte) []byte {
	if e == Zstd {
		return zstds().EncodeAll(body, nil)
	}
	var b bytes.Buffer
	w := packers[e].Get().(packer)
	defer packers[e].Put(w)
	w.Reset(&b)
	_, err := w.Write(body)
	if err == nil {
		err = w.Close()
	}
	if err != nil { // bytes.Buffer can't fail
		panic(err)
	}
	return b.Bytes()
}
