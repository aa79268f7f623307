package mailing

import (
	"context"
	"slices"
	"time"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/schedule"
)

// Start makes a draft, or a finished mailing, active, and begins its schedule.
// One that goes once without a start opens its run in this very transaction.
func (s *Mailings) Start(ctx context.Context, actor account.Actor, id int64) (Mailing, error) {
	return s.activate(ctx, actor, id, "start", func(tx db.Tx, m *Mailing) error {
		switch {
		case m.Disabled != nil:
			return isDisabled(m)
		case m.State == Paused, m.State == Active && !m.unscheduled():
			return wrongState(m)
		}
		first, fields := firstDue(m.Schedule, tx.Now())
		if err := fields.Err(); err != nil {
			return err
		}
		if _, err := s.messages.HoldTx(ctx, tx, m.UserID, m.MessageID); err != nil {
			return messageGone(err)
		}
		if err := setStateTx(ctx, tx, m, Active, EventStarted); err != nil {
			return err
		}
		if err := setDueTx(ctx, tx, m, first); err != nil {
			return err
		}
		_, err := s.dueTx(ctx, tx, m)
		return err
	})
}

// unscheduled says that the mailing repeats, and that its schedule does not
// go: it is active only for a run by hand, or until its last run is done.
func (m *Mailing) unscheduled() bool {
	return m.Schedule.Frequency != schedule.Once && m.NextDueAt.IsZero()
}

// Pause holds an active mailing: after it returns nothing more of its runs
// leaves than what is leaving already.
func (s *Mailings) Pause(ctx context.Context, actor account.Actor, id int64) (Mailing, error) {
	return s.change(ctx, actor, account.MailingEdit, id, "pause", func(tx db.Tx, m *Mailing) error {
		if m.State != Active {
			return wrongState(m)
		}
		if err := setStateTx(ctx, tx, m, Paused, EventPaused); err != nil {
			return err
		}
		return s.holdRunsTx(ctx, tx, id)
	})
}

// Resume lets a paused mailing go on. Due times that passed meanwhile are
// treated as after downtime.
func (s *Mailings) Resume(ctx context.Context, actor account.Actor, id int64) (Mailing, error) {
	return s.activate(ctx, actor, id, "resume", func(tx db.Tx, m *Mailing) error {
		switch {
		case m.State != Paused:
			return wrongState(m)
		case m.Disabled != nil:
			return isDisabled(m)
		}
		if err := setStateTx(ctx, tx, m, Active, EventResumed); err != nil {
			return err
		}
		return s.goOnTx(ctx, tx, m)
	})
}

// Stop ends a mailing and its open runs: who has not been sent to is skipped.
func (s *Mailings) Stop(ctx context.Context, actor account.Actor, id int64) (Mailing, error) {
	return s.change(ctx, actor, account.MailingEdit, id, "stop", func(tx db.Tx, m *Mailing) error {
		if m.State != Active && m.State != Paused {
			return wrongState(m)
		}
		if err := setStateTx(ctx, tx, m, Finished, EventStopped); err != nil {
			return err
		}
		if err := setDueTx(ctx, tx, m, time.Time{}); err != nil {
			return err
		}
		return s.stopRunsTx(ctx, tx, id)
	})
}

// holdRunsTx holds the open runs of mailings that are locked.
func (s *Mailings) holdRunsTx(ctx context.Context, tx db.Tx, mailingIDs ...int64) error {
	runs, err := ints(ctx, tx, `
		UPDATE runs SET state = 'paused'
		 WHERE mailing_id = ANY($1) AND finished_at = 0 AND state IN ('planning', 'sending')
		RETURNING id`, mailingIDs)
	if err != nil {
		return err
	}
	slices.Sort(runs)
	for _, run := range runs {
		if err := s.ledger.HoldRunTx(ctx, tx, run); err != nil {
			return err
		}
	}
	return nil
}

// stopRunsTx stops the open runs of a mailing that is locked. Their deliveries
// are skipped in chunks afterwards (see Advance); nothing of them leaves any
// more.
func (s *Mailings) stopRunsTx(ctx context.Context, tx db.Tx, id int64) error {
	if err := s.holdRunsTx(ctx, tx, id); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE runs SET state = 'stopped', planned = 1 WHERE mailing_id = $1 AND finished_at = 0`, id)
	return err
}

// goOnTx lets a mailing that is going again go on: the due times that passed,
// its open runs; or its end, if nothing is left to happen.
func (s *Mailings) goOnTx(ctx context.Context, tx db.Tx, m *Mailing) error {
	if _, err := s.dueTx(ctx, tx, m); err != nil {
		return err
	}
	return s.letRunsTx(ctx, tx, m.ID)
}

// letRunsTx lets the held runs of a mailing go on. One that was still being
// planned is planned on.
func (s *Mailings) letRunsTx(ctx context.Context, tx db.Tx, id int64) error {
	unplanned, err := ints(ctx, tx, `
		UPDATE runs SET state = 'planning' WHERE mailing_id = $1 AND state = 'paused' AND finished_at = 0 AND planned = 0
		RETURNING id`, id)
	if err != nil {
		return err
	}
	planned, err := ints(ctx, tx, `
		UPDATE runs SET state = 'sending' WHERE mailing_id = $1 AND state = 'paused' AND finished_at = 0
		RETURNING id`, id)
	if err != nil {
		return err
	}
	for _, run := range slices.Sorted(slices.Values(append(planned, unplanned...))) {
		if err := s.ledger.LetRunTx(ctx, tx, run); err != nil {
			return err
		}
	}
	for _, run := range unplanned {
		if err := s.queue.InsertTx(ctx, tx, PlanJob{RunID: run}); err != nil {
			return err
		}
	}
	return nil
}
