-- +goose Up

-- The same as ../sqlite/0006_versions.sql, which has the reasons. What locks a
-- row that others want, too, does so at the end of the transaction (the
-- deferred triggers), or a row that few others want (the shards).

CREATE TABLE versions (
    user_id BIGINT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL
);

CREATE TABLE addresses (
    email_key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    users     BIGINT NOT NULL
);

CREATE TABLE totals (
    shard      BIGINT NOT NULL PRIMARY KEY,
    mailings   BIGINT NOT NULL DEFAULT 0,
    active     BIGINT NOT NULL DEFAULT 0,
    recipients BIGINT NOT NULL DEFAULT 0
);

INSERT INTO addresses (email_key, users)
SELECT email_key, count(*) FROM recipients GROUP BY email_key;

INSERT INTO totals (shard) SELECT generate_series(0, 15);

UPDATE totals
   SET mailings   = (SELECT count(*) FROM mailings WHERE deleted_at = 0),
       active     = (SELECT count(*) FROM mailings WHERE deleted_at = 0 AND state = 'active' AND disabled_at = 0),
       recipients = (SELECT count(*) FROM addresses)
 WHERE shard = 0;

CREATE INDEX runs_open_of_user ON runs (user_id, id) WHERE finished_at = 0;

-- addresses ----------------------------------------------------------------

-- Counts addresses that come and go. It locks them in ascending order, so that
-- two transactions can't wait for each other.
-- +goose StatementBegin
CREATE FUNCTION count_addresses(come TEXT[], go TEXT[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    added   BIGINT := 0;
    removed BIGINT := 0;
BEGIN
    IF go IS NOT NULL THEN
        PERFORM 1 FROM addresses WHERE email_key = ANY (go) ORDER BY email_key FOR UPDATE;
        UPDATE addresses AS a SET users = a.users - gone.n
          FROM (SELECT key, count(*) AS n FROM unnest(go) AS key GROUP BY key) AS gone
         WHERE a.email_key = gone.key;
        DELETE FROM addresses WHERE email_key = ANY (go) AND users = 0;
        GET DIAGNOSTICS removed = ROW_COUNT;
    END IF;
    IF come IS NOT NULL THEN
        WITH wanted AS (
            SELECT key COLLATE "C" AS key, count(*) AS n FROM unnest(come) AS key GROUP BY 1
        ), written AS (
            INSERT INTO addresses AS a (email_key, users) SELECT key, n FROM wanted ORDER BY key
                ON CONFLICT (email_key) DO UPDATE SET users = a.users + excluded.users
            RETURNING a.email_key, a.users
        )
        SELECT count(*) INTO added FROM written JOIN wanted ON wanted.key = written.email_key WHERE written.users = wanted.n;
    END IF;
    IF added <> removed THEN
        UPDATE totals SET recipients = recipients + added - removed WHERE shard = pg_backend_pid() % 16;
    END IF;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION recipients_come() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_addresses((SELECT array_agg(email_key) FROM come), NULL);
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION recipients_go() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_addresses(NULL, (SELECT array_agg(email_key) FROM gone));
    INSERT INTO versions AS v (user_id, version) SELECT DISTINCT user_id, 1 FROM gone ORDER BY user_id
        ON CONFLICT (user_id) DO UPDATE SET version = v.version + 1;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION recipients_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_addresses(ARRAY[NEW.email_key], ARRAY[OLD.email_key]);
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER recipients_come AFTER INSERT ON recipients
    REFERENCING NEW TABLE AS come FOR EACH STATEMENT EXECUTE FUNCTION recipients_come();
CREATE TRIGGER recipients_go AFTER DELETE ON recipients
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION recipients_go();
CREATE TRIGGER recipients_move AFTER UPDATE OF email_key ON recipients
    FOR EACH ROW WHEN (NEW.email_key <> OLD.email_key) EXECUTE FUNCTION recipients_move();

-- mailings -----------------------------------------------------------------

-- +goose StatementBegin
CREATE FUNCTION raise_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO versions AS v (user_id, version) VALUES (coalesce(NEW.user_id, OLD.user_id), 1)
        ON CONFLICT (user_id) DO UPDATE SET version = v.version + 1;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION count_mailings() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    mailings_by BIGINT := 0;
    active_by   BIGINT := 0;
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.deleted_at = 0 THEN
        mailings_by := mailings_by - 1;
        active_by := active_by - (OLD.state = 'active' AND OLD.disabled_at = 0)::int;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.deleted_at = 0 THEN
        mailings_by := mailings_by + 1;
        active_by := active_by + (NEW.state = 'active' AND NEW.disabled_at = 0)::int;
    END IF;
    IF mailings_by <> 0 OR active_by <> 0 THEN
        UPDATE totals SET mailings = mailings + mailings_by, active = active + active_by
         WHERE shard = pg_backend_pid() % 16;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE CONSTRAINT TRIGGER mailings_count AFTER INSERT OR DELETE OR UPDATE OF state, disabled_at, deleted_at ON mailings
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_mailings();
CREATE CONSTRAINT TRIGGER mailings_change AFTER INSERT OR UPDATE OR DELETE ON mailings
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION raise_version();
CREATE CONSTRAINT TRIGGER runs_change AFTER INSERT OR UPDATE OF state, planned, started_at, finished_at ON runs
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION raise_version();
CREATE CONSTRAINT TRIGGER messages_change AFTER UPDATE OF subject, deleted_at ON messages
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION raise_version();
