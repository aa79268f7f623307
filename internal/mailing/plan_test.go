package mailing_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"gonets/internal/db"
	"gonets/internal/delivery"
	"gonets/internal/mailing"
	"gonets/internal/recipient"
	"gonets/internal/schedule"
)

// A plan that was cut short by a pause goes on where it was; one that was cut
// short by stop never does, and what was planned is skipped in chunks.
func TestPlanInChunks(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		ids := w.people(2400)
		w.exec(`UPDATE recipients SET status = 'unsubscribed' WHERE id = ANY($1)`, []int64{ids[3], ids[777]})
		w.exec(`UPDATE recipients SET status = 'suppressed' WHERE id = $1`, ids[2399])

		m := w.started(schedule.Schedule{})
		run := m.LastRun.ID
		if more, err := w.Plan(ctx, run); err != nil || !more {
			t.Fatalf("first chunk: %v, %v", more, err)
		}
		w.must(w.Pause(ctx, w.anna, m.ID))
		if more, err := w.Plan(ctx, run); err != nil || more {
			t.Fatalf("in the pause: %v, %v", more, err)
		}
		w.wantCounts(run, delivery.Counts{Recipients: 1000, Skipped: 2})
		if got := w.must(w.Resume(ctx, w.anna, m.ID)).LastRun.State; got != mailing.RunPlanning {
			t.Errorf("resumed: %s, want planning", got)
		}
		if chunks := w.plan(run); chunks != 2 {
			t.Errorf("the rest took %d chunks, want 2", chunks)
		}
		w.wantCounts(run, delivery.Counts{Recipients: 2400, Skipped: 3})
		if r := w.run(run); !r.Planned || r.State != mailing.RunSending {
			t.Errorf("planned: got %+v", r)
		}
		if got := w.skips(run); got[delivery.ReasonUnsubscribed] != 2 || got[delivery.ReasonSuppressed] != 1 {
			t.Errorf("skipped: got %v", got)
		}
		w.must(w.Stop(ctx, w.anna, m.ID))
		w.advance()
		w.wantCounts(run, delivery.Counts{Recipients: 2400, Skipped: 2400})
		if r := w.run(run); r.State != mailing.RunStopped || r.Open() {
			t.Errorf("stopped: got %+v", r)
		}
		w.wantState(m.ID, mailing.Finished)

		w.clock.pass(time.Minute)
		m = w.must(w.Start(ctx, w.anna, m.ID))
		if _, err := w.Plan(ctx, m.LastRun.ID); err != nil {
			t.Fatal(err)
		}
		w.must(w.Stop(ctx, w.anna, m.ID))
		if more, err := w.Plan(ctx, m.LastRun.ID); err != nil || more {
			t.Errorf("after stop: %v, %v", more, err)
		}
		w.advance()
		w.wantCounts(m.LastRun.ID, delivery.Counts{Recipients: 1000, Skipped: 1000})
	})
}

// The job of a plan may be lost. Then Advance plans.
func TestLostPlan(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.people(600)
		m := w.started(schedule.Schedule{})
		w.advance()
		w.wantCounts(m.LastRun.ID, delivery.Counts{})
		w.clock.pass(time.Minute)
		w.advance()
		w.wantCounts(m.LastRun.ID, delivery.Counts{Recipients: 600})
		if !w.run(m.LastRun.ID).Planned {
			t.Error("the run is not planned")
		}
	})
}

// Who leaves while their run is planned gets no mail: whether they come first
// and the plan waits for them, or come second and wait for the plan.
func TestLeaveDuringPlan(t *testing.T) {
	leaving := map[string]func(*world, *recipient.Recipients, int64) error{
		"unsubscribed": func(w *world, r *recipient.Recipients, id int64) error {
			link := r.UnsubscribeURL(id, 1)
			return r.Unsubscribe(w.t.Context(), link[strings.LastIndexByte(link, '/')+1:])
		},
		"suppressed": func(w *world, r *recipient.Recipients, id int64) error { return r.Suppress(w.t.Context(), w.anna, id) },
		"deleted":    func(w *world, r *recipient.Recipients, id int64) error { return r.Delete(w.t.Context(), w.anna, id) },
	}
	for name, leave := range leaving {
		t.Run(name+" first", func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				ids := w.people(3)
				m := w.started(schedule.Schedule{})
				planned := make(chan error, 1)
				plan := func(tx db.Tx) error {
					go func() {
						_, err := w.Plan(context.Background(), m.LastRun.ID)
						planned <- err
					}()
					return untilWaiting(t, tx, planned)
				}
				if err := leave(w, w.recipientsWith(interrupted{w.ledger, plan}), ids[1]); err != nil {
					t.Fatal(err)
				}
				if err := <-planned; err != nil {
					t.Fatal(err)
				}
				counts := w.run(m.LastRun.ID).Counts
				if counts.Recipients-counts.Skipped != 2 { // who is deleted may have no delivery at all
					t.Errorf("got %+v, want two to be sent to", counts)
				}
			})
		})
		t.Run(name+" second", func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				ids := w.people(3)
				m := w.started(schedule.Schedule{})
				left := make(chan error, 1)
				w.tx(func(tx db.Tx) error {
					chosen, err := w.recipients.AudienceChunkTx(t.Context(), tx, w.anna.ID, recipient.StoredAudience{All: true}, 0, 10)
					if err != nil {
						return err
					}
					go func() { left <- leave(w, w.recipients, ids[1]) }()
					if err := untilWaiting(t, tx, left); err != nil {
						return err
					}
					chunk := make([]delivery.Plan, len(chosen))
					for i, who := range chosen {
						chunk[i] = delivery.Plan{RecipientID: who.ID, Skip: who.Skip}
					}
					return w.ledger.PlanTx(t.Context(), tx, m.LastRun.ID, chunk)
				})
				if err := <-left; err != nil {
					t.Fatal(err)
				}
				w.wantCounts(m.LastRun.ID, delivery.Counts{Recipients: 3, Skipped: 1})
			})
		})
	}
}

// interrupted is a ledger to which something happens when it was told of one
// who leaves, and has looked for their deliveries.
type interrupted struct {
	*delivery.Ledger
	by func(db.Tx) error
}

func (i interrupted) SkipRecipientTx(ctx context.Context, tx db.Tx, id int64, reason string) error {
	return errors.Join(i.Ledger.SkipRecipientTx(ctx, tx, id, reason), i.by(tx))
}

func (i interrupted) ForgetRecipientTx(ctx context.Context, tx db.Tx, id int64) error {
	return errors.Join(i.Ledger.ForgetRecipientTx(ctx, tx, id), i.by(tx))
}
