package mailing_test

import (
	"context"
	"testing"
	"time"

	"gonets/internal/db"
	"gonets/internal/mailing"
	"gonets/internal/schedule"
)

func TestBlockedOwner(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.people(2)
		sending := w.started(schedule.Schedule{})
		w.plan(sending.LastRun.ID)
		waiting := w.started(daily(noon.Add(time.Hour)))
		draft := w.create(schedule.Schedule{})
		w.tx(func(tx db.Tx) error { return w.PauseOwnerTx(ctx, tx, w.anna.ID) })
		for _, id := range []int64{sending.ID, waiting.ID} {
			w.wantState(id, mailing.Paused)
			w.wantEvents(id, mailing.EventStarted, mailing.EventHeld)
		}
		w.wantState(draft.ID, mailing.Draft)
		if held, err := w.ledger.Held(ctx, sending.LastRun.ID); err != nil || !held {
			t.Errorf("held: %v, %v", held, err)
		}
		w.tx(func(tx db.Tx) error { return w.PauseOwnerTx(ctx, tx, w.boris.ID) }) // who has none
	})
}

// A start that comes while the owner is being blocked waits, and is refused.
func TestStartDuringBlock(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.create(schedule.Schedule{})
		refused := make(chan error, 1)
		w.tx(func(tx db.Tx) error {
			if _, err := tx.Exec(t.Context(), `UPDATE users SET blocked_at = 1 WHERE id = $1`, w.anna.ID); err != nil {
				return err
			}
			go func() {
				_, err := w.Start(context.Background(), w.anna, m.ID)
				refused <- err
			}()
			if err := untilWaiting(t, tx, refused); err != nil {
				return err
			}
			return w.PauseOwnerTx(t.Context(), tx, w.anna.ID)
		})
		if err := <-refused; key(err) != "mailing.owner_blocked" {
			t.Errorf("started: got %v", err)
		}
		w.wantState(m.ID, mailing.Draft)
	})
}

// untilWaiting returns when another transaction waits for this one, or has
// ended without. On SQLite every other one waits.
func untilWaiting(t *testing.T, tx db.Tx, ended chan error) error {
	t.Helper()
	for waiting := int64(0); waiting == 0 && len(ended) == 0 && tx.Dialect() == db.Postgres; {
		// Without this a transaction sees the sessions that there were at its first look.
		if _, err := tx.Exec(t.Context(), `SELECT pg_stat_clear_snapshot()`); err != nil {
			return err
		}
		err := tx.QueryRow(t.Context(), `SELECT count(*) FROM pg_locks WHERE NOT granted
			AND pid IN (SELECT pid FROM pg_stat_get_activity(NULL) WHERE datid = (SELECT oid FROM pg_database WHERE datname = current_database()))`).Scan(&waiting)
		if err != nil {
			return err
		}
	}
	return nil
}
