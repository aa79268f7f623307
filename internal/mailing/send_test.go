package mailing_test

import (
	"slices"
	"testing"
	"time"

	"gonets/internal/delivery"
	"gonets/internal/fault"
	"gonets/internal/mailing"
	"gonets/internal/schedule"
)

// Send does not begin a schedule: the mailing is active until that run is
// done, and Start may begin the schedule meanwhile.
func TestSend(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.people(2)
		m := w.create(daily(noon.Add(24 * time.Hour)))
		run, err := w.Send(ctx, w.anna, m.ID)
		if err != nil {
			t.Fatal(err)
		}
		if m = w.get(m.ID); m.State != mailing.Active || !m.NextDueAt.IsZero() || m.LastRun.ID != run || m.LastRun.Kind != mailing.ByHand {
			t.Errorf("sent: got %+v", m)
		}
		if _, err := w.Send(ctx, w.anna, m.ID); key(err) != "mailing.still_sending" {
			t.Errorf("sent while sending: got %v", err)
		}
		w.must(w.Pause(ctx, w.anna, m.ID)) // it can be paused as any other
		w.must(w.Resume(ctx, w.anna, m.ID))
		if m = w.must(w.Start(ctx, w.anna, m.ID)); !m.NextDueAt.Equal(noon.Add(24 * time.Hour)) {
			t.Errorf("next due at %s", m.NextDueAt)
		}
		w.finish(run)
		w.wantState(m.ID, mailing.Active)

		other := w.create(daily(noon.Add(24 * time.Hour)))
		if run, err = w.Send(ctx, w.anna, other.ID); err != nil {
			t.Fatal(err)
		}
		w.finish(run)
		w.wantState(other.ID, mailing.Finished)
	})
}

// Whoever only waits for a repetition does not keep the next run from opening.
func TestDeferredIsNotBusy(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.people(2)
		m := w.started(schedule.Schedule{})
		w.send(m.LastRun.ID, delivery.RefusedForNow)
		w.advance()
		w.wantState(m.ID, mailing.Active)
		w.clock.pass(time.Minute)
		run, err := w.Send(t.Context(), w.anna, m.ID)
		if err != nil {
			t.Fatal(err)
		}
		w.finish(run)
		w.wantState(m.ID, mailing.Active) // the first run is open still
	})
}

// A run that was stopped may still be skipping; that keeps nothing waiting.
func TestStoppedIsNotBusy(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.people(2)
		m := w.started(schedule.Schedule{})
		w.plan(m.LastRun.ID)
		w.must(w.Stop(t.Context(), w.anna, m.ID))
		w.clock.pass(time.Minute)
		if again := w.must(w.Start(t.Context(), w.anna, m.ID)); again.State != mailing.Active || again.LastRun.ID == m.LastRun.ID {
			t.Errorf("started again: got %+v", again)
		}
		w.advance()
		w.wantCounts(m.LastRun.ID, delivery.Counts{Recipients: 2, Skipped: 2})
		w.wantState(m.ID, mailing.Active)
	})
}

// A message that was deleted can't be sent, and says so at its field.
func TestDeletedMessage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.people(1)
		m := w.started(schedule.Schedule{})
		run := m.LastRun.ID
		if err := w.messages.Delete(ctx, w.anna, w.message); !fault.Is(err, fault.Conflict) {
			t.Errorf("deleted while in use: got %v", err)
		}
		w.send(run, delivery.RefusedForGood)
		w.advance()
		if err := w.messages.Delete(ctx, w.anna, w.message); err != nil {
			t.Fatal(err)
		}
		want := []string{"message_id: mailing.message_missing"}
		w.clock.pass(time.Minute)
		_, start := w.Start(ctx, w.anna, m.ID)
		_, send := w.Send(ctx, w.anna, m.ID)
		_, resend := w.ResendFailed(ctx, w.anna, run, false)
		_, update := w.Update(ctx, w.anna, m.ID, m.Input())
		for doing, err := range map[string]error{"start": start, "send": send, "resend": resend, "update": update} {
			if got := fields(err); !slices.Equal(got, want) {
				t.Errorf("%s: got %v, want %q", doing, err, want)
			}
		}
		w.wantState(m.ID, mailing.Finished)
	})
}

func TestResendFailed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		ids := w.people(8)
		in := w.input()
		in.OnUncertain = mailing.Hold
		made := w.must(w.Create(ctx, w.anna, in))
		m := w.must(w.Start(ctx, w.anna, made.ID))
		source := m.LastRun.ID
		if _, err := w.ResendFailed(ctx, w.anna, source, true); key(err) != "mailing.still_sending" {
			t.Errorf("while sending: got %v", err)
		}
		w.sendEach(source, func(d *delivery.Delivery) delivery.End {
			switch i := slices.Index(ids, d.RecipientID); {
			case i < 5:
				return delivery.RefusedForGood
			case i == 5:
				return delivery.Lost
			default:
				return delivery.Took
			}
		})
		w.advance()
		w.wantCounts(source, delivery.Counts{Recipients: 8, Failed: 5, Uncertain: 1, Accepted: 2})

		// Meanwhile one unsubscribes and one is deleted.
		w.exec(`UPDATE recipients SET status = 'unsubscribed' WHERE id = $1`, ids[0])
		if err := w.recipients.Delete(ctx, w.anna, ids[1]); err != nil {
			t.Fatal(err)
		}
		w.clock.pass(time.Minute)
		first, err := w.ResendFailed(ctx, w.anna, source, false)
		if err != nil {
			t.Fatal(err)
		}
		w.sendEach(first, func(d *delivery.Delivery) delivery.End {
			if d.RecipientID == ids[2] {
				return delivery.RefusedForGood
			}
			return delivery.Took
		})
		w.advance()
		w.wantCounts(first, delivery.Counts{Recipients: 5, Accepted: 2, Failed: 1, Skipped: 2})
		if got := w.skips(first); got[delivery.ReasonUnsubscribed] != 1 || got[delivery.ReasonDeleted] != 1 {
			t.Errorf("skipped: got %v", got)
		}
		if r := w.run(first); r.Kind != mailing.OfFailed || r.SourceRunID != source {
			t.Errorf("got %+v", r)
		}

		// Again, with the uncertain one: whom the first resending reached is
		// not sent to twice.
		w.clock.pass(time.Minute)
		second, err := w.ResendFailed(ctx, w.anna, source, true)
		if err != nil {
			t.Fatal(err)
		}
		w.finish(second)
		w.wantCounts(second, delivery.Counts{Recipients: 6, Accepted: 2, Skipped: 4})
		if got := w.skips(second); got[mailing.ReasonResent] != 2 {
			t.Errorf("skipped: got %v", got)
		}
		if _, err := w.ResendFailed(ctx, w.anna, second, true); key(err) != "mailing.nobody_failed" {
			t.Errorf("without failures: got %v", err)
		}
		w.wantState(m.ID, mailing.Finished)
		if _, err := w.ResendFailed(ctx, w.boris, source, true); !fault.Is(err, fault.NotFound) {
			t.Errorf("another user's: got %v", err)
		}
	})
}
