-- +goose Up

-- Failed attempts by their code, of a mailing and of the service: they are few,
-- and what succeeds pays nothing for these.
CREATE INDEX attempts_failed_of_mailing ON attempts (mailing_id, code, outcome, id) WHERE outcome <> 0;
CREATE INDEX attempts_failed_by_code ON attempts (code, outcome, id) WHERE outcome <> 0;
CREATE INDEX attempts_failed_of_all ON attempts (outcome, id) WHERE outcome <> 0;
