-- +goose Up

-- The same as ../sqlite/0020_revisions.sql, which has the reasons.
ALTER TABLE batches
    ADD COLUMN revision BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN gone     TEXT   NOT NULL DEFAULT '';
