-- Channels and their programmes.

-- +goose Up

CREATE TABLE channels (
    id                 uuid        PRIMARY KEY,
    source_key         text        CONSTRAINT channels_source_key UNIQUE,
    slug               text        NOT NULL CONSTRAINT channels_slug UNIQUE,
    name               text        NOT NULL,
    number             int         NOT NULL, -- of these, '' and 0 are "not given"
    description        text        NOT NULL,
    category           text        NOT NULL,
    language           text        NOT NULL,
    website_url        text        NOT NULL,
    images             jsonb       NOT NULL,
    status             text        NOT NULL CHECK (status IN ('live', 'offline', 'scheduled_maintenance')),
    drm_required       boolean     NOT NULL,
    is_premium         boolean     NOT NULL,
    is_catchup_enabled boolean     NOT NULL,
    catchup_days       int         CHECK ((catchup_days IS NOT NULL) = is_catchup_enabled),
    sort_order         int         NOT NULL,
    epg_ids            text[]      NOT NULL,
    is_published       boolean     NOT NULL,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    sort_number        int         GENERATED ALWAYS AS (CASE number WHEN 0 THEN 2147483647 ELSE number END) STORED,
    sort_name          text COLLATE "C" GENERATED ALWAYS AS (immutable_unaccent(lower(name))) STORED,
    search             tsvector    GENERATED ALWAYS AS (to_tsvector('simple', search_text(
                           name || ' ' || coalesce(nullif(number, 0)::text, '') || ' ' || category || ' ' || description))) STORED
);
CREATE INDEX channels_order ON channels (sort_order, sort_number, sort_name, id);
CREATE INDEX channels_published ON channels (id) WHERE is_published;
CREATE INDEX channels_search ON channels USING gin (search);
CREATE INDEX channels_epg_ids ON channels USING gin (epg_ids);
CREATE INDEX channels_name ON channels (sort_name);

-- Whatever reads or writes a schedule names its channel, so each channel's programmes live together, and on one machine
-- should there be several. Only links to a programme know nothing but its id.
CREATE TABLE programs (
    channel_id      uuid        NOT NULL REFERENCES channels ON DELETE CASCADE,
    id              uuid        NOT NULL,
    title           text        NOT NULL,
    description     text        NOT NULL, -- of these, '' is "not given"
    content_rating  text        NOT NULL,
    language        text        NOT NULL,
    start_time      timestamptz NOT NULL, -- whole seconds
    end_time        timestamptz NOT NULL,
    season_number   int,
    episode_number  int,
    categories      text[]      NOT NULL,
    images          jsonb       NOT NULL,
    linked_vod_id   uuid,
    catchup_blocked boolean     NOT NULL,
    PRIMARY KEY (id, channel_id), -- in this order it serves those, too
    -- A week at most: what is on air at an instant is found among what began in the week before it.
    CHECK (end_time > start_time AND end_time <= start_time + interval '7 days')
) PARTITION BY HASH (channel_id);
CREATE TABLE programs_0 PARTITION OF programs FOR VALUES WITH (MODULUS 8, REMAINDER 0);
CREATE TABLE programs_1 PARTITION OF programs FOR VALUES WITH (MODULUS 8, REMAINDER 1);
CREATE TABLE programs_2 PARTITION OF programs FOR VALUES WITH (MODULUS 8, REMAINDER 2);
CREATE TABLE programs_3 PARTITION OF programs FOR VALUES WITH (MODULUS 8, REMAINDER 3);
CREATE TABLE programs_4 PARTITION OF programs FOR VALUES WITH (MODULUS 8, REMAINDER 4);
CREATE TABLE programs_5 PARTITION OF programs FOR VALUES WITH (MODULUS 8, REMAINDER 5);
CREATE TABLE programs_6 PARTITION OF programs FOR VALUES WITH (MODULUS 8, REMAINDER 6);
CREATE TABLE programs_7 PARTITION OF programs FOR VALUES WITH (MODULUS 8, REMAINDER 7);
CREATE INDEX programs_schedule ON programs (channel_id, start_time, id);

-- +goose Down
DROP TABLE programs, channels;
