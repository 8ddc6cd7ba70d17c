-- What the demo has brought in.

-- +goose Up

-- Without references: what editors delete stays known here, so that it is not brought in again.
CREATE TABLE seeded (
    key   text        PRIMARY KEY, -- source_key of a film or channel
    until timestamptz              -- end of the schedule that a channel was given
);

-- +goose Down
DROP TABLE seeded;
