-- Imports of schedules, and the stage on which a feed waits until its document has ended well.

-- +goose Up

CREATE TABLE epg_imports (
    id                  uuid        PRIMARY KEY,
    status              text        NOT NULL CHECK (status IN ('queued', 'processing', 'completed', 'failed')),
    format              text        NOT NULL CHECK (format IN ('xmltv', 'json')),
    source              bytea,               -- the document, as gzip, until the import ends
    source_url          text        NOT NULL, -- '' is none; may hold a secret of the feed's
    channel_ids         uuid[]      NOT NULL, -- empty: any channel
    replace_window      boolean     NOT NULL,
    timezone            text        NOT NULL,
    dry_run             boolean     NOT NULL,
    staged              boolean     NOT NULL DEFAULT false, -- the document has ended well
    resolved            boolean     NOT NULL DEFAULT false, -- its channels have their targets
    attempts            int         NOT NULL DEFAULT 0,
    attempted_at        timestamptz,
    programs_read       bigint      NOT NULL DEFAULT 0,
    programs_imported   bigint      NOT NULL DEFAULT 0,
    programs_created    bigint      NOT NULL DEFAULT 0,
    programs_updated    bigint      NOT NULL DEFAULT 0,
    programs_deleted    bigint      NOT NULL DEFAULT 0,
    programs_unchanged  bigint      NOT NULL DEFAULT 0,
    channels_total      bigint      NOT NULL DEFAULT 0,
    channels_done       bigint      NOT NULL DEFAULT 0,
    channels_superseded bigint     NOT NULL DEFAULT 0,
    error_count         bigint      NOT NULL DEFAULT 0,
    errors              jsonb       NOT NULL DEFAULT '[]',
    diff                jsonb,
    actor_id            uuid        NOT NULL,
    actor_role          text        NOT NULL,
    request_id          text        NOT NULL,
    created_at          timestamptz NOT NULL,
    started_at          timestamptz,
    completed_at        timestamptz
);
ALTER TABLE epg_imports ALTER COLUMN source SET STORAGE EXTERNAL; -- compressed already
CREATE INDEX epg_imports_open ON epg_imports (created_at) WHERE status IN ('queued', 'processing');
CREATE INDEX epg_imports_completed ON epg_imports (completed_at);

-- The channels of a feed, in its order.
CREATE TABLE epg_import_channels (
    import_id  uuid    NOT NULL REFERENCES epg_imports ON DELETE CASCADE,
    number     int     NOT NULL,
    channel    text    NOT NULL, -- the feed's own id
    line       bigint  NOT NULL,
    names      text[]  NOT NULL,
    programmes bigint  NOT NULL,
    staged     bigint  NOT NULL, -- rows on the stage
    overfull   boolean NOT NULL, -- there are more programmes than a channel may have
    targets    uuid[]  NOT NULL, -- the channels that get its schedule
    done       int     NOT NULL, -- how many of them have it
    PRIMARY KEY (import_id, number)
);

-- What each import has written of a channel, so that one that was submitted earlier does not undo it.
CREATE TABLE epg_applied (
    channel_id   uuid           NOT NULL REFERENCES channels ON DELETE CASCADE,
    submitted_at timestamptz    NOT NULL, -- the import's created_at
    import_id    uuid           NOT NULL REFERENCES epg_imports ON DELETE CASCADE,
    written      tstzmultirange NOT NULL,
    PRIMARY KEY (channel_id, submitted_at, import_id)
);
CREATE INDEX epg_applied_import ON epg_applied (import_id);

-- What a crash of Postgres takes from here is staged anew, so it needs no write-ahead log. A programme is JSON; nothing but the
-- import reads it.
CREATE UNLOGGED TABLE epg_staged (
    import_id uuid   NOT NULL,
    channel   int    NOT NULL, -- number
    seq       bigint NOT NULL,
    programme bytea  NOT NULL,
    PRIMARY KEY (import_id, channel, seq)
);

-- +goose Down
DROP TABLE epg_staged, epg_applied, epg_import_channels, epg_imports;
