package mailing_test

import (
	"maps"
	"testing"
	"time"

	"gonets/internal/db"
	"gonets/internal/delivery"
	"gonets/internal/fault"
	"gonets/internal/mailing"
	"gonets/internal/schedule"
)

// What a block would stop is what it then stops.
func TestStocks(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.people(3)
		w.create(schedule.Schedule{})
		w.started(daily(noon.Add(time.Hour)))
		sending := w.started(schedule.Schedule{})
		w.plan(sending.LastRun.ID)
		disabled := w.started(schedule.Schedule{})
		w.plan(disabled.LastRun.ID)
		w.must(w.Disable(ctx, w.mod, disabled.ID, "Spam"))
		done := w.started(schedule.Schedule{})
		w.plan(done.LastRun.ID)
		w.send(done.LastRun.ID, delivery.Took)
		w.finish(done.LastRun.ID)
		gone := w.create(schedule.Schedule{})
		if err := w.Delete(ctx, w.anna, gone.ID); err != nil {
			t.Fatal(err)
		}

		want := map[int64]mailing.Stock{w.anna.ID: {Mailings: 5, Active: 2, Sending: 1, Left: 3}}
		got, err := w.Stocks(ctx, w.mod, w.anna.ID, w.boris.ID)
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("got %v (%v), want %v", got, err, want)
		}
		if _, err := w.Stocks(ctx, w.boris, w.anna.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("another user: got %v", err)
		}
		w.block(w.anna.ID)
		want[w.anna.ID] = mailing.Stock{Mailings: 5}
		if got, err = w.Stocks(ctx, w.mod, w.anna.ID); err != nil || !maps.Equal(got, want) {
			t.Errorf("blocked: got %v (%v), want %v", got, err, want)
		}
	})
}

func (w *world) block(userID int64) {
	w.t.Helper()
	w.tx(func(tx db.Tx) error { return w.PauseOwnerTx(w.t.Context(), tx, userID) })
}
