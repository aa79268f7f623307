package account

import (
	"context"
	"fmt"

	"gonets/internal/audit"
	"gonets/internal/db"
	"gonets/internal/fault"
	"gonets/internal/letter"
)

const maxReason = 500 // characters

// Block keeps a user out, with a reason that the user is told by a letter and
// at every login: every session ends, no API token counts until the block is
// lifted, and OnBlock stops what runs. Errors: Invalid (reason), Conflict where
// the user is blocked already or the last who administers the service.
func (a *Accounts) Block(ctx context.Context, actor Actor, id int64, reason string) (User, error) {
	return a.order(ctx, actor, UserBlock, id, func(tx db.Tx, u User) error {
		var fields fault.Fields
		reason = checkText(&fields, "reason", reason, maxReason, true)
		if reason == "" {
			fields.Add("reason", "error.required", nil)
		}
		if err := fields.Err(); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `UPDATE users SET blocked_at = $2, blocked_reason = $3, session_epoch = session_epoch + 1
			WHERE id = $1 AND blocked_at = 0`, id, db.At(tx.Now()), reason)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "account.already_blocked", nil)
		}
		if err := keepAdminTx(ctx, tx, u); err != nil {
			return err
		}
		if err := audit.RecordTx(ctx, tx, actor.Entry(UserBlock, "user", id, reason).Named(u.Email)); err != nil {
			return err
		}
		if err := a.noticeTx(ctx, tx, u, letter.Blocked, reason); err != nil {
			return err
		}
		return a.o.OnBlock(ctx, tx, id)
	})
}

// userUnblock is how the audit calls the act; who may block may also unblock.
const userUnblock Action = "user.unblock"

// Unblock lets a user in again and tells them by a letter; the reason may be
// empty. Errors: Invalid (reason), Conflict where the user is not blocked.
func (a *Accounts) Unblock(ctx context.Context, actor Actor, id int64, reason string) (User, error) {
	return a.order(ctx, actor, UserBlock, id, func(tx db.Tx, u User) error {
		var fields fault.Fields
		reason = checkText(&fields, "reason", reason, maxReason, true)
		if err := fields.Err(); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `UPDATE users SET blocked_at = 0, blocked_reason = '' WHERE id = $1 AND blocked_at > 0`, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "account.not_blocked", nil)
		}
		if err := audit.RecordTx(ctx, tx, actor.Entry(userUnblock, "user", id, reason).Named(u.Email)); err != nil {
			return err
		}
		if err := a.noticeTx(ctx, tx, u, letter.Unblocked, reason); err != nil {
			return err
		}
		return a.o.OnUnblock(ctx, tx, id)
	})
}

// Confirm takes a user's address as theirs without the letter's link. Errors:
// Conflict where it is confirmed already.
func (a *Accounts) Confirm(ctx context.Context, actor Actor, id int64) (User, error) {
	return a.order(ctx, actor, UserVerify, id, func(tx db.Tx, u User) error {
		n, err := tx.Exec(ctx, `UPDATE users SET verified_at = $2 WHERE id = $1 AND verified_at = 0`, id, db.At(tx.Now()))
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "account.already_verified", nil)
		}
		// A link of a registration would bring another password with it.
		if err := dropTokensTx(ctx, tx, id, "verify"); err != nil {
			return err
		}
		return audit.RecordTx(ctx, tx, actor.Entry(UserVerify, "user", id, "").Named(u.Email))
	})
}

// noticeTx tells a user by a letter what was done to them. Nothing is sent to
// an address that nobody has confirmed.
func (a *Accounts) noticeTx(ctx context.Context, tx db.Tx, u User, kind letter.Kind, reason string) error {
	if a.letters == nil || u.VerifiedAt.IsZero() {
		return nil
	}
	return a.letters.EnqueueTx(ctx, tx, letter.Letter{
		Kind: kind, To: u.Email, Locale: u.Locale, Args: map[string]string{"reason": reason},
	})
}

// order does something to another user in one transaction, and answers the
// user as it then is. A plain user is told "forbidden" before anybody looks
// for the id, so that the answer says nothing about it.
func (a *Accounts) order(ctx context.Context, actor Actor, action Action, id int64, do func(db.Tx, User) error) (u User, err error) {
	if err := Check(actor, action, Object{Kind: "user"}); err != nil {
		return User{}, err
	}
	err = a.db.Tx(ctx, func(tx db.Tx) error {
		if u, err = subjectTx(ctx, tx, actor, action, id); err != nil {
			return err
		}
		if err := do(tx, u); err != nil {
			return err
		}
		u, err = userByID(ctx, tx, id)
		return err
	})
	if err != nil {
		return User{}, fmt.Errorf("%s: %w", action, err)
	}
	return u, nil
}

// subjectTx is the user to whom something is done, if the actor may.
func subjectTx(ctx context.Context, tx db.Tx, actor Actor, action Action, id int64) (User, error) {
	u, err := userByID(ctx, tx, id)
	if err != nil {
		return User{}, missing(err)
	}
	return u, Check(actor, action, u.Object())
}

// record writes the act into the audit, in its transaction.
func (a Actor) record(ctx context.Context, tx db.Tx, action Action, kind string, id int64, reason string) error {
	return audit.RecordTx(ctx, tx, a.Entry(action, kind, id, reason))
}
