package mailing_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"gonets/internal/db"
	"gonets/internal/delivery"
	"gonets/internal/fault"
	"gonets/internal/mailing"
	"gonets/internal/schedule"
)

// Every action in every state: the state it leads to, or the key of the
// refusal. The mailing is daily and waits for tomorrow.
func TestStatesAndActions(t *testing.T) {
	type outcome map[string]string
	table := map[string]outcome{
		"draft": {
			"start": "active", "pause": "mailing.is_draft", "resume": "mailing.is_draft", "stop": "mailing.is_draft",
			"send": "active", "update": "draft", "delete": "gone", "disable": "draft", "enable": "mailing.not_disabled",
		},
		"active": {
			"start": "mailing.is_active", "pause": "paused", "resume": "mailing.is_active", "stop": "finished",
			"send": "active", "update": "active", "delete": "gone", "disable": "active", "enable": "mailing.not_disabled",
		},
		"paused": {
			"start": "mailing.is_paused", "pause": "mailing.is_paused", "resume": "active", "stop": "finished",
			"send": "mailing.is_paused", "update": "paused", "delete": "gone", "disable": "paused", "enable": "mailing.not_disabled",
		},
		"finished": {
			"start": "active", "pause": "mailing.is_finished", "resume": "mailing.is_finished", "stop": "mailing.is_finished",
			"send": "active", "update": "finished", "delete": "gone", "disable": "finished", "enable": "mailing.not_disabled",
		},
		"draft disabled": {
			"start": "mailing.is_disabled", "pause": "mailing.is_draft", "resume": "mailing.is_draft", "stop": "mailing.is_draft",
			"send": "mailing.is_disabled", "update": "draft", "delete": "gone", "disable": "mailing.is_disabled", "enable": "draft",
		},
		"active disabled": {
			"start": "mailing.is_disabled", "pause": "paused", "resume": "mailing.is_active", "stop": "finished",
			"send": "mailing.is_disabled", "update": "active", "delete": "gone", "disable": "mailing.is_disabled", "enable": "active",
		},
		"paused disabled": {
			"start": "mailing.is_disabled", "pause": "mailing.is_paused", "resume": "mailing.is_disabled", "stop": "finished",
			"send": "mailing.is_disabled", "update": "paused", "delete": "gone", "disable": "mailing.is_disabled", "enable": "paused",
		},
		"draft blocked": {
			"start": "mailing.owner_blocked", "send": "mailing.owner_blocked", "update": "draft", "delete": "gone",
		},
		"paused blocked": {
			"start": "mailing.owner_blocked", "resume": "mailing.owner_blocked", "send": "mailing.owner_blocked",
			"stop": "finished", "update": "paused", "delete": "gone", "disable": "paused",
		},
	}
	each(t, func(t *testing.T, w *world) {
		for from, outcomes := range table {
			for action, want := range outcomes {
				w.exec(`UPDATE users SET blocked_at = 0`)
				m := w.in(from)
				if got := w.act(action, m); got != want {
					t.Errorf("%s of a mailing that is %s: got %s, want %s", action, from, got, want)
				}
			}
		}
	})
}

// in is a mailing brought into a state.
func (w *world) in(state string) mailing.Mailing {
	w.t.Helper()
	ctx := w.t.Context()
	m := w.create(daily(w.clock.Now().Add(24 * time.Hour)))
	base, beside, _ := strings.Cut(state, " ")
	if base != "draft" {
		m = w.must(w.Start(ctx, w.anna, m.ID))
	}
	switch base {
	case "paused":
		m = w.must(w.Pause(ctx, w.anna, m.ID))
	case "finished":
		m = w.must(w.Stop(ctx, w.anna, m.ID))
	}
	switch beside {
	case "disabled":
		m = w.must(w.Disable(ctx, w.mod, m.ID, "Spam"))
	case "blocked":
		w.exec(`UPDATE users SET blocked_at = 1 WHERE id = $1`, w.anna.ID)
	}
	return m
}

// act does an action, and says the state that the mailing is in then, or why
// not.
func (w *world) act(action string, m mailing.Mailing) string {
	w.t.Helper()
	ctx := w.t.Context()
	var err error
	switch action {
	case "start":
		m, err = w.Start(ctx, w.anna, m.ID)
	case "pause":
		m, err = w.Pause(ctx, w.anna, m.ID)
	case "resume":
		m, err = w.Resume(ctx, w.anna, m.ID)
	case "stop":
		m, err = w.Stop(ctx, w.anna, m.ID)
	case "update":
		m, err = w.Update(ctx, w.anna, m.ID, m.Input())
	case "disable":
		m, err = w.Disable(ctx, w.mod, m.ID, "Spam")
	case "enable":
		m, err = w.Enable(ctx, w.mod, m.ID, "")
	case "send":
		if _, err = w.Send(ctx, w.anna, m.ID); err == nil {
			m, err = w.Get(ctx, w.anna, m.ID)
		}
	case "delete":
		if err = w.Delete(ctx, w.anna, m.ID); err == nil {
			if _, err = w.Get(ctx, w.anna, m.ID); fault.Is(err, fault.NotFound) {
				return "gone"
			}
		}
	}
	if err != nil {
		if !fault.Is(err, fault.Conflict) {
			w.t.Errorf("%s: got %v, want a conflict", action, err)
		}
		return key(err)
	}
	return string(m.State)
}

func TestStartSendsAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.people(3)
		m := w.started(schedule.Schedule{})
		if m.State != mailing.Active || m.LastRun == nil || m.LastRun.State != mailing.RunPlanning || !m.NextDueAt.IsZero() {
			t.Fatalf("started: got %+v", m)
		}
		w.openDue(0)
		w.finish(m.LastRun.ID)
		w.wantCounts(m.LastRun.ID, delivery.Counts{Recipients: 3, Accepted: 3})
		w.wantState(m.ID, mailing.Finished)
		if r := w.run(m.LastRun.ID); r.State != mailing.RunDone || r.FinishedAt.IsZero() {
			t.Errorf("the run: got %+v", r)
		}
		w.wantEvents(m.ID, mailing.EventStarted, mailing.EventFinished)

		w.clock.pass(time.Minute) // a finished one is started again
		again := w.must(w.Start(t.Context(), w.anna, m.ID))
		if again.State != mailing.Active || again.LastRun.ID == m.LastRun.ID {
			t.Errorf("started again: got %+v", again)
		}
	})
}

// Whoever picks "now" in a form has a start that is some seconds old when the
// mailing is started: that is due at once, and an older one is an error.
func TestStartThatHasJustPassed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		once := w.create(schedule.Schedule{Frequency: schedule.Once, Start: noon, Zone: "UTC"})
		repeated := w.create(daily(noon))
		w.clock.pass(40 * time.Second)
		for _, m := range []mailing.Mailing{once, repeated} {
			m = w.must(w.Start(ctx, w.anna, m.ID))
			if m.LastRun == nil || !m.LastRun.DueAt.Equal(noon) {
				t.Errorf("%s: got %+v, want a run due at noon", m.Schedule.Frequency, m.LastRun)
			}
		}
		if got := w.get(repeated.ID).NextDueAt; !got.Equal(noon.AddDate(0, 0, 1)) {
			t.Errorf("next due at %s, want a day later", got)
		}
		late := w.create(schedule.Schedule{Frequency: schedule.Once, Start: noon, Zone: "UTC"})
		w.clock.pass(time.Hour)
		_, err := w.Start(ctx, w.anna, late.ID)
		if got := fields(err); !slices.Equal(got, []string{"schedule.start_at: schedule.start_past"}) {
			t.Errorf("an hour late: got %q (%v)", got, err)
		}
		w.wantState(late.ID, mailing.Draft)
	})
}

// A recurring draft whose start has passed goes on from now; one that is over
// is refused at the field that is to blame.
func TestStartOfARecurringOneLater(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.create(daily(noon))
		ending := daily(noon)
		ending.End = noon.Add(time.Hour)
		over := w.create(ending)
		counted := w.create(schedule.Schedule{Frequency: schedule.RRule, RRule: "FREQ=DAILY;COUNT=2", Start: noon, Zone: "UTC"})
		w.clock.pass(73 * time.Hour)
		m = w.must(w.Start(t.Context(), w.anna, m.ID))
		if want := noon.AddDate(0, 0, 4); !m.NextDueAt.Equal(want) || m.LastRun != nil {
			t.Errorf("got next due %s and %+v, want %s and no run", m.NextDueAt, m.LastRun, want)
		}
		for id, want := range map[int64]string{
			over.ID:    "schedule.end_at: schedule.end_past",
			counted.ID: "schedule.start_at: mailing.never_due",
		} {
			if _, err := w.Start(t.Context(), w.anna, id); !slices.Equal(fields(err), []string{want}) {
				t.Errorf("got %v, want %s", err, want)
			}
		}
	})
}

func TestPauseHoldsAndResumeLetsGo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.people(4)
		m := w.started(schedule.Schedule{})
		run := m.LastRun.ID
		w.plan(run)
		paused := w.must(w.Pause(ctx, w.anna, m.ID))
		if held, err := w.ledger.Held(ctx, run); err != nil || !held || paused.LastRun.State != mailing.RunPaused {
			t.Errorf("paused: held %v (%v), %s", held, err, paused.LastRun.State)
		}
		w.advance()
		w.wantState(m.ID, mailing.Paused)
		resumed := w.must(w.Resume(ctx, w.anna, m.ID))
		if held, err := w.ledger.Held(ctx, run); err != nil || held || resumed.LastRun.State != mailing.RunSending {
			t.Errorf("resumed: held %v (%v), %s", held, err, resumed.LastRun.State)
		}
		w.finish(run)
		w.wantState(m.ID, mailing.Finished)
		w.wantEvents(m.ID, mailing.EventStarted, mailing.EventPaused, mailing.EventResumed, mailing.EventFinished)
	})
}

// What was leaving when the pause came may end the run. Resuming then has
// nothing left to do but to finish the mailing.
func TestRunThatEndsInAPause(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		m := w.started(schedule.Schedule{})
		w.plan(m.LastRun.ID)
		w.must(w.Pause(ctx, w.anna, m.ID))
		w.advance()
		if r := w.run(m.LastRun.ID); r.State != mailing.RunDone {
			t.Errorf("the run is %s, want done", r.State)
		}
		w.wantState(m.ID, mailing.Paused)
		if got := w.must(w.Resume(ctx, w.anna, m.ID)); got.State != mailing.Finished {
			t.Errorf("resumed: got %s, want finished", got.State)
		}

		w.clock.pass(time.Minute)
		m = w.must(w.Start(ctx, w.anna, m.ID)) // the same by a moderator
		w.must(w.Disable(ctx, w.mod, m.ID, "Spam"))
		w.must(w.Pause(ctx, w.anna, m.ID))
		w.must(w.Enable(ctx, w.mod, m.ID, "Sorry"))
		if r := w.run(m.LastRun.ID); r.State != mailing.RunPaused {
			t.Errorf("enabled while paused: the run is %s", r.State)
		}
		w.must(w.Resume(ctx, w.anna, m.ID))
		w.plan(m.LastRun.ID)
		w.must(w.Disable(ctx, w.mod, m.ID, "Spam"))
		w.advance()
		if got := w.must(w.Enable(ctx, w.mod, m.ID, "")); got.State != mailing.Finished {
			t.Errorf("enabled: got %s, want finished", got.State)
		}
	})
}

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

// Who unsubscribes, or is deleted, while a plan reads them gets no mail.
func TestUnsubscribeDuringPlan(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ids := w.people(3)
		m := w.started(schedule.Schedule{})
		planned := make(chan error, 1)
		w.tx(func(tx db.Tx) error {
			if _, err := tx.Exec(t.Context(), `UPDATE recipients SET status = 'unsubscribed' WHERE id = $1`, ids[1]); err != nil {
				return err
			}
			if err := w.ledger.SkipRecipientTx(t.Context(), tx, ids[1], delivery.ReasonUnsubscribed); err != nil {
				return err
			}
			go func() {
				_, err := w.Plan(context.Background(), m.LastRun.ID)
				planned <- err
			}()
			return untilWaiting(t, tx, planned)
		})
		if err := <-planned; err != nil {
			t.Fatal(err)
		}
		w.wantCounts(m.LastRun.ID, delivery.Counts{Recipients: 3, Skipped: 1})
	})
}
