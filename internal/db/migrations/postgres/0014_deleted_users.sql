-- +goose Up

-- A user who was deleted: the row stays without address and password, since
-- runs and the audit point to it.
ALTER TABLE users ADD COLUMN deleted_at BIGINT NOT NULL DEFAULT 0;
