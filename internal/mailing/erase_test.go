package mailing_test

import (
	"testing"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/delivery"
	"gonets/internal/mailing"
	"gonets/internal/schedule"
)

// Everything that a deleted user had goes, by short transactions, and nobody
// else's; what was sent stays on record without the addresses.
func TestEraseOwner(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.people(120) // more than a chunk
		w.tx(func(tx db.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO recipient_counts (user_id, total, active) VALUES ($1, 120, 120)
				ON CONFLICT (user_id) DO UPDATE SET total = 120, active = 120`, w.anna.ID)
			return err
		})
		m := w.started(schedule.Schedule{})
		w.plan(m.LastRun.ID)
		w.create(daily(noon))
		has, err := w.Holdings(ctx, account.CommandLine(), w.anna.ID)
		if want := (mailing.Holdings{Mailings: 2, Messages: 1, Recipients: 120}); err != nil || has != want {
			t.Errorf("got %+v, %v; want %+v", has, err, want)
		}
		w.tx(func(tx db.Tx) error { return w.EraseOwnerTx(ctx, tx, w.anna.ID) })
		if held, err := w.ledger.Held(ctx, m.LastRun.ID); err != nil || !held {
			t.Errorf("held at once: %v, %v", held, err)
		}
		if more, err := w.recipients.EraseOwner(ctx, w.anna.ID); err != nil || !more {
			t.Fatalf("a chunk, and the process dies: %v, %v", more, err)
		}
		for range 2 { // a job may come twice
			if err := w.Erase(ctx, w.anna.ID); err != nil {
				t.Fatal(err)
			}
		}
		if has, err = w.Holdings(ctx, account.CommandLine(), w.anna.ID); err != nil || has != (mailing.Holdings{}) {
			t.Errorf("afterwards: %+v, %v", has, err)
		}
		list, err := w.ledger.Deliveries(ctx, m.LastRun.ID, []delivery.State{delivery.Skipped}, 0, 200)
		if err != nil || len(list) != 120 || list[0].Reason != delivery.ReasonDeleted {
			t.Errorf("on record: %d, %v", len(list), err)
		}
		if all, _, err := w.List(ctx, w.mod, mailing.Filter{}); err != nil || len(all) != 0 {
			t.Errorf("listed: %d, %v", len(all), err)
		}
	})
}
