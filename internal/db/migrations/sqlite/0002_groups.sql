-- +goose Up

-- Groups give their members permissions. The two that the service comes with
-- get theirs from account/group/groups.json, which is loaded after the
-- migrations; what users were by their role, they are by membership.

CREATE TABLE groups (
    id         INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE,
    updated_at INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE group_permissions (
    group_id   INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    permission TEXT    NOT NULL, -- the name of an action: "mailing.view"
    PRIMARY KEY (group_id, permission)
) STRICT, WITHOUT ROWID;

CREATE TABLE group_members (
    group_id INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    user_id  INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX group_members_of_user ON group_members (user_id, group_id);

INSERT INTO groups (id, name) VALUES (1, 'moderators'), (2, 'administrators');
INSERT INTO group_members (group_id, user_id) SELECT 1, id FROM users WHERE role = 'moderator';
INSERT INTO group_members (group_id, user_id) SELECT 2, id FROM users WHERE role = 'admin';

ALTER TABLE users DROP COLUMN role;
