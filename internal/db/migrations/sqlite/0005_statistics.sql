-- +goose Up

-- delivery: statistics -----------------------------------------------------

-- What each of the ledger's transactions adds to the statistics, written in
-- that transaction and soon folded into the rollups: so attempts and numbers
-- are always equal, and no two nodes wait for each other at the service's row.
CREATE TABLE stat_journal (
    id    INTEGER PRIMARY KEY,
    facts TEXT    NOT NULL -- a line for each kind of attempt: see delivery.Fact
) STRICT;

-- Attempts summed up. Scope: 0 service, 1 user, 2 mailing, 3 run. Subject: 0
-- all attempts, 1 by answer ("550 5.1.1"), 2 by the recipient's domain, 3 by
-- mailing (its id). Grain: 0 a quarter of an hour, 1 a day of UTC.
CREATE TABLE stat_rollups (
    scope    INTEGER NOT NULL CHECK (scope BETWEEN 0 AND 3),
    scope_id INTEGER NOT NULL, -- of the user, mailing or run; 0: the service
    subject  INTEGER NOT NULL CHECK (subject BETWEEN 0 AND 3),
    grain    INTEGER NOT NULL CHECK (grain IN (0, 1)),
    at       INTEGER NOT NULL, -- where the quarter or the day begins
    name     TEXT    NOT NULL, -- which answer, domain or mailing; '' for all
    accepted INTEGER NOT NULL DEFAULT 0,
    failed   INTEGER NOT NULL DEFAULT 0,
    unknown  INTEGER NOT NULL DEFAULT 0,
    retried  INTEGER NOT NULL DEFAULT 0, -- of these three: not the first of their delivery
    PRIMARY KEY (scope, scope_id, subject, grain, at, name)
) STRICT, WITHOUT ROWID;
