package sign

import (
	"encoding/hex"
	"net/url"
)

const (
	minSecret = 16 // the length in bytes of the shortest secret
	maxName   = 64 // the length of the longest id or parameter's name; our own token has room for less
)

// secret is a key as configured.
type secret struct {
	id    string
	bytes []byte
}

// takeSecrets takes the keys of signers that share secrets with who verifies: of so many bytes at least, with ids of so
// many characters at most.
func takeSecrets(o *object, least, longest int) []secret {
	var all []secret
	seen := map[string]bool{}
	for _, k := range takeObjects(o, "keys") {
		s := secret{id: takeString(k, "id")}
		switch {
		case s.id != "" && (!isName(s.id) || len(s.id) > longest):
			k.fault("id", "is not 1 to %d letters, digits, - and _", longest)
		case seen[s.id] && s.id != "":
			k.fault("id", "is another key's too")
		}
		seen[s.id] = true
		s.bytes = takeHex(k, least)
		k.done()
		all = append(all, s)
	}
	return all
}

func takeHex(o *object, least int) []byte {
	text := takeString(o, "secret")
	raw, err := hex.DecodeString(text)
	switch {
	case text == "": // told already
	case err != nil:
		o.fault("secret", "is not hexadecimal")
	case len(raw) < least:
		o.fault("secret", "is shorter than %d bytes", least)
	}
	return raw
}

// isName reports whether the text means the same in URLs, headers and logs: letters, digits, - and _.
func isName(s string) bool {
	for _, c := range []byte(s) {
		if c != '-' && c != '_' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return s != "" && len(s) <= maxName
}

// takeParameter takes the name of the query parameter that the token goes into. Those of parts are taken.
func takeParameter(o *object, otherwise string) string {
	name := takeOr(o, "parameter", "a string", otherwise)
	if !isName(name) || name == "begin" || name == "end" {
		o.fault("parameter", "is not 1 to %d letters, digits, - and _, other than begin and end", maxName)
	}
	return name
}

// basePath is the base URL's path, which verifiers see before an asset's.
func basePath(base string) string {
	u, err := url.Parse(base)
	if err != nil { // which was reported
		return ""
	}
	return u.Path
}

// newPathSigner makes the signer of our own token, and adds its keys to those that are verified.
func newPathSigner(l *loader, o *object, c *CDN) Signer {
	signer := &pathSigner{base: c.BaseURL}
	for i, s := range takeSecrets(o, minSecret, maxKeyID) {
		if other, ok := l.secrets[s.id]; ok && other != string(s.bytes) {
			o.fault("keys", "two secrets have the id of its key %d", i+1)
		}
		if l.keys[s.id] == nil {
			l.secrets[s.id], l.keys[s.id] = string(s.bytes), newKeyed(s.bytes)
		}
		if i == 0 {
			signer.id, signer.key = s.id, l.keys[s.id]
		}
	}
	return signer
}
