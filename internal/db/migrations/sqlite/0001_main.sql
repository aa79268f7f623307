-- +goose Up

-- Conventions: keys are INTEGER; a moment is INTEGER microseconds since 1970
-- UTC, and 0 means "none", so that no column is ever NULL; a flag is 0 or 1.
-- Columns named *_key and search hold text folded by Go, because neither
-- database folds Cyrillic on its own in every configuration. Objects that a
-- person can delete use AUTOINCREMENT: a key must never come back for another
-- object, since deliveries and unsubscribe links keep it.

CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- account ------------------------------------------------------------------

CREATE TABLE users (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    email          TEXT    NOT NULL,
    email_key      TEXT    NOT NULL UNIQUE,
    password_hash  TEXT    NOT NULL,
    role           TEXT    NOT NULL CHECK (role IN ('user', 'moderator', 'admin')),
    locale         TEXT    NOT NULL DEFAULT 'en',
    time_zone      TEXT    NOT NULL DEFAULT 'UTC',
    verified_at    INTEGER NOT NULL DEFAULT 0,
    blocked_at     INTEGER NOT NULL DEFAULT 0,
    blocked_reason TEXT    NOT NULL DEFAULT '',
    session_epoch  INTEGER NOT NULL DEFAULT 0, -- raised to end every session
    created_at     INTEGER NOT NULL
) STRICT;

CREATE TABLE tokens (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id       INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind          TEXT    NOT NULL CHECK (kind IN ('verify', 'reset', 'api')),
    hash          TEXT    NOT NULL UNIQUE, -- SHA-256 in hex; the token itself is nowhere
    name          TEXT    NOT NULL DEFAULT '',
    password_hash TEXT    NOT NULL DEFAULT '', -- verify: of the registration that the link confirms
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX tokens_of_user ON tokens (user_id, kind);

CREATE TABLE sessions (
    hash       TEXT    NOT NULL PRIMARY KEY, -- SHA-256 in hex of the cookie's token
    data       BLOB    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE throttles (
    name     TEXT    NOT NULL PRIMARY KEY, -- what is limited, for whom
    count    INTEGER NOT NULL,
    reset_at INTEGER NOT NULL
) STRICT;

-- audit, letter ------------------------------------------------------------

CREATE TABLE audit (
    id          INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    actor_id    INTEGER NOT NULL, -- 0: the command line
    actor_email TEXT    NOT NULL,
    action      TEXT    NOT NULL,
    object_kind TEXT    NOT NULL,
    object_id   INTEGER NOT NULL,
    reason      TEXT    NOT NULL,
    address     TEXT    NOT NULL -- the client's network address
) STRICT;

CREATE TABLE letters (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT    NOT NULL,
    address    TEXT    NOT NULL,
    locale     TEXT    NOT NULL,
    sealed     BLOB    NOT NULL, -- the arguments, encrypted; emptied once sent
    created_at INTEGER NOT NULL,
    sent_at    INTEGER NOT NULL DEFAULT 0,
    failed_at  INTEGER NOT NULL DEFAULT 0,
    tries      INTEGER NOT NULL DEFAULT 0,
    response   TEXT    NOT NULL DEFAULT '' -- the server's last words
) STRICT;

-- recipient ----------------------------------------------------------------

CREATE TABLE recipients (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id           INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email             TEXT    NOT NULL,
    email_key         TEXT    NOT NULL,
    name              TEXT    NOT NULL DEFAULT '',
    comment           TEXT    NOT NULL DEFAULT '',
    attributes        TEXT    NOT NULL DEFAULT '{}', -- a JSON object
    time_zone         TEXT    NOT NULL DEFAULT '',
    locale            TEXT    NOT NULL DEFAULT '',
    status            TEXT    NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'unsubscribed', 'suppressed')),
    status_at         INTEGER NOT NULL DEFAULT 0,
    status_mailing_id INTEGER NOT NULL DEFAULT 0, -- the mailing that was unsubscribed from
    search            TEXT    NOT NULL DEFAULT '', -- email, name, comment: folded
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    UNIQUE (user_id, email_key)
) STRICT;
CREATE INDEX recipients_of_user ON recipients (user_id, id);
CREATE INDEX recipients_by_status ON recipients (user_id, status, id);

-- Counting a million rows costs 60 ms; these are kept with the rows.
CREATE TABLE recipient_counts (
    user_id INTEGER NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    total   INTEGER NOT NULL DEFAULT 0,
    active  INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE tags (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name       TEXT    NOT NULL,
    name_key   TEXT    NOT NULL,
    recipients INTEGER NOT NULL DEFAULT 0,
    UNIQUE (user_id, name_key)
) STRICT;

CREATE TABLE recipient_tags (
    tag_id       INTEGER NOT NULL REFERENCES tags (id) ON DELETE CASCADE,
    recipient_id INTEGER NOT NULL REFERENCES recipients (id) ON DELETE CASCADE,
    PRIMARY KEY (tag_id, recipient_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX tags_of_recipient ON recipient_tags (recipient_id, tag_id);

-- Who unsubscribed and was deleted afterwards, so that an import does not
-- bring them back: only a hash of the address is kept.
CREATE TABLE suppressions (
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email_hash TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, email_hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE imports (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id     INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name        TEXT    NOT NULL DEFAULT '', -- of the file
    policy      TEXT    NOT NULL CHECK (policy IN ('update', 'skip')),
    tags        TEXT    NOT NULL DEFAULT '[]', -- given to every row
    state       TEXT    NOT NULL CHECK (state IN ('uploading', 'queued', 'running', 'done', 'failed')),
    size        INTEGER NOT NULL DEFAULT 0, -- bytes of the file
    position    INTEGER NOT NULL DEFAULT 0, -- bytes done; a repeated job goes on behind them
    line        INTEGER NOT NULL DEFAULT 0, -- of the file, done
    rows        INTEGER NOT NULL DEFAULT 0, -- data rows done
    created     INTEGER NOT NULL DEFAULT 0,
    updated     INTEGER NOT NULL DEFAULT 0,
    skipped     INTEGER NOT NULL DEFAULT 0,
    rejected    INTEGER NOT NULL DEFAULT 0,
    error_key   TEXT    NOT NULL DEFAULT '', -- why it failed as a whole
    error_args  TEXT    NOT NULL DEFAULT '{}',
    created_at  INTEGER NOT NULL,
    moved_at    INTEGER NOT NULL, -- when position last rose: who stands still is dead
    finished_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX imports_of_user ON imports (user_id, id);
CREATE INDEX imports_open ON imports (id) WHERE finished_at = 0;

-- The uploaded file, so that any node can go on with it; deleted at the end.
CREATE TABLE import_chunks (
    import_id INTEGER NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    number    INTEGER NOT NULL,
    data      BLOB    NOT NULL,
    PRIMARY KEY (import_id, number)
) STRICT;

CREATE TABLE import_errors (
    import_id INTEGER NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    line      INTEGER NOT NULL, -- in the file, from 1
    field     TEXT    NOT NULL,
    value     TEXT    NOT NULL, -- what stood there, cut to 200 characters
    error_key TEXT    NOT NULL,
    args      TEXT    NOT NULL DEFAULT '{}',
    PRIMARY KEY (import_id, line, field)
) STRICT, WITHOUT ROWID;

-- message ------------------------------------------------------------------

CREATE TABLE messages (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    version_id INTEGER NOT NULL, -- the newest of its versions
    subject    TEXT    NOT NULL,
    format     TEXT    NOT NULL CHECK (format IN ('text', 'markdown', 'html')),
    search     TEXT    NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX messages_of_user ON messages (user_id, id) WHERE deleted_at = 0;

-- Never changed: a run points to the version it sends.
CREATE TABLE message_versions (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    number     INTEGER NOT NULL,
    subject    TEXT    NOT NULL,
    format     TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    text       TEXT    NOT NULL DEFAULT '', -- plain-text part; '': made from the body
    created_at INTEGER NOT NULL,
    UNIQUE (message_id, number)
) STRICT;

-- mailing ------------------------------------------------------------------

CREATE TABLE mailings (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id         INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name            TEXT    NOT NULL,
    search          TEXT    NOT NULL DEFAULT '',
    message_id      INTEGER NOT NULL REFERENCES messages (id),
    audience_all    INTEGER NOT NULL DEFAULT 0 CHECK (audience_all IN (0, 1)),
    sender_name     TEXT    NOT NULL DEFAULT '',
    sender_email    TEXT    NOT NULL,
    frequency       TEXT    NOT NULL CHECK (frequency IN ('once', 'daily', 'weekly', 'monthly', 'rrule')),
    weekdays        TEXT    NOT NULL DEFAULT '', -- "mo,we": weekly
    month_day       INTEGER NOT NULL DEFAULT 0,  -- 1..31, -1: the last; 0: the start's
    rrule           TEXT    NOT NULL DEFAULT '',
    start_at        INTEGER NOT NULL DEFAULT 0,
    end_at          INTEGER NOT NULL DEFAULT 0,
    time_zone       TEXT    NOT NULL DEFAULT 'UTC',
    on_uncertain    TEXT    NOT NULL DEFAULT 'resend' CHECK (on_uncertain IN ('resend', 'hold')),
    state           TEXT    NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'active', 'paused', 'finished')),
    next_due_at     INTEGER NOT NULL DEFAULT 0,
    last_run_id     INTEGER NOT NULL DEFAULT 0,
    disabled_at     INTEGER NOT NULL DEFAULT 0,
    disabled_by     INTEGER NOT NULL DEFAULT 0,
    disabled_reason TEXT    NOT NULL DEFAULT '',
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    deleted_at      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX mailings_of_user ON mailings (user_id, id) WHERE deleted_at = 0;
CREATE INDEX mailings_of_message ON mailings (message_id);
CREATE INDEX mailings_due ON mailings (next_due_at) WHERE state = 'active' AND next_due_at > 0;

CREATE TABLE mailing_tags (
    mailing_id INTEGER NOT NULL REFERENCES mailings (id) ON DELETE CASCADE,
    tag_id     INTEGER NOT NULL REFERENCES tags (id) ON DELETE CASCADE,
    PRIMARY KEY (mailing_id, tag_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE mailing_recipients (
    mailing_id   INTEGER NOT NULL REFERENCES mailings (id) ON DELETE CASCADE,
    recipient_id INTEGER NOT NULL REFERENCES recipients (id) ON DELETE CASCADE,
    PRIMARY KEY (mailing_id, recipient_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX mailings_of_recipient ON mailing_recipients (recipient_id);

-- What happened to a mailing besides its runs: started, paused, a due time
-- missed while the service was away, a run left out because one still went.
CREATE TABLE mailing_events (
    id         INTEGER PRIMARY KEY,
    mailing_id INTEGER NOT NULL REFERENCES mailings (id) ON DELETE CASCADE,
    at         INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    args       TEXT    NOT NULL DEFAULT '{}'
) STRICT;
CREATE INDEX events_of_mailing ON mailing_events (mailing_id, id);

-- One firing. What it sends is fixed when it opens; an edit of the mailing
-- counts from the next run on.
CREATE TABLE runs (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    mailing_id         INTEGER NOT NULL REFERENCES mailings (id) ON DELETE CASCADE,
    user_id            INTEGER NOT NULL,
    due_at             INTEGER NOT NULL,
    kind               TEXT    NOT NULL CHECK (kind IN ('schedule', 'manual', 'failed')),
    state              TEXT    NOT NULL CHECK (state IN ('planning', 'sending', 'paused', 'done', 'stopped')),
    planned            INTEGER NOT NULL DEFAULT 0 CHECK (planned IN (0, 1)), -- every delivery is written
    position           INTEGER NOT NULL DEFAULT 0, -- the last recipient planned
    audience           TEXT    NOT NULL, -- JSON, as the mailing had it
    source_run_id      INTEGER NOT NULL DEFAULT 0, -- kind 'failed': whose failures are sent again
    message_version_id INTEGER NOT NULL,
    mailing_name       TEXT    NOT NULL,
    sender_name        TEXT    NOT NULL,
    sender_email       TEXT    NOT NULL,
    on_uncertain       TEXT    NOT NULL,
    created_at         INTEGER NOT NULL,
    started_at         INTEGER NOT NULL DEFAULT 0, -- the first message was tried
    finished_at        INTEGER NOT NULL DEFAULT 0,
    UNIQUE (mailing_id, due_at)
) STRICT;
CREATE INDEX runs_of_mailing ON runs (mailing_id, id);
CREATE INDEX runs_open ON runs (id) WHERE finished_at = 0;

-- delivery: the ledger -----------------------------------------------------

-- One row per run: the hold, which the mark checks, and the counters, which
-- change in the same transactions as the rows they count.
-- remaining = recipients - accepted - deferred - failed - uncertain - skipped.
CREATE TABLE ledgers (
    run_id          INTEGER NOT NULL PRIMARY KEY,
    mailing_id      INTEGER NOT NULL,
    user_id         INTEGER NOT NULL,
    month           INTEGER NOT NULL, -- 202611: where the run's rows lie
    resend          INTEGER NOT NULL CHECK (resend IN (0, 1)), -- what becomes of an uncertain delivery
    held            INTEGER NOT NULL DEFAULT 0 CHECK (held IN (0, 1)),
    recipients      INTEGER NOT NULL DEFAULT 0,
    accepted        INTEGER NOT NULL DEFAULT 0,
    deferred        INTEGER NOT NULL DEFAULT 0,
    failed          INTEGER NOT NULL DEFAULT 0,
    uncertain       INTEGER NOT NULL DEFAULT 0,
    skipped         INTEGER NOT NULL DEFAULT 0,
    last_attempt_at INTEGER NOT NULL DEFAULT 0,
    last_outcome    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX ledgers_of_mailing ON ledgers (mailing_id, run_id);

CREATE TABLE batches (
    id          INTEGER PRIMARY KEY,
    run_id      INTEGER NOT NULL REFERENCES ledgers (run_id),
    done        INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0, 1)),
    queued_at   INTEGER NOT NULL DEFAULT 0, -- a job for it was enqueued; 0: none
    owner       TEXT    NOT NULL DEFAULT '', -- the node that holds the lease
    lease_until INTEGER NOT NULL DEFAULT 0,
    epoch       INTEGER NOT NULL DEFAULT 0 -- raised with every claim
) STRICT;
CREATE INDEX batches_open ON batches (run_id, id) WHERE done = 0;
CREATE INDEX batches_leased ON batches (lease_until) WHERE lease_until > 0;

-- State: 0 planned, 2 accepted, 3 deferred, 4 failed, 5 uncertain, 6 skipped.
-- The state "leaving" is a planned row that is marked: no index contains the
-- mark, so that marking, half of all writing, touches the row alone.
-- Uniqueness contains the month, so that PostgreSQL can partition by it.
CREATE TABLE deliveries (
    id           INTEGER PRIMARY KEY,
    month        INTEGER NOT NULL,
    run_id       INTEGER NOT NULL,
    recipient_id INTEGER NOT NULL,
    batch_id     INTEGER NOT NULL,
    state        INTEGER NOT NULL CHECK (state IN (0, 2, 3, 4, 5, 6)),
    leaving      INTEGER NOT NULL DEFAULT 0 CHECK (leaving = 0 OR leaving = 1 AND state = 0), -- marked
    reason       TEXT    NOT NULL DEFAULT '', -- why it was skipped or given up
    epoch        INTEGER NOT NULL DEFAULT 0,  -- raised with every mark; a result counts only for its own
    tries        INTEGER NOT NULL DEFAULT 0,  -- attempts that count against the recipient
    copies       INTEGER NOT NULL DEFAULT 0,  -- sent again after an unknown end
    first_at     INTEGER NOT NULL DEFAULT 0,  -- of the first attempt
    next_at      INTEGER NOT NULL DEFAULT 0,  -- deferred: when it is tried again
    updated_at   INTEGER NOT NULL,
    UNIQUE (run_id, recipient_id, month)
) STRICT;
CREATE INDEX deliveries_by_state ON deliveries (run_id, state, id);
CREATE INDEX deliveries_of_recipient ON deliveries (recipient_id, id);
CREATE INDEX deliveries_to_send ON deliveries (batch_id) WHERE state = 0;
CREATE INDEX deliveries_to_retry ON deliveries (next_at) WHERE state = 3;

-- Outcome: 0 success, 1 failure, 2 unknown. Never changed, never deleted.
CREATE TABLE attempts (
    id           INTEGER PRIMARY KEY,
    at           INTEGER NOT NULL,
    month        INTEGER NOT NULL,
    delivery_id  INTEGER NOT NULL,
    run_id       INTEGER NOT NULL,
    mailing_id   INTEGER NOT NULL,
    user_id      INTEGER NOT NULL,
    recipient_id INTEGER NOT NULL,
    epoch        INTEGER NOT NULL, -- of the delivery's mark
    address      TEXT    NOT NULL, -- as it was used
    outcome      INTEGER NOT NULL CHECK (outcome BETWEEN 0 AND 2),
    stage        TEXT    NOT NULL,
    code         INTEGER NOT NULL DEFAULT 0,
    enhanced     TEXT    NOT NULL DEFAULT '',
    response     TEXT    NOT NULL DEFAULT '',
    server       TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX attempts_of_delivery ON attempts (delivery_id, id);
CREATE INDEX attempts_of_user ON attempts (user_id, outcome, id);
CREATE INDEX attempts_of_mailing ON attempts (mailing_id, outcome, id);
CREATE INDEX attempts_failed ON attempts (user_id, code, outcome, id) WHERE outcome <> 0;

-- What became of a run's deliveries in each ten seconds: the report's chart.
CREATE TABLE delivery_slots (
    run_id    INTEGER NOT NULL,
    at        INTEGER NOT NULL, -- the slot's start
    accepted  INTEGER NOT NULL DEFAULT 0,
    deferred  INTEGER NOT NULL DEFAULT 0,
    failed    INTEGER NOT NULL DEFAULT 0,
    uncertain INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run_id, at)
) STRICT, WITHOUT ROWID;

-- Which mail server is away, as each node sees it; no row, no trouble.
CREATE TABLE server_troubles (
    node       TEXT    NOT NULL,
    server     TEXT    NOT NULL,
    since      INTEGER NOT NULL,
    checked_at INTEGER NOT NULL,
    stage      TEXT    NOT NULL,
    code       INTEGER NOT NULL,
    response   TEXT    NOT NULL,
    PRIMARY KEY (node, server)
) STRICT;

-- sandbox ------------------------------------------------------------------

CREATE TABLE sandbox_mails (
    id         INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    mail_from  TEXT    NOT NULL,
    rcpt_to    TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    search     TEXT    NOT NULL,
    size       INTEGER NOT NULL,
    raw        BLOB    NOT NULL
) STRICT;
