package ingest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const (
	channelColumns = "id,name,alt_names,network,owners,country,categories,is_nsfw,launched,closed,replaced_by,website\n"
	feedColumns    = "channel,id,name,alt_names,is_main,broadcast_area,timezones,languages,format\n"
)

func TestTableOf(t *testing.T) {
	f := func(text string, want Table) {
		t.Helper()
		for _, file := range []string{text, "\ufeff" + text, zipped(text), strings.ReplaceAll(text, "\n", "\r\n")} {
			if got := TableOf(strings.NewReader(file)); got != want {
				t.Errorf("%.60q is %v, want %v", file, got, want)
			}
		}
	}
	f(channelColumns, Channels)
	f("id,name,country,categories,is_nsfw\nA.uk,A,UK,news,FALSE\n", Channels)
	f(feedColumns+"A.uk,SD,SD,,TRUE,c/UK,Europe/London,eng,576i\n", Feeds)
	f("id,name,description\nauto,Auto,Cars\n", Categories)
	f("id,name\nauto,Auto\n", Categories)
	f("code,name\neng,English\n", OtherTable)
	f("name,code,languages,flag\n", OtherTable)
	f("code,name,countries\n", OtherTable)
	f("country,code,name,parent\n", OtherTable)
	f("id,utc_offset,countries\n", OtherTable)
	f("channel,reason,ref\n", OtherTable)
	f("channel,feed,tags,width,height,format,url\n", OtherTable)
	f("", NoTable)
	f("id\n", NoTable)
	f("title,year\nHeat,1995\n", NoTable)
	f(`{"title":"Heat","year":1995}`, NoTable)
	f(`<?xml version="1.0"?><tv></tv>`, NoTable)
	f("\"id\nname\n", NoTable)
	f(strings.Repeat("id,name,", 1<<12), NoTable)
}

// read is what the lists make of a table of channels, and what they refuse of it: "LINE REASON".
func (l *ChannelLists) read(table string) ([]ChannelRecord, []string, error) {
	var records []ChannelRecord
	var refused []string
	for rec, err := range l.Channels(strings.NewReader(table)) {
		var reject *Reject
		switch {
		case errors.As(err, &reject):
			refused = append(refused, reject.Error())
		case err != nil:
			return records, refused, err
		default:
			records = append(records, rec)
		}
	}
	return records, refused, nil
}

func TestChannels(t *testing.T) {
	var lists ChannelLists
	none := func(r *Reject) { t.Error(r) }
	if err := lists.ReadCategories(strings.NewReader("id,name,description\nnews,News & Views,\"All, of it\"\n"), none); err != nil {
		t.Fatal(err)
	}
	feeds := feedColumns + "One.uk,SD,SD,,FALSE,c/UK,Europe/London,cym,576i\nOne.uk,HD,HD,,TRUE,c/UK,Europe/London,eng;cym,1080i\n" +
		"One.uk,HD,HD again,,FALSE,c/UK,Europe/London,fra,1080i\nTwo.rs,SD,SD,,TRUE,c/RS,Europe/Belgrade,srp,576i\nThree.xx,SD,SD,,TRUE,,,jap,576i\n"
	if err := lists.ReadFeeds(strings.NewReader(zipped(feeds)), none); err != nil {
		t.Fatal(err)
	}
	records, refused, err := lists.read(channelColumns +
		"One.uk,One,Uno;Ein,Net,Owner,UK,news;general,FALSE,1990-01-01,,,https://one.example/\n" +
		"Two.rs,\"Two,  and \"\"more\"\"\",,,,RS,relax,FALSE,,2020-01-01,Three.xx,two.example\n" +
		"Three.xx,\"Three\nlines\",,,,XX,,TRUE,,,,\n" +
		"Four.fr,Quatre,,,,FR,,FALSE,,,,ftp://x\n")
	if err != nil || refused != nil {
		t.Fatal(err, refused)
	}
	want := []ChannelRecord{
		{2, Channel{Key: "iptv-org:One.uk", Name: "One", Category: "News & Views", Language: "en", WebsiteURL: "https://one.example/",
			Status: "live", EPGIDs: []string{"One.uk", "One.uk@SD", "One.uk@HD"}, Published: true}},
		{3, Channel{Key: "iptv-org:Two.rs", Name: `Two, and "more"`, Category: "Relax", Language: "sr", Status: "live",
			EPGIDs: []string{"Two.rs", "Two.rs@SD"}}},
		{4, Channel{Key: "iptv-org:Three.xx", Name: "Three lines", Status: "live", EPGIDs: []string{"Three.xx", "Three.xx@SD"}}},
		{6, Channel{Key: "iptv-org:Four.fr", Name: "Quatre", Status: "live", EPGIDs: []string{"Four.fr"}, Published: true}},
	}
	if !reflect.DeepEqual(records, want) {
		t.Errorf("got\n%+v\nwant\n%+v", records, want)
	}
}

func TestChannelsRefusesRowsByLine(t *testing.T) {
	f := func(row, reason string) {
		t.Helper()
		good := "Good.uk,Good,,,,UK,,FALSE,,,,\n"
		records, refused, err := new(ChannelLists).read(channelColumns + good + row + "\n" + good)
		if err != nil || len(records) != 2 || !slices.Equal(refused, []string{"line 3: " + reason}) {
			t.Errorf("%q: %d channels, %v, %v; want %q", row, len(records), refused, err, reason)
		}
	}
	f("A.uk,A", "not as many fields as the table has columns")
	f(`A"uk,A,,,,UK,,FALSE,,,,`, `malformed CSV: bare " in non-quoted-field`)
	f(",A,,,,UK,,FALSE,,,,", "iptv-org:: no id")
	f("A.uk, ,,,,UK,,FALSE,,,,", "iptv-org:A.uk: no name")
	f("A.uk,"+strings.Repeat("ä", 101)+",,,,UK,,FALSE,,,,", "iptv-org:A.uk: name too long")
	f("A.uk,A\u202eB,,,,UK,,FALSE,,,,", "iptv-org:A.uk: name holds control, direction or broken characters")
	f("A\x1b.uk,A,,,,UK,,FALSE,,,,", "key holds control, direction or broken characters")
	f("A.uk,A\xff,,,,UK,,FALSE,,,,", "not UTF-8")
	f(strings.Repeat("a", 256)+",A,,,,UK,,FALSE,,,,", "iptv-org:"+strings.Repeat("a", 256)+": id of a feed too long")
	f("A.uk,A,,,,UK,"+strings.Repeat("c", 101)+",FALSE,,,,", "iptv-org:A.uk: category too long")
}

func TestFeedsAreRefusedByLine(t *testing.T) {
	var refused []string
	var lists ChannelLists
	table := feedColumns + "A.uk,,SD,,TRUE,,,eng,576i\nA.uk,SD\nA.uk,SD,SD,,TRUE,,,eng,576i\n"
	if err := lists.ReadFeeds(strings.NewReader(table), func(r *Reject) { refused = append(refused, r.Error()) }); err != nil {
		t.Fatal(err)
	}
	want := []string{"line 2: a feed without channel or id", "line 3: not as many fields as the table has columns"}
	if !slices.Equal(refused, want) || !slices.Equal(lists.feeds["A.uk"].ids, []string{"SD"}) {
		t.Errorf("%q, %v", refused, lists.feeds)
	}
}

func TestTablesThatCantBeRead(t *testing.T) {
	f := func(r io.Reader, want string) {
		t.Helper()
		records := 0
		var last error
		for _, err := range new(ChannelLists).Channels(r) {
			if last = err; err == nil {
				records++
			}
		}
		if last == nil || last.Error() != want {
			t.Errorf("after %d channels %v, want %q", records, last, want)
		}
	}
	f(strings.NewReader(""), "the table is empty")
	f(strings.NewReader("\x1f\x8b"), "gzip: unexpected EOF")
	truncated := zipped(channelColumns + strings.Repeat("A.uk,A,,,,UK,,FALSE,,,,\n", 100))
	f(strings.NewReader(truncated[:len(truncated)-20]), "unexpected EOF")
	long := io.MultiReader(strings.NewReader(channelColumns+`"`), &endless{text: strings.Repeat("a", 1<<20)})
	f(long, "the table is longer than 64 MiB")
}

func TestLanguageTag(t *testing.T) {
	for code, want := range map[string]string{
		"eng": "en", "srp": "sr", "fre": "fr", "heb": "he", "yue": "yue", "jap": "", "mul": "", "und": "", "zxx": "", "": "", "english": "",
	} {
		if got := languageTag(code); got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
}

// TestRealChannels reads the database as it is, from the folder that DATA_DIR names.
func TestRealChannels(t *testing.T) {
	dir := os.Getenv("DATA_DIR")
	if dir == "" {
		t.Skip("DATA_DIR is not set")
	}
	var lists ChannelLists
	read := func(name string, from func(io.Reader)) {
		t.Helper()
		file, err := os.Open(filepath.Join(dir, "channels", name))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		from(file)
	}
	none := func(r *Reject) { t.Error(r) }
	fine := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	read("feeds.csv.gz", func(r io.Reader) { fine(lists.ReadFeeds(r, none)) })
	read("categories.csv", func(r io.Reader) { fine(lists.ReadCategories(r, none)) })
	count := map[string]int{}
	read("channels.csv.gz", func(r io.Reader) {
		for rec, err := range lists.Channels(r) {
			fine(err)
			count["channels"]++
			count["feeds"] += len(rec.Channel.EPGIDs) - 1
			for what, is := range map[string]bool{"published": rec.Channel.Published, "with language": rec.Channel.Language != "",
				"with category": rec.Channel.Category != "", "with website": rec.Channel.WebsiteURL != ""} {
				if is {
					count[what]++
				}
			}
		}
	})
	want := map[string]int{"channels": 41105, "feeds": 45082, "published": 39404, "with language": 41101, "with category": 31315, "with website": 27922}
	if fmt.Sprint(count) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", count, want)
	}
}

func FuzzChannels(f *testing.F) {
	f.Add([]byte(channelColumns + "One.uk,One,,,,UK,news,FALSE,,,,https://one.example/\n"))
	f.Add([]byte("id,id\n\"a\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		last := 1
		for rec, err := range new(ChannelLists).Channels(strings.NewReader(string(file))) {
			if err != nil {
				continue
			}
			if rec.Line <= last || rec.Channel.fault() != "" {
				t.Errorf("line %d after %d: %q", rec.Line, last, rec.Channel.fault())
			}
			last = rec.Line
		}
	})
}
