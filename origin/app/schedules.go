package app

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/schollz/progressbar/v3"

	"encora/origin/epg"
	"encora/origin/pgdb"
)

// scheduleFile tells whether the file is XML, by its name or its first byte: whether that is XMLTV is for its reader to say.
func scheduleFile(path string) bool {
	name := strings.TrimSuffix(strings.ToLower(path), ".gz")
	if strings.HasSuffix(name, ".xml") || strings.HasSuffix(name, ".xmltv") {
		return true
	}
	f, err := os.Open(path)
	if err != nil {
		return false // whoever reads it says why it can't be opened
	}
	defer f.Close()
	return beginsAsXML(f)
}

func beginsAsXML(r io.Reader) bool {
	b := bufio.NewReader(r)
	if magic, _ := b.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) { // what can't be read is no XML
		z, err := gzip.NewReader(b)
		if err != nil {
			return false
		}
		b = bufio.NewReader(z)
	}
	start, _ := b.Peek(512)
	start = bytes.TrimPrefix(start, []byte("\xef\xbb\xbf"))
	return bytes.HasPrefix(bytes.TrimLeft(start, " \t\r\n"), []byte("<"))
}

// schedules imports each file in turn. One that is refused changes nothing, and ends the command with status 1 after the others.
func (i *imports) schedules(ctx context.Context, p *program, files []string) error {
	if len(files) == 0 {
		return nil
	}
	db, err := pgdb.Open(ctx, string(i.DatabaseURL), 4)
	if err != nil {
		return err
	}
	defer db.Close()
	d := newDomains(db, nil, "")
	var failed error
	for _, name := range files {
		failed = errors.Join(failed, withFile(name, func(f io.Reader) error { return i.schedule(ctx, p, &d.epg, name, f) }))
	}
	return failed
}

func (i *imports) schedule(ctx context.Context, p *program, d *epg.Domain, name string, f io.Reader) error {
	bar := &scheduleBar{out: p.err, name: name}
	job, err := d.ImportFile(ctx, commandLine, epg.FileImport{Document: f, Seen: bar.show,
		Import: epg.ImportWrite{Format: "xmltv", ChannelIDs: i.Channel, Timezone: i.Timezone, DryRun: i.DryRun}})
	bar.end()
	report(p.out, name, job)
	if err == nil && job.Status == "failed" {
		return errors.New(job.Errors[0].Message)
	}
	return err
}

// report prints what an import left out and what it did.
func report(out io.Writer, name string, job epg.ImportJob) {
	for _, e := range job.Errors {
		where := name
		if e.Line != nil {
			where += fmt.Sprintf(":%d", *e.Line)
		}
		if e.Channel != nil {
			where += ": channel " + *e.Channel
		}
		fmt.Fprintf(out, "%s: %s (%s)\n", where, e.Message, e.Code)
	}
	if more := job.ErrorCount - int64(len(job.Errors)); more > 0 {
		fmt.Fprintf(out, "%s: and %d errors more\n", name, more)
	}
	verb := ""
	if job.DryRun {
		verb = "dry run, "
	}
	fmt.Fprintf(out, "%s: %s%s; %d programmes read, %d in the schedules of %d channels: %d created, %d updated, %d unchanged; %d deleted; %d errors\n",
		name, verb, job.Status, job.ProgramsRead, job.ProgramsImported, job.ChannelsDone, job.ProgramsCreated, job.ProgramsUpdated,
		job.ProgramsUnchanged, job.ProgramsDeleted, job.ErrorCount)
}

// scheduleBar counts programmes while the document is read, then channels.
type scheduleBar struct {
	out     io.Writer
	name    string
	bar     *progressbar.ProgressBar
	applies bool
}

func (b *scheduleBar) show(job epg.ImportJob) {
	if b.bar == nil {
		b.bar = progress(b.out, b.name+": programmes", -1)
	}
	if job.ChannelsTotal > 0 && !b.applies {
		b.end()
		b.bar, b.applies = progress(b.out, b.name+": channels", int(job.ChannelsTotal)), true
	}
	if b.applies {
		_ = b.bar.Set64(job.ChannelsDone) // it only draws
	} else {
		_ = b.bar.Set64(job.ProgramsRead)
	}
}

func (b *scheduleBar) end() {
	if b.bar != nil {
		_ = b.bar.Finish() // it only draws
	}
}
