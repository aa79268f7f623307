-- +goose Up

-- What a mailing counts as: a disabled one as that, whatever its state.
ALTER TABLE mailings ADD COLUMN standing TEXT NOT NULL GENERATED ALWAYS AS (
    CASE WHEN deleted_at > 0 THEN 'deleted' WHEN disabled_at > 0 THEN 'disabled' ELSE state END) STORED;

-- How many mailings of each standing a user has, which their pages say.
-- Triggers keep it, as they do the totals of the service (0006).
CREATE TABLE mailing_counts (
    user_id  BIGINT NOT NULL,
    standing TEXT   NOT NULL,
    mailings BIGINT NOT NULL,
    PRIMARY KEY (user_id, standing)
);

INSERT INTO mailing_counts (user_id, standing, mailings)
SELECT user_id, standing, count(*) FROM mailings GROUP BY user_id, standing;

-- +goose StatementBegin
CREATE FUNCTION count_mailings_of_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE mailing_counts SET mailings = mailings - 1 WHERE user_id = OLD.user_id AND standing = OLD.standing;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO mailing_counts AS c (user_id, standing, mailings) VALUES (NEW.user_id, NEW.standing, 1)
            ON CONFLICT (user_id, standing) DO UPDATE SET mailings = c.mailings + 1;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- Two transactions cannot wait for each other's rows here: triggers fire in the
-- order of their names, so mailings_change has locked the user's version first.
CREATE CONSTRAINT TRIGGER mailings_count_of_user AFTER INSERT OR DELETE OR UPDATE OF state, disabled_at, deleted_at ON mailings
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_mailings_of_user();
