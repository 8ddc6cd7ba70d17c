package epg

import (
	"crypto/x509"
	"log/slog"
	"slices"
	"syscall"
	"time"
	_ "time/tzdata" // zones by name, on machines that have no table of them

	"github.com/google/uuid"

	"encora/origin/record"
)

// Imports are the settings of imports; their zero value takes no source_url.
type Imports struct {
	Hosts    []string // that feeds may be fetched from: exact names, with a port unless it is 443
	MaxBytes int64    // of a document, compressed and not; 0 is 2 GiB
	Log      *slog.Logger

	// Tests replace these: the real ones refuse what is not public, trust the system's roots, and wait for longer.
	control     func(network, address string, c syscall.RawConn) error
	roots       *x509.CertPool
	total, idle time.Duration
	rest        func(worked time.Duration) time.Duration
}

// ImportJob is an import of schedules and how far it is.
type ImportJob struct {
	ID     uuid.UUID `json:"id"`
	Status string    `json:"status" enum:"queued,processing,completed,failed"`
	Format string    `json:"format" enum:"xmltv,json"`
	DryRun bool      `json:"dry_run" doc:"Only says what would change."`
	ImportProgress
	CreatedAt   time.Time   `json:"created_at"`
	StartedAt   *time.Time  `json:"started_at" nullable:"true"`
	CompletedAt *time.Time  `json:"completed_at" nullable:"true"`
	Diff        *ImportDiff `json:"diff,omitempty" doc:"What would change; of dry runs."`
}

// Location is the address of the import for editors.
func (j ImportJob) Location() string { return "/v2/admin/epg/imports/" + j.ID.String() }

// ImportProgress is what an import counts. It is a value: a transaction that fails leaves the old one.
type ImportProgress struct {
	ProgramsRead       int64         `json:"programs_read" doc:"Programmes in the document, bad ones too."`
	ProgramsImported   int64         `json:"programs_imported" doc:"Programmes of the document that are in the schedule now, unchanged ones too; in a dry run, that would be."`
	ProgramsCreated    int64         `json:"programs_created"`
	ProgramsUpdated    int64         `json:"programs_updated"`
	ProgramsDeleted    int64         `json:"programs_deleted"`
	ProgramsUnchanged  int64         `json:"programs_unchanged"`
	ChannelsTotal      int64         `json:"channels_total" doc:"Channels that get a schedule of the document."`
	ChannelsDone       int64         `json:"channels_done"`
	ChannelsSuperseded int64         `json:"channels_superseded" doc:"Channels that are left as they are, because an import that was submitted later has written the same time."`
	ErrorCount         int64         `json:"error_count"`
	Errors             []ImportError `json:"errors" doc:"The first 100, those about channels before those about programmes. The first error of a failed import is the reason."`
}

// maxErrors is how many errors an import keeps; all are counted.
const maxErrors = 100

// ImportError is one thing that an import left out, or the reason that it failed.
type ImportError struct {
	Line    *int64  `json:"line" nullable:"true" doc:"Line of the document."`
	Channel *string `json:"channel" nullable:"true" doc:"The document's id of the channel."`
	Code    string  `json:"code" doc:"Of the document, its programmes or its channels: unknown_channel, ambiguous_channel (several have the name), duplicate_channel (two of the document's are the same one), too_many_programs (more than 10,000, or 6 MiB, of one channel), superseded (a later import has written the same time); no_channel and no_usable_program when nothing of the document can be used."`
	Message string  `json:"message"`
}

// Codes of errors about channels.
const (
	errorUnknownChannel   = "unknown_channel"
	errorAmbiguousChannel = "ambiguous_channel"
	errorDuplicateChannel = "duplicate_channel"
	errorTooManyPrograms  = "too_many_programs"
	errorSuperseded       = "superseded"
)

// aboutChannel reports whether the error tells why a channel gets no schedule, rather than of one programme.
func (e *ImportError) aboutChannel() bool {
	switch e.Code {
	case errorUnknownChannel, errorAmbiguousChannel, errorDuplicateChannel, errorTooManyPrograms, errorSuperseded:
		return true
	}
	return false
}

// importError makes an error; line 0 and channel "" are none.
func importError(line int64, channel, code, message string) ImportError {
	e := ImportError{Code: code, Message: short(message, 500)}
	if line > 0 {
		e.Line = &line
	}
	if channel != "" {
		channel = short(channel, 255)
		e.Channel = &channel
	}
	return e
}

// short cuts a text that came from outside to n runes.
func short(text string, n int) string {
	for i := range text {
		if n--; n < 0 {
			return text[:i] + "…"
		}
	}
	return text
}

// with is the progress after more errors. Those about channels come before those about programmes, so that a hundred bad
// programmes do not hide a channel that is unknown.
func (p ImportProgress) with(errs ...ImportError) ImportProgress {
	p.ErrorCount += int64(len(errs))
	kept := p.Errors[:len(p.Errors):len(p.Errors)]
	channels := 0
	for channels < len(kept) && kept[channels].aboutChannel() {
		channels++
	}
	for _, e := range errs {
		switch {
		case e.aboutChannel() && channels < maxErrors:
			kept = slices.Insert(kept, channels, e)
			kept = kept[:min(len(kept), maxErrors)]
			channels++
		case len(kept) < maxErrors:
			kept = append(kept, e)
		}
	}
	p.Errors = kept
	return p
}

// failed is the progress of an import that ends for a reason, which comes first.
func (p ImportProgress) failed(reason ImportError) ImportProgress {
	p.ErrorCount++
	kept := p.Errors[:min(len(p.Errors), maxErrors-1)]
	p.Errors = append([]ImportError{reason}, kept...)
	return p
}

// ImportDiff is what a dry run found.
type ImportDiff struct {
	Channels []ChannelDiff `json:"channels" doc:"The first 1,000 channels."`
	Changes  []Change      `json:"changes" doc:"The first 100 changes."`
}

const (
	maxDiffChannels = 1000
	maxDiffChanges  = 100
)

// ChannelDiff counts what changes in one channel's schedule.
type ChannelDiff struct {
	ChannelID uuid.UUID `json:"channel_id"`
	Channel   string    `json:"channel" doc:"The document's id of the channel."`
	Created   int       `json:"created"`
	Updated   int       `json:"updated"`
	Deleted   int       `json:"deleted"`
	Unchanged int       `json:"unchanged"`
}

// ImportWrite is the body of an import.
type ImportWrite struct {
	Format        string      `json:"format" enum:"xmltv,json" doc:"Encoding of the submitted schedule feed."`
	Source        string      `json:"source,omitempty" format:"document" doc:"The schedule payload. For json, an array of EpgProgram-shaped objects encoded as a string; for xmltv, the XMLTV document. Large feeds should be submitted via source_url instead. Exactly one of source and source_url."`
	SourceURL     string      `json:"source_url,omitempty" format:"uri" maxLength:"2048" doc:"Allow-listed https URL the platform will fetch the feed from (alternative to inline source)."`
	ChannelIDs    []uuid.UUID `json:"channel_ids,omitempty" maxItems:"10000" doc:"Limits the import to these channels; none: every channel that the feed names."`
	ReplaceWindow *bool       `json:"replace_window,omitempty" default:"true" doc:"Whether what the schedule holds within the feed's time range, by channel, is replaced, or only added to."`
	Timezone      string      `json:"timezone,omitempty" maxLength:"64" default:"UTC" doc:"IANA name of the zone of times that have none."`
	DryRun        bool        `json:"dry_run,omitempty" default:"false" doc:"Only says what would change."`
}

const (
	formatXMLTV = "xmltv"
	formatJSON  = "json"

	importQueued     = "queued"
	importProcessing = "processing"
	importCompleted  = "completed"
	importFailed     = "failed"
)

// importRow is an import as it is stored, but for its document.
type importRow struct {
	ImportJob
	SourceURL     string      `json:"-" db:"source_url"`
	ChannelIDs    []uuid.UUID `json:"-" db:"channel_ids"`
	ReplaceWindow bool        `json:"-"`
	Timezone      string      `json:"-"`
	Staged        bool        `json:"-"`
	Resolved      bool        `json:"-"`
	Attempts      int         `json:"-"`
	ActorID       uuid.UUID   `json:"-" db:"actor_id"`
	ActorRole     string      `json:"-"`
	RequestID     string      `json:"-" db:"request_id"`
}

// actor is who asked for the import, for what it writes later.
func (r *importRow) actor() record.Actor {
	return record.Actor{ID: r.ActorID, Role: r.ActorRole, RequestID: r.RequestID}
}

// zone is that of times without one.
func (r *importRow) zone() (*time.Location, error) { return time.LoadLocation(r.Timezone) }
