package mailing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gonets/internal/db"
	"gonets/internal/fault"
	"gonets/internal/schedule"
)

// dueChunk bounds how many mailings one call of OpenDue looks at.
const dueChunk = 500

// OpenDue decides up to 500 due times that have come, in one transaction each,
// and says how many runs it opened. Any number of nodes may call it at once:
// the mailing's own due time decides who opens. A mailing that can't be opened
// does not stop the others.
func (s *Mailings) OpenDue(ctx context.Context) (opened int, err error) {
	ids, err := ints(ctx, s.db.Read(), `
		SELECT id FROM mailings
		 WHERE state = 'active' AND next_due_at > 0 AND next_due_at <= $1 AND disabled_at = 0 AND deleted_at = 0
		 ORDER BY next_due_at LIMIT $2`, db.At(s.db.Now()), dueChunk)
	if err != nil {
		return 0, fmt.Errorf("look for due mailings: %w", err)
	}
	var failed []error
	for _, id := range ids {
		run, err := s.openDue(ctx, id)
		switch {
		case ctx.Err() != nil:
			return opened, ctx.Err()
		case err != nil:
			failed = append(failed, fmt.Errorf("open the due run of mailing %d: %w", id, err))
		case run != 0:
			s.log.Info("run opened", "mailing", id, "run", run)
			opened++
		}
	}
	return opened, errors.Join(failed...)
}

// openDue decides the due time of one mailing, if nobody did meanwhile.
func (s *Mailings) openDue(ctx context.Context, id int64) (runID int64, err error) {
	err = s.db.Tx(ctx, func(tx db.Tx) error {
		m, err := s.holdTx(ctx, tx, id)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil || !m.Going() {
			return err
		}
		runID, err = s.dueTx(ctx, tx, &m)
		return err
	})
	return runID, err
}

// dueTx decides the due time of a mailing that is going, if it has come: opens
// the run, or skips it and says so, and moves the due time on. A mailing to
// which nothing more will happen is finished.
func (s *Mailings) dueTx(ctx context.Context, tx db.Tx, m *Mailing) (runID int64, err error) {
	if m.NextDueAt.After(tx.Now()) {
		return 0, nil
	}
	if !m.NextDueAt.IsZero() {
		if err := s.senderTx(ctx, tx, m.Sender); fault.Is(err, fault.Invalid) {
			return 0, s.pauseForSenderTx(ctx, tx, m)
		} else if err != nil {
			return 0, err
		}
		d := schedule.Due(m.Schedule, m.NextDueAt, tx.Now(), s.o.Grace)
		if d.Skipped.Count > 0 {
			err := noteTx(ctx, tx, m.ID, Event{Kind: EventMissed, Count: d.Skipped.Count, First: d.Skipped.First, Last: d.Skipped.Last})
			if err != nil {
				return 0, err
			}
		}
		if err := setDueTx(ctx, tx, m, d.Next); err != nil {
			return 0, err
		}
		if !d.Run.IsZero() {
			if runID, err = s.openScheduledTx(ctx, tx, m, d.Run); err != nil {
				return 0, err
			}
		}
	}
	return runID, s.finishTx(ctx, tx, m.ID)
}

// openScheduledTx opens the run of a due time, unless one is busy: then that
// time is skipped. The answer is 0 where none was opened.
func (s *Mailings) openScheduledTx(ctx context.Context, tx db.Tx, m *Mailing, due time.Time) (runID int64, err error) {
	busy, err := s.busy(ctx, tx, m.ID)
	if err != nil {
		return 0, err
	}
	if busy {
		return 0, noteTx(ctx, tx, m.ID, Event{Kind: EventOverlapped, Count: 1, First: due, Last: due})
	}
	runID, _, err = s.openTx(ctx, tx, m, firing{kind: OnSchedule, due: due})
	return runID, err
}

// finishTx finishes an active mailing to which nothing more will happen: no
// due time, no open run.
func (s *Mailings) finishTx(ctx context.Context, tx db.Tx, id int64) error {
	n, err := tx.Exec(ctx, `
		UPDATE mailings SET state = 'finished'
		 WHERE id = $1 AND state = 'active' AND next_due_at = 0 AND deleted_at = 0
		   AND NOT EXISTS (SELECT 1 FROM runs WHERE mailing_id = $1 AND finished_at = 0)`, id)
	if err != nil || n == 0 {
		return err
	}
	return noteTx(ctx, tx, id, Event{Kind: EventFinished})
}

// firstDue is the first due time of a schedule that begins now, or what of it
// time has overtaken since it was written. A recurring one whose start has
// passed goes on from now. It is now for one that goes once without a start.
func firstDue(sch schedule.Schedule, now time.Time) (time.Time, fault.Fields) {
	var fields fault.Fields
	past := false
	for _, p := range sch.Check(now) {
		if p.Key == "schedule.start_past" {
			past = true
			if sch.Frequency != schedule.Once {
				continue
			}
		}
		fields.Add("schedule."+p.Field, p.Key, p.Args)
	}
	if len(fields) > 0 {
		return time.Time{}, fields
	}
	if sch.Frequency == schedule.Once && sch.Start.IsZero() {
		return now, nil
	}
	from := now
	if !past && !sch.Start.After(now) {
		from = sch.Start.Add(-1) // within the minute that Check allows: it is due at once
	}
	next, ok := sch.Next(from)
	switch {
	case ok:
		return next, nil
	case !sch.End.IsZero() && sch.End.Before(now):
		fields.Add("schedule.end_at", "schedule.end_past", nil)
	default:
		fields.Add("schedule.start_at", "mailing.never_due", nil)
	}
	return time.Time{}, fields
}

// rescheduled is the due time of the mailing once its schedule is changed. An
// edit moves the due time of a mailing that has one, and begins no schedule.
func (m *Mailing) rescheduled(to schedule.Schedule, now time.Time) (time.Time, fault.Fields) {
	if m.NextDueAt.IsZero() || sameTimes(m.Schedule, to) {
		return m.NextDueAt, nil
	}
	if to.Frequency == schedule.Once && to.Start.IsZero() {
		return time.Time{}, fault.Fields{{Name: "schedule.start_at", Key: "schedule.start_missing"}}
	}
	return firstDue(to, now)
}

// sameTimes says that two schedules are due at the same times.
func sameTimes(a, b schedule.Schedule) bool {
	if a.Frequency == schedule.Once && b.Frequency == schedule.Once {
		return a.Start.Equal(b.Start)
	}
	return a.Start.Equal(b.Start) && a.End.Equal(b.End) && a.String() == b.String()
}
