package mailing

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"gonets/internal/account"
	"gonets/internal/audit"
	"gonets/internal/db"
	"gonets/internal/fault"
	"gonets/internal/schedule"
)

// Start makes a draft, or a finished mailing, active. One that goes once
// without a start opens its run in this very transaction.
func (s *Mailings) Start(ctx context.Context, actor account.Actor, id int64) (Mailing, error) {
	return s.change(ctx, actor, account.MailingEdit, id, "start", func(tx db.Tx, m *Mailing) error {
		if m.Disabled != nil || m.State != Draft && m.State != Finished {
			return wrongState(m)
		}
		if err := startable(m.Schedule, tx); err != nil {
			return err
		}
		if _, err := s.messages.HoldTx(ctx, tx, m.UserID, m.MessageID); err != nil {
			return messageGone(err)
		}
		m.State = Active
		if err := setStateTx(ctx, tx, m, EventStarted); err != nil {
			return err
		}
		if m.Schedule.Frequency == schedule.Once && m.Schedule.Start.IsZero() {
			_, err := s.openTx(ctx, tx, m, firing{kind: OnSchedule, due: tx.Now()})
			return err
		}
		next, ok := m.Schedule.Next(tx.Now())
		if !ok {
			return fault.Fields{{Name: "schedule.start_at", Key: "mailing.never_due"}}.Err()
		}
		return setDueTx(ctx, tx, id, next)
	})
}

// messageGone says at its field that the message was deleted meanwhile.
func messageGone(err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.Fields{{Name: "message_id", Key: "mailing.message_missing"}}.Err()
	}
	return err
}

// startable refuses a schedule that has been overtaken by time since it was
// written: a single start in the past, or an end.
func startable(sch schedule.Schedule, tx db.Tx) error {
	var fields fault.Fields
	for _, p := range sch.Check(tx.Now()) {
		if sch.Frequency != schedule.Once && p.Field == "start_at" {
			continue // a recurring one that began in the past goes on from now
		}
		fields.Add("schedule."+p.Field, p.Key, p.Args)
	}
	return fields.Err()
}

// Pause holds an active mailing: after it returns nothing more of its runs
// leaves than what is leaving already.
func (s *Mailings) Pause(ctx context.Context, actor account.Actor, id int64) (Mailing, error) {
	return s.change(ctx, actor, account.MailingEdit, id, "pause", func(tx db.Tx, m *Mailing) error {
		if m.State != Active {
			return wrongState(m)
		}
		m.State = Paused
		if err := setStateTx(ctx, tx, m, EventPaused); err != nil {
			return err
		}
		return s.holdTx(ctx, tx, id)
	})
}

// Resume lets a paused mailing go on. Due times that passed meanwhile are
// treated as after downtime.
func (s *Mailings) Resume(ctx context.Context, actor account.Actor, id int64) (Mailing, error) {
	return s.change(ctx, actor, account.MailingEdit, id, "resume", func(tx db.Tx, m *Mailing) error {
		if m.State != Paused || m.Disabled != nil {
			return wrongState(m)
		}
		m.State = Active
		if err := setStateTx(ctx, tx, m, EventResumed); err != nil {
			return err
		}
		return s.letTx(ctx, tx, m)
	})
}

// Stop ends a mailing and its open runs: who has not been sent to is skipped.
func (s *Mailings) Stop(ctx context.Context, actor account.Actor, id int64) (Mailing, error) {
	return s.change(ctx, actor, account.MailingEdit, id, "stop", func(tx db.Tx, m *Mailing) error {
		open, err := s.openRuns(ctx, tx, id)
		if err != nil {
			return err
		}
		if m.State != Active && m.State != Paused && len(open) == 0 {
			return wrongState(m)
		}
		m.State = Finished
		if err := setStateTx(ctx, tx, m, EventStopped); err != nil {
			return err
		}
		if err := setDueTx(ctx, tx, id, time.Time{}); err != nil {
			return err
		}
		return s.stopRunsTx(ctx, tx, id)
	})
}

// Send opens a run now, besides the schedule. A mailing that goes once
// becomes active by it.
func (s *Mailings) Send(ctx context.Context, actor account.Actor, id int64) (runID int64, err error) {
	_, err = s.change(ctx, actor, account.MailingEdit, id, "send", func(tx db.Tx, m *Mailing) error {
		if m.Disabled != nil || m.State == Paused {
			return wrongState(m)
		}
		runID, err = s.fireTx(ctx, tx, m, firing{kind: ByHand, due: tx.Now()})
		return messageGone(err)
	})
	return runID, err
}

// ResendFailed opens a run for those to whom a finished run failed, and if
// wanted those whose end is not known.
func (s *Mailings) ResendFailed(ctx context.Context, actor account.Actor, sourceID int64, uncertain bool) (runID int64, err error) {
	source, err := s.Run(ctx, actor, sourceID)
	if err != nil {
		return 0, err
	}
	_, err = s.change(ctx, actor, account.MailingEdit, source.MailingID, "send again", func(tx db.Tx, m *Mailing) error {
		if m.Disabled != nil || m.State == Paused || source.Open() {
			return wrongState(m)
		}
		if source.Counts.Failed == 0 && (!uncertain || source.Counts.Uncertain == 0) {
			return fault.New(fault.Conflict, "mailing.nobody_failed", nil)
		}
		runID, err = s.fireTx(ctx, tx, m, firing{kind: OfFailed, due: tx.Now(), source: sourceID, uncertain: uncertain})
		return err
	})
	return runID, err
}

// fireTx opens a run by hand, if none is busy.
func (s *Mailings) fireTx(ctx context.Context, tx db.Tx, m *Mailing, f firing) (int64, error) {
	open, err := s.openRuns(ctx, tx, m.ID)
	if err != nil {
		return 0, err
	}
	if busy(open) {
		return 0, fault.New(fault.Conflict, "mailing.still_sending", nil)
	}
	if m.Schedule.Frequency == schedule.Once && m.NextDueAt.IsZero() && m.State != Active {
		m.State = Active
		if err := setStateTx(ctx, tx, m, EventStarted); err != nil {
			return 0, err
		}
	}
	return s.openTx(ctx, tx, m, f)
}

// Duplicate makes a draft like a mailing of the actor's, without a start that
// has passed.
func (s *Mailings) Duplicate(ctx context.Context, actor account.Actor, id int64, name string) (Mailing, error) {
	m, err := s.Get(ctx, actor, id)
	if err != nil {
		return Mailing{}, err
	}
	if err := account.Check(actor, account.MailingEdit, m.object()); err != nil {
		return Mailing{}, err
	}
	in := m.Input()
	in.Name = name
	now := s.db.Now()
	if in.Schedule.Start.Before(now) {
		in.Schedule.Start, _ = m.Schedule.Next(now)
	}
	if !in.Schedule.End.IsZero() && in.Schedule.End.Before(now) {
		in.Schedule.End = time.Time{}
	}
	if in.Schedule.Start.IsZero() && in.Schedule.Frequency != schedule.Once {
		in.Schedule.Frequency = schedule.Once
	}
	return s.Create(ctx, actor, in)
}

// Input is the mailing as a person would set it.
func (m *Mailing) Input() Input {
	return Input{
		Name: m.Name, MessageID: m.MessageID, Audience: m.Audience, Schedule: m.Schedule,
		Sender: m.Sender, OnUncertain: m.OnUncertain,
	}
}

// Disable stops a mailing by a moderator's word: its runs are held at once.
func (s *Mailings) Disable(ctx context.Context, actor account.Actor, id int64, reason string) (Mailing, error) {
	reason = strings.TrimSpace(reason)
	var f fault.Fields
	switch {
	case reason == "":
		f.Add("reason", "error.required", nil)
	case utf8.RuneCountInString(reason) > 1000:
		f.Add("reason", "error.too_long", fault.Args{"Max": 1000})
	}
	return s.change(ctx, actor, account.MailingDisable, id, "disable", func(tx db.Tx, m *Mailing) error {
		if err := f.Err(); err != nil {
			return err
		}
		if m.Disabled != nil {
			return wrongState(m)
		}
		_, err := tx.Exec(ctx, `UPDATE mailings SET disabled_at = $2, disabled_by = $3, disabled_reason = $4 WHERE id = $1`,
			id, db.At(tx.Now()), actor.ID, reason)
		if err != nil {
			return err
		}
		if err := noteTx(ctx, tx, id, Event{Kind: EventDisabled, Reason: reason}); err != nil {
			return err
		}
		if err := recordTx(ctx, tx, actor, "mailing.disable", id, reason); err != nil {
			return err
		}
		return s.holdTx(ctx, tx, id)
	})
}

// Enable lifts a disabling. The mailing goes on where it was.
func (s *Mailings) Enable(ctx context.Context, actor account.Actor, id int64, reason string) (Mailing, error) {
	return s.change(ctx, actor, account.MailingDisable, id, "enable", func(tx db.Tx, m *Mailing) error {
		if m.Disabled == nil {
			return wrongState(m)
		}
		_, err := tx.Exec(ctx, `UPDATE mailings SET disabled_at = 0, disabled_by = 0, disabled_reason = '' WHERE id = $1`, id)
		if err != nil {
			return err
		}
		m.Disabled = nil
		if err := noteTx(ctx, tx, id, Event{Kind: EventEnabled}); err != nil {
			return err
		}
		if err := recordTx(ctx, tx, actor, "mailing.enable", id, reason); err != nil {
			return err
		}
		if m.State == Paused {
			return nil
		}
		return s.letTx(ctx, tx, m)
	})
}

func recordTx(ctx context.Context, tx db.Tx, actor account.Actor, action string, id int64, reason string) error {
	return audit.RecordTx(ctx, tx, audit.Entry{
		ActorID: actor.ID, ActorEmail: actor.Email, Action: action, ObjectKind: "mailing", ObjectID: id,
		Reason: reason, Address: actor.Address,
	})
}

// PauseOwnerTx pauses whatever of a user's goes, because the user was blocked.
// Nothing starts again by itself when the block is lifted: the owner resumes.
func (s *Mailings) PauseOwnerTx(ctx context.Context, tx db.Tx, userID int64) error {
	ids, err := ints(ctx, tx, `SELECT id FROM mailings WHERE user_id = $1 AND state = 'active' AND deleted_at = 0 ORDER BY id`, userID)
	if err != nil {
		return fmt.Errorf("look for the mailings of user %d: %w", userID, err)
	}
	for _, id := range ids {
		if err := setStateTx(ctx, tx, &Mailing{ID: id, State: Paused}, EventHeld); err != nil {
			return err
		}
		if err := s.holdTx(ctx, tx, id); err != nil {
			return err
		}
	}
	return nil
}

// holdTx holds the open runs of a mailing.
func (s *Mailings) holdTx(ctx context.Context, tx db.Tx, id int64) error {
	runs, err := ints(ctx, tx, `
		UPDATE runs SET state = 'paused' WHERE mailing_id = $1 AND finished_at = 0 AND state IN ('planning', 'sending')
		RETURNING id`, id)
	if err != nil {
		return err
	}
	for _, run := range runs {
		if err := s.ledger.HoldRunTx(ctx, tx, run); err != nil {
			return err
		}
	}
	return nil
}

// letTx lets the open runs of a mailing go on, and decides what becomes of the
// due times that passed.
func (s *Mailings) letTx(ctx context.Context, tx db.Tx, m *Mailing) error {
	open, err := s.openRuns(ctx, tx, m.ID)
	if err != nil {
		return err
	}
	for i := range open {
		r := &open[i]
		if r.State != RunPaused {
			continue
		}
		state := RunSending
		if !r.Planned {
			state = RunPlanning
			if err := s.queue.InsertTx(ctx, tx, PlanJob{RunID: r.ID}); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE runs SET state = $2 WHERE id = $1`, r.ID, string(state)); err != nil {
			return err
		}
		if err := s.ledger.LetRunTx(ctx, tx, r.ID); err != nil {
			return err
		}
	}
	if m.NextDueAt.IsZero() || m.NextDueAt.After(tx.Now()) || !m.Going() {
		return nil
	}
	return s.dueTx(ctx, tx, m)
}

// stopRunsTx stops the open runs of a mailing. Their deliveries are skipped in
// chunks afterwards; nothing of them leaves any more.
func (s *Mailings) stopRunsTx(ctx context.Context, tx db.Tx, id int64) error {
	if err := s.holdTx(ctx, tx, id); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE runs SET state = 'stopped', planned = 1 WHERE mailing_id = $1 AND finished_at = 0`, id)
	return err
}

func setStateTx(ctx context.Context, tx db.Tx, m *Mailing, event EventKind) error {
	if _, err := tx.Exec(ctx, `UPDATE mailings SET state = $2 WHERE id = $1`, m.ID, string(m.State)); err != nil {
		return err
	}
	return noteTx(ctx, tx, m.ID, Event{Kind: event})
}

// wrongState refuses what the state of the mailing forbids.
func wrongState(m *Mailing) error {
	if m.Disabled != nil {
		return fault.New(fault.Conflict, "mailing.is_disabled", fault.Args{"Reason": m.Disabled.Reason})
	}
	return fault.New(fault.Conflict, "mailing.is_"+string(m.State), nil)
}
