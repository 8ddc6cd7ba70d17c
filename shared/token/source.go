package token

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// maxDocument is the length in bytes of the longest JWKS that is read.
const maxDocument = 1 << 20

// fetchTimeout bounds one fetch of the key set.
const fetchTimeout = 5 * time.Second

// Source delivers the issuer's current JWKS document.
type Source interface {
	Fetch(ctx context.Context) ([]byte, error)
}

// SourceFunc makes a Source of a function.
type SourceFunc func(ctx context.Context) ([]byte, error)

// Fetch implements Source.
func (f SourceFunc) Fetch(ctx context.Context) ([]byte, error) { return f(ctx) }

// HTTPSource fetches the JWKS from URL. Redirects are refused: keys come from the configured address only.
type HTTPSource struct {
	URL    string
	Client *http.Client // nil: http.DefaultTransport; its CheckRedirect is not used
}

// Fetch implements Source. It fails on a status other than 200, after 5 s, and on more than 1 MiB.
func (s HTTPSource) Fetch(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	resp, err := s.client().Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", s.URL, resp.Status)
	}
	return readDocument(resp.Body)
}

func (s HTTPSource) client() *http.Client {
	var c http.Client
	if s.Client != nil {
		c = *s.Client
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

func readDocument(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxDocument+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxDocument {
		return nil, errors.New("JWKS is longer than 1 MiB")
	}
	return data, nil
}
