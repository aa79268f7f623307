-- +goose Up

-- The blog. An article is the service's, not a user's; who wrote and changed it
-- is in the audit.
CREATE TABLE articles (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    version      INTEGER NOT NULL DEFAULT 1,  -- raised by every edit
    slug         TEXT    NOT NULL UNIQUE,     -- its place in the URL
    locale       TEXT    NOT NULL,            -- the language that it is written in
    title        TEXT    NOT NULL,
    summary      TEXT    NOT NULL DEFAULT '', -- as typed; empty: the beginning of the body
    body         TEXT    NOT NULL,            -- Markdown
    cover        TEXT    NOT NULL DEFAULT '', -- article_pictures.name
    cover_alt    TEXT    NOT NULL DEFAULT '',
    published_at INTEGER NOT NULL DEFAULT 0,  -- 0: a draft; may be to come
    -- Published articles are numbered without gaps, from 1, in no order: by
    -- that a random one is found without counting. 0: a draft.
    place        INTEGER NOT NULL DEFAULT 0,
    beginning    TEXT    NOT NULL,            -- of the text, without Markdown
    words        INTEGER NOT NULL,
    search       TEXT    NOT NULL,            -- the title, folded
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    CHECK ((place = 0) = (published_at = 0))
) STRICT;
CREATE UNIQUE INDEX articles_by_place ON articles (place) WHERE place > 0;
CREATE INDEX articles_by_date ON articles (published_at, id);
CREATE INDEX articles_of_cover ON articles (cover) WHERE cover > '';

-- Addresses that articles once had: they lead to where the article is now.
CREATE TABLE article_slugs (
    slug       TEXT    NOT NULL PRIMARY KEY,
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX article_slugs_of_article ON article_slugs (article_id);

-- Apart from the articles, so that a reader changes nothing that pages are
-- cached by.
CREATE TABLE article_views (
    article_id INTEGER NOT NULL PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE,
    views      INTEGER NOT NULL
) STRICT;

-- Cover pictures, re-encoded as JPEG in the sizes in which pages show them. In
-- the database, because every node serves them. The name tells the contents, so
-- a picture never changes; one that no article has is dropped after a day.
CREATE TABLE article_pictures (
    name       TEXT    NOT NULL,
    size       TEXT    NOT NULL CHECK (size IN ('large', 'small')),
    width      INTEGER NOT NULL, -- pixels
    height     INTEGER NOT NULL,
    data       BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (name, size)
) STRICT;
CREATE INDEX article_pictures_by_time ON article_pictures (created_at);

-- Articles are what everybody sees: see migration 0006.

-- +goose StatementBegin
CREATE TRIGGER articles_come AFTER INSERT ON articles BEGIN
    INSERT INTO versions (user_id, version) VALUES (0, 1)
        ON CONFLICT (user_id) DO UPDATE SET version = version + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER articles_change AFTER UPDATE ON articles BEGIN
    INSERT INTO versions (user_id, version) VALUES (0, 1)
        ON CONFLICT (user_id) DO UPDATE SET version = version + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER articles_go AFTER DELETE ON articles BEGIN
    INSERT INTO versions (user_id, version) VALUES (0, 1)
        ON CONFLICT (user_id) DO UPDATE SET version = version + 1;
END;
-- +goose StatementEnd
