package mailing_test

import (
	"testing"
	"time"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/mailing"
	"gonets/internal/message"
	"gonets/internal/schedule"
)

func (w *world) edition(actor account.Actor) string {
	w.t.Helper()
	edition, err := w.Edition(w.t.Context(), actor)
	if err != nil {
		w.t.Fatal(err)
	}
	return edition.State
}

// Whatever the pages of the mailings show begins another edition with the
// transaction that changes it, and nobody else's.
func TestEveryChangeBeginsAnEdition(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		people := w.people(3)
		other, err := w.Create(ctx, w.anna, w.input())
		if err != nil {
			t.Fatal(err)
		}
		m := w.create(daily(noon.Add(24 * time.Hour)))
		must := func(_ mailing.Mailing, err error) error { return err }
		for _, act := range []struct {
			name string
			do   func() error
		}{
			{"create", func() error { return must(w.Create(ctx, w.anna, w.input())) }},
			{"rename", func() error {
				in := m.Input()
				in.Name = "Other"
				return must(w.Update(ctx, w.anna, m.ID, in))
			}},
			{"start", func() error { return must(w.Start(ctx, w.anna, m.ID)) }},
			{"pause", func() error { return must(w.Pause(ctx, w.anna, m.ID)) }},
			{"resume", func() error { return must(w.Resume(ctx, w.anna, m.ID)) }},
			{"disable", func() error { return must(w.Disable(ctx, w.mod, m.ID, "spam")) }},
			{"enable", func() error { return must(w.Enable(ctx, w.mod, m.ID, "")) }},
			{"block the owner", func() error {
				return w.db.Tx(ctx, func(tx db.Tx) error { return w.PauseOwnerTx(ctx, tx, w.anna.ID) })
			}},
			{"another subject", func() error {
				_, err := w.messages.Update(ctx, w.anna, w.message, message.Draft{Subject: "Changed", Format: message.Text, Body: "One"})
				return err
			}},
			{"delete a recipient", func() error { return w.recipients.Delete(ctx, w.anna, people[0]) }},
			{"stop", func() error { return must(w.Stop(ctx, w.anna, m.ID)) }},
			{"delete", func() error { return w.Delete(ctx, w.anna, other.ID) }},
		} {
			mine, theirs := w.edition(w.anna), w.edition(w.boris)
			if again := w.edition(w.anna); again != mine || mine == "" {
				t.Fatalf("before %q: editions %q and %q, want the same one", act.name, mine, again)
			}
			if err := act.do(); err != nil {
				t.Fatalf("%s: %v", act.name, err)
			}
			if got := w.edition(w.anna); got == mine {
				t.Errorf("%s: the edition is still %q", act.name, got)
			}
			if got := w.edition(w.boris); got != theirs {
				t.Errorf("%s: another user's edition went from %q to %q", act.name, theirs, got)
			}
		}
	})
}

// A transaction that fails leaves the edition, and the totals, as they were.
func TestWhatIsRolledBackBeginsNoEdition(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.create(schedule.Schedule{})
		before := w.edition(w.anna)
		if _, err := w.Pause(t.Context(), w.anna, m.ID); err == nil {
			t.Fatal("a draft was paused")
		}
		if got := w.edition(w.anna); got != before {
			t.Errorf("got edition %q, want %q", got, before)
		}
	})
}

// While a run plans or sends there is no edition to keep; what is deferred for
// later has one, which its counters change.
func TestAMovingRunHasNoEdition(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.people(2)
		m := w.create(schedule.Schedule{})
		m, err := w.Start(ctx, w.anna, m.ID)
		if err != nil {
			t.Fatal(err)
		}
		run := m.LastRun.ID
		if got := w.edition(w.anna); got != "" {
			t.Errorf("planning: got edition %q, want none", got)
		}
		if _, err := w.Plan(ctx, run); err != nil {
			t.Fatal(err)
		}
		if got := w.edition(w.anna); got != "" {
			t.Errorf("sending: got edition %q, want none", got)
		}
		// The committer's statement, which raises no version.
		w.exec(`UPDATE ledgers SET deferred = deferred + 1, accepted = accepted + 1 WHERE run_id = $1`, run)
		waiting := w.edition(w.anna)
		if waiting == "" {
			t.Error("waiting for a retry: got no edition")
		}
		w.exec(`UPDATE ledgers SET last_attempt_at = last_attempt_at + 1 WHERE run_id = $1`, run)
		if got := w.edition(w.anna); got == waiting {
			t.Errorf("after another attempt the edition is still %q", got)
		}
		w.exec(`UPDATE ledgers SET deferred = deferred - 1, accepted = accepted + 1 WHERE run_id = $1`, run)
		w.advance()
		if got := w.edition(w.anna); got == "" || got == waiting {
			t.Errorf("finished: got edition %q, want another than %q", got, waiting)
		}
	})
}
