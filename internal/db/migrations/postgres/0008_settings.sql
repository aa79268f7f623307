-- +goose Up

-- setting ------------------------------------------------------------------

-- What administrators set of the service: one row.
CREATE TABLE service (
    id           BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    name         TEXT    NOT NULL DEFAULT '', -- empty: Gonets
    registration TEXT    NOT NULL DEFAULT '' CHECK (registration IN ('', 'open', 'closed')), -- empty: as configured
    run_limit    BIGINT NOT NULL DEFAULT 0 CHECK (run_limit >= 0), -- recipients of a run; 0: no limit
    daily_limit  BIGINT NOT NULL DEFAULT 0 CHECK (daily_limit >= 0), -- recipients of a user in a day of UTC; 0: no limit
    senders      TEXT    NOT NULL DEFAULT '', -- allowed addresses and domains, one a line; empty: any
    changed_at   BIGINT NOT NULL DEFAULT 0
);
INSERT INTO service (id) VALUES (1);

-- mailing ------------------------------------------------------------------

-- How many recipients a user's runs were planned for, in a day of UTC.
CREATE TABLE planned_days (
    user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    day        BIGINT NOT NULL, -- 20261122
    recipients BIGINT NOT NULL,
    PRIMARY KEY (user_id, day)
);

-- What everybody sees shows the service's name and whether it is open.
-- +goose StatementBegin
CREATE FUNCTION service_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO versions AS v (user_id, version) VALUES (0, 1)
        ON CONFLICT (user_id) DO UPDATE SET version = v.version + 1;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER service_change AFTER UPDATE ON service FOR EACH ROW EXECUTE FUNCTION service_change();
