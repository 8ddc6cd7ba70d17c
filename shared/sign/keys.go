package sign

import "encoding/hex"

// minSecret is the length in bytes of the shortest secret.
const minSecret = 16

// secret is a key as configured.
type secret struct {
	id    string
	bytes []byte
}

// takeSecrets takes the keys of signers that share secrets with who verifies. Ids are 1 to maxKeyID of A-Z a-z 0-9 - _.
func takeSecrets(o *object, least int) []secret {
	var all []secret
	seen := map[string]bool{}
	for _, k := range takeObjects(o, "keys") {
		s := secret{id: takeString(k, "id")}
		switch {
		case s.id != "" && !isKeyID(s.id):
			k.fault("id", "is not 1 to %d letters, digits, - and _", maxKeyID)
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

func isKeyID(s string) bool {
	for _, c := range []byte(s) {
		if c != '-' && c != '_' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return s != "" && len(s) <= maxKeyID
}

// newPathSigner makes the signer of our own token, and adds its keys to those that are verified.
func newPathSigner(l *loader, o *object, c *CDN) Signer {
	signer := &pathSigner{base: c.BaseURL}
	for i, s := range takeSecrets(o, minSecret) {
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
