-- +goose Up

-- Whose a session is, so that it is read together with its user. Those that do
-- not say it end: their users log in again.
ALTER TABLE sessions ADD COLUMN user_id INTEGER NOT NULL DEFAULT 0; -- 0: nobody is logged in
DELETE FROM sessions;

-- What is remembered of who asks and of every page's frame has its versions,
-- too (see migration 0006): a user with their groups and sessions, what groups
-- permit, and whether there are mail servers, without which every page says so.

-- +goose StatementBegin
CREATE TRIGGER users_change AFTER UPDATE ON users BEGIN
    INSERT INTO versions (user_id, version) VALUES (NEW.id, 1)
        ON CONFLICT (user_id) DO UPDATE SET version = version + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER users_go AFTER DELETE ON users BEGIN
    INSERT INTO versions (user_id, version) VALUES (OLD.id, 1)
        ON CONFLICT (user_id) DO UPDATE SET version = version + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER sessions_change AFTER UPDATE ON sessions WHEN OLD.user_id <> 0 BEGIN
    INSERT INTO versions (user_id, version) VALUES (OLD.user_id, 1)
        ON CONFLICT (user_id) DO UPDATE SET version = version + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER sessions_go AFTER DELETE ON sessions WHEN OLD.user_id <> 0 BEGIN
    INSERT INTO versions (user_id, version) VALUES (OLD.user_id, 1)
        ON CONFLICT (user_id) DO UPDATE SET version = version + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER group_members_come AFTER INSERT ON group_members BEGIN
    INSERT INTO versions (user_id, version) VALUES (NEW.user_id, 1)
        ON CONFLICT (user_id) DO UPDATE SET version = version + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER group_members_change AFTER UPDATE ON group_members BEGIN
    INSERT INTO versions (user_id, version) VALUES (OLD.user_id, 1)
        ON CONFLICT (user_id) DO UPDATE SET version = version + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER group_members_go AFTER DELETE ON group_members BEGIN
    INSERT INTO versions (user_id, version) VALUES (OLD.user_id, 1)
        ON CONFLICT (user_id) DO UPDATE SET version = version + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER groups_change AFTER UPDATE ON groups BEGIN
    INSERT INTO versions (user_id, version) VALUES (0, 1)
        ON CONFLICT (user_id) DO UPDATE SET version = version + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER group_permissions_come AFTER INSERT ON group_permissions BEGIN
    INSERT INTO versions (user_id, version) VALUES (0, 1)
        ON CONFLICT (user_id) DO UPDATE SET version = version + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER group_permissions_change AFTER UPDATE ON group_permissions BEGIN
    INSERT INTO versions (user_id, version) VALUES (0, 1)
        ON CONFLICT (user_id) DO UPDATE SET version = version + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER group_permissions_go AFTER DELETE ON group_permissions BEGIN
    INSERT INTO versions (user_id, version) VALUES (0, 1)
        ON CONFLICT (user_id) DO UPDATE SET version = version + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER mail_servers_come AFTER INSERT ON mail_servers BEGIN
    INSERT INTO versions (user_id, version) VALUES (0, 1)
        ON CONFLICT (user_id) DO UPDATE SET version = version + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER mail_servers_go AFTER DELETE ON mail_servers BEGIN
    INSERT INTO versions (user_id, version) VALUES (0, 1)
        ON CONFLICT (user_id) DO UPDATE SET version = version + 1;
END;
-- +goose StatementEnd

-- A user's mailings by state, those that are disabled, and those that are due
-- next: few of many may be.
CREATE INDEX mailings_of_user_by_state ON mailings (user_id, state, id) WHERE deleted_at = 0;
CREATE INDEX mailings_of_user_disabled ON mailings (user_id, id) WHERE disabled_at > 0;
CREATE INDEX mailings_of_user_due ON mailings (user_id, next_due_at, id) WHERE state = 'active' AND next_due_at > 0;
