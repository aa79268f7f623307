-- +goose Up

-- What the database keeps by itself, in the transaction of whatever is written
-- and whoever writes it: the versions by which pages are cached (see
-- docs/caching.md), and the totals of the home page. Triggers do it, because a
-- write that forgot would show to nobody but the one who reads an old page.

-- Rises with every change that the pages of a user's mailings show, but for
-- the counters of runs: these change with every message, so whoever keeps a
-- page reads them beside the version.
CREATE TABLE versions (
    user_id INTEGER NOT NULL PRIMARY KEY, -- 0: what everybody sees
    version INTEGER NOT NULL
) STRICT;

-- How many users have an address among their recipients. The key arbitrates
-- where two of them add the same one at the same moment.
CREATE TABLE addresses (
    email_key TEXT    NOT NULL PRIMARY KEY,
    users     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What the service holds: the sum of the rows. PostgreSQL has several, lest
-- transactions wait for each other's.
CREATE TABLE totals (
    shard      INTEGER NOT NULL PRIMARY KEY,
    mailings   INTEGER NOT NULL DEFAULT 0, -- not deleted
    active     INTEGER NOT NULL DEFAULT 0, -- of them going: active, not disabled
    recipients INTEGER NOT NULL DEFAULT 0  -- rows of addresses
) STRICT;

INSERT INTO addresses (email_key, users)
SELECT email_key, count(*) FROM recipients GROUP BY email_key;

INSERT INTO totals (shard, mailings, active, recipients)
SELECT 0, count(*), coalesce(sum(state = 'active' AND disabled_at = 0), 0), (SELECT count(*) FROM addresses)
  FROM mailings WHERE deleted_at = 0;

-- Open runs of a user, whose counters are read beside the version.
CREATE INDEX runs_open_of_user ON runs (user_id, id) WHERE finished_at = 0;

-- addresses ----------------------------------------------------------------

-- +goose StatementBegin
CREATE TRIGGER recipients_come AFTER INSERT ON recipients BEGIN
    INSERT INTO addresses (email_key, users) VALUES (NEW.email_key, 1)
        ON CONFLICT (email_key) DO UPDATE SET users = users + 1;
END;
-- +goose StatementEnd

-- A page may show the address of a recipient who has gone.
-- +goose StatementBegin
CREATE TRIGGER recipients_go AFTER DELETE ON recipients BEGIN
    UPDATE addresses SET users = users - 1 WHERE email_key = OLD.email_key;
    DELETE FROM addresses WHERE email_key = OLD.email_key AND users = 0;
    INSERT INTO versions (user_id, version) VALUES (OLD.user_id, 1)
        ON CONFLICT (user_id) DO UPDATE SET version = version + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER recipients_move AFTER UPDATE OF email_key ON recipients WHEN NEW.email_key <> OLD.email_key BEGIN
    UPDATE addresses SET users = users - 1 WHERE email_key = OLD.email_key;
    DELETE FROM addresses WHERE email_key = OLD.email_key AND users = 0;
    INSERT INTO addresses (email_key, users) VALUES (NEW.email_key, 1)
        ON CONFLICT (email_key) DO UPDATE SET users = users + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER addresses_come AFTER INSERT ON addresses BEGIN
    UPDATE totals SET recipients = recipients + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER addresses_go AFTER DELETE ON addresses BEGIN
    UPDATE totals SET recipients = recipients - 1;
END;
-- +goose StatementEnd

-- mailings -----------------------------------------------------------------

-- +goose StatementBegin
CREATE TRIGGER mailings_come AFTER INSERT ON mailings BEGIN
    UPDATE totals
       SET mailings = mailings + (NEW.deleted_at = 0),
           active   = active + (NEW.state = 'active' AND NEW.disabled_at = 0 AND NEW.deleted_at = 0);
    INSERT INTO versions (user_id, version) VALUES (NEW.user_id, 1)
        ON CONFLICT (user_id) DO UPDATE SET version = version + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER mailings_count AFTER UPDATE OF state, disabled_at, deleted_at ON mailings BEGIN
    UPDATE totals
       SET mailings = mailings + (NEW.deleted_at = 0) - (OLD.deleted_at = 0),
           active   = active + (NEW.state = 'active' AND NEW.disabled_at = 0 AND NEW.deleted_at = 0)
                             - (OLD.state = 'active' AND OLD.disabled_at = 0 AND OLD.deleted_at = 0);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER mailings_change AFTER UPDATE ON mailings BEGIN
    INSERT INTO versions (user_id, version) VALUES (NEW.user_id, 1)
        ON CONFLICT (user_id) DO UPDATE SET version = version + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER mailings_go AFTER DELETE ON mailings BEGIN
    UPDATE totals
       SET mailings = mailings - (OLD.deleted_at = 0),
           active   = active - (OLD.state = 'active' AND OLD.disabled_at = 0 AND OLD.deleted_at = 0);
    INSERT INTO versions (user_id, version) VALUES (OLD.user_id, 1)
        ON CONFLICT (user_id) DO UPDATE SET version = version + 1;
END;
-- +goose StatementEnd

-- What a plan writes of its own progress shows in the counters.
-- +goose StatementBegin
CREATE TRIGGER runs_come AFTER INSERT ON runs BEGIN
    INSERT INTO versions (user_id, version) VALUES (NEW.user_id, 1)
        ON CONFLICT (user_id) DO UPDATE SET version = version + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER runs_change AFTER UPDATE OF state, planned, started_at, finished_at ON runs BEGIN
    INSERT INTO versions (user_id, version) VALUES (NEW.user_id, 1)
        ON CONFLICT (user_id) DO UPDATE SET version = version + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER messages_change AFTER UPDATE OF subject, deleted_at ON messages BEGIN
    INSERT INTO versions (user_id, version) VALUES (NEW.user_id, 1)
        ON CONFLICT (user_id) DO UPDATE SET version = version + 1;
END;
-- +goose StatementEnd
