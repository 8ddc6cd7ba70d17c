-- What every write leaves behind: its place in the change feed, its audit entry, its events, its idempotency record.

-- +goose Up

-- One row: the position of the newest change. Writers take its lock in their last statement, so positions have no gaps
-- and follow the order of commits.
CREATE TABLE feed_head (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    pos    bigint  NOT NULL
);
INSERT INTO feed_head (pos) VALUES (0);

CREATE TABLE changes (
    pos  bigint      NOT NULL,
    at   timestamptz NOT NULL,
    tags text[]      NOT NULL
) PARTITION BY RANGE (at);
CREATE INDEX changes_pos ON changes (pos);
CREATE TABLE changes_default PARTITION OF changes DEFAULT;

CREATE TABLE audit_log (
    id            uuid        NOT NULL,
    created_at    timestamptz NOT NULL,
    action        text        NOT NULL,
    actor_id      uuid        NOT NULL,
    actor_role    text        NOT NULL,
    resource_type text        NOT NULL,
    resource_id   uuid,
    ip_address    text        NOT NULL,
    user_agent    text        NOT NULL,
    request_id    text        NOT NULL,
    metadata      jsonb       NOT NULL,
    PRIMARY KEY (created_at, id)
) PARTITION BY RANGE (created_at);
CREATE INDEX audit_log_id ON audit_log (id);
CREATE INDEX audit_log_actor ON audit_log (actor_id, created_at DESC, id DESC);
CREATE INDEX audit_log_resource ON audit_log (resource_id, created_at DESC, id DESC);
CREATE INDEX audit_log_action ON audit_log (action text_pattern_ops, created_at DESC, id DESC);
CREATE TABLE audit_log_default PARTITION OF audit_log DEFAULT;

-- +goose StatementBegin
CREATE FUNCTION audit_log_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_log is append-only: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION audit_log_refuse();
CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse();
CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log_default
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse();

CREATE TABLE events (
    id          uuid        PRIMARY KEY,
    type        text        NOT NULL,
    occurred_at timestamptz NOT NULL,
    payload     jsonb       NOT NULL
);
CREATE INDEX events_occurred_at ON events (occurred_at);

CREATE TABLE idempotency_keys (
    actor_id    uuid        NOT NULL,
    operation   text        NOT NULL,
    key         text        NOT NULL,
    fingerprint bytea       NOT NULL,
    status      int         NOT NULL,
    headers     jsonb       NOT NULL,
    body        bytea       NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (actor_id, operation, key)
);
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);

-- Makes the partitions of the current and the next `ahead` periods ('day' or 'month') where they are missing. A period
-- whose first rows came before its partition stays in the default one. Bounds are computed without a time zone: a month
-- that is added to a timestamptz is one of the session's.
-- +goose StatementBegin
CREATE FUNCTION ensure_partitions(parent text, unit text, ahead int, at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    first timestamp := date_trunc(unit, at AT TIME ZONE 'UTC');
    step  interval  := ('1 ' || unit)::interval;
    part  text;
BEGIN
    FOR i IN 0..ahead LOOP
        part := parent || '_' || to_char(first + i * step, CASE unit WHEN 'day' THEN 'YYYYMMDD' ELSE 'YYYYMM' END);
        CONTINUE WHEN to_regclass(part) IS NOT NULL;
        BEGIN
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', part, parent,
                           (first + i * step) AT TIME ZONE 'UTC', (first + (i + 1) * step) AT TIME ZONE 'UTC');
        EXCEPTION WHEN check_violation THEN
            CONTINUE;
        END;
        IF parent = 'audit_log' THEN
            EXECUTE format('CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse()', part);
        END IF;
    END LOOP;
END $$;
-- +goose StatementEnd

-- Drops the partitions by day whose whole day lies before `before`.
-- +goose StatementBegin
CREATE FUNCTION drop_partitions(parent text, before timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    part text;
BEGIN
    FOR part IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = parent::regclass AND c.relname ~ ('^' || parent || '_[0-9]{8}$')
          AND to_date(right(c.relname, 8), 'YYYYMMDD') + 1 <= (before AT TIME ZONE 'UTC')::date
    LOOP
        EXECUTE format('DROP TABLE %I', part);
    END LOOP;
END $$;
-- +goose StatementEnd
SELECT ensure_partitions('changes', 'day', 7, now());
SELECT ensure_partitions('audit_log', 'month', 3, now());

-- +goose Down
DROP FUNCTION drop_partitions, ensure_partitions;
DROP TABLE idempotency_keys, events, audit_log, changes, feed_head;
DROP FUNCTION audit_log_refuse;
