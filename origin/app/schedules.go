package app

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/schollz/progressbar/v3"

	"encora/origin/epg"
	"encora/origin/pgdb"
)

// scheduleFormat tells whether the file is a schedule: XML, by its name or its first byte (whether that is XMLTV is for its
// reader to say), or JSON of programmes. It is "" when it is neither.
func scheduleFormat(path string) string {
	name := strings.TrimSuffix(strings.ToLower(path), ".gz")
	if strings.HasSuffix(name, ".xml") || strings.HasSuffix(name, ".xmltv") {
		return "xmltv"
	}
	f, err := os.Open(path)
	if err != nil {
		return "" // whoever reads it says why it can't be opened
	}
	defer f.Close()
	return formatOf(f)
}

func scheduleFile(path string) bool { return scheduleFormat(path) != "" }

const firstProgramme = 1 << 20 // bytes in which the first of a schedule in JSON ends

func formatOf(r io.Reader) string {
	b := bufio.NewReader(r)
	if magic, _ := b.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) { // what can't be read is no schedule
		z, err := gzip.NewReader(b)
		if err != nil {
			return ""
		}
		b = bufio.NewReader(z)
	}
	start, _ := b.Peek(512)
	if rest, marked := bytes.CutPrefix(start, []byte("\xef\xbb\xbf")); marked {
		start = rest
		_, _ = b.Discard(3) // they are in the buffer
	}
	switch start = bytes.TrimLeft(start, " \t\r\n"); {
	case bytes.HasPrefix(start, []byte("<")):
		return "xmltv"
	case bytes.HasPrefix(start, []byte("[")) && programmeFirst(io.LimitReader(b, firstProgramme)):
		return "json"
	}
	return ""
}

// programmeFirst reports whether the first object of a list has what every programme has and no film.
func programmeFirst(r io.Reader) bool {
	d := json.NewDecoder(r)
	var first map[string]json.RawMessage
	if _, err := d.Token(); err != nil || !d.More() || d.Decode(&first) != nil {
		return false
	}
	_, channel := first["channel_id"]
	_, start := first["start_time"]
	return channel || start
}

// withoutDefinitions passes over DTDs, which lie beside feeds.
func withoutDefinitions(out io.Writer, files []string) []string {
	definitions, others := divide(files, func(name string) bool { return strings.HasSuffix(strings.ToLower(name), ".dtd") })
	for _, name := range definitions {
		fmt.Fprintf(out, "%s: passed over: it defines a format, and holds nothing to import\n", name)
	}
	return others
}

// allSchedules refuses what is asked of schedules alone when other files would be imported with them.
func (i *imports) allSchedules(files []string) error {
	if !i.DryRun && i.Timezone == "" && len(i.Channel) == 0 {
		return nil
	}
	_, others := divide(files, scheduleFile)
	if others = append(others, i.GenreLabels...); len(others) > 0 {
		return fmt.Errorf("--dry-run, --timezone and --channel are for schedules alone, and these are none: %s; nothing was imported", strings.Join(others, ", "))
	}
	return nil
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
	for n, name := range files {
		if ctx.Err() != nil {
			return errors.Join(failed, fmt.Errorf("not begun: %s", strings.Join(files[n:], ", ")))
		}
		failed = errors.Join(failed, withFile(name, func(f io.Reader) error { return i.schedule(ctx, p, &d.epg, name, f) }))
	}
	return failed
}

func (i *imports) schedule(ctx context.Context, p *program, d *epg.Domain, name string, f io.Reader) error {
	bar := &scheduleBar{out: p.err, name: name}
	job, err := d.ImportFile(ctx, commandLine, epg.FileImport{Document: f, Seen: bar.show,
		Import: epg.ImportWrite{Format: cmp.Or(scheduleFormat(name), "xmltv"), ChannelIDs: i.Channel, Timezone: i.Timezone, DryRun: i.DryRun}})
	bar.end()
	report(p.out, name, job)
	switch {
	case ctx.Err() != nil && err != nil && job.Status == "failed":
		return errors.New("interrupted")
	case ctx.Err() != nil && err != nil:
		return fmt.Errorf("interrupted: %w", err)
	}
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
		fmt.Fprintf(out, "%s: and %s more\n", name, counted(more, "error"))
	}
	verb := ""
	if job.DryRun {
		verb = "dry run, "
	}
	fmt.Fprintf(out, "%s: %s%s; %s read, %d in the schedules of %s: %d created, %d updated, %d unchanged; %d deleted; %s\n",
		name, verb, job.Status, counted(job.ProgramsRead, "programme"), job.ProgramsImported, counted(job.ChannelsDone, "channel"),
		job.ProgramsCreated, job.ProgramsUpdated, job.ProgramsUnchanged, job.ProgramsDeleted, counted(job.ErrorCount, "error"))
}

// counted writes a number of things.
func counted(n int64, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
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
