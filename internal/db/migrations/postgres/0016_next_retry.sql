-- +goose Up

-- The next retry of a run stands on its page, however many wait for theirs.
CREATE INDEX delivery_exceptions_to_retry ON delivery_exceptions (run_id, next_at) WHERE state = 3;
