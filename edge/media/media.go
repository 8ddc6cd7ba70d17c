// Package media serves packaged files, playlists and fragments alike, to whoever holds a signed URL: each request carries the
// path token of package sign, and each is verified. It stands in for a CDN where there is none, on one machine; what it
// refuses, and how, is what our own signer asks of any CDN.
package media

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/valyala/fasthttp"

	"encora/shared/fault"
	"encora/shared/sign"
)

// clipFolder is the folder of MEDIA_DIR that titles play which have no folder of their own.
const clipFolder = "clip"

// Config is what a Handler works with.
type Config struct {
	Dir string // of the files, by the paths of assets
	// Verifier is of the keys of now, which may be exchanged at any time.
	Verifier func() *sign.Verifier
	// Ended reports whether a session is known to be over; nil: none is.
	Ended func(session uuid.UUID) bool
}

// Handler answers requests. It is safe for concurrent use until Close.
type Handler struct {
	Config
	root *os.Root
	meters
}

// New opens the folder.
func New(c Config) (*Handler, error) {
	root, err := os.OpenRoot(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("media: %w", err)
	}
	return &Handler{Config: c, root: root, meters: newMeters()}, nil
}

// Close gives the folder back.
func (h *Handler) Close() error { return h.root.Close() }

var (
	errForbidden = fault.New(fault.Forbidden, "The URL does not give access, or no longer.")
	errAbsent    = fault.New(fault.NotFound, "There is no such resource.")
	errRange     = fault.New(fault.BadRequest, "The file has no such range of bytes.")
	errEnded     = errors.New("the session is over")
)

// Serve answers a GET or HEAD of a target, a path without escapes that begins with the token's segment. Instead of an answer
// it may give a fault and the status for it. Viewers are told nothing about what is wrong with a URL: only the meters are.
func (h *Handler) Serve(ctx *fasthttp.RequestCtx, target, query string, now time.Time, viewer netip.Addr) (int, *fault.Fault) {
	claims, name, err := h.Verifier().Verify(target, query, now, viewer)
	if err == nil && h.Ended != nil && h.Ended(claims.Session) {
		err = errEnded
	}
	if err != nil {
		h.refused(err)
		return http.StatusForbidden, errForbidden
	}
	f, err := h.open(name)
	if err != nil {
		h.count(absent)
		return http.StatusNotFound, errAbsent
	}
	head := &ctx.Response.Header
	head.Set(fasthttp.HeaderCacheControl, fmt.Sprintf("private, max-age=%d", int64(claims.Expires.Sub(now)/time.Second)))
	head.Set(fasthttp.HeaderXContentTypeOptions, "nosniff")
	return h.send(ctx, f)
}

// file is an open regular file.
type file struct {
	*os.File
	size int64
	etag string
}

// open opens what lies at the path of an asset: in the title's own folder, else in the clip's. The root follows no link out
// of it, and nothing that begins with a dot is given out.
func (h *Handler) open(name string) (*file, error) {
	if strings.Contains(name, "/.") {
		return nil, os.ErrNotExist
	}
	name = strings.TrimPrefix(name, "/")
	if _, err := h.root.Stat(path.Dir(name)); errors.Is(err, os.ErrNotExist) {
		name = path.Join(clipFolder, path.Base(name))
	}
	f, err := h.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // not to wait for who writes to a pipe
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = os.ErrNotExist
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &file{f, info.Size(), fmt.Sprintf(`"%x-%x"`, info.ModTime().UnixNano(), info.Size())}, nil
}
