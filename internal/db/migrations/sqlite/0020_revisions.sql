-- +goose Up

-- Each commit of what is leaving raises the revision of its batches, and holds
-- only where that is the one it knows: so a commit that comes late, or a second
-- time, changes nothing.
ALTER TABLE batches ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;

-- Recipients who were deleted while something was leaving to them: the ids as
-- JSON. Their addresses are forgotten again when the batch is given back.
ALTER TABLE batches ADD COLUMN gone TEXT NOT NULL DEFAULT '';
