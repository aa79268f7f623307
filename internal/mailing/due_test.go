package mailing_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"gonets/internal/delivery"
	"gonets/internal/mailing"
	"gonets/internal/message"
	"gonets/internal/recipient"
	"gonets/internal/schedule"
)

func TestDueRunOpensOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		other := newNode(t, w.url, w.clock)
		var ids []int64
		for range 5 {
			ids = append(ids, w.started(daily(noon.Add(time.Hour))).ID)
		}
		w.openDue(0)
		w.clock.set(noon.Add(time.Hour))
		var opened [2]int
		var failed [2]error
		var both sync.WaitGroup
		for i, node := range []*world{w, other} {
			both.Go(func() { opened[i], failed[i] = node.OpenDue(t.Context()) })
		}
		both.Wait()
		if opened[0]+opened[1] != 5 || failed[0] != nil || failed[1] != nil {
			t.Errorf("two nodes opened %v (%v)", opened, failed)
		}
		for _, id := range ids {
			runs := w.runs(id)
			if len(runs) != 1 || !runs[0].DueAt.Equal(noon.Add(time.Hour)) || runs[0].Kind != mailing.OnSchedule {
				t.Errorf("mailing %d: got %+v", id, runs)
			}
			if got := w.get(id).NextDueAt; !got.Equal(noon.Add(25 * time.Hour)) {
				t.Errorf("next due at %s", got)
			}
		}
		w.openDue(0)
	})
}

// After downtime the newest due time is made up for within the grace period;
// the others are skipped, and the events say so.
func TestDowntime(t *testing.T) {
	first := noon.Add(time.Hour)
	for _, test := range []struct {
		name    string
		now     time.Time
		run     time.Time // zero: none
		skipped int
	}{
		{"in time", first, first, 0},
		{"within grace", first.Add(grace), first, 0},
		{"too late", first.Add(grace + time.Second), time.Time{}, 1},
		{"the third within grace", first.Add(48*time.Hour + grace), first.Add(48 * time.Hour), 2},
		{"three days, too late", first.Add(49*time.Hour + time.Second), time.Time{}, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				m := w.started(daily(first))
				w.clock.set(test.now)
				want := 0
				if !test.run.IsZero() {
					want = 1
				}
				w.openDue(want)
				if runs := w.runs(m.ID); len(runs) != want || want == 1 && !runs[0].DueAt.Equal(test.run) {
					t.Errorf("runs: got %+v, want one due at %s", runs, test.run)
				}
				if got := w.get(m.ID).NextDueAt; !got.After(test.now) || got.After(test.now.Add(24*time.Hour)) {
					t.Errorf("next due at %s", got)
				}
				history := w.history(m.ID)
				if test.skipped == 0 {
					w.wantEvents(m.ID, mailing.EventStarted)
					return
				}
				last := history[len(history)-1]
				if last.Kind != mailing.EventMissed || last.Count != test.skipped || !last.First.Equal(first) ||
					!last.Last.Equal(first.Add(time.Duration(test.skipped-1)*24*time.Hour)) {
					t.Errorf("event: got %+v", last)
				}
			})
		})
	}
}

// While a run still sends, the next due time is skipped; who is only deferred
// does not count, nor does a run that was stopped.
func TestOverlap(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.people(2)
		m := w.started(daily(noon.Add(time.Hour)))
		w.clock.pass(time.Hour)
		w.openDue(1)
		w.clock.pass(24 * time.Hour)
		w.openDue(0)
		w.wantEvents(m.ID, mailing.EventStarted, mailing.EventOverlapped)
		if e := w.history(m.ID)[1]; e.Count != 1 || !e.First.Equal(noon.Add(25*time.Hour)) || !e.Last.Equal(e.First) {
			t.Errorf("event: got %+v", e)
		}
		w.send(w.runs(m.ID)[0].ID, delivery.RefusedForNow)
		w.clock.pass(24 * time.Hour)
		w.openDue(1)
		if runs := w.runs(m.ID); len(runs) != 2 || !runs[0].Open() || !runs[1].Open() {
			t.Errorf("runs: got %+v", runs)
		}
	})
}

// 02:30 does not exist in Berlin on 28 March 2027: that day's run is due at
// 03:30 there, and the next one at 02:30 again.
func TestDayThatClocksChange(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		start := time.Date(2027, 3, 27, 1, 30, 0, 0, time.UTC)
		m := w.started(schedule.Schedule{Frequency: schedule.Daily, Start: start, Zone: "Europe/Berlin"})
		want := []time.Time{start, time.Date(2027, 3, 28, 1, 30, 0, 0, time.UTC), time.Date(2027, 3, 29, 0, 30, 0, 0, time.UTC)}
		if got := m.NextDue(3); !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Errorf("foretold: %s, want %s", got, want)
		}
		for i, due := range want {
			w.clock.set(due.Add(-time.Second))
			w.openDue(0)
			w.clock.set(due)
			w.openDue(1)
			runs := w.runs(m.ID)
			if got := runs[len(runs)-1].DueAt; len(runs) != i+1 || !got.Equal(due) {
				t.Errorf("run %d was due at %s, want %s", i, got, due)
			}
			w.finish(runs[i].ID)
		}
	})
}

// A mailing whose last occurrence has been sent is finished, with its run.
func TestEnd(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.people(1)
		ending := daily(noon.Add(time.Hour))
		ending.End = noon.Add(25 * time.Hour) // belongs to it
		counted := schedule.Schedule{Frequency: schedule.RRule, RRule: "FREQ=DAILY;COUNT=2", Start: noon.Add(time.Hour), Zone: "UTC"}
		for _, sch := range []schedule.Schedule{ending, counted} {
			w.clock.set(noon)
			m := w.started(sch)
			for range 2 {
				w.wantState(m.ID, mailing.Active)
				w.clock.set(w.get(m.ID).NextDueAt)
				w.openDue(1)
				w.wantState(m.ID, mailing.Active)
				w.finish(w.get(m.ID).LastRun.ID)
			}
			w.wantState(m.ID, mailing.Finished)
			w.wantEvents(m.ID, mailing.EventStarted, mailing.EventFinished)
			m = w.get(m.ID)
			if got := m.NextDue(3); got != nil {
				t.Errorf("due after its end at %s", got)
			}
		}
		// Over in downtime: nothing is sent, and it is finished at once.
		w.clock.set(noon)
		m := w.started(ending)
		w.clock.set(noon.AddDate(0, 1, 0))
		w.openDue(0)
		w.wantState(m.ID, mailing.Finished)
		w.wantEvents(m.ID, mailing.EventStarted, mailing.EventMissed, mailing.EventFinished)
	})
}

// A mailing that goes once is sent however late it is let go; a recurring one
// as after downtime.
func TestPausedOverItsDueTime(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		due := noon.Add(time.Hour)
		once := w.started(schedule.Schedule{Frequency: schedule.Once, Start: due, Zone: "UTC"})
		repeated := w.started(daily(due))
		disabled := w.started(daily(due))
		w.must(w.Pause(ctx, w.anna, once.ID))
		w.must(w.Pause(ctx, w.anna, repeated.ID))
		w.must(w.Disable(ctx, w.mod, disabled.ID, "Spam"))
		w.clock.set(due.Add(26 * time.Hour))
		w.openDue(0)
		if got := w.get(once.ID); !got.NextDueAt.Equal(due) || got.NextDue(1) != nil {
			t.Errorf("in the pause: next due %s, foretold %s", got.NextDueAt, got.NextDue(1))
		}

		once = w.must(w.Resume(ctx, w.anna, once.ID))
		if once.LastRun == nil || !once.LastRun.DueAt.Equal(due) {
			t.Errorf("once: got %+v", once.LastRun)
		}
		repeated = w.must(w.Resume(ctx, w.anna, repeated.ID))
		disabled = w.must(w.Enable(ctx, w.mod, disabled.ID, ""))
		for _, m := range []mailing.Mailing{repeated, disabled} {
			if m.LastRun != nil || !m.NextDueAt.Equal(due.Add(48*time.Hour)) {
				t.Errorf("got next due %s and %+v", m.NextDueAt, m.LastRun)
			}
			events := w.history(m.ID)
			if e := events[len(events)-1]; e.Kind != mailing.EventMissed || e.Count != 2 {
				t.Errorf("event: got %+v", e)
			}
		}
	})
}

// What a run sends is fixed when it opens. An edit of an active mailing counts
// from the next run on.
func TestEditOfAnActiveMailing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		ids := w.people(5)
		in := w.input()
		in.Audience = recipient.Audience{RecipientIDs: ids[:2]}
		in.Schedule = daily(noon.Add(time.Hour))
		made := w.must(w.Create(ctx, w.anna, in))
		m := w.must(w.Start(ctx, w.anna, made.ID))
		w.clock.pass(time.Hour)
		w.openDue(1)

		first := w.get(m.ID).LastRun
		if _, err := w.messages.Update(ctx, w.anna, w.message, message.Draft{Subject: "News", Format: message.Text, Body: "Two"}); err != nil {
			t.Fatal(err)
		}
		in.Name, in.Sender.Name, in.OnUncertain = "Renamed", "Anna & Co", mailing.Hold
		in.Audience = recipient.Audience{RecipientIDs: ids[2:]}
		edited := w.must(w.Update(ctx, w.anna, m.ID, in)) // the start has passed, and stays
		if edited.State != mailing.Active || !edited.NextDueAt.Equal(noon.Add(25*time.Hour)) {
			t.Errorf("edited: %s, next due %s", edited.State, edited.NextDueAt)
		}
		if got := w.run(first.ID); got.MailingName != "News" || got.Sender.Name != "Anna" || got.OnUncertain != mailing.Resend || got.MessageVersionID != first.MessageVersionID {
			t.Errorf("the open run changed: %+v", got)
		}
		w.finish(first.ID)
		w.wantCounts(first.ID, delivery.Counts{Recipients: 2, Accepted: 2})

		in.Schedule = schedule.Schedule{Frequency: schedule.Weekly, Weekdays: []time.Weekday{time.Thursday}, Start: noon.Add(2 * time.Hour), Zone: "UTC"}
		thursday := time.Date(2026, 11, 26, 11, 0, 0, 0, time.UTC)
		if edited = w.must(w.Update(ctx, w.anna, m.ID, in)); !edited.NextDueAt.Equal(thursday) {
			t.Errorf("rescheduled: next due %s, want %s", edited.NextDueAt, thursday)
		}
		w.clock.set(thursday)
		w.openDue(1)
		second := w.get(m.ID).LastRun
		if second.MailingName != "Renamed" || second.Sender.Name != "Anna & Co" || second.OnUncertain != mailing.Hold || second.MessageVersionID == first.MessageVersionID {
			t.Errorf("the next run: got %+v", second)
		}
		w.finish(second.ID)
		w.wantCounts(second.ID, delivery.Counts{Recipients: 3, Accepted: 3})
	})
}

// A schedule that leaves a waiting mailing without a due time is refused; one
// that has no due time does not get one by an edit.
func TestEditOfTheSchedule(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		m := w.started(daily(noon.Add(time.Hour)))
		w.clock.set(noon.Add(2 * time.Hour))
		w.openDue(1)
		ended := daily(noon.Add(time.Hour))
		ended.End = noon.Add(90 * time.Minute)
		for want, sch := range map[string]schedule.Schedule{
			"schedule.start_at: schedule.start_missing": {Frequency: schedule.Once, Zone: "UTC"},
			"schedule.start_at: schedule.start_past":    {Frequency: schedule.Once, Start: noon.Add(time.Hour), Zone: "UTC"},
			"schedule.end_at: schedule.end_past":        ended,
		} {
			in := m.Input()
			in.Schedule = sch
			if _, err := w.Update(ctx, w.anna, m.ID, in); !slices.Equal(fields(err), []string{want}) {
				t.Errorf("got %v, want %s", err, want)
			}
		}
		once := w.started(schedule.Schedule{})
		in := once.Input()
		in.Schedule = daily(noon.Add(5 * time.Hour))
		if got := w.must(w.Update(ctx, w.anna, once.ID, in)); !got.NextDueAt.IsZero() {
			t.Errorf("an edit began the schedule: next due %s", got.NextDueAt)
		}

		// Paused over its start, and postponed.
		late := w.started(schedule.Schedule{Frequency: schedule.Once, Start: noon.Add(3 * time.Hour), Zone: "UTC"})
		w.must(w.Pause(ctx, w.anna, late.ID))
		w.clock.set(noon.Add(4 * time.Hour))
		in = late.Input()
		in.Name = "Later"
		if got := w.must(w.Update(ctx, w.anna, late.ID, in)); !got.NextDueAt.Equal(noon.Add(3 * time.Hour)) {
			t.Errorf("renamed in the pause: next due %s", got.NextDueAt)
		}
		in.Schedule.Start = noon.Add(6 * time.Hour)
		w.must(w.Update(ctx, w.anna, late.ID, in))
		if got := w.must(w.Resume(ctx, w.anna, late.ID)); got.LastRun != nil || !got.NextDueAt.Equal(in.Schedule.Start) {
			t.Errorf("postponed: got %+v", got)
		}
	})
}

// One mailing that can't be opened must not keep the others from their time.
func TestDueThatFails(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		broken := w.started(daily(noon.Add(time.Hour)))
		w.started(daily(noon.Add(time.Hour + time.Second)))
		// The packages see to it that this can't be.
		w.exec(`INSERT INTO messages (user_id, version_id, subject, format, search, created_at, updated_at, deleted_at)
			VALUES ($1, 0, '', 'text', '', 1, 1, 1)`, w.anna.ID)
		w.exec(`UPDATE mailings SET message_id = (SELECT max(id) FROM messages) WHERE id = $1`, broken.ID)
		w.clock.set(noon.Add(61 * time.Minute))
		opened, err := w.OpenDue(t.Context())
		if opened != 1 || err == nil {
			t.Errorf("opened %d, %v; want 1 and an error", opened, err)
		}
	})
}
