package mailing_test

import (
	"slices"
	"strings"
	"testing"
	"time"

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
