package audit

import (
	"context"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/shared/fault"
)

type listIn struct {
	filter
	api.Paging
}

type entryID struct {
	LogID uuid.UUID `path:"log_id"`
}

func (d *Domain) list(ctx context.Context, r *api.Read, in *listIn) (api.Counted[AuditEntry], error) {
	none := api.Counted[AuditEntry]{}
	if in.From != nil && in.To != nil && in.From.After(*in.To) {
		return none, fault.New(fault.BadRequest, "The request has a bad parameter.",
			fault.Detail{Field: "from", Code: "out_of_range", Message: "from lies after to."})
	}
	var last position
	more, err := r.After(in.Paging, &last)
	if err != nil {
		return none, err
	}
	after := &last
	if !more {
		after = nil
	}
	entries, err := listEntries(ctx, r, &in.filter, after, in.Limit+1)
	if err != nil {
		return none, err
	}
	total, err := countEntries(ctx, r, &in.filter)
	page := api.PageOf(r, in.Paging, entries, func(e AuditEntry) any { return position{e.CreatedAt, e.ID} })
	return page.Count(total), err
}

func (d *Domain) get(ctx context.Context, r *api.Read, in *entryID) (AuditEntry, error) {
	e, err := readEntry(ctx, r, in.LogID)
	if err != nil {
		return AuditEntry{}, err
	}
	if e == nil {
		return AuditEntry{}, fault.Missing()
	}
	return *e, nil
}
