package listings

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"time"
)

// What a document may have, beside the limits of its XML.
const (
	maxElements = 2000      // of one programme or channel
	maxContent  = 256 << 10 // bytes of the texts that are kept of one programme
	maxBetween  = 100_000   // elements between two programmes
	maxChannels = 500_000
	maxShown    = 200 // bytes of an episode's number
)

// ReadXMLTV reads a document of xmltv.dtd. It returns a Refusal, the error of r or h, or nil.
func ReadXMLTV(r io.Reader, o Options, h Handler) error {
	source, err := open(r, o, true)
	if err != nil {
		return err
	}
	x := &xmltv{
		lexer: lexer{source: source}, h: h,
		clock: clock{o.Zone, map[string]*time.Location{}}, languages: languages{}, interned: interned{},
	}
	return x.document()
}

// xmltv reads one document.
type xmltv struct {
	lexer
	h          Handler
	clock      clock
	languages  languages
	interned   interned
	programmes int64
	channels   int
	between    int // elements since the last programme
}

func (x *xmltv) document() error {
	if err := x.prolog(); err != nil {
		return err
	}
	for len(x.starts) > 0 {
		kind, err := x.next()
		if err == nil && kind == startTag {
			err = x.child()
		}
		if err != nil {
			return err
		}
	}
	if _, err := x.next(); err != nil {
		return err
	}
	if x.programmes == 0 {
		return refusal(x.line(), RefusedNoProgrammes, "The document has no programmes.")
	}
	return nil
}

// prolog reads past what comes before the content of the root element, which must be tv.
func (x *xmltv) prolog() error {
	if head := x.peek(6); bytes.HasPrefix(head, []byte("<?xml")) && len(head) == 6 && blank(head[5]) {
		if err := x.skipPast("?>"); err != nil {
			return err
		}
	}
	if !x.skipBlanks() {
		if x.err == io.EOF {
			return refusal(1, RefusedEmpty, "The document is empty.")
		}
		return x.ended()
	}
	switch c := x.buf[x.pos]; {
	case c == '{' || c == '[':
		return refusal(x.line(), RefusedJSON, "This looks like JSON, not like XMLTV.")
	case c != '<':
		return refusal(x.line(), RefusedNotXML, "This is not XML: it begins with %s.", quote(string(x.peek(20))))
	}
	kind, err := x.next()
	switch {
	case err != nil:
		return err
	case kind != startTag:
		return x.ended()
	case isHTML(x.name):
		return x.html()
	case string(x.name) != "tv":
		return refusal(x.startLine, RefusedNotListings, "The root element is <%s>, not <tv>.", shorten(string(x.name), 40))
	}
	return x.frame()
}

func isHTML(root []byte) bool {
	switch strings.ToLower(string(root)) {
	case "html", "head", "body", "title", "center", "h1", "p", "div", "meta", "script":
		return true
	}
	return false
}

// frame refuses what exceeds a limit outside of programmes.
func (x *xmltv) frame() error {
	if x.over != "" {
		return refusal(x.line(), RefusedTooLarge, "%s", x.over)
	}
	return nil
}

// child reads an element of the root.
func (x *xmltv) child() error {
	switch string(x.name) {
	case "programme":
		x.between = 0
		return x.programme()
	case "channel":
		return x.channel()
	}
	return x.skipFrame()
}

// skipFrame reads past an element of the frame.
func (x *xmltv) skipFrame() error {
	for depth := len(x.starts); len(x.starts) >= depth; {
		if x.between++; x.between > maxBetween {
			return refusal(x.line(), RefusedTooLarge, "More than %d elements that are no programmes follow one another.", maxBetween)
		}
		if err := x.frame(); err != nil {
			return err
		}
		if _, err := x.next(); err != nil {
			return err
		}
	}
	return x.frame()
}

// skip reads past the element that was begun last, up to and including its end.
func (x *xmltv) skip() error { return x.leave(len(x.starts)) }

// leave reads to where fewer than that many elements are open.
func (x *xmltv) leave(depth int) error {
	for len(x.starts) >= depth {
		if _, err := x.next(); err != nil {
			return err
		}
	}
	return nil
}

// content is the text of the element that was begun last, without that of elements in it, up to and including its end. It is
// good until the next call.
func (x *xmltv) content() ([]byte, error) {
	x.text = x.text[:0]
	depth := len(x.starts)
	for len(x.starts) >= depth {
		x.keep = len(x.starts) == depth
		if _, err := x.next(); err != nil {
			return nil, err
		}
	}
	x.keep = false
	return x.text, nil
}

// channel reads the declaration of one.
func (x *xmltv) channel() error {
	c := Channel{Line: x.startLine, ID: clean(x.attr("id"))}
	if x.channels++; x.channels > maxChannels {
		return refusal(x.line(), RefusedTooLarge, "The document declares more than %d channels.", maxChannels)
	}
	elements, kept := 0, 0
	for {
		kind, err := x.next()
		if err == nil {
			err = x.frame()
		}
		if err != nil {
			return err
		}
		if kind == endTag {
			return x.declare(c)
		}
		if elements++; elements > maxElements || kept > maxContent {
			return refusal(x.line(), RefusedTooLarge, "A channel has more than %d elements, or than 256 KiB of names.", maxElements)
		}
		if string(x.name) != "display-name" {
			if err := x.skip(); err != nil {
				return err
			}
			continue
		}
		name, err := x.translated()
		if err != nil {
			return err
		}
		if kept += len(name.Value); name.Value != "" {
			c.Names = append(c.Names, name)
		}
	}
}

func (x *xmltv) declare(c Channel) error {
	switch {
	case c.ID == "":
		return x.h.Fault(Fault{Line: c.Line, Code: FaultInvalidChannel, Message: "A channel is declared without an id."})
	case len([]rune(c.ID)) > maxChannel:
		return x.h.Fault(Fault{Line: c.Line, Channel: shorten(c.ID, maxChannel), Code: FaultInvalidChannel, Message: "The channel's id is longer than 255 characters."})
	}
	return x.h.Channel(c)
}

// translated is the text of the element that was begun last, with its language.
func (x *xmltv) translated() (Text, error) {
	lang := ""
	if l := x.attr("lang"); len(l) > 0 {
		lang = x.languages.of(l)
	}
	text, err := x.content()
	return Text{lang, clean(text)}, err
}

// interned keeps one copy of texts that come again and again.
type interned map[string]string

func (s interned) of(text []byte) string {
	if known, ok := s[string(text)]; ok {
		return known
	}
	cleaned := clean(text)
	if len(s) < maxMemo && len(text) <= 64 {
		s[string(text)] = cleaned
	}
	return cleaned
}

// seconds is a length in the unit that it says, 0 if it is none.
func seconds(text []byte, unit string) int64 {
	each := map[string]float64{"seconds": 1, "minutes": 60, "hours": 3600}[unit]
	n, err := strconv.ParseFloat(string(bytes.TrimSpace(text)), 64)
	if err != nil || !(n > 0 && n < 1e6) {
		return 0
	}
	return int64(n * each)
}
