package app

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"encora/origin/pgtest"
)

// runOrigin runs a command on the database and returns its status and what it printed.
func runOrigin(t *testing.T, databaseURL string, args ...string) (int, string) {
	t.Helper()
	env := map[string]string{"DATABASE_URL": databaseURL, "LOG_LEVEL": "error"}
	var out, log bytes.Buffer
	status := Main(t.Context(), args, Streams{Out: &out, Err: &log, LookupEnv: func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	}})
	if status != 0 {
		out.WriteString(log.String()) // the error follows the progress bars
	}
	return status, out.String()
}

// wants fails unless the text has every part.
func wants(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in\n%s", part, text)
		}
	}
}

// rowsOf are the rows of a query on the database, as one line of text each.
func rowsOf(t *testing.T, databaseURL, query string, args ...any) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// folder holds files of the given names and texts.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

var channelTables = map[string]string{
	"channels.csv": "id,name,alt_names,network,owners,country,categories,is_nsfw,launched,closed,replaced_by,website\n" +
		"One.uk,One,,,,UK,news;general,FALSE,,,,https://one.example/\nTwo.fr,Deux,,,,FR,,FALSE,,2020-01-01,,\nBad.uk\nThree.de,Drei,,,,DE,music,TRUE,,,,\n",
	"feeds.csv": "channel,id,name,alt_names,is_main,broadcast_area,timezones,languages,format\n" +
		"One.uk,HD,HD,,TRUE,c/UK,Europe/London,eng,1080i\nTwo.fr,SD,SD,,TRUE,c/FR,Europe/Paris,fra,576i\n",
	"categories.csv": "id,name,description\nnews,News & Views,All of it\n",
	"languages.csv":  "code,name\neng,English\n",
	".hidden":        "not for import",
}

func TestImportChannelLists(t *testing.T) {
	t.Parallel()
	db, dir := pgtest.URL(t), folder(t, channelTables)
	status, text := runOrigin(t, db, "import", dir)
	if status != 0 {
		t.Errorf("status %d", status)
	}
	wants(t, text, "channels.csv: 3 created, 0 known already, 1 rejected\n", "channels.csv: line 4: not as many fields as the table has columns\n",
		"languages.csv: nothing in it for channels\n")
	want := `
iptv-org:One.uk|One|one|News & Views|en|https://one.example/|live|{One.uk,One.uk@HD}|true
iptv-org:Three.de|Drei|drei|Music|||live|{Three.de}|false
iptv-org:Two.fr|Deux|deux||fr||live|{Two.fr,Two.fr@SD}|false`
	const q = `SELECT concat_ws('|', source_key, name, slug, category, language, website_url, status, epg_ids, is_published::text) FROM channels ORDER BY source_key`
	if got := "\n" + strings.Join(rowsOf(t, db, q), "\n"); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	status, text = runOrigin(t, db, "import", filepath.Join(dir, "channels.csv"), filepath.Join(dir, "feeds.csv"))
	if status != 0 {
		t.Errorf("again: status %d", status)
	}
	wants(t, text, "channels.csv: 0 created, 3 known already, 1 rejected\n")
}

func TestImportChannelListsThatCantBe(t *testing.T) {
	t.Parallel()
	db := pgtest.URL(t)
	dir := folder(t, map[string]string{
		"feeds.csv": channelTables["feeds.csv"], "none.csv": "id,name,categories,is_nsfw\nA.uk\n", "empty.csv": "id,name,categories,is_nsfw\n",
	})
	for _, c := range []struct{ file, reason string }{
		{"feeds.csv", "no table of channels among the files"},
		{"none.csv", "none.csv: no channel was taken"},
		{"empty.csv", "empty.csv: no channel was taken"},
		{"absent.csv", "no such file"},
	} {
		status, text := runOrigin(t, db, "import", filepath.Join(dir, c.file))
		if status != 1 {
			t.Errorf("%s: status %d", c.file, status)
		}
		wants(t, text, c.reason)
	}
}

func TestImportChannelsInManyBatches(t *testing.T) {
	t.Parallel()
	db := pgtest.URL(t)
	var table strings.Builder
	table.WriteString("id,name,categories,is_nsfw\n")
	for i := range 2*batchSize + 7 {
		table.WriteString("C" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + ".n" + strings.Repeat("i", i/26) + ",Same name,,FALSE\n")
	}
	dir := folder(t, map[string]string{"many.csv": table.String()})
	status, text := runOrigin(t, db, "import", dir)
	if status != 0 {
		t.Errorf("status %d", status)
	}
	wants(t, text, "many.csv: 1007 created, 0 known already, 0 rejected\n")
	if slugs := rowsOf(t, db, `SELECT count(DISTINCT slug)::text FROM channels`); slugs[0] != "1007" {
		t.Errorf("%s addresses for 1007 channels", slugs[0])
	}
}
