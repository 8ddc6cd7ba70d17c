package epg

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/jackc/pgx/v5"

	"encora/origin/listings"
	"encora/origin/record"
)

// Bounds of what is kept in memory of a document, and of one channel of it.
const (
	batchRows       = 2000
	batchBytes      = 2 << 20
	saveEvery       = 500 * time.Millisecond
	maxChannelText  = 16 << 20 // bytes of the ids and names of all channels
	maxNames        = 20       // of a channel
	maxNameLength   = 255
	channelOverhead = 200
	maxChannelRows  = 10_000 // programmes: a month of five minutes each, or half a year of half hours
	maxChannelBytes = 6 << 20
	clearRows       = 20_000 // by one statement
)

// feedChannel is a channel of a document.
type feedChannel struct {
	Number     int32
	Channel    string
	Line       int64
	Names      []string
	Programmes int64
	Staged     int64
	Overfull   bool // it has more than a channel may have: not all are on the stage
	bytes      int64
}

// stager takes a document's parts to the stage, batch by batch.
type stager struct {
	ctx      context.Context
	im       *importer
	next     ImportProgress
	channels map[string]*feedChannel
	order    []*feedChannel
	text     int
	rows     [][]any
	bytes    int
	began    time.Time // the batch
	err      error     // of the database
}

// stage reads the document to its end. Nothing is applied before that: a document that ends badly changes nothing.
func (im *importer) stage(ctx context.Context) error {
	zone, err := im.row.zone()
	if err != nil {
		return &importFailure{code: "unknown_zone", message: "There is no time zone " + im.row.Timezone + "."}
	}
	source, err := im.open(ctx)
	if err != nil {
		return documentFault(ctx, err)
	}
	defer source.Close()
	st := &stager{ctx: ctx, im: im, next: im.row.ImportProgress, channels: map[string]*feedChannel{}, began: time.Now()}
	options := listings.Options{Zone: zone, Unicode: im.row.SourceURL == "" && im.file == nil}
	if im.row.Format == formatJSON {
		err = listings.ReadJSON(source, options, st)
	} else {
		err = listings.ReadXMLTV(source, options, st)
	}
	switch {
	case st.err != nil:
		return st.err
	case err != nil:
		im.row.ImportProgress = st.next // a failure says how far it came
		return documentFault(ctx, err)
	}
	return st.finish()
}

// open is the document as a stream.
func (im *importer) open(ctx context.Context) (io.ReadCloser, error) {
	switch {
	case im.file != nil:
		return io.NopCloser(im.d.Imports.decompress(im.file, "", 0)), nil
	case im.row.SourceURL != "":
		return im.d.Imports.fetch(ctx, im.row.SourceURL)
	}
	var document []byte
	err := im.s.Write(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT source FROM epg_imports WHERE id = $1`, im.row.ID).Scan(&document)
	})
	if err != nil {
		return nil, err
	}
	if document == nil {
		return nil, bad("source_gone", "The document was read by a command that did not end; start the import again.")
	}
	plain, err := gzip.NewReader(bytes.NewReader(document)) // of our own making
	return plain, err
}

// documentFault makes a failure of what is wrong with the document; trouble of the database stays what it is.
func documentFault(ctx context.Context, err error) error {
	var source *badSource
	var refused listings.Refusal
	var failure *importFailure
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &failure):
		return failure
	case errors.As(err, &source):
		return &importFailure{code: source.code, message: source.message, detail: source.detail}
	case errors.As(err, &refused):
		return &importFailure{line: refused.Line, code: refused.Code, message: refused.Message}
	}
	return err
}

// Channel implements listings.Handler.
func (st *stager) Channel(c listings.Channel) error {
	f, err := st.channel(c.ID, c.Line)
	if err != nil {
		return err
	}
	for _, n := range c.Names {
		if len(f.Names) < maxNames && len(n.Value) <= maxNameLength {
			f.Names = append(f.Names, strings.Clone(n.Value))
			st.text += len(n.Value)
		}
	}
	return st.tick()
}

// channel is that of the id; the line is where it is met first.
func (st *stager) channel(id string, line int64) (*feedChannel, error) {
	if f := st.channels[id]; f != nil {
		return f, nil
	}
	if st.text += len(id) + channelOverhead; st.text > maxChannelText {
		return nil, &importFailure{line: line, code: "too_many_channels", message: fmt.Sprintf("The document has too many channels: %d before this one.", len(st.order))}
	}
	f := &feedChannel{Number: int32(len(st.order)), Channel: strings.Clone(id), Line: line, Names: []string{}}
	st.channels[f.Channel], st.order = f, append(st.order, f)
	return f, nil
}

// Programme implements listings.Handler.
func (st *stager) Programme(p *listings.Programme) error {
	st.next.ProgramsRead++
	f, err := st.channel(p.Channel, p.Line)
	if err != nil {
		return err
	}
	f.Programmes++
	return st.add(f, p)
}

// add puts a programme on the stage, unless its channel has too many: that will be refused, the others are not.
func (st *stager) add(f *feedChannel, p *listings.Programme) error {
	if f.Overfull = f.Overfull || f.Staged == maxChannelRows || f.bytes > maxChannelBytes; f.Overfull {
		return st.tick()
	}
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("stage a programme: %w", err)
	}
	f.Staged, f.bytes = f.Staged+1, f.bytes+int64(len(text))
	st.rows = append(st.rows, []any{st.im.row.ID, f.Number, f.Staged, text})
	st.bytes += len(text)
	return st.tick()
}

// Fault implements listings.Handler.
func (st *stager) Fault(f listings.Fault) error {
	if f.Code != listings.FaultInvalidChannel {
		st.next.ProgramsRead++
	}
	st.next = st.next.with(importError(f.Line, f.Channel, f.Code, f.Message))
	if f.Channel == "" {
		return st.tick()
	}
	channel, err := st.channel(f.Channel, f.Line)
	switch {
	case err != nil:
		return err
	case f.Start == nil:
		return st.tick()
	}
	return st.add(channel, &listings.Programme{Line: f.Line, Channel: f.Channel, Start: *f.Start})
}

// tick writes the batch when it is full or old.
func (st *stager) tick() error {
	if len(st.rows) < batchRows && st.bytes < batchBytes && time.Since(st.began) < saveEvery {
		return nil
	}
	return st.flush()
}

func (st *stager) flush() error {
	err := st.im.write(st.ctx, func(w *record.Tx) (ImportProgress, error) {
		return st.next, copyStaged(st.ctx, w.Tx, st.rows)
	})
	if err == nil {
		metrics.GetOrCreateCounter(`encora_epg_programs_staged_total`).Add(len(st.rows))
		err = st.im.rest(st.ctx, st.began)
	}
	clear(st.rows)
	st.rows, st.bytes, st.began, st.err = st.rows[:0], 0, time.Now(), err
	return err
}

func copyStaged(ctx context.Context, tx pgx.Tx, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"epg_staged"}, []string{"import_id", "channel", "seq", "programme"}, pgx.CopyFromRows(rows))
	return err
}

// finish notes that the document has ended well, with its channels.
func (st *stager) finish() error {
	if err := st.flush(); err != nil {
		return err
	}
	im := st.im
	err := im.write(st.ctx, func(w *record.Tx) (ImportProgress, error) {
		if err := copyFeedChannels(st.ctx, w.Tx, im.row, st.order); err != nil {
			return st.next, err
		}
		_, err := w.Exec(st.ctx, `UPDATE epg_imports SET staged = true WHERE id = $1`, im.row.ID)
		return st.next, err
	})
	im.row.Staged = err == nil
	return err
}

func copyFeedChannels(ctx context.Context, tx pgx.Tx, row *importRow, all []*feedChannel) error {
	columns := strings.Fields(`import_id number channel line names programmes staged overfull targets done`)
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"epg_import_channels"}, columns, pgx.CopyFromSlice(len(all), func(i int) ([]any, error) {
		f := all[i]
		return []any{row.ID, f.Number, f.Channel, f.Line, f.Names, f.Programmes, f.Staged, f.Overfull, []string{}, 0}, nil
	}))
	return err
}

// stageIsWhole reports whether the stage holds all that is still to be applied. It does not before the document's end, nor
// after a crash of Postgres, which empties it.
func (im *importer) stageIsWhole(ctx context.Context) (bool, error) {
	if !im.row.Staged {
		return false, nil
	}
	const q = `
		SELECT (SELECT coalesce(sum(staged), 0) FROM epg_import_channels
		        WHERE import_id = $1 AND (done < cardinality(targets) OR cardinality(targets) = 0))
		     = (SELECT count(*) FROM epg_staged WHERE import_id = $1)`
	var whole bool
	err := im.s.Write(ctx, func(tx pgx.Tx) error { return tx.QueryRow(ctx, q, im.row.ID).Scan(&whole) })
	return whole, err
}

// restart forgets all that was read of the document. What it changed stays: reading it again finds that unchanged.
func (im *importer) restart(ctx context.Context) error {
	if err := im.clearStage(ctx); err != nil {
		return err
	}
	const q = `UPDATE epg_imports SET staged = false, resolved = false, diff = NULL WHERE id = $1`
	err := im.write(ctx, func(w *record.Tx) (ImportProgress, error) {
		p := ImportProgress{Errors: []ImportError{}}
		if _, err := w.Exec(ctx, `DELETE FROM epg_import_channels WHERE import_id = $1`, im.row.ID); err != nil {
			return p, err
		}
		_, err := w.Exec(ctx, q, im.row.ID)
		return p, err
	})
	if err == nil {
		im.row.Staged, im.row.Resolved, im.row.Diff = false, false, nil
	}
	return err
}

// clearStage takes the import's programmes off the stage, in short transactions.
func (im *importer) clearStage(ctx context.Context) error {
	for {
		began := time.Now()
		var n int64
		err := im.s.Write(ctx, func(tx pgx.Tx) error {
			const q = `
				DELETE FROM epg_staged WHERE (import_id, channel, seq) IN (
					SELECT import_id, channel, seq FROM epg_staged WHERE import_id = $1 ORDER BY channel, seq LIMIT $2)`
			tag, err := tx.Exec(ctx, q, im.row.ID, clearRows)
			if err != nil {
				return err
			}
			n = tag.RowsAffected()
			return tx.Commit(ctx)
		})
		if err != nil || n < clearRows {
			return err
		}
		if err := im.rest(ctx, began); err != nil {
			return err
		}
	}
}
