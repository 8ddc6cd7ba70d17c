-- +goose Up
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;

-- unaccent() is only STABLE, because its dictionary can be replaced; indexes take IMMUTABLE functions alone. The body is
-- bound when it is created, so that no search_path can put another dictionary in its place.
CREATE FUNCTION immutable_unaccent(text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    RETURN unaccent('unaccent', $1);

-- +goose Down
DROP FUNCTION immutable_unaccent;
DROP EXTENSION unaccent;
DROP EXTENSION pg_trgm;
