package recipient

import (
	"context"
	"fmt"

	"gonets/internal/db"
)

// eraseChunk is how many recipients one transaction erases at most.
const eraseChunk = 50

// EraseOwner erases a chunk of what a deleted user had: imports first, so that
// nothing is added any more, then recipients, as Delete would, and then what
// has no address. more says that there is more to erase.
func (r *Recipients) EraseOwner(ctx context.Context, userID int64) (more bool, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("erase the recipients of user %d: %w", userID, err)
		}
	}()
	imports, err := readIDs(ctx, r.db.Read(), `SELECT id FROM imports WHERE user_id = $1 ORDER BY id LIMIT 1`, userID)
	if err != nil {
		return false, err
	}
	for _, id := range imports {
		return true, r.eraseImport(ctx, id)
	}
	ids, err := r.light(func(ctx context.Context) ([]int64, error) {
		return readIDs(ctx, r.db.Read(), `SELECT id FROM recipients WHERE user_id = $1 ORDER BY id LIMIT $2`, userID, eraseChunk)
	})(ctx)
	if err != nil {
		return false, err
	}
	err = r.db.Tx(ctx, func(tx db.Tx) (err error) {
		if more = len(ids) > 0; more {
			list, err := holdTx(ctx, tx, ids)
			if err != nil {
				return err
			}
			return r.deleteTx(ctx, tx, userID, list)
		}
		more, err = eraseRestTx(ctx, tx, userID)
		return err
	})
	return more, err
}

func (r *Recipients) eraseImport(ctx context.Context, id int64) error {
	if err := r.dropChunks(ctx, id); err != nil {
		return err
	}
	return r.db.Tx(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM imports WHERE id = $1`, id)
		return err
	})
}

func eraseRestTx(ctx context.Context, tx db.Tx, userID int64) (more bool, err error) {
	n, err := tx.Exec(ctx, `DELETE FROM suppressions WHERE user_id = $1 AND email_hash IN (
		SELECT email_hash FROM suppressions WHERE user_id = $1 LIMIT 1000)`, userID)
	if err == nil {
		_, err = tx.Exec(ctx, `DELETE FROM tags WHERE user_id = $1`, userID)
	}
	if err == nil {
		_, err = tx.Exec(ctx, `DELETE FROM recipient_changes WHERE user_id = $1`, userID)
	}
	return n > 0, err
}
