package app

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/schollz/progressbar/v3"

	"encora/origin/ingest"
	"encora/origin/vocab"
)

// batchSize is how many records are brought in by one transaction.
const batchSize = 500

// intake brings records in, batch by batch, shows how far it is, and reports every one that is refused by its line.
type intake[B any] struct {
	name   string // of the source
	what   string // one of the records is, such as "film"
	total  int    // -1: not known
	store  func(ctx context.Context, batch []B) (vocab.Outcome, error)
	key    func(B) string
	report func(*ingest.Reject)

	bar                      *progressbar.ProgressBar
	batch                    []B
	lines                    []int
	created, known, rejected int
	parts                    int // of what was created or known: seasons and episodes
}

// line is a record with the line on which it starts.
type line[B any] struct {
	number int
	record B
}

// lined turns what a file yields into what is brought in.
func lined[R, B any](records iter.Seq2[R, error], f func(*R) line[B]) iter.Seq2[line[B], error] {
	return func(yield func(line[B], error) bool) {
		for r, err := range records {
			var l line[B]
			if err == nil {
				l = f(&r)
			}
			if !yield(l, err) {
				return
			}
		}
	}
}

// run brings all in and prints what came of it.
func (in *intake[B]) run(ctx context.Context, p *program, records iter.Seq2[line[B], error]) error {
	in.bar = progress(p.err, in.name, in.total)
	err := in.all(ctx, records)
	_ = in.bar.Finish() // it only draws
	fmt.Fprintf(p.out, "%s: %d created, %d known already, %d rejected%s\n", in.name, in.created, in.known, in.rejected, in.added())
	if err == nil && in.created+in.known == 0 {
		return fmt.Errorf("no %s was taken", in.what)
	}
	return err
}

// added says how many parts came in, if what is brought in has any.
func (in *intake[B]) added() string {
	if in.parts == 0 {
		return ""
	}
	return fmt.Sprintf("; %d seasons and episodes added", in.parts)
}

func (in *intake[B]) all(ctx context.Context, records iter.Seq2[line[B], error]) error {
	for l, err := range records {
		var reject *ingest.Reject
		switch {
		case errors.As(err, &reject):
			in.reject(reject)
		case err != nil:
			return errors.Join(in.flush(ctx), err)
		default:
			in.batch, in.lines = append(in.batch, l.record), append(in.lines, l.number)
		}
		if len(in.batch) == batchSize {
			if err := in.flush(ctx); err != nil {
				return err
			}
		}
	}
	return in.flush(ctx)
}

func (in *intake[B]) reject(r *ingest.Reject) {
	in.rejected++
	_ = in.bar.Add(1)
	in.report(r)
}

func (in *intake[B]) flush(ctx context.Context) error {
	if len(in.batch) == 0 {
		return nil
	}
	done, err := in.store(ctx, in.batch)
	if err != nil {
		return err
	}
	for _, r := range done.Refused {
		in.reject(&ingest.Reject{Line: in.lines[r.Index], Key: in.key(in.batch[r.Index]), Reason: r.Reason})
	}
	in.created, in.known, in.parts = in.created+done.Created, in.known+done.Known, in.parts+done.Parts
	_ = in.bar.Add(done.Created + done.Known)
	in.batch, in.lines = in.batch[:0], in.lines[:0]
	return nil
}
