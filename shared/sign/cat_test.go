package sign

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

var writeOwn = flag.Bool("write-own", false, "write testdata/vectors/cat-own.json, for cat-read.mjs to read")

// readToken opens a token: both tags, the header, the MAC over what RFC 9052, 6.3, says, and the claims.
func readToken(t *testing.T, token string, key []byte) (string, map[int]any) {
	t.Helper()
	raw, err := base64URL.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	var outer, inner cbor.RawTag
	var message []cbor.RawMessage
	if err := cbor.Unmarshal(raw, &outer); err != nil || outer.Number != 61 {
		t.Fatalf("tag %d, %v", outer.Number, err)
	}
	if err := cbor.Unmarshal(outer.Content, &inner); err != nil || inner.Number != 17 {
		t.Fatalf("tag %d, %v", inner.Number, err)
	}
	if err := cbor.Unmarshal(inner.Content, &message); err != nil || len(message) != 4 {
		t.Fatalf("%d members, %v", len(message), err)
	}
	// ["MAC0", protected, h'', payload], with both byte strings as they are in the message
	text := bytes.Join([][]byte{{0x84, 0x64}, []byte("MAC0"), message[0], {0x40}, message[2]}, nil)
	mac := hmac.New(sha256.New, key)
	mac.Write(text)
	var protected, payload, tag []byte
	var header map[int][]byte
	var claims map[int]any
	decode(t, message[0], &protected)
	decode(t, message[1], &header)
	decode(t, message[2], &payload)
	decode(t, message[3], &tag)
	decode(t, payload, &claims)
	if !bytes.Equal(tag, mac.Sum(nil)) || !bytes.Equal(protected, []byte{0xa1, 0x01, 0x05}) {
		t.Errorf("header % x, MAC % x", protected, tag)
	}
	return string(header[4]), claims
}

func decode(t *testing.T, raw []byte, v any) {
	t.Helper()
	if err := cbor.Unmarshal(raw, v); err != nil {
		t.Fatal(err)
	}
}

// The tokens were made by npm's @eyevinn/cat, in testdata/vectors/cat.mjs. It puts claims down in another order, and knows
// nothing of parts: else ours say the same.
func TestForeignCATs(t *testing.T) {
	for _, v := range vectors[vector](t, "cat.json", 5) {
		key, _ := hex.DecodeString(v.Key)
		kid, foreign := readToken(t, v.Token, key)
		_, token, _ := strings.Cut(signed(t, configured(t, catFields), v.target()), "CAT=")
		own, claims := readToken(t, token, key)
		if part, want := claims[-65537], []any{uint64(v.Begin), uint64(v.End)}; v.Begin != 0 && !reflect.DeepEqual(part, want) {
			t.Errorf("%s: part %v, want %v", v.Name, part, want)
		}
		delete(claims, -65537)
		if kid != "k1" || own != kid || len(foreign) < 5 || !reflect.DeepEqual(claims, foreign) {
			t.Errorf("%s: got %s %v, want %s %v", v.Name, own, claims, kid, foreign)
		}
		want := map[int]any{1: "encora", 2: v.Session, 4: uint64(v.Expires), 310: uint64(1), 311: foreign[311], 312: map[any]any{
			uint64(1): map[any]any{uint64(0): "cat.example.com"}, uint64(3): map[any]any{uint64(1): v.Folder + "/"}}}
		if v.IP == "" {
			delete(want, 311)
		}
		if !reflect.DeepEqual(foreign, want) {
			t.Errorf("%s: got %v, want %v", v.Name, foreign, want)
		}
	}
}

// ownVector is a token of ours, and what @eyevinn/cat made of it.
type ownVector struct {
	vector
	Kid  string `json:"kid"`
	Read *struct {
		Manifest     bool            `json:"manifest"`
		Segment      bool            `json:"segment"`
		OtherFolder  bool            `json:"other_folder"`
		OtherHost    bool            `json:"other_host"`
		TooLate      bool            `json:"too_late"`
		OtherAddress bool            `json:"other_address"`
		OtherKey     bool            `json:"other_key"`
		Claims       json.RawMessage `json:"claims"`
	} `json:"read,omitempty"`
}

// The tokens in cat-own.json are ours; npm's @eyevinn/cat has validated them, in testdata/vectors/cat-read.mjs, and put
// down what it took them for.
func TestOwnCATsAreTakenElsewhere(t *testing.T) {
	if *writeOwn {
		writeOwnCATs(t)
	}
	for _, v := range vectors[ownVector](t, "cat-own.json", 5) {
		url := signed(t, configured(t, catFields), v.target())
		if _, got, _ := strings.Cut(url, "CAT="); got != v.Token {
			t.Errorf("%s: got\n%s, want\n%s", v.Name, got, v.Token)
		}
		if v.Read == nil {
			t.Errorf("%s was not read: run cat-read.mjs", v.Name)
			continue
		}
		r := v.Read
		if !r.Manifest || !r.Segment || r.OtherFolder || r.OtherHost || r.TooLate || r.OtherKey || r.OtherAddress != (v.IP == "") {
			t.Errorf("%s: %+v", v.Name, r)
		}
		checkRead(t, &v)
	}
}

func checkRead(t *testing.T, v *ownVector) {
	t.Helper()
	more := ""
	if v.IP != "" {
		ip := strings.Replace(v.IP, "::", ":0:0:0:0:0:", 1) // its spelling
		more = fmt.Sprintf(`, "catnip": [%q]`, ip)
	}
	if v.Begin != 0 {
		more += fmt.Sprintf(`, "-65537": [%d, %d]`, v.Begin, v.End)
	}
	text := fmt.Sprintf(`{"iss": "encora", "sub": %q, "exp": %d, "catv": 1, "catu": {"host": {"exact-match": "cat.example.com"}, "path": {"prefix-match": %q}}%s}`,
		v.Session, v.Expires, v.Folder+"/", more)
	var got, want map[string]any
	if json.Unmarshal(v.Read.Claims, &got) != nil || json.Unmarshal([]byte(text), &want) != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %s, want %s", v.Name, v.Read.Claims, text)
	}
}

// writeOwnCATs makes tokens for the targets of cat.json.
func writeOwnCATs(t *testing.T) {
	all := vectors[ownVector](t, "cat.json", 5)
	for i := range all {
		_, all[i].Token, _ = strings.Cut(signed(t, configured(t, catFields), all[i].target()), "CAT=")
	}
	raw, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("testdata/vectors/cat-own.json", append(raw, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestCATBelowAPath(t *testing.T) {
	c := configured(t, strings.Replace(catFields, "cat.example.com", "CAT.example.com:8443/a", 1)+`, "parameter": "cat"`)
	got := signed(t, c, recording())
	token, ok := strings.CutPrefix(got, "https://CAT.example.com:8443/a/live/arte/hd/index.mpd?begin=2029-12-31T23:00:00Z&end=2029-12-31T23:50:00Z&cat=")
	if !ok {
		t.Fatal(got)
	}
	key, _ := hex.DecodeString(secretB)
	_, claims := readToken(t, token, key)
	want := map[any]any{uint64(1): map[any]any{uint64(0): "cat.example.com"}, uint64(3): map[any]any{uint64(1): "/a/live/arte/hd/"}}
	if !reflect.DeepEqual(claims[312], want) {
		t.Errorf("got %v, want %v", claims[312], want)
	}
}
