package mailing

import (
	"context"
	"fmt"
	"time"

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
	r := runs[runID]
	if r == nil {
		return Run{}, fmt.Errorf("run %d is not there", runID)
	}
	err = s.db.Read().QueryRow(ctx, `SELECT locale FROM users WHERE id = $1`, r.UserID).Scan(&r.OwnerLocale)
	if err != nil {
		return Run{}, fmt.Errorf("read the owner of run %d: %w", runID, err)
	}
	return *r, nil
}

// Begin notes that the first message of a run is about to be tried.
func (s *Mailings) Begin(ctx context.Context, runID int64) error {
	err := s.db.Tx(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE runs SET started_at = $2 WHERE id = $1 AND started_at = 0`, runID, db.At(tx.Now()))
		return err
	})
	if err != nil {
		return fmt.Errorf("begin run %d: %w", runID, err)
	}
	return nil
}

const (
	// skipChunk is how many deliveries of a stopped run are skipped in one
	// transaction.
	skipChunk = 500
	// planPatience is how old a run is before Advance lends its plan a hand:
	// the job may be lost, or wait long to be rescued from a node that died.
	planPatience = time.Minute
)

// Advance moves an open run on by what its counts allow: skips a chunk of a
// stopped one, plans a chunk of one that takes long, and finishes one whose
// deliveries are all final, and with it the mailing if nothing more will
// happen to it. again says that there is more to do at once.
func (s *Mailings) Advance(ctx context.Context, r Run) (again bool, err error) {
	switch {
	case r.State == RunPlanning:
		if s.db.Now().Sub(r.CreatedAt) < planPatience {
			return false, nil
		}
		return s.Plan(ctx, r.ID)
	case r.State == RunStopped:
		n, err := s.ledger.SkipRun(ctx, r.ID, delivery.ReasonStopped, skipChunk)
		if err != nil || n > 0 {
			return n > 0, err
		}
	case !r.Planned || !r.Counts.Final():
		return false, nil
	}
	if err := s.db.Tx(ctx, func(tx db.Tx) error { return s.finishRunTx(ctx, tx, r) }); err != nil {
		return false, fmt.Errorf("finish run %d: %w", r.ID, err)
	}
	return false, nil
}

// finishRunTx finishes a planned run if every delivery is final: of a stopped
// one something may still be leaving.
func (s *Mailings) finishRunTx(ctx context.Context, tx db.Tx, r Run) error {
	if err := lockTx(ctx, tx, r.MailingID); err != nil {
		return err
	}
	counts, err := s.ledger.Counts(ctx, tx, r.ID)
	if err != nil || !counts.Final() {
		return err
	}
	n, err := tx.Exec(ctx, `
		UPDATE runs SET finished_at = $2, state = CASE WHEN state = 'stopped' THEN 'stopped' ELSE 'done' END
		 WHERE id = $1 AND finished_at = 0 AND planned = 1`, r.ID, db.At(tx.Now()))
	if err != nil || n == 0 {
		return err
	}
	return s.finishTx(ctx, tx, r.MailingID)
}
