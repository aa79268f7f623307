-- +goose Up

-- What an entry's object was called then, and what entries are searched by.
-- Entries are listed by their ids, which are in the order of their times.
ALTER TABLE audit ADD COLUMN object_name TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN search TEXT NOT NULL DEFAULT '';
UPDATE audit SET search = lower(actor_email);
CREATE INDEX audit_of_actor ON audit (actor_id, id);
CREATE INDEX audit_by_action ON audit (action, id);
CREATE INDEX audit_of_object ON audit (object_kind, object_id, id);
CREATE INDEX audit_by_time ON audit (at);

-- Moderators look at the mailings of all users.
CREATE INDEX mailings_by_state ON mailings (state, id) WHERE deleted_at = 0;
CREATE INDEX mailings_disabled ON mailings (id) WHERE disabled_at > 0;
