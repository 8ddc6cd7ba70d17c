-- What a plan's viewers see of the catalogue.

-- +goose Up
ALTER TABLE plans ADD COLUMN catalogue_filter text NOT NULL DEFAULT ''; -- '' is everything

-- +goose Down
ALTER TABLE plans DROP COLUMN catalogue_filter;
