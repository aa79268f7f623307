package mailing_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"gonets/internal/account"
	"gonets/internal/delivery"
	"gonets/internal/fault"
	"gonets/internal/mailing"
	"gonets/internal/schedule"
	"gonets/internal/setting"
)

// set is what an administrator sets.
func (w *world) set(s setting.Service) {
	w.t.Helper()
	if _, err := w.settings.Save(w.t.Context(), account.CommandLine(), s); err != nil {
		w.t.Fatal(err)
	}
}

// planned are the recipients of a run and those of them skipped for a limit.
func (w *world) planned(runID int64) (recipients, limited int64) {
	w.t.Helper()
	err := w.db.Read().QueryRow(w.t.Context(), `
		SELECT count(*), count(CASE WHEN reason = $2 THEN 1 END) FROM deliveries WHERE run_id = $1`,
		runID, delivery.ReasonLimit).Scan(&recipients, &limited)
	if err != nil {
		w.t.Fatal(err)
	}
	if counts := w.run(runID).Counts; counts.Recipients != recipients || counts.Skipped != limited {
		w.t.Errorf("run %d counts %+v, want %d recipients, %d skipped", runID, counts, recipients, limited)
	}
	return recipients, limited
}

// sendNow plans a run of a new mailing, and finishes it.
func (w *world) sendNow() (runID int64) {
	w.t.Helper()
	runID, err := w.Send(w.t.Context(), w.anna, w.create(schedule.Schedule{}).ID)
	if err != nil {
		w.t.Fatal(err)
	}
	w.plan(runID)
	return runID
}

func TestLimitOfARun(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.people(1203)
		w.set(setting.Service{RunLimit: 700})
		run := w.sendNow()
		if all, limited := w.planned(run); all != 1203 || limited != 503 {
			t.Errorf("got %d recipients, %d beyond the limit, want 1203 and 503", all, limited)
		}
		told := 0
		for _, kind := range w.events(w.run(run).MailingID) {
			if kind == mailing.EventLimited {
				told++
			}
		}
		if told != 1 {
			t.Errorf("the owner is told %d times, want once", told)
		}
		w.set(setting.Service{})
		if _, limited := w.planned(w.sendNow()); limited != 0 {
			t.Errorf("without a limit %d are skipped", limited)
		}
	})
}

func TestLimitOfADay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.people(400)
		w.sendNow() // counts, though nothing is limited yet
		w.set(setting.Service{DailyLimit: 1000})
		for i, want := range []int64{0, 200, 400} {
			if _, limited := w.planned(w.sendNow()); limited != want {
				t.Errorf("run %d of the day skips %d, want %d", i+2, limited, want)
			}
		}
		w.clock.pass(24 * time.Hour)
		if _, limited := w.planned(w.sendNow()); limited != 0 {
			t.Errorf("the next day begins with %d skipped", limited)
		}
	})
}

// TestLimitOfADayByTwo plans two runs of a user at once.
func TestLimitOfADayByTwo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.people(900)
		w.set(setting.Service{DailyLimit: 1000})
		var runs [2]int64
		for i := range runs {
			var err error
			if runs[i], err = w.Send(t.Context(), w.anna, w.create(schedule.Schedule{}).ID); err != nil {
				t.Fatal(err)
			}
		}
		var both sync.WaitGroup
		for _, run := range runs {
			both.Go(func() { w.plan(run) })
		}
		both.Wait()
		_, first := w.planned(runs[0])
		_, second := w.planned(runs[1])
		if first+second != 800 {
			t.Errorf("skipped %d and %d, want 800 together", first, second)
		}
	})
}

func TestSendersAllowed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.people(1)
		due := w.started(daily(noon.Add(time.Hour)))
		draft := w.create(schedule.Schedule{})
		w.set(setting.Service{Senders: []string{"news@example.test", "@почта.рф"}})
		if _, err := w.Start(t.Context(), w.anna, draft.ID); !fault.Is(err, fault.Invalid) {
			t.Errorf("start: got %v, want Invalid", err)
		}
		in := w.input()
		if _, err := w.Update(t.Context(), w.anna, draft.ID, in); !fault.Is(err, fault.Invalid) {
			t.Errorf("update: got %v, want Invalid", err)
		}
		for _, email := range []string{"News@example.test", "anna@почта.рф"} {
			in.Sender.Email = email
			w.must(w.Update(t.Context(), w.anna, draft.ID, in))
		}
		w.clock.pass(time.Hour)
		w.openDue(0)
		if m := w.get(due.ID); m.State != mailing.Paused || !slices.Contains(w.events(due.ID), mailing.EventSender) {
			t.Errorf("a mailing with a sender that is no longer allowed is %s, with the events %v", m.State, w.events(due.ID))
		}
		w.must(w.Update(t.Context(), w.anna, due.ID, func() mailing.Input {
			in := w.get(due.ID)
			input := in.Input()
			input.Sender.Email = "news@example.test"
			return input
		}()))
		w.must(w.Resume(t.Context(), w.anna, due.ID))
		if n := len(w.runs(due.ID)); n != 1 {
			t.Errorf("after another sender was chosen: %d runs, want the one that was due", n)
		}
	})
}
