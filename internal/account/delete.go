package account

import (
	"context"
	"fmt"

	"gonets/internal/audit"
	"gonets/internal/db"
	"gonets/internal/fault"
	"gonets/internal/letter"
)

// Delete takes a user away for good, and tells them by a letter; the reason may
// be empty. Sessions, tokens and groups end at once, the address is free for
// another registration, and OnDelete sees to what they had. Of the user
// remains a row without address or password, since runs and the audit point to
// it. It answers the user as they were. Errors: Invalid (reason), Conflict for
// the last who administers the service.
func (a *Accounts) Delete(ctx context.Context, actor Actor, id int64, reason string) (u User, err error) {
	if err := Check(actor, UserDelete, Object{Kind: "user"}); err != nil {
		return User{}, err
	}
	var fields fault.Fields
	reason = checkText(&fields, "reason", reason, maxReason, true)
	if err := fields.Err(); err != nil {
		return User{}, err
	}
	err = a.db.Tx(ctx, func(tx db.Tx) error {
		if u, err = subjectTx(ctx, tx, actor, UserDelete, id); err != nil {
			return err
		}
		if err := keepAdminTx(ctx, tx, u); err != nil {
			return err
		}
		if err := a.noticeTx(ctx, tx, u, letter.Deleted, reason); err != nil {
			return err
		}
		if err := audit.RecordTx(ctx, tx, actor.Entry(UserDelete, "user", id, reason).Named(u.Email)); err != nil {
			return err
		}
		if err := eraseTx(ctx, tx, id); err != nil {
			return err
		}
		return a.o.OnDelete(ctx, tx, id)
	})
	if err != nil {
		return User{}, fmt.Errorf("%s: %w", UserDelete, err)
	}
	return u, nil
}

// eraseTx leaves nothing of a user but the row. A block keeps whoever still
// holds the id out.
func eraseTx(ctx context.Context, tx db.Tx, id int64) error {
	for _, table := range []string{"sessions", "tokens", "group_members"} {
		if _, err := tx.Exec(ctx, `DELETE FROM `+table+` WHERE user_id = $1`, id); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `UPDATE users
		SET email = '', email_key = $3, password_hash = '', blocked_at = $2, blocked_reason = '', deleted_at = $2,
		    session_epoch = session_epoch + 1
		WHERE id = $1`, id, db.At(tx.Now()), fmt.Sprintf("deleted %d", id))
	return err
}
