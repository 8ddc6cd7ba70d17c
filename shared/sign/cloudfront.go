package sign

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	cloudfront "github.com/aws/aws-sdk-go-v2/feature/cloudfront/sign"
)

// cloudFrontSigner makes CloudFront's signed URLs. The session is in the query, which both policies cover.
//
// A canned policy is for one URL, to the letter: segments need URLs of their own, or another way in. A custom policy is
// for all files of the folder whose URLs have the same session (and part) in their query, whatever else is there.
type cloudFrontSigner struct {
	base   string
	custom bool
	signer *cloudfront.URLSigner
}

var (
	errCanned = fmt.Errorf("%w: CloudFront's canned policy binds no address", ErrTarget)
	errIPv6   = fmt.Errorf("%w: CloudFront binds IPv4 addresses only", ErrTarget)
	errWild   = fmt.Errorf("%w: the path holds *, which stands for any characters in CloudFront's policies", ErrTarget)
)

func (s *cloudFrontSigner) check(t *Target) (string, error) {
	scope, err := t.checked()
	ip := t.address()
	switch {
	case err != nil:
		return scope, err
	case !s.custom && ip.IsValid():
		return scope, errCanned
	case s.custom && strings.Contains(scope, "*"):
		return scope, errWild
	case ip.IsValid() && !ip.Is4():
		return scope, errIPv6
	}
	return scope, nil
}

// AppendURL implements Signer.
func (s *cloudFrontSigner) AppendURL(b []byte, t *Target) ([]byte, error) {
	scope, err := s.check(t)
	if err != nil {
		return b, err
	}
	query := string(t.appendPart(appendUUID([]byte("session="), t.Session), '&'))
	url := s.base + t.Path + "?" + query
	if s.custom {
		url, err = s.signCustom(url, s.base+scope+wildcard(scope)+"?"+query+"*", t)
	} else {
		url, err = explain(s.signer.Sign(url, t.Expires))
	}
	return append(b, url...), err
}

func (s *cloudFrontSigner) signCustom(url, resource string, t *Target) (string, error) {
	policy := cloudfront.NewCannedPolicy(resource, t.Expires)
	if ip := t.address(); ip.IsValid() { // check lets IPv4 pass only
		policy.Statements[0].Condition.IPAddress = &cloudfront.IPAddress{SourceIP: ip.String() + "/32"}
	}
	return explain(s.signer.SignWithPolicy(url, policy))
}

func explain(url string, err error) (string, error) {
	if err != nil {
		return "", fmt.Errorf("CloudFront's policy: %w", err)
	}
	return url, nil
}

func newCloudFrontSigner(l *loader, o *object, c *CDN) Signer {
	s := &cloudFrontSigner{base: c.BaseURL}
	absent := !o.has("policy")
	switch policy := take[string](o, "policy", "a string"); {
	case policy == "custom":
		s.custom = true
	case policy == "canned" && c.BindIP:
		o.fault("bind_ip", "is nothing that the canned policy can do")
	case policy != "canned" && !absent:
		o.fault("policy", "is neither canned nor custom")
	}
	if strings.Contains(c.BaseURL, "*") {
		o.fault("base_url", "holds *, which stands for any characters in CloudFront's policies")
	}
	if strings.ContainsFunc(c.BaseURL, func(r rune) bool { return r > unicode.MaxASCII }) { // no policy could be signed
		o.fault("base_url", "is not ASCII: write the host as Punycode")
	}
	for i, k := range takeObjects(o, "keys") {
		id, key := takeString(k, "key_pair_id"), l.privateKey(k)
		if id != "" && !isName(id) {
			k.fault("key_pair_id", "is not 1 to %d letters, digits, - and _", maxName)
		}
		k.done()
		if i == 0 {
			s.signer = cloudfront.NewURLSigner(id, key)
		}
	}
	return s
}

// privateKey takes a key that is in the document or in a file of its own.
func (l *loader) privateKey(o *object) crypto.Signer {
	text, field := []byte(nil), "private_key"
	switch inline, file := o.has(field), o.has("private_key_file"); {
	case inline == file:
		o.fault(field, "is needed, or private_key_file, and not both")
		takeOr(o, field, "a string", "")
		takeOr(o, "private_key_file", "a string", "")
		return nil
	case inline:
		text = []byte(take[string](o, field, "a string"))
	default:
		field = "private_key_file"
		if text = l.file(o, field); text == nil {
			return nil
		}
	}
	key, err := parsePrivateKey(text)
	if err != nil {
		o.fault(field, "%v", err)
	}
	return key
}

// file is what the named file holds; nil when that was reported.
func (l *loader) file(o *object, field string) []byte {
	name := takeString(o, field)
	if name == "" {
		return nil
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(l.folder, name)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		o.fault(field, "%v", err)
	}
	return text
}

// parsePrivateKey reads PEM of PKCS #1, PKCS #8 or SEC 1. CloudFront takes RSA of 2,048 bits, and ECDSA on P-256.
func parsePrivateKey(text []byte) (crypto.Signer, error) {
	block, rest := pem.Decode(text)
	if block == nil || strings.TrimSpace(string(rest)) != "" {
		return nil, errors.New("is not one private key in PEM")
	}
	var key any
	var err error
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	default:
		err = errors.New("unknown")
	}
	if err != nil { // its text may tell of the key
		return nil, errors.New("is not a private key that can be read")
	}
	return suitable(key)
}

func suitable(key any) (crypto.Signer, error) {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if k.N.BitLen() == 2048 {
			return k, nil
		}
	case *ecdsa.PrivateKey:
		if k.Curve == elliptic.P256() {
			return k, nil
		}
	}
	return nil, errors.New("is neither RSA of 2048 bits nor ECDSA on P-256, which CloudFront takes")
}
