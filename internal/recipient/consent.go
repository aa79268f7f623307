package recipient

import (
	"context"
	"fmt"

	"gonets/internal/account"
	"gonets/internal/db"
)

// Unsubscribe follows an unsubscribe link: the recipient gets nothing more,
// from this moment on. To do it again, or for one who is deleted, is no error.
func (r *Recipients) Unsubscribe(ctx context.Context, token string) error {
	id, mailingID, err := r.ParseToken(token)
	if err != nil {
		return err
	}
	err = r.db.Tx(ctx, func(tx db.Tx) error {
		list, err := holdTx(ctx, tx, []int64{id})
		if err != nil || len(list) == 0 || list[0].status == Unsubscribed {
			return err
		}
		return r.changeStatusTx(ctx, tx, list[0], Unsubscribed, mailingID)
	})
	if err != nil {
		return fmt.Errorf("unsubscribe: %w", err)
	}
	return nil
}

// Suppress makes the owner's own decision that a recipient gets no mail. One
// who unsubscribed stays so.
func (r *Recipients) Suppress(ctx context.Context, actor account.Actor, id int64) error {
	return r.setStatus(ctx, actor, id, Suppressed, func(s Status) bool { return s == Active })
}

// Resubscribe makes a recipient active again. It is the owner's explicit word
// that the person asked for it; status_at tells when.
func (r *Recipients) Resubscribe(ctx context.Context, actor account.Actor, id int64) error {
	return r.setStatus(ctx, actor, id, Active, func(s Status) bool { return s != Active })
}

func (r *Recipients) setStatus(ctx context.Context, actor account.Actor, id int64, to Status, from func(Status) bool) error {
	err := r.db.Tx(ctx, func(tx db.Tx) error {
		h, err := holdOneTx(ctx, tx, actor, id)
		if err != nil || !from(h.status) {
			return err
		}
		return r.changeStatusTx(ctx, tx, h, to, 0)
	})
	if err != nil {
		return fmt.Errorf("make recipient %s: %w", to, err)
	}
	return nil
}

// changeStatusTx changes the status of a recipient that is held, and all that
// follows from it.
func (r *Recipients) changeStatusTx(ctx context.Context, tx db.Tx, h held, to Status, mailingID int64) error {
	if err := leaveTx(ctx, tx, h.userID); err != nil {
		return err
	}
	now := db.At(tx.Now())
	_, err := tx.Exec(ctx, `UPDATE recipients
		SET status = $2, status_at = $3, status_mailing_id = $4, updated_at = $3 WHERE id = $1`,
		h.id, string(to), now, mailingID)
	if err != nil {
		return err
	}
	if to == Active {
		_, err = tx.Exec(ctx, `DELETE FROM suppressions WHERE user_id = $1 AND email_hash = $2`, h.userID, r.hash(h.key))
	} else {
		err = r.ledger.SkipRecipientTx(ctx, tx, h.id, string(to))
	}
	if err != nil {
		return err
	}
	return countTx(ctx, tx, h.userID, 0, one(to == Active)-one(h.status == Active))
}

// suppressTx remembers the refusal of an address that goes away.
func (r *Recipients) suppressTx(ctx context.Context, tx db.Tx, userID int64, key string) error {
	_, err := tx.Exec(ctx, `INSERT INTO suppressions (user_id, email_hash, created_at) VALUES ($1, $2, $3)
		ON CONFLICT (user_id, email_hash) DO NOTHING`, userID, r.hash(key), db.At(tx.Now()))
	return err
}

// statusTx is the status with which each entry is inserted, by key.
func (r *Recipients) statusTx(ctx context.Context, tx db.Tx, userID int64, entries []*entry) (map[string]Status, error) {
	status := make(map[string]Status, len(entries))
	for _, e := range entries {
		status[e.key] = Active
		if e.refused != "" {
			status[e.key] = e.refused
		}
	}
	var any int64
	err := tx.QueryRow(ctx, `SELECT count(*) FROM (SELECT 1 FROM suppressions WHERE user_id = $1 LIMIT 1) AS s`, userID).Scan(&any)
	if err != nil || any == 0 {
		return status, err
	}
	hashes := make([]string, len(entries))
	keys := make(map[string]string, len(entries))
	for i, e := range entries {
		hashes[i] = r.hash(e.key)
		keys[hashes[i]] = e.key
	}
	rows, err := tx.Query(ctx, `SELECT email_hash FROM suppressions WHERE user_id = $1 AND email_hash = ANY($2)`, userID, hashes)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var hash string
		if err := rows.Scan(&hash); err != nil {
			return nil, err
		}
		status[keys[hash]] = Unsubscribed
	}
	return status, rows.Err()
}
