package token

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"encora/shared/ids"

	"github.com/golang-jwt/jwt/v5"
)

// What the development issuer writes into its tokens.
const (
	DevIssuer   = "encora-dev"
	DevAudience = "encora"
)

// defaultTTL is how long a development token lasts unless told otherwise.
const defaultTTL = 12 * time.Hour

// issuerFile holds the development issuer's private key, inside the state directory.
const issuerFile = "issuer.json"

// roles bundle scopes (conventions.md, "Who may call").
var roles = map[string][]string{
	"viewer": nil, // a viewer is a token with an account_id
	"editor": {"content:read", "content:write", "content:publish", "epg:read", "epg:write", "media:read", "media:write"},
	"admin": {"content:read", "content:write", "content:publish", "epg:read", "epg:write", "media:read", "media:write",
		"analytics:read", "audit:read", "webhooks:manage", "accounts:read", "accounts:write", "plans:read", "plans:write"},
}

// Issuer mints tokens for development and tests. It is no identity provider, and is refused in production.
type Issuer struct {
	kid     string
	private *ecdsa.PrivateKey
}

// Spec is what a minted token says.
type Spec struct {
	Role     string        // viewer, editor or admin
	Account  string        // a UUID; viewers default to DemoAccount
	Profiles []string      // of the account; the demo account's default to DemoProfile
	Country  string        // optional
	Plan     string        // optional
	TTL      time.Duration // 0: 12 h; may be negative, for an expired token
	Subject  string        // default: the account, else the role
	Now      time.Time     // zero: the system's clock
}

// privateJWK is the content of issuer.json (RFC 7517, appendix A.2).
type privateJWK struct {
	jwk
	D string `json:"d"`
}

// OpenIssuer loads the issuer of a state directory, and makes one if there is none. Processes that start together agree
// on one key: it appears under its name complete, and the first wins.
func OpenIssuer(stateDir string) (*Issuer, error) {
	path := filepath.Join(stateDir, issuerFile)
	is, err := loadIssuer(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return is, err
	}
	if err := os.MkdirAll(stateDir, 0o755); err != nil {
		return nil, err
	}
	if err := createIssuer(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("create %s: %w", path, err)
	}
	return loadIssuer(path)
}

func loadIssuer(path string) (*Issuer, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var j privateJWK
	if err := json.Unmarshal(data, &j); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	d, err := decodeSegment([]byte(j.D))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return newIssuer(private)
}

// createIssuer writes a new key to path; fs.ErrExist says that another process was first.
func createIssuer(path string) error {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	is, err := newIssuer(private)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), issuerFile+".*") // has mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if err := errors.Join(is.write(tmp), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Link(tmp.Name(), path) // unlike a rename, a link never replaces
}

func newIssuer(private *ecdsa.PrivateKey) (*Issuer, error) {
	is := &Issuer{private: private}
	j, err := is.publicJWK()
	if err != nil {
		return nil, err
	}
	// RFC 7638: the thumbprint is over the required members in this order.
	sum := sha256.Sum256(fmt.Appendf(nil, `{"crv":%q,"kty":%q,"x":%q,"y":%q}`, j.Crv, j.Kty, j.X, j.Y))
	is.kid = base64.RawURLEncoding.EncodeToString(sum[:])
	return is, nil
}

func (is *Issuer) publicJWK() (jwk, error) {
	point, err := is.private.PublicKey.Bytes() // 4, x, y
	if err != nil {
		return jwk{}, err
	}
	enc := base64.RawURLEncoding
	return jwk{Kty: "EC", Crv: "P-256", Use: "sig", Alg: jwt.SigningMethodES256.Alg(), Kid: is.kid,
		X: enc.EncodeToString(point[1:33]), Y: enc.EncodeToString(point[33:])}, nil
}

func (is *Issuer) write(w io.Writer) error {
	public, errPublic := is.publicJWK()
	d, errPrivate := is.private.Bytes()
	if err := errors.Join(errPublic, errPrivate); err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(privateJWK{jwk: public, D: base64.RawURLEncoding.EncodeToString(d)})
}

// JWKS is the document by which the issuer's tokens are verified.
func (is *Issuer) JWKS() []byte {
	j, err := is.publicJWK()
	if err != nil { // a key that newIssuer accepted encodes; a broken invariant
		panic(err)
	}
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(map[string][]jwk{"keys": {j}}); err != nil { // strings encode always
		panic(err)
	}
	return b.Bytes()
}

// Mint signs a token; the error names what in the Spec is wrong.
func (is *Issuer) Mint(s Spec) (string, error) {
	scopes, ok := roles[s.Role]
	if !ok {
		return "", fmt.Errorf("role %q is none of viewer, editor, admin", s.Role)
	}
	if s.Role == "viewer" {
		s.Account = cmp.Or(s.Account, DemoAccount)
	}
	if err := s.check(); err != nil {
		return "", err
	}
	if s.Account == DemoAccount && s.Profiles == nil {
		s.Profiles = []string{DemoProfile}
	}
	now := s.Now
	if now.IsZero() {
		now = time.Now()
	}
	claims := jwt.MapClaims{"iss": DevIssuer, "aud": DevAudience, "sub": cmp.Or(s.Subject, s.Account, s.Role),
		"iat": now.Unix(), "exp": now.Add(cmp.Or(s.TTL, defaultTTL)).Unix(), "role": s.Role,
		"scope": strings.Join(scopes, " ")}
	optional(claims, "account_id", s.Account)
	optional(claims, "country", s.Country)
	optional(claims, "plan_id", s.Plan)
	if s.Profiles != nil {
		claims["profile_ids"] = s.Profiles
	}
	return is.sign(claims)
}

// check refuses what a verifier would refuse, where the mistake can still be named to the person who made it.
func (s *Spec) check() error {
	if s.Account != "" && !ids.Valid(s.Account) {
		return fmt.Errorf("account %q is not a UUID", s.Account)
	}
	if s.Country != "" && !isCountry(s.Country) {
		return fmt.Errorf("country %q is not two capital letters", s.Country)
	}
	return nil
}

func optional(claims jwt.MapClaims, name, value string) {
	if value != "" {
		claims[name] = value
	}
}

func (is *Issuer) sign(claims jwt.MapClaims) (string, error) {
	t := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	t.Header["kid"] = is.kid
	return t.SignedString(is.private)
}

// MintMany writes n tokens, one a line, for the accounts AccountID(0) to AccountID(n-1), each with its ProfileID. The
// rest is as s says.
func (is *Issuer) MintMany(w io.Writer, n int, s Spec) error {
	b := bufio.NewWriter(w)
	for i := range n {
		s.Account, s.Profiles = AccountID(i).String(), []string{ProfileID(i).String()}
		t, err := is.Mint(s)
		if err != nil {
			return err
		}
		b.WriteString(t) // a bufio.Writer keeps its first error for Flush
		b.WriteByte('\n')
	}
	return b.Flush()
}
