package listings

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// kept is a handler that keeps what it is given.
type kept struct {
	channels   []Channel
	programmes []Programme
	faults     []Fault
}

func (k *kept) Channel(c Channel) error      { k.channels = append(k.channels, c); return nil }
func (k *kept) Programme(p *Programme) error { k.programmes = append(k.programmes, *p); return nil }
func (k *kept) Fault(f Fault) error          { k.faults = append(k.faults, f); return nil }

// read reads a document that is fine.
func read(t *testing.T, document string) *kept {
	t.Helper()
	var k kept
	if err := ReadXMLTV(strings.NewReader(document), Options{}, &k); err != nil {
		t.Fatalf("%v in %.300s", err, document)
	}
	return &k
}

// readOne reads a programme with that content, of a slot of an hour.
func readOne(t *testing.T, content string) Programme {
	t.Helper()
	k := read(t, `<tv><programme channel="c" start="20260301180000" stop="20260301190000">`+content+`</programme></tv>`)
	if len(k.programmes) != 1 {
		t.Fatalf("%s: %+v", content, k.faults)
	}
	return k.programmes[0]
}

// entryOf is what becomes of it on a channel of that language.
func entryOf(t *testing.T, content, language string) Entry {
	t.Helper()
	entries, faults := Settle([]Programme{readOne(t, content)}, language)
	if len(entries) != 1 {
		t.Fatalf("%s: %+v", content, faults)
	}
	return entries[0]
}

// refused is the code of a refusal and its line, or what else there is.
func refused(err error) string {
	var r Refusal
	switch {
	case err == nil:
		return ""
	case errors.As(err, &r) && len(r.Message) > 20 && len(r.Message) < 300:
		return fmt.Sprintf("%s %d", r.Code, r.Line)
	}
	return err.Error()
}

func xmltvRefusal(document string) string {
	return refused(ReadXMLTV(strings.NewReader(document), Options{}, &kept{}))
}

// codes are those of faults, with their lines.
func codes(faults []Fault) string {
	var all []string
	for _, f := range faults {
		all = append(all, fmt.Sprintf("%s %d", f.Code, f.Line))
	}
	return strings.Join(all, ", ")
}

// repeated is a text that is as long as it is wanted, without being anywhere.
type repeated struct {
	text string
	left int
	at   int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	p = p[:min(len(p), r.left)]
	for n := 0; n < len(p); {
		m := copy(p[n:], r.text[r.at:])
		n, r.at = n+m, (r.at+m)%len(r.text)
	}
	r.left -= len(p)
	return len(p), nil
}
