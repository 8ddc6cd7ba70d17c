package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"encora/origin/epg"
	"encora/origin/ingest"
	"encora/origin/pgdb"
	"encora/origin/record"
	"encora/origin/vocab"
)

// filesOf puts the files of a folder and of the folders in it, in the order of their names, in its place. Hidden ones are left
// out.
func filesOf(names []string) ([]string, error) {
	var files []string
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, name)
			continue
		}
		root := name + string(filepath.Separator) // should it be a link to a folder
		err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			hidden := path != root && strings.HasPrefix(e.Name(), ".")
			switch {
			case err != nil:
				return err
			case e.IsDir() && hidden:
				return fs.SkipDir
			case !e.IsDir() && !hidden:
				files = append(files, path)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

// divide parts the files that are of a kind from the others.
func divide(files []string, kind func(path string) bool) ([]string, []string) {
	var of, others []string
	for _, f := range files {
		if kind(f) {
			of = append(of, f)
		} else {
			others = append(others, f)
		}
	}
	return of, others
}

// channelList tells whether the file is a table of a database of channels.
func channelList(path string) bool { return tableOf(path) != ingest.NoTable }

func tableOf(path string) ingest.Table {
	f, err := os.Open(path)
	if err != nil {
		return ingest.NoTable // whoever reads it says why it can't be opened
	}
	defer f.Close()
	return ingest.TableOf(f)
}

// importChannels imports the channels of a database's tables, wherever among them they stand.
func importChannels(ctx context.Context, p *program, to database, files []string) error {
	if len(files) == 0 {
		return nil
	}
	var lists ingest.ChannelLists
	var tables []string
	for _, name := range files {
		var read func(io.Reader, func(*ingest.Reject)) error
		switch tableOf(name) {
		case ingest.Channels:
			tables = append(tables, name)
			continue
		case ingest.Feeds:
			read = lists.ReadFeeds
		case ingest.Categories:
			read = lists.ReadCategories
		default:
			fmt.Fprintf(p.out, "%s: nothing in it for channels\n", name)
			continue
		}
		if err := withFile(name, func(f io.Reader) error { return read(f, reporter(p.out, name)) }); err != nil {
			return err
		}
	}
	if len(tables) == 0 {
		return errors.New("no table of channels among the files: feeds and categories are imported together with it")
	}
	return eachChannelTable(ctx, p, to, &lists, tables)
}

func eachChannelTable(ctx context.Context, p *program, to database, lists *ingest.ChannelLists, tables []string) error {
	db, err := pgdb.Open(ctx, string(to.DatabaseURL), 4)
	if err != nil {
		return err
	}
	defer db.Close()
	d := newDomains(db, nil, "")
	var failed error
	for _, name := range tables {
		if ctx.Err() != nil {
			return errors.Join(failed, fmt.Errorf("%s: not begun: %w", name, ctx.Err()))
		}
		failed = errors.Join(failed, withFile(name, func(f io.Reader) error {
			return bringChannelsIn(ctx, p, d, name, -1, lists.Channels(f))
		}))
	}
	return failed
}

// withFile names the file in the error.
func withFile(name string, read func(io.Reader) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := read(f); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// reporter prints rows that are refused.
func reporter(out io.Writer, name string) func(*ingest.Reject) {
	return func(r *ingest.Reject) { fmt.Fprintf(out, "%s: %s\n", name, r) }
}

// bringChannelsIn stores channels batch by batch, shows how far it is, and reports every one that is refused by its line.
func bringChannelsIn(ctx context.Context, p *program, d *domains, name string, total int, channels iter.Seq2[ingest.ChannelRecord, error]) error {
	in := intake[epg.IncomingChannel]{name: name, what: "channel", total: total,
		store: func(ctx context.Context, batch []epg.IncomingChannel) (vocab.Outcome, error) {
			return d.epg.IngestChannels(ctx, commandLine, time.Now(), batch)
		},
		key: func(c epg.IncomingChannel) string { return c.Key }, report: reporter(p.out, name)}
	return in.run(ctx, p, lined(channels, func(r *ingest.ChannelRecord) line[epg.IncomingChannel] {
		return line[epg.IncomingChannel]{r.Line, incomingChannel(&r.Channel)}
	}))
}

// commandLine is who did what a command does.
var commandLine = record.System("command-line")

// incomingChannel is a channel as the guide takes it.
func incomingChannel(c *ingest.Channel) epg.IncomingChannel {
	w := epg.ChannelWrite{
		Name: c.Name, Number: c.Number, Description: c.Description, Category: c.Category, Language: c.Language,
		Images: vocab.ImageSet{LogoURL: c.LogoURL}, Status: c.Status, DRMRequired: c.Premium, IsPremium: c.Premium,
		IsCatchupEnabled: c.CatchupDays > 0, WebsiteURL: c.WebsiteURL, EPGIDs: c.EPGIDs,
	}
	if w.IsCatchupEnabled {
		w.CatchupDays = &c.CatchupDays
	}
	return epg.IncomingChannel{Key: c.Key, Channel: w, Published: c.Published}
}
