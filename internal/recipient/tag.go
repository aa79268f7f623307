package recipient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/fault"
)

// Tag is a word that the owner gives to recipients, to address them together.
// Tags are the same whatever their case. A tag without recipients stays:
// a mailing may stand on it.
type Tag struct {
	ID         int64
	Name       string
	Recipients int64 // who bears it
}

// Tags are all tags of the actor's, in alphabetical order.
func (r *Recipients) Tags(ctx context.Context, actor account.Actor) ([]Tag, error) {
	rows, err := r.db.Read().Query(ctx, `SELECT id, name, recipients FROM tags WHERE user_id = $1 ORDER BY name_key`, actor.ID)
	if err != nil {
		return nil, fmt.Errorf("list tags: %w", err)
	}
	defer rows.Close()
	var list []Tag
	for rows.Next() {
		var t Tag
		if err := rows.Scan(&t.ID, &t.Name, &t.Recipients); err != nil {
			return nil, fmt.Errorf("list tags: %w", err)
		}
		list = append(list, t)
	}
	return list, rows.Err()
}

// findTag is the tag of a name.
func findTag(ctx context.Context, q db.Q, userID int64, name string) (Tag, bool, error) {
	var t Tag
	err := q.QueryRow(ctx, `SELECT id, name, recipients FROM tags WHERE user_id = $1 AND name_key = $2`, userID, db.Fold(name)).
		Scan(&t.ID, &t.Name, &t.Recipients)
	if errors.Is(err, db.ErrNoRows) {
		return Tag{}, false, nil
	}
	return t, err == nil, err
}

// tagging is a tag on a recipient.
type tagging struct{ tag, recipient int64 }

// tagIDsTx are the ids of tags by their folded names; those that are new are
// made.
func tagIDsTx(ctx context.Context, tx db.Tx, userID int64, names []string) (map[string]int64, error) {
	missing := make(map[string]string, len(names)) // name by key
	for _, name := range names {
		missing[db.Fold(name)] = name
	}
	ids, err := tagIDs(ctx, tx, userID, slices.Collect(maps.Keys(missing)))
	if err != nil || len(ids) == len(missing) {
		return ids, err
	}
	keys := slices.Sorted(maps.Keys(missing))
	for _, key := range keys {
		if _, there := ids[key]; there {
			continue
		}
		// Somebody else may make it at the same moment; hence read again.
		_, err := tx.Exec(ctx, `INSERT INTO tags (user_id, name, name_key) VALUES ($1, $2, $3)
			ON CONFLICT (user_id, name_key) DO NOTHING`, userID, missing[key], key)
		if err != nil {
			return nil, err
		}
	}
	return tagIDs(ctx, tx, userID, keys)
}

func tagIDs(ctx context.Context, q db.Q, userID int64, keys []string) (map[string]int64, error) {
	rows, err := q.Query(ctx, `SELECT id, name_key FROM tags WHERE user_id = $1 AND name_key = ANY($2)`, userID, keys)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	ids := make(map[string]int64, len(keys))
	for rows.Next() {
		var id int64
		var key string
		if err := rows.Scan(&id, &key); err != nil {
			return nil, err
		}
		ids[key] = id
	}
	return ids, rows.Err()
}

// retagTx gives a recipient that is held or new exactly these tags.
func retagTx(ctx context.Context, tx db.Tx, userID, id int64, names []string) error {
	wanted := map[string]int64{}
	if len(names) > 0 {
		var err error
		if wanted, err = tagIDsTx(ctx, tx, userID, names); err != nil {
			return err
		}
	}
	has, err := taggingsTx(ctx, tx, []int64{id})
	if err != nil {
		return err
	}
	var add []tagging
	keep := map[int64]bool{}
	for _, tag := range wanted {
		keep[tag] = true
		if !has[tagging{tag, id}] {
			add = append(add, tagging{tag, id})
		}
	}
	var drop []int64
	for t := range has {
		if !keep[t.tag] {
			drop = append(drop, t.tag)
		}
	}
	if len(drop) > 0 {
		err := untagTx(ctx, tx, `DELETE FROM recipient_tags WHERE recipient_id = $2 AND tag_id = ANY($1) RETURNING tag_id`, drop, id)
		if err != nil {
			return err
		}
	}
	return addTagsTx(ctx, tx, add)
}

// taggingsTx are all tags of some recipients.
func taggingsTx(ctx context.Context, tx db.Tx, recipients []int64) (map[tagging]bool, error) {
	rows, err := tx.Query(ctx, `SELECT tag_id, recipient_id FROM recipient_tags WHERE recipient_id = ANY($1)`, recipients)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	has := map[tagging]bool{}
	for rows.Next() {
		var t tagging
		if err := rows.Scan(&t.tag, &t.recipient); err != nil {
			return nil, err
		}
		has[t] = true
	}
	return has, rows.Err()
}

// addTagsTx tags recipients, and counts those that did not bear the tag yet.
func addTagsTx(ctx context.Context, tx db.Tx, list []tagging) error {
	if len(list) == 0 {
		return nil
	}
	slices.SortFunc(list, func(a, b tagging) int {
		return cmp.Or(cmp.Compare(a.tag, b.tag), cmp.Compare(a.recipient, b.recipient))
	})
	added, err := bulkOf(tx).tagTx(ctx, tx, list)
	if err != nil {
		return err
	}
	return countTagsTx(ctx, tx, added)
}

// untagTx runs a deletion that returns tag_id, and counts.
func untagTx(ctx context.Context, tx db.Tx, query string, args ...any) error {
	removed, err := tally(ctx, tx, -1, query, args...)
	if err != nil {
		return err
	}
	return countTagsTx(ctx, tx, removed)
}

// tally adds up by for every tag_id that a statement returns.
func tally(ctx context.Context, tx db.Tx, by int64, query string, args ...any) (map[int64]int64, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	sums := map[int64]int64{}
	for rows.Next() {
		var tag int64
		if err := rows.Scan(&tag); err != nil {
			return nil, err
		}
		sums[tag] += by
	}
	return sums, rows.Err()
}

// countTagsTx moves the counters of tags, in ascending order (see holdTx).
func countTagsTx(ctx context.Context, tx db.Tx, by map[int64]int64) error {
	for _, tag := range slices.Sorted(maps.Keys(by)) {
		if _, err := tx.Exec(ctx, `UPDATE tags SET recipients = recipients + $2 WHERE id = $1`, tag, by[tag]); err != nil {
			return err
		}
	}
	return nil
}

// oneTag checks a single tag of a bulk action.
func oneTag(name string) (string, error) {
	var fields fault.Fields
	tags := checkTags(&fields, "tag", []string{name})
	if len(fields) == 0 && len(tags) == 0 {
		fields.Add("tag", "error.required", nil)
	}
	if err := fields.Err(); err != nil {
		return "", err
	}
	return tags[0], nil
}
