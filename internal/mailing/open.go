package mailing

import (
	"context"
	"fmt"

	"gonets/internal/db"
	"gonets/internal/delivery"
)

// OpenRuns are all runs in which something may still happen, of every user,
// for the engine.
func (s *Mailings) OpenRuns(ctx context.Context) ([]Run, error) {
	return s.runs(ctx, s.db.Read(), `SELECT `+runColumns+` FROM runs r WHERE r.finished_at = 0 ORDER BY r.id`)
}

// ForSending is a run as the engine needs it.
func (s *Mailings) ForSending(ctx context.Context, runID int64) (Run, error) {
	runs, err := s.runsByID(ctx, s.db.Read(), []int64{runID})
	if err != nil {
		return Run{}, err
	}
	if runs[runID] == nil {
		return Run{}, fmt.Errorf("run %d is not there", runID)
	}
	return *runs[runID], nil
}

// Begin notes that the first message of a run is about to be tried.
func (s *Mailings) Begin(ctx context.Context, runID int64) error {
	return s.db.Tx(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE runs SET started_at = $2 WHERE id = $1 AND started_at = 0`, runID, db.At(tx.Now()))
		return err
	})
}

// skipChunk is how many deliveries of a stopped run are skipped in one
// transaction.
const skipChunk = 500

// Advance moves an open run on by what its counts allow: skips a chunk of a
// stopped one, and finishes one whose deliveries are all final, and with it
// the mailing if nothing more will happen to it. again says that there is more
// to do at once.
func (s *Mailings) Advance(ctx context.Context, r Run) (again bool, err error) {
	if r.State == RunStopped {
		n, err := s.ledger.SkipRun(ctx, r.ID, delivery.ReasonStopped, skipChunk)
		if err != nil || n > 0 {
			return true, err
		}
	}
	if !r.Planned || r.State == RunPlanning || !r.Counts.Final() && r.State != RunStopped {
		return false, nil
	}
	err = s.db.Tx(ctx, func(tx db.Tx) error {
		counts, err := s.ledger.Counts(ctx, tx, r.ID)
		if err != nil || !counts.Final() {
			return err // a stopped run: what was leaving has not ended yet
		}
		n, err := tx.Exec(ctx, `
			UPDATE runs SET finished_at = $2, state = CASE WHEN state = 'stopped' THEN 'stopped' ELSE 'done' END
			 WHERE id = $1 AND finished_at = 0 AND planned = 1`, r.ID, db.At(tx.Now()))
		if err != nil || n == 0 {
			return err
		}
		return s.finishTx(ctx, tx, r.MailingID)
	})
	if err != nil {
		return false, fmt.Errorf("advance run %d: %w", r.ID, err)
	}
	return false, nil
}
