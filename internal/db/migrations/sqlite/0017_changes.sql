-- +goose Up

-- An act on all recipients that a filter matches, in the background.
CREATE TABLE recipient_changes (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id     INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    act         TEXT    NOT NULL CHECK (act IN ('tag', 'untag', 'delete')),
    tag         TEXT    NOT NULL DEFAULT '', -- given or taken away
    search      TEXT    NOT NULL DEFAULT '', -- whom: the filter
    of_tag      TEXT    NOT NULL DEFAULT '',
    of_status   TEXT    NOT NULL DEFAULT '',
    below       INTEGER NOT NULL, -- recipients with lower ids are still to be visited
    total       INTEGER NOT NULL DEFAULT -1, -- whom the filter matches; -1: not counted yet
    done        INTEGER NOT NULL DEFAULT 0,
    error_key   TEXT    NOT NULL DEFAULT '', -- why it ended early
    error_args  TEXT    NOT NULL DEFAULT '{}',
    created_at  INTEGER NOT NULL,
    moved_at    INTEGER NOT NULL, -- when below last fell: who stands still is dead
    finished_at INTEGER NOT NULL DEFAULT 0
);
-- One at a time for each user.
CREATE UNIQUE INDEX recipient_changes_open ON recipient_changes (user_id) WHERE finished_at = 0;
