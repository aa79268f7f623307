package recipient

import (
	"context"
	"errors"
	"fmt"

	"gonets/internal/db"
)

// countTx moves the counters of a user. It comes last in its transaction:
// all others of the same user wait for it from here on.
func countTx(ctx context.Context, tx db.Tx, userID, total, active int64) error {
	if total == 0 && active == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `INSERT INTO recipient_counts (user_id, total, active) VALUES ($1, $2, $3)
		ON CONFLICT (user_id) DO UPDATE
		SET total = recipient_counts.total + excluded.total, active = recipient_counts.active + excluded.active`,
		userID, total, active)
	return err
}

// counts are the counters of a user.
func counts(ctx context.Context, q db.Q, userID int64) (total, active int64, err error) {
	err = q.QueryRow(ctx, `SELECT total, active FROM recipient_counts WHERE user_id = $1`, userID).Scan(&total, &active)
	if errors.Is(err, db.ErrNoRows) {
		return 0, 0, nil
	}
	return total, active, err
}

// RebuildCounts makes the counters of a user anew from the rows. They never
// need it, unless rows were changed by hand.
func (r *Recipients) RebuildCounts(ctx context.Context, userID int64) error {
	err := r.db.Tx(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO recipient_counts (user_id, total, active)
			SELECT $1, count(*), coalesce(sum(CASE WHEN status = 'active' THEN 1 ELSE 0 END), 0)
			FROM recipients WHERE user_id = $1
			ON CONFLICT (user_id) DO UPDATE SET total = excluded.total, active = excluded.active`, userID)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE tags
			SET recipients = (SELECT count(*) FROM recipient_tags rt WHERE rt.tag_id = tags.id)
			WHERE user_id = $1`, userID)
		return err
	})
	if err != nil {
		return fmt.Errorf("rebuild recipient counts: %w", err)
	}
	return nil
}
