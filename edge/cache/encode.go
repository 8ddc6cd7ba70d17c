package cache

import (
	"bytes"
	"io"
	"runtime"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const (
	minEncode   = 512 // bytes: below, a coding saves no packet
	brotliLevel = 5   // a fill compresses once; 5 is the last level before the time rises much faster than the ratio
)

// packer is a set of compressors that are used again and again. They hold megabytes, so there are only as many as can
// work at once; a pool would have one for each fill of a burst.
type packer struct {
	brotli *brotli.Writer
	gzip   *gzip.Writer
	zstd   *zstd.Encoder
}

var packers = sync.OnceValue(func() chan *packer {
	n := runtime.GOMAXPROCS(0)
	all := make(chan *packer, n)
	for range n {
		all <- &packer{}
	}
	return all
})

// prepare makes the compressors when they are first needed.
func (p *packer) prepare() {
	if p.zstd != nil {
		return
	}
	p.brotli = brotli.NewWriterLevel(io.Discard, brotliLevel)
	p.gzip = gzip.NewWriter(io.Discard)
	var err error
	if p.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(1<<20)); err != nil {
		panic(err) // constant options
	}
}

// encode returns the body in every coding that saves a tenth at least; the others are nil.
func encode(body []byte) [encodings][]byte {
	all := [encodings][]byte{Identity: body}
	if len(body) < minEncode {
		return all
	}
	p := <-packers()
	defer func() { packers() <- p }()
	p.prepare()
	for e := range Identity {
		if out := p.compress(e, body); len(out) <= len(body)-len(body)/10 {
			all[e] = out
		}
	}
	return all
}

func (p *packer) compress(e Encoding, body []byte) []byte {
	var b bytes.Buffer
	switch e {
	case Brotli:
		p.brotli.Reset(&b)
		finish(p.brotli, body)
	case Gzip:
		p.gzip.Reset(&b)
		finish(p.gzip, body)
	case Zstd:
		return p.zstd.EncodeAll(body, nil)
	}
	return b.Bytes()
}

func finish(w io.WriteCloser, body []byte) {
	_, err := w.Write(body)
	if err == nil {
		err = w.Close()
	}
	if err != nil { // bytes.Buffer can't fail
		panic(err)
	}
}
