package mailing_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gonets/internal/account"
	"gonets/internal/delivery"
	"gonets/internal/fault"
	"gonets/internal/i18n"
	"gonets/internal/mailing"
	"gonets/internal/message"
	"gonets/internal/recipient"
	"gonets/internal/schedule"
)

// Everything that is wrong is said at once, in the order of the form.
func TestValidation(t *testing.T) {
	weekly := schedule.Schedule{Frequency: schedule.Weekly, Start: noon.Add(time.Hour), Zone: "UTC"}
	const another = -1 // stands for another user's message
	tests := []struct {
		name   string
		change func(in *mailing.Input)
		want   []string
	}{
		{"sound", func(*mailing.Input) {}, nil},
		{"nothing", func(in *mailing.Input) { *in = mailing.Input{} }, []string{
			"name: error.required", "message_id: error.required", "audience: mailing.audience_empty",
			"schedule.frequency: error.required", "sender.email: error.required",
		}},
		{"all wrong", func(in *mailing.Input) {
			*in = mailing.Input{
				Name: strings.Repeat("я", 201), MessageID: 99, Audience: recipient.Audience{Tags: []string{"none"}, RecipientIDs: []int64{99}},
				Schedule: schedule.Schedule{Frequency: schedule.Daily, Start: noon.Add(-time.Hour), End: noon.Add(-2 * time.Hour), Zone: "Mars/Olympus"},
				Sender:   mailing.Sender{Name: "A\r\nBcc: x@example.test", Email: "nobody"}, OnUncertain: "shrug",
			}
		}, []string{
			"name: error.too_long", "message_id: mailing.message_missing", "audience.tags: recipient.audience_tag",
			"audience.recipient_ids: recipient.audience_recipient", "schedule.time_zone: schedule.zone_unknown",
			"schedule.start_at: schedule.start_past", "schedule.end_at: schedule.end_before_start",
			"sender.name: error.control_characters", "sender.email: mail.address_no_at", "on_uncertain: error.choice",
		}},
		{"no text", func(in *mailing.Input) { in.Name, in.Sender.Name = "a\xff", "b\xff" }, []string{"name: error.not_text", "sender.name: error.not_text"}},
		{"spaces", func(in *mailing.Input) { in.Name = " \t " }, []string{"name: error.required"}},
		{"another's message", func(in *mailing.Input) { in.MessageID = another }, []string{"message_id: mailing.message_missing"}},
		{"recurring without a start", func(in *mailing.Input) { in.Schedule = schedule.Schedule{Frequency: schedule.Daily} }, []string{"schedule.start_at: schedule.start_missing"}},
		{"weekday", func(in *mailing.Input) { in.Schedule = weekly; in.Schedule.Weekdays = []time.Weekday{7} }, []string{"schedule.weekdays: schedule.weekday_unknown"}},
		{"endless rule", func(in *mailing.Input) {
			in.Schedule = weekly
			in.Schedule.Frequency, in.Schedule.RRule = schedule.RRule, "FREQ=DAILY"+strings.Repeat(";", 500)
		}, []string{"schedule.rrule: error.too_long"}},
		{"too often", func(in *mailing.Input) {
			in.Schedule = weekly
			in.Schedule.Frequency, in.Schedule.RRule = schedule.RRule, "FREQ=MINUTELY"
		}, []string{"schedule.rrule: schedule.rrule_too_often"}},
		{"large audience", func(in *mailing.Input) { in.Audience = recipient.Audience{RecipientIDs: make([]int64, 1001)} }, []string{"audience.recipient_ids: recipient.audience_many"}},
	}
	each(t, func(t *testing.T, w *world) {
		theirs, err := w.messages.Create(t.Context(), w.boris, message.Draft{Subject: "s", Format: message.Text, Body: "b"})
		if err != nil {
			t.Fatal(err)
		}
		made := w.create(schedule.Schedule{})
		for _, test := range tests {
			in := w.input()
			test.change(&in)
			if in.MessageID == another {
				in.MessageID = theirs.ID
			}
			if _, err := w.Create(t.Context(), w.anna, in); !slices.Equal(fields(err), test.want) {
				t.Errorf("%s: create: got %q, want %q", test.name, fields(err), test.want)
			}
			if _, err := w.Update(t.Context(), w.anna, made.ID, in); !slices.Equal(fields(err), test.want) {
				t.Errorf("%s: update: got %q, want %q", test.name, fields(err), test.want)
			}
		}
	})
}

// What is written comes back, in order.
func TestRoundTrip(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		ids := w.people(999)
		for _, tags := range [][]string{{"vip"}, {"Львов", "vip"}} {
			if _, err := w.recipients.Create(ctx, w.anna, recipient.Draft{Email: tags[0] + "@example.test", Tags: tags}); err != nil {
				t.Fatal(err)
			}
		}
		in := mailing.Input{
			Name: "  Осень ", MessageID: w.message,
			Audience: recipient.Audience{Tags: []string{"VIP", "львов", "vip"}, RecipientIDs: append([]int64{ids[5]}, ids...)},
			Schedule: schedule.Schedule{
				Frequency: schedule.Weekly, Weekdays: []time.Weekday{time.Friday, time.Monday}, MonthDay: 3, RRule: "FREQ=DAILY",
				Start: noon.Add(time.Hour + time.Nanosecond), End: noon.AddDate(1, 0, 0), Zone: "Europe/Moscow",
			},
			Sender: mailing.Sender{Name: " Анна ", Email: " Anna@Example.TEST "}, OnUncertain: mailing.Hold,
		}
		made := w.must(w.Create(ctx, w.anna, in))
		want := mailing.Input{
			Name: "Осень", MessageID: w.message, Audience: recipient.Audience{Tags: []string{"vip", "Львов"}, RecipientIDs: ids},
			Schedule: schedule.Schedule{
				Frequency: schedule.Weekly, Weekdays: []time.Weekday{time.Friday, time.Monday},
				Start: noon.Add(time.Hour), End: noon.AddDate(1, 0, 0), Zone: "Europe/Moscow",
			},
			Sender: mailing.Sender{Name: "Анна", Email: "Anna@example.test"}, OnUncertain: mailing.Hold,
		}
		if got := made.Input(); !reflect.DeepEqual(got, want) {
			t.Errorf("made: got %+v\nwant %+v", got, want)
		}
		if made.State != mailing.Draft || made.UserID != w.anna.ID || made.MessageSubject != "News" || !made.CreatedAt.Equal(noon) {
			t.Errorf("made: got %+v", made)
		}
		w.clock.pass(time.Minute)
		same := w.must(w.Update(ctx, w.anna, made.ID, made.Input()))
		if got := same.Input(); !reflect.DeepEqual(got, want) || !same.UpdatedAt.Equal(noon.Add(time.Minute)) {
			t.Errorf("updated: got %+v\nwant %+v", got, want)
		}
		// A recipient who is deleted leaves the audience.
		if err := w.recipients.Delete(ctx, w.anna, ids[0]); err != nil {
			t.Fatal(err)
		}
		if got := w.get(made.ID).Audience.RecipientIDs; !slices.Equal(got, ids[1:]) {
			t.Errorf("after a deletion: %d recipients", len(got))
		}
	})
}

// A user touches only what is theirs; a moderator sees, and disables.
func TestOthers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		m := w.started(schedule.Schedule{})
		acts := map[string]func(account.Actor) error{
			"get":       func(a account.Actor) error { _, err := w.Get(ctx, a, m.ID); return err },
			"runs":      func(a account.Actor) error { _, _, err := w.Runs(ctx, a, m.ID, 0, 0); return err },
			"run":       func(a account.Actor) error { _, err := w.Run(ctx, a, m.LastRun.ID); return err },
			"events":    func(a account.Actor) error { _, err := w.Events(ctx, a, m.ID, 0); return err },
			"update":    func(a account.Actor) error { _, err := w.Update(ctx, a, m.ID, mailing.Input{}); return err },
			"start":     func(a account.Actor) error { _, err := w.Start(ctx, a, m.ID); return err },
			"pause":     func(a account.Actor) error { _, err := w.Pause(ctx, a, m.ID); return err },
			"resume":    func(a account.Actor) error { _, err := w.Resume(ctx, a, m.ID); return err },
			"stop":      func(a account.Actor) error { _, err := w.Stop(ctx, a, m.ID); return err },
			"send":      func(a account.Actor) error { _, err := w.Send(ctx, a, m.ID); return err },
			"resend":    func(a account.Actor) error { _, err := w.ResendFailed(ctx, a, m.LastRun.ID, true); return err },
			"duplicate": func(a account.Actor) error { _, err := w.Duplicate(ctx, a, m.ID, "Copy"); return err },
			"delete":    func(a account.Actor) error { return w.Delete(ctx, a, m.ID) },
			"disable":   func(a account.Actor) error { _, err := w.Disable(ctx, a, m.ID, "Spam"); return err },
			"enable":    func(a account.Actor) error { _, err := w.Enable(ctx, a, m.ID, ""); return err },
		}
		for name, act := range acts {
			for _, a := range []account.Actor{w.boris, {}} {
				if err := act(a); !fault.Is(err, fault.NotFound) {
					t.Errorf("%s by user %d: got %v, want not found", name, a.ID, err)
				}
			}
			switch name {
			case "get", "runs", "run", "events", "disable", "enable":
			default:
				if err := act(w.mod); !fault.Is(err, fault.Forbidden) {
					t.Errorf("%s by a moderator: got %v, want forbidden", name, err)
				}
			}
		}
		for _, name := range []string{"get", "runs", "run", "events", "disable", "enable"} {
			if err := acts[name](w.mod); err != nil {
				t.Errorf("%s by a moderator: got %v", name, err)
			}
		}
		for _, name := range []string{"disable", "enable"} {
			if err := acts[name](w.anna); !fault.Is(err, fault.Forbidden) {
				t.Errorf("%s by the owner: got %v, want forbidden", name, err)
			}
		}
	})
}

func TestDisableTellsWhy(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		m := w.started(schedule.Schedule{})
		for reason, want := range map[string]string{
			"  ":                     "reason: error.required",
			"a\x00":                  "reason: error.control_characters",
			"a\xff":                  "reason: error.not_text",
			strings.Repeat("я", 501): "reason: error.too_long",
		} {
			if _, err := w.Disable(ctx, w.mod, m.ID, reason); !slices.Equal(fields(err), []string{want}) {
				t.Errorf("%.5q: got %v, want %s", reason, err, want)
			}
		}
		m = w.must(w.Disable(ctx, w.mod, m.ID, " Complaints:\r\nthree "))
		if m.Disabled == nil || m.Disabled.Reason != "Complaints:\nthree" || !m.Disabled.At.Equal(noon) || m.LastRun.State != mailing.RunPaused || m.Going() {
			t.Errorf("disabled: got %+v", m)
		}
		_, err := w.Send(ctx, w.anna, m.ID)
		if e, ok := errors.AsType[*fault.Error](err); !ok || e.Args["Reason"] != "Complaints:\nthree" {
			t.Errorf("the owner is told %v", err)
		}
		if e := w.history(m.ID); e[1].Kind != mailing.EventDisabled || e[1].Reason != "Complaints:\nthree" {
			t.Errorf("events: %+v", e)
		}
		if m = w.must(w.Enable(ctx, w.mod, m.ID, "Settled")); m.Disabled != nil || m.LastRun.State != mailing.RunPlanning {
			t.Errorf("enabled: got %+v", m)
		}
		for query, want := range map[string]int{
			`SELECT count(*) FROM audit WHERE object_kind = 'mailing' AND object_id = $1 AND object_name = $2 AND actor_id = 3
				AND (action = 'mailing.disable' OR action = 'mailing.enable' AND reason = 'Settled')`: 2,
			`SELECT count(*) FROM letters WHERE kind IN ('mailing_disabled', 'mailing_enabled') AND $1 > 0 AND $2 <> ''
				AND address = 'user1@gonets.test' AND locale = 'en'`: 2,
		} {
			var got int
			if err := w.db.Read().QueryRow(ctx, query, m.ID, m.Name).Scan(&got); err != nil || got != want {
				t.Errorf("got %d (%v), want %d of %s", got, err, want, query)
			}
		}
	})
}

// A deleted mailing is hidden at once; its runs end as others do, and stay on
// record.
func TestDelete(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.people(3)
		m := w.started(schedule.Schedule{})
		w.plan(m.LastRun.ID)
		if err := w.Delete(ctx, w.anna, m.ID); err != nil {
			t.Fatal(err)
		}
		if held, err := w.ledger.Held(ctx, m.LastRun.ID); err != nil || !held {
			t.Errorf("held: %v, %v", held, err)
		}
		if _, err := w.Get(ctx, w.anna, m.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("get: %v", err)
		}
		if list, _, err := w.List(ctx, w.anna, mailing.Filter{}); err != nil || len(list) != 0 {
			t.Errorf("list: %+v, %v", list, err)
		}
		if err := w.Delete(ctx, w.anna, m.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("deleted twice: %v", err)
		}
		w.advance()
		w.wantCounts(m.LastRun.ID, delivery.Counts{Recipients: 3, Skipped: 3})
		if r := w.run(m.LastRun.ID); r.State != mailing.RunStopped || r.Open() {
			t.Errorf("the run: got %+v", r)
		}
		if err := w.messages.Delete(ctx, w.anna, w.message); err != nil {
			t.Errorf("its message is still in use: %v", err)
		}
	})
}

func TestDuplicate(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		ending := daily(noon)
		ending.End = noon.AddDate(0, 0, 2)
		of := map[string]mailing.Mailing{
			"once":      w.create(schedule.Schedule{}),
			"once late": w.create(schedule.Schedule{Frequency: schedule.Once, Start: noon, Zone: "Asia/Tokyo"}),
			"daily":     w.create(daily(noon)),
			"ending":    w.create(ending),
			"counted":   w.create(schedule.Schedule{Frequency: schedule.RRule, RRule: "FREQ=DAILY;UNTIL=20261124", Start: noon, Zone: "UTC"}),
		}
		w.clock.set(noon.AddDate(0, 0, 10).Add(time.Minute))
		later := noon.AddDate(0, 0, 11)
		for name, want := range map[string]schedule.Schedule{
			"once":      {Frequency: schedule.Once, Zone: "UTC"},
			"once late": {Frequency: schedule.Once, Zone: "Asia/Tokyo"},
			"daily":     daily(later),
			"ending":    daily(later),
			"counted":   {Frequency: schedule.Once, Zone: "UTC"},
		} {
			got := w.must(w.Duplicate(ctx, w.anna, of[name].ID, "Copy"))
			if got.State != mailing.Draft || got.Name != "Copy" || !reflect.DeepEqual(got.Schedule, want) || !got.Audience.All {
				t.Errorf("%s: got %+v, want %+v", name, got, want)
			}
		}
		copied := w.must(w.Duplicate(ctx, account.CommandLine(), of["daily"].ID, "By command"))
		if copied.UserID != w.anna.ID {
			t.Errorf("the copy belongs to user %d", copied.UserID)
		}
	})
}

func TestListAndTotals(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		var ids []int64
		for _, name := range []string{"Осенняя распродажа", "Spring", "100%"} {
			in := w.input()
			in.Name = name
			ids = append(ids, w.must(w.Create(ctx, w.anna, in)).ID)
		}
		w.must(w.Start(ctx, w.anna, ids[1]))
		w.must(w.Disable(ctx, w.mod, ids[2], "Spam"))
		for _, test := range []struct {
			name  string
			actor account.Actor
			f     mailing.Filter
			want  []int64
			more  bool
		}{
			{"all", w.anna, mailing.Filter{}, []int64{ids[2], ids[1], ids[0]}, false},
			{"first page", w.anna, mailing.Filter{Limit: 2}, []int64{ids[2], ids[1]}, true},
			{"second page", w.anna, mailing.Filter{Limit: 2, Before: ids[1]}, []int64{ids[0]}, false},
			{"active", w.anna, mailing.Filter{State: mailing.Active}, []int64{ids[1]}, false},
			{"drafts that are not disabled", w.anna, mailing.Filter{State: mailing.Draft, Enabled: true}, []int64{ids[0]}, false},
			{"disabled", w.anna, mailing.Filter{Disabled: true}, []int64{ids[2]}, false},
			{"by name", w.anna, mailing.Filter{Search: "РАСПРОДАЖА"}, []int64{ids[0]}, false},
			{"by a sign of LIKE", w.anna, mailing.Filter{Search: "%"}, []int64{ids[2]}, false},
			{"by subject", w.anna, mailing.Filter{Search: "news"}, []int64{ids[2], ids[1], ids[0]}, false},
			{"another's", w.boris, mailing.Filter{Owner: w.anna.ID}, nil, false},
			{"of all, by a user", w.boris, mailing.Filter{}, nil, false},
			{"of all, by a moderator", w.mod, mailing.Filter{}, []int64{ids[2], ids[1], ids[0]}, false},
			{"of an address, by a moderator", w.mod, mailing.Filter{Search: "user1@GONETS"}, []int64{ids[2], ids[1], ids[0]}, false},
			{"of an address, by a user", w.anna, mailing.Filter{Search: "user1@gonets"}, nil, false},
			{"of one, by a moderator", w.mod, mailing.Filter{Owner: w.boris.ID}, nil, false},
			{"by nobody", account.Actor{}, mailing.Filter{}, nil, false},
			{"by the command line", account.CommandLine(), mailing.Filter{}, []int64{ids[2], ids[1], ids[0]}, false},
		} {
			list, more, err := w.List(ctx, test.actor, test.f)
			var got []int64
			for _, m := range list {
				got = append(got, m.ID)
			}
			if err != nil || !slices.Equal(got, test.want) || more != test.more {
				t.Errorf("%s: got %v, %v (%v), want %v, %v", test.name, got, more, err, test.want, test.more)
			}
		}
		totals, err := w.Totals(ctx, w.anna)
		if want := (mailing.Totals{Disabled: 1, ByState: map[mailing.State]int64{mailing.Draft: 1, mailing.Active: 1}}); err != nil || !reflect.DeepEqual(totals, want) || totals.All() != 3 {
			t.Errorf("totals: got %v (%v), want %v", totals, err, want)
		}
	})
}

func TestRunsPageByKey(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.create(schedule.Schedule{})
		var ids []int64
		for range 3 {
			w.clock.pass(time.Minute)
			id, err := w.Send(t.Context(), w.anna, m.ID)
			if err != nil {
				t.Fatal(err)
			}
			w.finish(id)
			ids = append(ids, id)
		}
		list, more, err := w.Runs(t.Context(), w.anna, m.ID, 0, 2)
		if err != nil || !more || len(list) != 2 || list[0].ID != ids[2] || list[1].ID != ids[1] {
			t.Errorf("first page: %+v, %v, %v", list, more, err)
		}
		list, more, err = w.Runs(t.Context(), w.anna, m.ID, ids[1], 2)
		if err != nil || more || len(list) != 1 || list[0].ID != ids[0] {
			t.Errorf("second page: %+v, %v, %v", list, more, err)
		}
		if _, err := w.Run(t.Context(), w.anna, 999); !fault.Is(err, fault.NotFound) {
			t.Errorf("no such run: %v", err)
		}
	})
}

// Keys that are put together at run time, which no test of the sources finds.
func TestEverythingHasWords(t *testing.T) {
	bundle, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	keys := []string{"delivery.reason." + mailing.ReasonResent}
	for _, s := range []mailing.State{mailing.Draft, mailing.Active, mailing.Paused, mailing.Finished} {
		keys = append(keys, "mailing.state."+string(s), "mailing.is_"+string(s))
	}
	for _, e := range []mailing.EventKind{
		mailing.EventStarted, mailing.EventPaused, mailing.EventResumed, mailing.EventStopped, mailing.EventFinished,
		mailing.EventMissed, mailing.EventOverlapped, mailing.EventDisabled, mailing.EventEnabled, mailing.EventHeld,
	} {
		keys = append(keys, "mailing.event."+string(e))
	}
	for _, k := range []mailing.Kind{mailing.OnSchedule, mailing.ByHand, mailing.OfFailed} {
		keys = append(keys, "run.kind."+string(k))
	}
	for _, r := range []mailing.RunState{mailing.RunPlanning, mailing.RunSending, mailing.RunPaused, mailing.RunDone, mailing.RunStopped} {
		keys = append(keys, "run.state."+string(r))
	}
	for _, u := range []mailing.OnUncertain{mailing.Resend, mailing.Hold} {
		keys = append(keys, "mailing.on_uncertain."+string(u))
	}
	for _, r := range []string{
		delivery.ReasonUnsubscribed, delivery.ReasonSuppressed, delivery.ReasonDeleted, delivery.ReasonStopped, delivery.ReasonRefused,
		delivery.ReasonGaveUp, delivery.ReasonUnsendable, delivery.ReasonCrashed, delivery.ReasonLostReply,
	} {
		keys = append(keys, "delivery.reason."+r)
	}
	for s := delivery.Planned; s <= delivery.Skipped; s++ {
		keys = append(keys, "delivery.state."+s.String())
	}
	for _, code := range []string{"4", "5", "421", "550", "4.2.2", "5.1.1", "5.7.26"} {
		keys = append(keys, "delivery.code."+code)
	}
	for _, lang := range i18n.Languages() {
		for _, key := range keys {
			if !bundle.For(lang).Has(key) {
				t.Errorf("%s: no words for %s", lang, key)
			}
		}
	}
}
