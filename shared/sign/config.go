package sign

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// How long URLs may live.
const (
	MinTTL     = time.Minute
	MaxTTL     = 24 * time.Hour
	DefaultTTL = 10 * time.Minute
)

// Load reads the configuration file. Names of private key files in it are relative to its folder. The error names all
// that is wrong with it.
func Load(path string) (*CDNs, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("CDNs: %w", err)
	}
	c, err := parse(raw, filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("CDNs of %s: %w", path, err)
	}
	return c, nil
}

// Parse reads a configuration. Names of private key files in it are relative to the working folder.
func Parse(raw []byte) (*CDNs, error) {
	c, err := parse(raw, "")
	if err != nil {
		return nil, fmt.Errorf("CDNs: %w", err)
	}
	return c, nil
}

func parse(raw []byte, folder string) (*CDNs, error) {
	doc, err := readObject(raw)
	if err != nil {
		return nil, err
	}
	l := loader{folder: folder, cdns: &CDNs{byPrefix: map[string]*CDN{}}, names: map[string]bool{}, secrets: map[string]string{}, keys: map[string]*keyed{}}
	for _, o := range takeObjects(doc, "cdns") {
		l.cdn(o)
	}
	doc.done()
	if len(l.keys) > 0 {
		l.cdns.verifier = newVerifier(l.keys)
	}
	return l.cdns, errors.Join(*doc.faults...)
}

// loader holds what CDNs must agree about.
type loader struct {
	folder  string
	cdns    *CDNs
	names   map[string]bool
	secrets map[string]string // of hmac, by id
	keys    map[string]*keyed // of hmac, by id
}

func (l *loader) cdn(o *object) {
	c := &CDN{Name: takeString(o, "name")}
	if l.names[c.Name] && c.Name != "" {
		o.fault("name", "is another CDN's too")
	}
	l.names[c.Name] = true
	l.prefixes(o, c)
	c.BaseURL = takeBaseURL(o)
	c.TTL = takeTTL(o)
	c.BindIP = takeOr(o, "bind_ip", "true or false", false)
	l.signer(o, c)
	o.done()
}

// signers makes the signers by their names in the configuration.
var signers = map[string]func(*loader, *object, *CDN) Signer{
	"hmac":       newPathSigner,
	"akamai":     newAkamaiSigner,
	"cloudfront": newCloudFrontSigner,
	"cat":        newCATSigner,
}

func (l *loader) signer(o *object, c *CDN) {
	absent := !o.has("signer")
	name := take[string](o, "signer", "a string")
	if make := signers[name]; make != nil {
		c.Signer = make(l, o, c)
		return
	}
	if !absent {
		o.fault("signer", "is none of hmac, akamai, cloudfront, cat")
	}
	clear(o.fields) // nobody knows which of them belong here
}

func (l *loader) prefixes(o *object, c *CDN) {
	absent := !o.has("paths")
	paths := take[[]string](o, "paths", "a list of strings")
	if len(paths) == 0 && !absent {
		o.fault("paths", "holds no path")
	}
	for _, p := range paths {
		prefix := strings.TrimSuffix(p, "/")
		switch {
		case p != "/" && !cleanPath(prefix):
			o.fault("paths", "%q is not a path from the root in its one spelling", p)
		case l.cdns.byPrefix[prefix] != nil:
			o.fault("paths", "%q is there already", p)
		default:
			l.cdns.byPrefix[prefix] = c
		}
	}
}

func takeTTL(o *object) time.Duration {
	text := takeOr(o, "ttl", `a string like "10m"`, DefaultTTL.String())
	ttl, err := time.ParseDuration(text)
	if err != nil || ttl < MinTTL || ttl > MaxTTL {
		o.fault("ttl", "is not a duration from %v to %v", MinTTL, MaxTTL)
	}
	return ttl
}

// takeBaseURL takes an absolute URL and removes a slash at its end. It may hold a user's password: then it is refused, and
// not repeated.
func takeBaseURL(o *object) string {
	absent := !o.has("base_url")
	base := strings.TrimSuffix(take[string](o, "base_url", "a string"), "/")
	if why := wrongBase(base); why != "" && !absent {
		o.fault("base_url", "%s", why)
	}
	return base
}

func wrongBase(base string) string {
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return "is not an absolute http or https URL"
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return "holds more than scheme, host and path"
	case u.Path != "" && (u.Path == "/" || !cleanPath(u.Path)) || base != u.Scheme+"://"+u.Host+u.Path:
		return "is not in its one spelling"
	}
	return ""
}
