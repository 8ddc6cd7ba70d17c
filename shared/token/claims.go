package token

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"encora/shared/ids"
	"encora/shared/op"
)

// skew is how far the issuer's clock may run ahead of ours: it applies to nbf and iat. exp has no leeway.
const skew = 30 * time.Second

// maxDate bounds NumericDates (RFC 7519, 2) to the last second of the year 9999.
const maxDate = 253402300799

// Claims are what a verified token says. They are shared between requests: read them only.
type Claims struct {
	Subject    string // never empty
	AccountID  string // UUID in lower case, or empty when the token speaks for no viewer
	Country    string // two letters A–Z as the issuer wrote them, not necessarily an ISO 3166-1 code; or empty
	PlanID     string // as the issuer wrote it, a UUID in lower case; or empty
	Role       string // informative: viewer, editor, admin; only Scopes permit
	ProfileIDs []string
	Scopes     []string
	Expires    time.Time
}

// Allows reports whether the bearer may call an operation with this access (op.Public, op.Viewer or a scope). It may be
// called on nil, which stands for a request without a token.
func (c *Claims) Allows(access string) bool {
	switch {
	case access == op.Public:
		return true
	case c == nil:
		return false
	case access == op.Viewer:
		return c.AccountID != ""
	}
	return slices.Contains(c.Scopes, access)
}

// readClaims reads a verified payload and checks that it is for us and for now.
func (v *Verifier) readClaims(payload []byte, now time.Time) (*Claims, error) {
	fields, err := parseObject(payload)
	if err != nil {
		return nil, fmt.Errorf("claims: %w", err)
	}
	r := reader{fields: fields}
	r.require("iss", "exp", "sub", "aud")
	if iss := r.text("iss"); iss != v.issuer {
		r.fail("iss", "is another issuer")
	}
	if !slices.Contains(r.audience(), v.audience) {
		r.fail("aud", "names another audience")
	}
	c := &Claims{Subject: r.text("sub"), AccountID: r.accountID(), Country: r.country(), PlanID: r.planID(),
		Role: r.text("role"), ProfileIDs: r.list("profile_ids"), Scopes: r.scopes(), Expires: r.lifetime(now)}
	if c.Subject == "" {
		r.fail("sub", "is empty")
	}
	if r.err != nil {
		return nil, r.err
	}
	return c, nil
}

// reader takes typed values out of a claims object and keeps the first thing that is wrong.
type reader struct {
	fields map[string]json.RawMessage
	err    error
}

func (r *reader) fail(name, what string) {
	if r.err == nil {
		r.err = fmt.Errorf("claim %s %s", name, what)
	}
}

func (r *reader) require(names ...string) {
	for _, name := range names {
		if _, ok := r.fields[name]; !ok {
			r.fail(name, "is missing")
		}
	}
}

// take decodes the field into v and reports whether it is there. encoding/json takes null for anything; claims do not.
func (r *reader) take(name string, v any) bool {
	raw, ok := r.fields[name]
	if !ok {
		return false
	}
	if string(raw) == "null" || json.Unmarshal(raw, v) != nil {
		r.fail(name, "has the wrong type")
		return false
	}
	return true
}

func (r *reader) text(name string) string {
	var s string
	r.take(name, &s)
	return s
}

// list reads an array of non-empty strings.
func (r *reader) list(name string) []string {
	var items []*string // pointers show null elements
	if !r.take(name, &items) {
		return nil
	}
	out := make([]string, 0, len(items))
	for _, s := range items {
		if s == nil || *s == "" {
			r.fail(name, "has an empty element")
			return nil
		}
		out = append(out, *s)
	}
	return out
}

// audience reads aud, which is one string or an array of them (RFC 7519, 4.1.3).
func (r *reader) audience() []string {
	if raw := r.fields["aud"]; len(raw) > 0 && raw[0] == '[' {
		return r.list("aud")
	}
	return []string{r.text("aud")}
}

// scopes reads scope, a list separated by spaces (RFC 8693, 4.2).
func (r *reader) scopes() []string {
	var out []string
	for s := range strings.SplitSeq(r.text("scope"), " ") {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

func (r *reader) accountID() string {
	var s string
	if r.take("account_id", &s) && !ids.Valid(s) {
		r.fail("account_id", "is not a UUID")
	}
	return strings.ToLower(s)
}

// planID is a plan's. One that is no UUID is of no plan of ours, as one that is not known.
func (r *reader) planID() string {
	s := r.text("plan_id")
	if ids.Valid(s) {
		return strings.ToLower(s)
	}
	return s
}

func (r *reader) country() string {
	var s string
	if r.take("country", &s) && !isCountry(s) {
		r.fail("country", "is not two capital letters")
	}
	return s
}

func isCountry(s string) bool {
	return len(s) == 2 && 'A' <= s[0] && s[0] <= 'Z' && 'A' <= s[1] && s[1] <= 'Z'
}

// lifetime checks exp, nbf and iat against now, and returns exp.
func (r *reader) lifetime(now time.Time) time.Time {
	exp, _ := r.date("exp")
	if !now.Before(exp) {
		r.fail("exp", "is past")
	}
	for _, name := range []string{"nbf", "iat"} {
		if at, ok := r.date(name); ok && at.After(now.Add(skew)) {
			r.fail(name, "lies in the future")
		}
	}
	return exp
}

// date reads a NumericDate: seconds since 1970, fractions allowed.
func (r *reader) date(name string) (time.Time, bool) {
	var seconds float64
	if !r.take(name, &seconds) {
		return time.Time{}, false
	}
	if seconds < 0 || seconds > maxDate {
		r.fail(name, "is out of range")
		return time.Time{}, false
	}
	return time.UnixMilli(int64(seconds * 1000)), true
}
