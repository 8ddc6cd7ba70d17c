package listings

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// draft is a programme while its element is read.
type draft struct {
	*Programme
	fault      *Fault // the first that was found: the rest is read past
	started    bool   // channel and start are known
	elements   int
	kept       int // bytes of text
	shown      string
	ratingRank int
	artwork    artwork
}

func (d *draft) refuse(code, format string, args ...any) {
	if d.fault == nil {
		d.fault = &Fault{Line: d.Line, Channel: d.Channel, Code: code, Message: fmt.Sprintf(format, args...)}
	}
}

// programme reads one, from behind its start tag.
func (x *xmltv) programme() error {
	x.programmes++
	d := &draft{Programme: &Programme{Line: x.startLine}, ratingRank: len(ratingSystems) + 1}
	x.slot(d)
	depth := len(x.starts)
	for len(x.starts) >= depth {
		if d.fault == nil && x.over != "" {
			d.refuse(FaultTooLarge, "%s", x.over)
		}
		if d.fault != nil {
			if err := x.leave(depth); err != nil {
				return err
			}
			break
		}
		kind, err := x.next()
		if err == nil && kind == startTag {
			err = x.part(d)
		}
		if err != nil {
			return err
		}
	}
	x.over = ""
	return x.hand(d)
}

// hand gives the programme to the handler, or its fault.
func (x *xmltv) hand(d *draft) error {
	if len(d.Titles) == 0 {
		d.refuse(FaultNoTitle, "The programme has no title.")
	}
	if d.fault != nil {
		if d.started {
			d.fault.Start = &d.Start
		}
		return x.h.Fault(*d.fault)
	}
	d.finish()
	return x.h.Programme(d.Programme)
}

func (d *draft) finish() {
	if d.shown != "" && d.Season == nil && d.Episode == nil {
		n := shownNumbers(d.shown)
		d.Season, d.Episode = n.season, n.episode
	}
	d.Images.ThumbnailURL = d.artwork.thumbnail.url
	d.Images.PosterURL, d.Images.BackdropURL = d.artwork.poster.url, d.artwork.backdrop.url
}

// slot reads what the attributes say: channel and times.
func (x *xmltv) slot(d *draft) {
	d.Channel = x.interned.of(x.attr("channel"))
	switch n := utf8.RuneCountInString(d.Channel); {
	case n == 0:
		d.refuse(FaultNoChannel, "The programme names no channel.")
	case n > maxChannel:
		d.Channel = shorten(d.Channel, maxChannel)
		d.refuse(FaultNoChannel, "The channel's id is longer than %d characters.", maxChannel)
	}
	start := x.attr("start")
	if len(start) == 0 {
		d.refuse(FaultNoStart, "The programme has no start.")
		return
	}
	d.Start = x.time(d, "start", start)
	d.started = d.fault == nil
	if stop := x.attr("stop"); len(stop) > 0 {
		m := x.time(d, "stop", stop)
		d.Stop = &m
	}
	d.Part, d.Parts = clump(x.attr("clumpidx"))
}

func (x *xmltv) time(d *draft, name string, text []byte) Moment {
	m, bad := x.clock.read(text)
	if bad != nil {
		d.refuse(bad.code, "%s: %s", name, bad.message)
	}
	return m
}

// clump reads "i/n", the place in a slot that several programmes share; what is none says nothing.
func clump(text []byte) (int, int) {
	place, count, _ := bytes.Cut(text, []byte("/"))
	i, errPlace := strconv.ParseUint(string(place), 10, 15)
	n, errCount := strconv.ParseUint(string(count), 10, 15)
	if errPlace != nil || errCount != nil || n < 2 || i >= n {
		return 0, 0
	}
	return int(i), int(n)
}

// part reads an element of a programme. What the contract has no place for is read past.
func (x *xmltv) part(d *draft) error {
	if d.elements++; d.elements > maxElements {
		d.refuse(FaultTooLarge, "The programme has more than %d elements.", maxElements)
		return nil
	}
	switch string(x.name) {
	case "title":
		return x.addText(d, &d.Titles)
	case "sub-title":
		return x.addText(d, &d.SubTitles)
	case "desc":
		return x.addText(d, &d.Descriptions)
	case "category":
		return x.category(d)
	case "language":
		return x.language(d)
	case "length":
		return x.length(d)
	case "episode-num":
		return x.episode(d)
	case "rating":
		return x.rating(d)
	case "icon":
		d.artwork.thumbnail.offer(string(x.attr("src")), area(x.attr("width"), x.attr("height")))
	case "image":
		return x.image(d)
	}
	return x.skip()
}

func (x *xmltv) addText(d *draft, to *[]Text) error {
	text, err := x.translated()
	if err != nil || text.Value == "" {
		return err
	}
	if d.kept += len(text.Value); d.kept > maxContent {
		d.refuse(FaultTooLarge, "The programme has more than 256 KiB of text.")
		return nil
	}
	*to = append(*to, text)
	return nil
}

func (x *xmltv) category(d *draft) error {
	text, err := x.content()
	if err != nil {
		return err
	}
	name := shorten(x.interned.of(text), maxCategory)
	if name == "" || len(d.Categories) == maxCategories {
		return nil
	}
	for _, known := range d.Categories {
		if known == name {
			return nil
		}
	}
	d.Categories = append(d.Categories, name)
	return nil
}

// language is the one that the programme is broadcast in, the first that can be told.
func (x *xmltv) language(d *draft) error {
	text, err := x.content()
	if err == nil && d.Language == "" {
		d.Language = x.languages.of(bytes.TrimSpace(text))
	}
	return err
}

func (x *xmltv) length(d *draft) error {
	unit := string(x.attr("units"))
	text, err := x.content()
	if err == nil {
		d.Length = seconds(text, unit)
	}
	return err
}

func (x *xmltv) episode(d *draft) error {
	system := string(x.attr("system"))
	text, err := x.content()
	if err != nil || len(text) > maxShown {
		return err
	}
	switch {
	case system == "xmltv_ns" && d.Season == nil && d.Episode == nil:
		n := countedNumbers(string(text))
		d.Season, d.Episode = n.season, n.episode
	case (system == "onscreen" || system == "") && d.shown == "":
		d.shown = clean(text)
	}
	return nil
}

// rating reads the value in the element, or the element's own text, where some feeds write it.
func (x *xmltv) rating(d *draft) error {
	system := string(x.attr("system"))
	depth, value := len(x.starts), ""
	x.text = x.text[:0]
	for len(x.starts) >= depth {
		x.keep = len(x.starts) == depth && value == ""
		kind, err := x.next()
		if err == nil && kind == startTag && string(x.name) == "value" && len(x.starts) == depth+1 {
			var text []byte
			text, err = x.content()
			value = string(text)
		}
		if err != nil {
			return err
		}
	}
	x.keep = false
	if value == "" {
		value = string(x.text)
	}
	if r, rank := rating(system, value); r != "" && rank < d.ratingRank {
		d.Rating, d.ratingRank = r, rank
	}
	return nil
}

func (x *xmltv) image(d *draft) error {
	kind := string(x.attr("type"))
	size, err := strconv.Atoi(string(x.attr("size")))
	if err != nil || size < 1 || size > 3 {
		size = 0
	}
	text, err := x.content()
	if err != nil {
		return err
	}
	switch address := string(bytes.TrimSpace(text)); kind {
	case "poster":
		d.artwork.poster.offer(address, size)
	case "backdrop":
		d.artwork.backdrop.offer(address, size)
	}
	return nil
}
