package epg

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// Bounds of a fetch.
const (
	maxDocument  = 2 << 30 // bytes, unless EPG_MAX_BYTES says otherwise
	fetchTotal   = 30 * time.Minute
	fetchIdle    = 30 * time.Second // without a byte
	fetchConnect = 10 * time.Second
)

// badSource is why a document could not be had: the reason that its import fails.
type badSource struct {
	code, message string
	detail        string // for the log: it may name what is of no concern to editors
}

// bad makes a badSource without a detail.
func bad(code, message string) *badSource { return &badSource{code: code, message: message} }

func (b *badSource) Error() string { return b.message }

// refuses says why feeds are not fetched from the address, or "".
func (s *Imports) refuses(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return "Expected an absolute URL."
	case u.Scheme != "https":
		return "Feeds are fetched over https only."
	case u.User != nil:
		return "The URL must not hold a user name or a password."
	case len(s.Hosts) == 0:
		return "No host is allowed: name the hosts of feeds in the setting EPG_SOURCE_HOSTS."
	case !slices.ContainsFunc(s.Hosts, func(allowed string) bool { return sameHost(allowed, u) }):
		return "The host is not among those that the setting EPG_SOURCE_HOSTS names."
	}
	return ""
}

// sameHost compares names without case and ports with 443 where none is given.
func sameHost(allowed string, u *url.URL) bool {
	a := url.URL{Host: allowed}
	return strings.EqualFold(a.Hostname(), u.Hostname()) && orHTTPS(a.Port()) == orHTTPS(u.Port())
}

func orHTTPS(port string) string {
	if port == "" {
		return "443"
	}
	return port
}

// CheckHosts says what makes the list of allowed hosts none.
func CheckHosts(hosts []string) error {
	for _, h := range hosts {
		if u, err := url.Parse("https://" + h); err != nil || h == "" || u.Host != h || u.Hostname() == "" {
			return fmt.Errorf("EPG_SOURCE_HOSTS: %q is not a host name with or without :port", h)
		}
	}
	return nil
}

func (s *Imports) maxBytes() int64 { return orDefault(s.MaxBytes, maxDocument) }

func orDefault[T comparable](v, otherwise T) T {
	if v == *new(T) {
		return otherwise
	}
	return v
}

// fetch opens the document at the address; its errors are badSource. What is read is decompressed, and ends with an error
// at the first bound that it passes.
func (s *Imports) fetch(ctx context.Context, address string) (io.ReadCloser, error) {
	if refused := s.refuses(address); refused != "" { // the setting may have changed since the import was asked for
		return nil, bad("source_refused", refused)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, orDefault(s.total, fetchTotal), bad("source_too_slow", "The feed did not end in time."))
	ctx, stop := context.WithCancelCause(ctx)
	watch := newWatchdog(orDefault(s.idle, fetchIdle), stop)
	end := func() { watch.stop(); stop(nil); cancel() }
	res, err := s.get(ctx, address)
	watch.stop()
	if err == nil && ctx.Err() != nil { // the host's answer to our going
		res.Body.Close()
		err = ctx.Err()
	}
	if err != nil {
		defer end()
		return nil, sourceFault(ctx, err)
	}
	body := func(p []byte) (int, error) {
		watch.start()
		n, err := res.Body.Read(p)
		watch.stop()
		if err != nil && (err != io.EOF || ctx.Err() != nil) {
			err = sourceFault(ctx, err)
		}
		return n, err
	}
	return &opened{s.decompress(readerFunc(body), res.Header.Get("Content-Encoding"), maxRatio), func() error {
		defer end()
		return res.Body.Close()
	}}, nil
}

// sourceFault names the bound that ended a fetch, or what went wrong on the way.
func sourceFault(ctx context.Context, err error) error {
	var known *badSource
	if errors.As(err, &known) || errors.As(context.Cause(ctx), &known) {
		return known
	}
	if ctx.Err() != nil {
		return ctx.Err() // we are to stop
	}
	var address *url.Error
	if errors.As(err, &address) { // it names the URL, which may hold a secret
		err = address.Err
	}
	return &badSource{"source_unreachable", "The feed could not be fetched: " + trouble(err) + ".", err.Error()}
}

// trouble tells an editor what is wrong with a feed's host, without the addresses of resolvers and inner networks that
// errors name.
func trouble(err error) string {
	var unresolved *net.DNSError
	var timeout net.Error
	var certificate *tls.CertificateVerificationError
	var alert tls.AlertError
	var noTLS tls.RecordHeaderError
	switch {
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedNetwork), errors.Is(err, ssrf.ErrProhibitedPort):
		return "its host has no public address"
	case errors.As(err, &unresolved) && unresolved.IsNotFound:
		return "its host's name is not known"
	case errors.As(err, &unresolved):
		return "its host's name could not be resolved"
	case errors.As(err, &certificate):
		return "its host's certificate could not be verified"
	case errors.As(err, &alert), errors.As(err, &noTLS):
		return "its host does not speak TLS as it should"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "its host did not answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "its host refused the connection"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return "the connection ended before the document did"
	}
	return "the connection to its host failed"
}

// get asks for the document. The address is checked at each dial, after its name was resolved, so that no name can lead
// inside, whatever it led to before.
func (s *Imports) get(ctx context.Context, address string) (*http.Response, error) {
	dialer := &net.Dialer{Timeout: fetchConnect, Control: s.control}
	if dialer.Control == nil {
		dialer.Control = ssrf.New(ssrf.WithAnyPort()).Safe
	}
	client := &http.Client{
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{RootCAs: s.roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: fetchConnect, MaxResponseHeaderBytes: 64 << 10, DisableCompression: true, DisableKeepAlives: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept-Encoding", "gzip")
	req.Header.Set("User-Agent", "encora-epg")
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	if fault := answerFault(res); fault != nil {
		res.Body.Close()
		return nil, fault
	}
	return res, nil
}

func answerFault(res *http.Response) error {
	encoding := strings.ToLower(res.Header.Get("Content-Encoding"))
	switch {
	case res.StatusCode >= 300 && res.StatusCode < 400:
		return bad("source_redirects", fmt.Sprintf("The feed's host answers with a redirect (%d), which is not followed: give the address that it leads to.", res.StatusCode))
	case res.StatusCode != http.StatusOK:
		return bad("source_unavailable", fmt.Sprintf("The feed's host answers with status %d.", res.StatusCode))
	case encoding != "" && encoding != "identity" && encoding != "gzip" && encoding != "x-gzip":
		return bad("source_encoding", "The feed comes in an encoding that was not asked for: expected gzip or none.")
	}
	return nil
}

// watchdog ends what gives no byte for too long, while somebody waits for one.
type watchdog struct {
	timer *time.Timer
	limit time.Duration
}

func newWatchdog(limit time.Duration, end context.CancelCauseFunc) *watchdog {
	return &watchdog{limit: limit, timer: time.AfterFunc(limit, func() {
		end(bad("source_stalled", fmt.Sprintf("The feed gave no byte for %v.", limit)))
	})}
}

func (w *watchdog) start() { w.timer.Reset(w.limit) }
func (w *watchdog) stop()  { w.timer.Stop() }
