-- Streams: the sessions that hold slots now, how sessions ended, and how far profiles have watched.

-- +goose Up

-- Only what is live: an end moves on to session_ends. Beats change no column that is indexed, and find room on the page.
CREATE TABLE stream_sessions (
    account_id       uuid        NOT NULL,
    id               uuid        NOT NULL,
    edge             uuid        NOT NULL, -- that started it, or delivered its last beat
    device_id        uuid        NOT NULL,
    profile_id       uuid        NOT NULL, -- all zero: none
    content_type     text        NOT NULL,
    content_id       uuid        NOT NULL,
    title            text        NOT NULL,
    seconds          int         NOT NULL, -- the title's length; 0: not known
    dash_path        text        NOT NULL, -- of these, '' is none
    hls_path         text        NOT NULL,
    begin_at         timestamptz,          -- of a recording
    end_at           timestamptz,
    started_at       timestamptz NOT NULL,
    last_beat_at     timestamptz NOT NULL,
    expires_at       timestamptz NOT NULL,
    paused_since     timestamptz,
    refresh_at       timestamptz NOT NULL, -- when the player's URLs are to be renewed
    position_seconds int         NOT NULL,
    PRIMARY KEY (account_id, id)
) PARTITION BY HASH (account_id);

-- Ends have positions without gaps in the order of commits, as changes have; but by shard of the account, so that they
-- don't queue up at one row.
CREATE TABLE session_end_heads (
    shard int    PRIMARY KEY,
    pos   bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO session_end_heads SELECT shard, 0 FROM generate_series(0, 15) shard;

CREATE TABLE session_ends (
    shard      int         NOT NULL,
    pos        bigint      NOT NULL,
    account_id uuid        NOT NULL,
    session_id uuid        NOT NULL,
    reason     text        NOT NULL,
    ended_at   timestamptz NOT NULL,
    -- what a beat that was taken before the end and comes after it is progress of
    device_id    uuid        NOT NULL,
    profile_id   uuid        NOT NULL,
    content_id   uuid        NOT NULL,
    content_type text        NOT NULL,
    seconds      int         NOT NULL,
    started_at   timestamptz NOT NULL
) PARTITION BY RANGE (ended_at);
CREATE INDEX session_ends_pos ON session_ends (shard, pos);
CREATE INDEX session_ends_session ON session_ends (account_id, session_id);
CREATE TABLE session_ends_default PARTITION OF session_ends DEFAULT;
SELECT ensure_partitions('session_ends', 'day', 7, now());

CREATE TABLE watch_progress (
    account_id       uuid        NOT NULL,
    profile_id       uuid        NOT NULL,
    content_id       uuid        NOT NULL,
    content_type     text        NOT NULL,
    device_id        uuid        NOT NULL,
    position_seconds int         NOT NULL,
    seconds          int         NOT NULL,
    first_watched_at timestamptz NOT NULL,
    last_watched_at  timestamptz NOT NULL,
    PRIMARY KEY (account_id, profile_id, content_id)
) PARTITION BY HASH (account_id);

-- +goose StatementBegin
DO $$
BEGIN
    FOR i IN 0..7 LOOP
        EXECUTE format('CREATE TABLE stream_sessions_%s PARTITION OF stream_sessions FOR VALUES WITH (MODULUS 8, REMAINDER %s) WITH (fillfactor = 50)', i, i);
        EXECUTE format('CREATE TABLE watch_progress_%s PARTITION OF watch_progress FOR VALUES WITH (MODULUS 8, REMAINDER %s) WITH (fillfactor = 70)', i, i);
    END LOOP;
END $$;
-- +goose StatementEnd

-- Since when each edge has delivered its beats without a break. What a crash empties counts as a break.
CREATE UNLOGGED TABLE beat_intake (
    edge  uuid        PRIMARY KEY,
    since timestamptz NOT NULL,
    seen  timestamptz NOT NULL
) WITH (fillfactor = 10);

-- +goose Down
DROP TABLE beat_intake, watch_progress, session_ends, session_end_heads, stream_sessions;
