-- +goose Up

-- mailserver ---------------------------------------------------------------

-- The mail servers that administrators added. The first enabled one of the
-- list is used: by place, then by id.
CREATE TABLE mail_servers (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    place       INTEGER NOT NULL DEFAULT 0,
    name        TEXT    NOT NULL,
    host        TEXT    NOT NULL,
    port        INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
    security    TEXT    NOT NULL CHECK (security IN ('auto', 'required', 'implicit', 'none')),
    username    TEXT    NOT NULL DEFAULT '',
    sealed      BLOB    NOT NULL, -- the password, encrypted; empty without one
    connections INTEGER NOT NULL CHECK (connections BETWEEN 1 AND 1000),
    rate        REAL    NOT NULL DEFAULT 0, -- messages per second and process; 0: no limit
    enabled     INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;

-- Whether the server of the configuration, the first of the list, is used.
CREATE TABLE mail_server_configured (
    id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1))
) STRICT;
INSERT INTO mail_server_configured (id, enabled) VALUES (1, 1);

-- node ---------------------------------------------------------------------

-- The processes that serve on this database; each says now and then that it
-- lives.
CREATE TABLE nodes (
    name       TEXT NOT NULL PRIMARY KEY,
    version    TEXT    NOT NULL,
    web        INTEGER NOT NULL CHECK (web IN (0, 1)),
    scheduler  INTEGER NOT NULL CHECK (scheduler IN (0, 1)),
    worker     INTEGER NOT NULL CHECK (worker IN (0, 1)),
    started_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL
) STRICT;
