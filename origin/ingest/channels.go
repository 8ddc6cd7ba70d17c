package ingest

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Table is a file of iptv-org's database of channels: CSV, one table a file, told by the names of its columns.
type Table int

// The tables that channels are made of, and all the others, which have nothing for us.
const (
	NoTable Table = iota // another file
	Channels
	Feeds      // a channel's broadcasts: regions, time shifts, picture sizes
	Categories // names of categories
	OtherTable // countries, languages, time zones, logos, streams …
)

// tables are told by columns that all releases of the table have.
var tables = []struct {
	table   Table
	columns []string
}{
	{Channels, []string{"id", "name", "categories", "is_nsfw"}},
	{Feeds, []string{"channel", "id", "is_main", "languages"}},
	{OtherTable, []string{"code", "name", "languages"}},      // countries
	{OtherTable, []string{"code", "name", "countries"}},      // regions
	{OtherTable, []string{"country", "code", "name"}},        // subdivisions, cities
	{OtherTable, []string{"id", "utc_offset", "countries"}},  // timezones
	{OtherTable, []string{"channel", "ref"}},                 // blocklist
	{OtherTable, []string{"channel", "feed"}},                // logos, streams, guides
	{OtherTable, []string{"id", "name", "iptv_org_channel"}}, // guides of old
}

// TableOf tells what table a file is, plain or gzip, by its first line.
func TableOf(r io.Reader) Table {
	text, err := plain(r)
	if err != nil {
		return NoTable
	}
	names := header(text)
	switch {
	case slices.Equal(names, []string{"id", "name"}), slices.Equal(names, []string{"id", "name", "description"}):
		return Categories
	case slices.Equal(names, []string{"code", "name"}):
		return OtherTable // languages
	}
	for _, t := range tables {
		if has(names, t.columns) {
			return t.table
		}
	}
	return NoTable
}

var column = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// header is the names of the columns, or nil when the text begins otherwise.
func header(r io.Reader) []string {
	names, err := csv.NewReader(io.LimitReader(r, 4<<10)).Read()
	if err != nil || slices.ContainsFunc(names, func(name string) bool { return !column.MatchString(name) }) {
		return nil
	}
	return names
}

func has(names, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(name string) bool { return !slices.Contains(names, name) })
}

// maxTable is how long a table may be, in bytes of text: fifteen times what the largest has today.
const maxTable = 64 << 20

// row is one line of a table, by the names of its columns.
type row map[string]string

// numbered is a row and where it starts.
type numbered struct {
	line int
	row  row
}

// table reads a file's rows.
type table struct {
	text  *io.LimitedReader
	lines *csv.Reader
	names []string
}

func openTable(r io.Reader) (*table, error) {
	text, err := plain(r)
	if err != nil {
		return nil, err
	}
	t := &table{text: &io.LimitedReader{R: text, N: maxTable}}
	t.lines = csv.NewReader(t.text)
	t.names, err = t.lines.Read()
	if errors.Is(err, io.EOF) {
		err = errors.New("the table is empty")
	}
	return t, err
}

// next reads a row; at the end of the file it is io.EOF.
func (t *table) next() (numbered, error) {
	fields, err := t.lines.Read()
	if t.text.N == 0 {
		return numbered{}, errors.New("the table is longer than 64 MiB")
	}
	var malformed *csv.ParseError
	if errors.As(err, &malformed) {
		return numbered{}, &Reject{Line: malformed.StartLine, Reason: rowReason(malformed.Err)}
	}
	if err != nil {
		return numbered{}, err
	}
	n := numbered{row: make(row, len(fields))}
	n.line, _ = t.lines.FieldPos(0)
	for i, name := range t.names {
		if !utf8.ValidString(fields[i]) {
			return numbered{}, &Reject{Line: n.line, Reason: "not UTF-8"}
		}
		n.row[name] = fields[i]
	}
	return n, nil
}

// rows yields the rows of a table. As in Read, a *Reject refuses one row and any other error ends the file.
func rows(r io.Reader) iter.Seq2[numbered, error] {
	return func(yield func(numbered, error) bool) {
		t, err := openTable(r)
		if err != nil {
			yield(numbered{}, err)
			return
		}
		for {
			n, err := t.next()
			if err == io.EOF || !yield(n, err) || err != nil && !errors.As(err, new(*Reject)) {
				return
			}
		}
	}
}

func rowReason(err error) string {
	if errors.Is(err, csv.ErrFieldCount) {
		return "not as many fields as the table has columns"
	}
	return "malformed CSV: " + err.Error()
}

// ChannelLists is what is known of channels beside their own table; the zero value knows nothing.
type ChannelLists struct {
	feeds      map[string]feeds
	categories map[string]string // names by id
}

// feeds are the broadcasts of one channel.
type feeds struct {
	ids      []string
	language string // the main one's first
}

// ReadFeeds takes a table of feeds in and hands every row that it does not take to refused.
func (l *ChannelLists) ReadFeeds(r io.Reader, refused func(*Reject)) error {
	if l.feeds == nil {
		l.feeds = map[string]feeds{}
	}
	return each(r, refused, func(f row) string {
		of, id := f["channel"], f["id"]
		if of == "" || id == "" {
			return "a feed without channel or id"
		}
		known := l.feeds[of]
		if !slices.Contains(known.ids, id) {
			known.ids = append(known.ids, id)
		}
		if f["is_main"] == "TRUE" {
			known.language = languageTag(firstOf(f["languages"]))
		}
		l.feeds[of] = known
		return ""
	})
}

// ReadCategories takes a table of categories in.
func (l *ChannelLists) ReadCategories(r io.Reader, refused func(*Reject)) error {
	if l.categories == nil {
		l.categories = map[string]string{}
	}
	return each(r, refused, func(c row) string {
		if c["id"] == "" || clean(c["name"]) == "" {
			return "a category without id or name"
		}
		l.categories[c["id"]] = clean(c["name"])
		return ""
	})
}

// each calls take with every row, which returns why it takes one not.
func each(r io.Reader, refused func(*Reject), take func(row) string) error {
	for n, err := range rows(r) {
		var reject *Reject
		if errors.As(err, &reject) {
			refused(reject)
			continue
		}
		if err != nil {
			return err
		}
		if reason := take(n.row); reason != "" {
			refused(&Reject{Line: n.line, Reason: reason})
		}
	}
	return nil
}

// ChannelRecord is one channel of a file, with the line on which it starts.
type ChannelRecord struct {
	Line    int
	Channel Channel
}

// Channels yields the channels of a table, with what is known of them from the other tables. Pairs are as Read's. What
// our channels have no place for, such as countries and owners, is left out; so is a website that is no URL. Channels
// that have closed, and those that are not for work, are not published.
func (l *ChannelLists) Channels(r io.Reader) iter.Seq2[ChannelRecord, error] {
	return func(yield func(ChannelRecord, error) bool) {
		for n, err := range rows(r) {
			rec := ChannelRecord{Line: n.line}
			if err == nil {
				rec.Channel, err = l.channel(n)
			}
			if !yield(rec, err) {
				return
			}
		}
	}
}

func (l *ChannelLists) channel(n numbered) (Channel, error) {
	id, known := n.row["id"], l.feeds[n.row["id"]]
	c := Channel{
		Key: "iptv-org:" + id, Name: clean(n.row["name"]), Category: l.category(firstOf(n.row["categories"])), Language: known.language,
		WebsiteURL: webAddress(n.row["website"]), Status: "live", Published: n.row["closed"] == "" && n.row["is_nsfw"] != "TRUE",
		EPGIDs: []string{id},
	}
	for _, feed := range known.ids {
		c.EPGIDs = append(c.EPGIDs, id+"@"+feed)
	}
	reason := c.fault()
	if id == "" {
		reason = "no id"
	}
	if reason == "" {
		return c, nil
	}
	reject := &Reject{Line: n.line, Key: c.Key, Reason: reason}
	if strings.ContainsFunc(id, hostile) { // it goes to terminals
		reject.Key = ""
	}
	return Channel{}, reject
}

// category is the name of a category, or made of its id when no table names it.
func (l *ChannelLists) category(id string) string {
	if name, ok := l.categories[id]; ok || id == "" {
		return name
	}
	_, size := utf8.DecodeRuneInString(id)
	return strings.ToUpper(id[:size]) + id[size:]
}

// firstOf is the first of the values that a field has, parted by semicolons.
func firstOf(values string) string {
	first, _, _ := strings.Cut(values, ";")
	return strings.TrimSpace(first)
}

// String implements fmt.Stringer.
func (t Table) String() string {
	switch t {
	case Channels:
		return "channels"
	case Feeds:
		return "feeds"
	case Categories:
		return "categories"
	case OtherTable:
		return "another table of the channels' database"
	}
	return fmt.Sprintf("table %d", int(t))
}
