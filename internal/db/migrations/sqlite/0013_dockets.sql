-- +goose Up

-- The mark moves from the delivery to its batch, and the state out of every
-- index of the deliveries: what is written with each message is one row of
-- them, one attempt, and the few batches in work.
--
-- A delivery that is planned and whose id its batch lists in "leaving" is
-- leaving. The batch's epoch is the fence: a result counts, and a mark is
-- given, only to who has the lease still. Those who are neither planned nor
-- accepted are few, as a rule, and have a row of their own to be found by;
-- the others are found batch by batch.

-- Batches whose recipients were all skipped were not kept.
INSERT INTO batches (id, run_id, done)
SELECT batch_id, min(run_id), 1 FROM deliveries WHERE batch_id NOT IN (SELECT id FROM batches) GROUP BY batch_id;

ALTER TABLE batches ADD COLUMN leaving TEXT NOT NULL DEFAULT ''; -- ids as JSON; '': none
ALTER TABLE batches ADD COLUMN accepted INTEGER NOT NULL DEFAULT 0;
CREATE INDEX batches_of_run ON batches (run_id, id);

UPDATE batches
   SET accepted = (SELECT count(*) FROM deliveries d WHERE d.batch_id = batches.id AND d.state = 2),
       leaving  = coalesce((SELECT nullif(json_group_array(d.id), '[]') FROM deliveries d
                             WHERE d.batch_id = batches.id AND d.state = 0 AND d.leaving = 1), '');

CREATE TABLE ledger_rows (
    id           INTEGER PRIMARY KEY,
    month        INTEGER NOT NULL,
    run_id       INTEGER NOT NULL,
    recipient_id INTEGER NOT NULL,
    batch_id     INTEGER NOT NULL,
    state        INTEGER NOT NULL CHECK (state IN (0, 2, 3, 4, 5, 6)),
    reason       TEXT    NOT NULL DEFAULT '', -- why it was skipped or given up
    tries        INTEGER NOT NULL DEFAULT 0,  -- attempts that count against the recipient
    copies       INTEGER NOT NULL DEFAULT 0,  -- sent again after an unknown end
    first_at     INTEGER NOT NULL DEFAULT 0,  -- of the first attempt
    next_at      INTEGER NOT NULL DEFAULT 0,  -- deferred: when it is tried again
    updated_at   INTEGER NOT NULL,
    UNIQUE (recipient_id, run_id, month)
) STRICT;
INSERT INTO ledger_rows
SELECT id, month, run_id, recipient_id, batch_id, state, reason, tries, copies, first_at, next_at, updated_at
  FROM deliveries ORDER BY id;
DROP TABLE deliveries;
ALTER TABLE ledger_rows RENAME TO deliveries;
CREATE INDEX deliveries_of_batch ON deliveries (batch_id, id);

ALTER TABLE attempts DROP COLUMN epoch;

-- Deliveries that are deferred, failed, uncertain or skipped. Triggers keep
-- it, because a write that forgot would hide them.
CREATE TABLE delivery_exceptions (
    run_id      INTEGER NOT NULL,
    state       INTEGER NOT NULL,
    delivery_id INTEGER NOT NULL,
    next_at     INTEGER NOT NULL,
    PRIMARY KEY (run_id, state, delivery_id)
) STRICT, WITHOUT ROWID;
INSERT INTO delivery_exceptions SELECT run_id, state, id, next_at FROM deliveries WHERE state > 2;
CREATE INDEX deliveries_to_retry ON delivery_exceptions (next_at) WHERE state = 3;

-- +goose StatementBegin
CREATE TRIGGER deliveries_begin AFTER INSERT ON deliveries WHEN NEW.state > 2 BEGIN
    INSERT INTO delivery_exceptions VALUES (NEW.run_id, NEW.state, NEW.id, NEW.next_at);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER deliveries_come_back AFTER UPDATE OF state ON deliveries WHEN OLD.state > 2 AND OLD.state <> NEW.state BEGIN
    DELETE FROM delivery_exceptions WHERE run_id = OLD.run_id AND state = OLD.state AND delivery_id = OLD.id;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER deliveries_end AFTER UPDATE OF state ON deliveries WHEN NEW.state > 2 BEGIN
    INSERT OR REPLACE INTO delivery_exceptions VALUES (NEW.run_id, NEW.state, NEW.id, NEW.next_at);
END;
-- +goose StatementEnd
