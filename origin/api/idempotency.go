package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"encora/origin/record"
	"encora/shared/fault"
)

// keyFaults says what makes the values of Idempotency-Key no key.
func keyFaults(given []string) []fault.Detail {
	bad := func(code, message string) []fault.Detail {
		return []fault.Detail{{Field: "Idempotency-Key", Code: code, Message: message}}
	}
	switch {
	case len(given) == 0:
		return nil
	case len(given) > 1:
		return bad("repeated", "This header is given more than once.")
	case utf8.RuneCountInString(given[0]) > 255:
		return bad("too_long", "Expected length <= 255.")
	case textFault(given[0]) != "" || strings.Contains(given[0], "\t"):
		return bad("invalid_text", "Expected text without control characters.")
	}
	return nil
}

func idempotency(r *http.Request, e *Entry, raw []byte) *record.Request {
	key := r.Header.Get("Idempotency-Key")
	if !e.idempotent || key == "" {
		return nil
	}
	target := r.URL.Path
	if query, _ := e.Canonical(r.URL.RawQuery); query != "" { // decode has refused what is none
		target += "?" + query
	}
	return &record.Request{Operation: e.ID, Key: key, Fingerprint: fingerprint(target, raw)}
}

// performOnce replays the stored answer of the key, or performs the write and stores its answer. A refusal is an answer
// too, and is kept; what is unexpected is not.
func (s *Server) performOnce(ctx context.Context, w *Write, in any, idem record.Request) (*answer, error) {
	idem.Account = w.Account
	if stored, err := w.Claim(ctx, idem); stored != nil || err != nil {
		return replay(stored), err
	}
	if _, err := w.Exec(ctx, "SAVEPOINT performed"); err != nil {
		return nil, err
	}
	a, err := s.perform(ctx, w, in)
	var refusal *fault.Fault
	switch {
	case err == nil:
		return a, w.Commit(ctx, w.Store(idem, record.Answer{Status: a.status, Header: a.header, Body: a.body}))
	case !errors.As(err, &refusal) || refusal.Status() >= 500:
		return nil, err
	}
	if _, err := w.Exec(ctx, "ROLLBACK TO performed"); err != nil {
		return nil, err
	}
	a = refused(refusal, w.Actor.RequestID)
	only := record.Begin(w.Tx.Tx, w.Actor, w.Now)
	return a, only.Commit(ctx, only.Store(idem, record.Answer{Status: a.status, Header: a.header, Body: a.body}))
}

func replay(stored *record.Answer) *answer {
	if stored == nil {
		return nil
	}
	header := stored.Header.Clone()
	header.Set("Idempotent-Replayed", "true")
	return &answer{stored.Status, header, stored.Body}
}

// fingerprint identifies a request's target and body, whatever the spacing and the order of names in its JSON.
func fingerprint(target string, body []byte) []byte {
	var parsed any
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber() // two numbers that a float64 can't tell apart are two requests
	if dec.Decode(&parsed) == nil {
		if b, err := encode(parsed); err == nil {
			body = b
		}
	}
	sum := sha256.Sum256(slices.Concat([]byte(target+"\n"), body))
	return sum[:]
}
