-- +goose Up

-- What a mailing counts as: a disabled one as that, whatever its state.
ALTER TABLE mailings ADD COLUMN standing TEXT NOT NULL GENERATED ALWAYS AS (
    CASE WHEN deleted_at > 0 THEN 'deleted' WHEN disabled_at > 0 THEN 'disabled' ELSE state END) VIRTUAL;

-- How many mailings of each standing a user has, which their pages say.
-- Triggers keep it, as they do the totals of the service (0006).
CREATE TABLE mailing_counts (
    user_id  INTEGER NOT NULL,
    standing TEXT    NOT NULL,
    mailings INTEGER NOT NULL,
    PRIMARY KEY (user_id, standing)
) STRICT, WITHOUT ROWID;

INSERT INTO mailing_counts (user_id, standing, mailings)
SELECT user_id, standing, count(*) FROM mailings GROUP BY user_id, standing;

-- +goose StatementBegin
CREATE TRIGGER mailing_counts_come AFTER INSERT ON mailings BEGIN
    INSERT INTO mailing_counts (user_id, standing, mailings) VALUES (NEW.user_id, NEW.standing, 1)
        ON CONFLICT (user_id, standing) DO UPDATE SET mailings = mailings + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER mailing_counts_move AFTER UPDATE OF state, disabled_at, deleted_at ON mailings
WHEN NEW.standing <> OLD.standing BEGIN
    UPDATE mailing_counts SET mailings = mailings - 1 WHERE user_id = OLD.user_id AND standing = OLD.standing;
    INSERT INTO mailing_counts (user_id, standing, mailings) VALUES (NEW.user_id, NEW.standing, 1)
        ON CONFLICT (user_id, standing) DO UPDATE SET mailings = mailings + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER mailing_counts_go AFTER DELETE ON mailings BEGIN
    UPDATE mailing_counts SET mailings = mailings - 1 WHERE user_id = OLD.user_id AND standing = OLD.standing;
END;
-- +goose StatementEnd
