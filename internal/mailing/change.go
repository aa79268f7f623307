package mailing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/fault"
)

// change holds a mailing, asks whether the actor may, changes it by f, and
// reads it again.
func (s *Mailings) change(ctx context.Context, actor account.Actor, action account.Action, id int64, doing string,
	f func(tx db.Tx, m *Mailing) error,
) (changed Mailing, err error) {
	err = s.db.Tx(ctx, func(tx db.Tx) error {
		changed, err = s.changeTx(ctx, tx, actor, action, id, f)
		return err
	})
	if err != nil {
		return Mailing{}, fmt.Errorf("%s mailing %d: %w", doing, id, err)
	}
	return changed, nil
}

// activate is change for what makes a mailing active, or opens a run: it is
// refused while the owner is blocked, and a block that comes at the same
// moment waits for it, so that it then finds the mailing to pause.
func (s *Mailings) activate(ctx context.Context, actor account.Actor, id int64, doing string,
	f func(tx db.Tx, m *Mailing) error,
) (changed Mailing, err error) {
	err = s.db.Tx(ctx, func(tx db.Tx) error {
		blocked, err := holdOwnerTx(ctx, tx, id)
		if err != nil {
			return err
		}
		changed, err = s.changeTx(ctx, tx, actor, account.MailingEdit, id, func(tx db.Tx, m *Mailing) error {
			if blocked {
				return fault.New(fault.Conflict, "mailing.owner_blocked", nil)
			}
			if err := s.senderTx(ctx, tx, m.Sender); err != nil {
				return err
			}
			return f(tx, m)
		})
		return err
	})
	if err != nil {
		return Mailing{}, fmt.Errorf("%s mailing %d: %w", doing, id, err)
	}
	return changed, nil
}

func (s *Mailings) changeTx(ctx context.Context, tx db.Tx, actor account.Actor, action account.Action, id int64,
	f func(tx db.Tx, m *Mailing) error,
) (Mailing, error) {
	m, err := s.holdTx(ctx, tx, id)
	if err != nil {
		return Mailing{}, err
	}
	if err := account.Check(actor, action, m.Object()); err != nil {
		return Mailing{}, err
	}
	if err := f(tx, &m); err != nil {
		return Mailing{}, err
	}
	if _, err := tx.Exec(ctx, `UPDATE mailings SET updated_at = $2 WHERE id = $1`, id, db.At(tx.Now())); err != nil {
		return Mailing{}, err
	}
	return s.get(ctx, tx, id)
}

// holdTx reads a mailing that nobody else changes before the transaction ends.
// Missing where it is not there or deleted.
func (s *Mailings) holdTx(ctx context.Context, tx db.Tx, id int64) (Mailing, error) {
	if err := lockTx(ctx, tx, id); err != nil {
		return Mailing{}, err
	}
	return s.get(ctx, tx, id) // a statement of its own: it sees what the lock waited for
}

// lockTx locks the row of a mailing, be it deleted, if it is there at all. On
// SQLite the transaction has the whole database already.
func lockTx(ctx context.Context, tx db.Tx, id int64) error {
	if tx.Dialect() != db.Postgres {
		return nil
	}
	_, err := ints(ctx, tx, `SELECT id FROM mailings WHERE id = $1 FOR NO KEY UPDATE`, id)
	return err
}

// holdOwnerTx says whether the owner of a mailing is blocked, which does not
// change before the transaction ends.
func holdOwnerTx(ctx context.Context, tx db.Tx, id int64) (blocked bool, err error) {
	query := `SELECT u.blocked_at FROM mailings m JOIN users u ON u.id = m.user_id WHERE m.id = $1`
	if tx.Dialect() == db.Postgres {
		query += ` FOR SHARE OF u`
	}
	var at db.Time
	err = tx.QueryRow(ctx, query, id).Scan(&at)
	if errors.Is(err, db.ErrNoRows) {
		return false, nil
	}
	return at != 0, err
}

func setStateTx(ctx context.Context, tx db.Tx, m *Mailing, to State, event EventKind) error {
	if _, err := tx.Exec(ctx, `UPDATE mailings SET state = $2 WHERE id = $1`, m.ID, string(to)); err != nil {
		return err
	}
	m.State = to
	return noteTx(ctx, tx, m.ID, Event{Kind: event})
}

func setDueTx(ctx context.Context, tx db.Tx, m *Mailing, next time.Time) error {
	if _, err := tx.Exec(ctx, `UPDATE mailings SET next_due_at = $2 WHERE id = $1`, m.ID, db.At(next)); err != nil {
		return err
	}
	m.NextDueAt = next
	return nil
}

// wrongState refuses what the state of the mailing forbids.
func wrongState(m *Mailing) error {
	return fault.New(fault.Conflict, "mailing.is_"+string(m.State), nil)
}

// isDisabled refuses what a moderator's disabling forbids.
func isDisabled(m *Mailing) error {
	return fault.New(fault.Conflict, "mailing.is_disabled", fault.Args{"Reason": m.Disabled.Reason})
}
