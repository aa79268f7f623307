-- +goose Up

-- A run's next batches, and those that are on their way: asked for with every
-- batch that ends, however many the run has.
CREATE INDEX batches_to_feed ON batches (run_id, queued_at, id) WHERE done = 0;
