package system

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
)

type configIn struct {
	Platform string `query:"platform" required:"true" enum:"ios,android,tvos,web,roku,firetv"`
}

type platformIn struct {
	Platform string `path:"platform" enum:"ios,android,tvos,web,roku,firetv"`
}

type updateConfigIn struct {
	platformIn
	Body AppSettings
}

func tagConfig(platform string) string { return "config:" + platform }

func (d *Domain) getConfig(ctx context.Context, r *api.Read, in *configIn) (AppConfig, error) {
	r.Tag(tagConfig(in.Platform))
	s, _, err := d.settings(ctx, r, in.Platform)
	if err != nil {
		return AppConfig{}, err
	}
	if s.Maintenance.IsActive {
		r.Until(s.Maintenance.StartsAt, s.Maintenance.EndsAt)
	}
	s.Maintenance.IsActive = s.Maintenance.activeAt(r.AsOf)
	return s.versioned()
}

// settings are what holds for a platform, and when an editor wrote it.
func (d *Domain) settings(ctx context.Context, tx pgx.Tx, platform string) (AppSettings, *time.Time, error) {
	s, err := readSettings(ctx, tx, platform)
	if s == nil || err != nil {
		return d.defaults(), nil, err
	}
	return s.AppSettings, &s.UpdatedAt, nil
}

func (d *Domain) adminGetConfig(ctx context.Context, r *api.Read, in *platformIn) (AdminAppConfig, error) {
	return d.adminConfig(ctx, r, in.Platform)
}

func (d *Domain) adminConfig(ctx context.Context, tx pgx.Tx, platform string) (AdminAppConfig, error) {
	s, updated, err := d.settings(ctx, tx, platform)
	if err != nil {
		return AdminAppConfig{}, err
	}
	c, err := s.versioned()
	return AdminAppConfig{platform, c, updated}, err
}

func (d *Domain) updateConfig(ctx context.Context, w *api.Write, in *updateConfigIn) (AdminAppConfig, error) {
	if err := lockSettings(ctx, w.Tx.Tx); err != nil {
		return AdminAppConfig{}, err
	}
	before, err := d.adminConfig(ctx, w.Tx.Tx, in.Platform)
	if err != nil {
		return AdminAppConfig{}, err
	}
	if err := w.Check(before); err != nil {
		return AdminAppConfig{}, err
	}
	next := in.Body
	next.Maintenance.StartsAt, next.Maintenance.EndsAt = instant(next.Maintenance.StartsAt), instant(next.Maintenance.EndsAt)
	if err := storeSettings(ctx, w.Tx.Tx, in.Platform, &next, w.Now); err != nil {
		return AdminAppConfig{}, err
	}
	after, err := d.adminConfig(ctx, w.Tx.Tx, in.Platform)
	if err != nil {
		return AdminAppConfig{}, err
	}
	return after, tell(w, &before, &after)
}

// tell records an update and emits it, if apps get anything else now.
func tell(w *api.Write, before, after *AdminAppConfig) error {
	changed, err := api.Changed(before.AppSettings, after.AppSettings)
	w.Audit("config.updated", "app_config", uuid.Nil, map[string]any{"platform": after.Platform, "changed": append([]string{}, changed...)})
	if len(changed) > 0 {
		w.Emit(tagConfig(after.Platform))
	}
	return err
}

// instant is a time as answers write it.
func instant(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC().Truncate(time.Microsecond)
	return &u
}
