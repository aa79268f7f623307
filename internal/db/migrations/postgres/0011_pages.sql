-- +goose Up

-- The same as ../sqlite/0011_pages.sql, which has the reasons.

ALTER TABLE sessions ADD COLUMN user_id BIGINT NOT NULL DEFAULT 0;
DELETE FROM sessions;

-- +goose StatementBegin
CREATE FUNCTION raise_version_of_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO versions AS v (user_id, version) VALUES (OLD.id, 1)
        ON CONFLICT (user_id) DO UPDATE SET version = v.version + 1;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION raise_version_before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO versions AS v (user_id, version) VALUES (OLD.user_id, 1)
        ON CONFLICT (user_id) DO UPDATE SET version = v.version + 1;
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE CONSTRAINT TRIGGER users_change AFTER UPDATE OR DELETE ON users
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION raise_version_of_user();
CREATE CONSTRAINT TRIGGER sessions_change AFTER UPDATE OR DELETE ON sessions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.user_id <> 0) EXECUTE FUNCTION raise_version_before();
CREATE CONSTRAINT TRIGGER group_members_come AFTER INSERT ON group_members
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION raise_version();
CREATE CONSTRAINT TRIGGER group_members_change AFTER UPDATE OR DELETE ON group_members
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION raise_version_before();
CREATE CONSTRAINT TRIGGER groups_change AFTER UPDATE ON groups
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION raise_public_version();
CREATE CONSTRAINT TRIGGER group_permissions_change AFTER INSERT OR UPDATE OR DELETE ON group_permissions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION raise_public_version();
CREATE CONSTRAINT TRIGGER mail_servers_change AFTER INSERT OR DELETE ON mail_servers
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION raise_public_version();

CREATE INDEX mailings_of_user_by_state ON mailings (user_id, state, id) WHERE deleted_at = 0;
CREATE INDEX mailings_of_user_disabled ON mailings (user_id, id) WHERE disabled_at > 0;
CREATE INDEX mailings_of_user_due ON mailings (user_id, next_due_at, id) WHERE state = 'active' AND next_due_at > 0;
