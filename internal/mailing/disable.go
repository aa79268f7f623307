package mailing

import (
	"context"
	"fmt"
	"strconv"

	"gonets/internal/account"
	"gonets/internal/audit"
	"gonets/internal/db"
	"gonets/internal/fault"
	"gonets/internal/letter"
)

// Disable stops a mailing by a moderator's word, with a reason that the owner
// is told: its runs are held at once, so that nothing more leaves than what is
// leaving already. Nobody judges their own.
// Errors: Invalid (reason), Conflict where it is disabled already.
func (s *Mailings) Disable(ctx context.Context, actor account.Actor, id int64, reason string) (Mailing, error) {
	return s.change(ctx, actor, account.MailingDisable, id, "disable", func(tx db.Tx, m *Mailing) error {
		reason, err := checkReason(reason, true)
		if err != nil {
			return err
		}
		if m.Disabled != nil {
			return isDisabled(m)
		}
		_, err = tx.Exec(ctx, `UPDATE mailings SET disabled_at = $2, disabled_by = $3, disabled_reason = $4 WHERE id = $1`,
			id, db.At(tx.Now()), actor.ID, reason)
		if err != nil {
			return err
		}
		if err := noteTx(ctx, tx, id, Event{Kind: EventDisabled, Reason: reason}); err != nil {
			return err
		}
		if err := s.judgedTx(ctx, tx, actor.Entry(account.MailingDisable, "mailing", id, reason), m, letter.MailingDisabled); err != nil {
			return err
		}
		return s.holdRunsTx(ctx, tx, id)
	})
}

// mailingEnable is how the audit calls the act; who may disable may also
// enable.
const mailingEnable account.Action = "mailing.enable"

// Enable lifts a disabling, not of one's own mailing; the reason, for the owner
// and the audit, may be empty. An active mailing goes on where it was. Errors:
// Invalid (reason), Conflict where it is not disabled.
func (s *Mailings) Enable(ctx context.Context, actor account.Actor, id int64, reason string) (Mailing, error) {
	return s.change(ctx, actor, account.MailingDisable, id, "enable", func(tx db.Tx, m *Mailing) error {
		reason, err := checkReason(reason, false)
		if err != nil {
			return err
		}
		if m.Disabled == nil {
			return fault.New(fault.Conflict, "mailing.not_disabled", nil)
		}
		_, err = tx.Exec(ctx, `UPDATE mailings SET disabled_at = 0, disabled_by = 0, disabled_reason = '' WHERE id = $1`, id)
		if err != nil {
			return err
		}
		m.Disabled = nil
		if err := noteTx(ctx, tx, id, Event{Kind: EventEnabled}); err != nil {
			return err
		}
		if err := s.judgedTx(ctx, tx, actor.Entry(mailingEnable, "mailing", id, reason), m, letter.MailingEnabled); err != nil {
			return err
		}
		if !m.Going() {
			return nil
		}
		return s.goOnTx(ctx, tx, m)
	})
}

// judgedTx records what a moderator did to a mailing, and tells its owner.
func (s *Mailings) judgedTx(ctx context.Context, tx db.Tx, e audit.Entry, m *Mailing, kind letter.Kind) error {
	if err := audit.RecordTx(ctx, tx, e.Named(m.Name)); err != nil {
		return err
	}
	if s.o.Letters == nil {
		return nil
	}
	l := letter.Letter{Kind: kind, Args: map[string]string{
		"id": strconv.FormatInt(m.ID, 10), "mailing": m.Name, "reason": e.Reason,
	}}
	if err := tx.QueryRow(ctx, `SELECT email, locale FROM users WHERE id = $1`, m.UserID).Scan(&l.To, &l.Locale); err != nil {
		return fmt.Errorf("find the owner: %w", err)
	}
	return s.o.Letters.EnqueueTx(ctx, tx, l)
}

// PauseOwnerTx pauses whatever of a user's is active, in the transaction in
// which the user is blocked. Nothing starts again by itself when the block is
// lifted: the owner resumes.
func (s *Mailings) PauseOwnerTx(ctx context.Context, tx db.Tx, userID int64) error {
	ids, err := ints(ctx, tx, `
		UPDATE mailings SET state = 'paused', updated_at = $2
		 WHERE user_id = $1 AND state = 'active' AND deleted_at = 0
		RETURNING id`, userID, db.At(tx.Now()))
	if err == nil && len(ids) > 0 {
		_, err = tx.Exec(ctx, `
			INSERT INTO mailing_events (mailing_id, at, kind)
			SELECT id, CAST($2 AS BIGINT), '`+string(EventHeld)+`' FROM mailings WHERE id = ANY($1)`, ids, db.At(tx.Now()))
	}
	if err == nil && len(ids) > 0 {
		err = s.holdRunsTx(ctx, tx, ids...)
	}
	if err != nil {
		return fmt.Errorf("pause the mailings of user %d: %w", userID, err)
	}
	return nil
}
