package mailing

import (
	"context"
	"fmt"

	"gonets/internal/db"
	"gonets/internal/schedule"
)

// OpenDue opens a run for each mailing that is due, in one transaction each,
// and says how many. Any number of nodes may call it at once: the row's own
// due time decides who opens.
func (s *Mailings) OpenDue(ctx context.Context) (opened int, err error) {
	ids, err := ints(ctx, s.db.Read(), `
		SELECT id FROM mailings
		 WHERE state = 'active' AND next_due_at > 0 AND next_due_at <= $1 AND disabled_at = 0 AND deleted_at = 0
		 ORDER BY next_due_at LIMIT 500`, db.At(s.db.Now()))
	if err != nil {
		return 0, fmt.Errorf("look for due mailings: %w", err)
	}
	for _, id := range ids {
		err := s.db.Tx(ctx, func(tx db.Tx) error {
			// Locks the row: the second node finds a due time in the future.
			n, err := tx.Exec(ctx, `UPDATE mailings SET next_due_at = next_due_at WHERE id = $1`, id)
			if err != nil || n == 0 {
				return err
			}
			m, err := s.get(ctx, tx, id)
			if err != nil || !m.Going() || m.NextDueAt.IsZero() || m.NextDueAt.After(tx.Now()) {
				return err
			}
			opened++
			return s.dueTx(ctx, tx, &m)
		})
		if err != nil {
			return opened, fmt.Errorf("open the due run of mailing %d: %w", id, err)
		}
	}
	return opened, nil
}

// dueTx decides a due time that has come: opens the run, or skips it and says
// so, and moves the due time on.
func (s *Mailings) dueTx(ctx context.Context, tx db.Tx, m *Mailing) error {
	d := schedule.Due(m.Schedule, m.NextDueAt, tx.Now(), s.o.Grace)
	if d.Skipped.Count > 0 {
		err := noteTx(ctx, tx, m.ID, Event{Kind: EventMissed, Count: d.Skipped.Count, First: d.Skipped.First, Last: d.Skipped.Last})
		if err != nil {
			return err
		}
	}
	if err := setDueTx(ctx, tx, m.ID, d.Next); err != nil {
		return err
	}
	if !d.Run.IsZero() {
		return s.openScheduledTx(ctx, tx, m, d)
	}
	return s.finishTx(ctx, tx, m.ID)
}

func (s *Mailings) openScheduledTx(ctx context.Context, tx db.Tx, m *Mailing, d schedule.Decision) error {
	open, err := s.openRuns(ctx, tx, m.ID)
	if err != nil {
		return err
	}
	if busy(open) {
		return noteTx(ctx, tx, m.ID, Event{Kind: EventOverlapped, Count: 1, First: d.Run, Last: d.Run})
	}
	_, err = s.openTx(ctx, tx, m, firing{kind: OnSchedule, due: d.Run})
	return err
}

// finishTx finishes an active mailing to which nothing more will happen: no
// due time, no open run.
func (s *Mailings) finishTx(ctx context.Context, tx db.Tx, id int64) error {
	n, err := tx.Exec(ctx, `
		UPDATE mailings SET state = 'finished'
		 WHERE id = $1 AND state = 'active' AND next_due_at = 0
		   AND NOT EXISTS (SELECT 1 FROM runs WHERE mailing_id = $1 AND finished_at = 0)`, id)
	if err != nil || n == 0 {
		return err
	}
	return noteTx(ctx, tx, id, Event{Kind: EventFinished})
}
