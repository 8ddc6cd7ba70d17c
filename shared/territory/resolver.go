package territory

import (
	"bytes"
	"fmt"
	"net/netip"

	"github.com/oschwald/maxminddb-golang/v2"
)

// Header gives every value of a request header, in the order received. All of them matter: some proxies append their
// X-Forwarded-For as a line of its own, below one that the client sent.
type Header func(name string) [][]byte

// Config says whom to believe about a viewer's country. Its zero value believes the token only.
type Config struct {
	CountryHeader  string         // set by the CDN, such as CloudFront-Viewer-Country; empty: none
	TrustedProxies []netip.Prefix // peers whose CountryHeader and X-Forwarded-For count
	GeoIPFile      string         // MaxMind DB with country.iso_code; empty: none
}

// Resolver finds a viewer's country. It is safe for concurrent use until Close.
type Resolver struct {
	header  string
	trusted []netip.Prefix
	geo     *maxminddb.Reader
}

// NewResolver opens the GeoIP file if there is one.
func NewResolver(c Config) (*Resolver, error) {
	r := &Resolver{header: c.CountryHeader}
	for _, p := range c.TrustedProxies {
		if !p.IsValid() {
			return nil, fmt.Errorf("territory: invalid trusted proxy %v", p)
		}
		r.trusted = append(r.trusted, p.Masked())
	}
	if c.GeoIPFile == "" {
		return r, nil
	}
	geo, err := maxminddb.Open(c.GeoIPFile)
	if err != nil {
		return nil, fmt.Errorf("territory: GeoIP file %s: %w", c.GeoIPFile, err)
	}
	r.geo = geo
	return r, nil
}

// Close releases the GeoIP file.
func (r *Resolver) Close() error {
	if r.geo == nil {
		return nil
	}
	return r.geo.Close()
}

// Country is the viewer's country as an ISO 3166-1 alpha-2 code, or Unknown: what the CDN's header says if peer is a
// trusted proxy, else the GeoIP file, else the token's country (conventions.md, "Territory"). A source that says nothing,
// or no assigned code, leaves the answer to the next one.
func (r *Resolver) Country(peer netip.Addr, h Header, tokenCountry string) string {
	if r.header != "" && r.trusts(clean(peer)) {
		if code, ok := single(h(r.header)); ok {
			return code
		}
	}
	if r.geo != nil {
		if code, ok := r.locate(r.ClientAddr(peer, h)); ok {
			return code
		}
	}
	if Valid(tokenCountry) {
		return tokenCountry
	}
	return Unknown
}

// single reads a country header. Two of them mean that somebody before the CDN set one, so neither counts.
func single(values [][]byte) (string, bool) {
	if len(values) != 1 {
		return "", false
	}
	i, ok := index(values[0])
	if !ok || codes[i] == Unknown {
		return "", false
	}
	return codes[i], true
}

func (r *Resolver) locate(client netip.Addr) (string, bool) {
	var code string
	if err := r.geo.Lookup(client).DecodePath(&code, "country", "iso_code"); err != nil {
		return "", false // an address of a family that the file does not hold; the next source may know
	}
	return code, Valid(code)
}

// ClientAddr is the address that the request came from: peer, or behind trusted proxies the right-most address of
// X-Forwarded-For that is not one of them. What stands left of it, or of anything malformed, is the client's own word.
func (r *Resolver) ClientAddr(peer netip.Addr, h Header) netip.Addr {
	addr := clean(peer)
	if !r.trusts(addr) {
		return addr
	}
	values := h("X-Forwarded-For")
	for i := len(values) - 1; i >= 0; i-- {
		for rest, more := values[i], true; more; {
			var hop []byte
			rest, hop, more = cutLast(rest)
			next, ok := parseHop(hop)
			if !ok {
				return addr
			}
			if addr = next; !r.trusts(addr) {
				return addr
			}
		}
	}
	return addr
}

// cutLast splits the last element off a comma-separated list, and reports whether there are more before it.
func cutLast(list []byte) ([]byte, []byte, bool) {
	i := bytes.LastIndexByte(list, ',')
	if i < 0 {
		return nil, list, false
	}
	return list[:i], list[i+1:], true
}

// parseHop reads an address, with the port that some proxies add.
func parseHop(hop []byte) (netip.Addr, bool) {
	s := string(bytes.Trim(hop, " \t"))
	if a, err := netip.ParseAddr(s); err == nil {
		return clean(a), true
	}
	ap, err := netip.ParseAddrPort(s)
	return clean(ap.Addr()), err == nil
}

// clean makes one spelling of an address: IPv4 in IPv6 is IPv4, and a zone is of no meaning here.
func clean(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

func (r *Resolver) trusts(a netip.Addr) bool {
	for _, p := range r.trusted {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
