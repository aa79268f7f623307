package delivery

import (
	"context"
	"fmt"

	"gonets/internal/db"
)

// Run is what the ledger is told of a run when it opens.
type Run struct {
	ID, MailingID, UserID int64
	Resend                bool // an uncertain delivery is sent again; else it is held
}

// OpenTx opens the ledger of a run: no deliveries yet.
func (l *Ledger) OpenTx(ctx context.Context, tx db.Tx, r Run) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO ledgers (run_id, mailing_id, user_id, month, resend)
		VALUES ($1, $2, $3, $4, $5)`,
		r.ID, r.MailingID, r.UserID, Month(tx.Now()), db.Flag(r.Resend))
	if err != nil {
		return fmt.Errorf("open the ledger of run %d: %w", r.ID, err)
	}
	return nil
}

// Plan is a recipient to be written into a run. Skip is the reason for not
// sending, empty for sending.
type Plan struct {
	RecipientID int64
	Skip        string
}

// planning is a chunk of a run's deliveries, to be written.
type planning struct {
	month, runID, batch int64
	chunk               []Plan
}

// state is what a plan begins as.
func (p Plan) state() State {
	if p.Skip != "" {
		return Skipped
	}
	return Planned
}

// PlanTx writes a chunk of a run's deliveries, those to be sent as one batch.
// Repeating a chunk is harmless: who has a delivery keeps it. The caller sees
// to it that nobody else plans or stops the run meanwhile: it is locked for the
// counters alone, at the end, so that what is planned already goes out.
func (l *Ledger) PlanTx(ctx context.Context, tx db.Tx, runID int64, chunk []Plan) error {
	if len(chunk) == 0 {
		return nil
	}
	book, err := readBook(ctx, tx, runID)
	if err != nil {
		return fmt.Errorf("plan run %d: %w", runID, err)
	}
	batch, err := newBatch(ctx, tx, runID)
	if err != nil {
		return err
	}
	planned, skipped, err := scribeOf(tx).planTx(ctx, tx, planning{book.month, runID, batch, chunk})
	if err != nil {
		return fmt.Errorf("plan run %d: %w", runID, err)
	}
	switch { // whoever was skipped is found by the batch, too
	case planned+skipped == 0: // a chunk repeated
		_, err = tx.Exec(ctx, `DELETE FROM batches WHERE id = $1`, batch)
	case planned == 0:
		_, err = tx.Exec(ctx, `UPDATE batches SET done = 1 WHERE id = $1`, batch)
	}
	if err != nil {
		return fmt.Errorf("drop an empty batch: %w", err)
	}
	_, err = tx.Exec(ctx, `
		UPDATE ledgers SET recipients = recipients + $2, skipped = skipped + $3 WHERE run_id = $1`,
		runID, planned+skipped, skipped)
	if err != nil {
		return fmt.Errorf("count run %d: %w", runID, err)
	}
	return nil
}

func newBatch(ctx context.Context, tx db.Tx, runID int64) (id int64, err error) {
	err = tx.QueryRow(ctx, `INSERT INTO batches (run_id) VALUES ($1) RETURNING id`, runID).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("open a batch of run %d: %w", runID, err)
	}
	return id, nil
}

// book is a run's row in the ledger, locked.
type book struct {
	run
	held bool
}

// lockRuns locks the rows of the runs in the order of their ids, and reads
// them. On SQLite the transaction has the whole database already.
func lockRuns(ctx context.Context, tx db.Tx, ids ...int64) (map[int64]book, error) {
	query := `SELECT run_id, mailing_id, user_id, month, resend, held FROM ledgers WHERE run_id = ANY($1) ORDER BY run_id`
	if tx.Dialect() == db.Postgres {
		query += ` FOR NO KEY UPDATE` // a batch may be added meanwhile
	}
	rows, err := tx.Query(ctx, query, ids)
	if err != nil {
		return nil, fmt.Errorf("lock the ledger: %w", err)
	}
	defer rows.Close()
	books := make(map[int64]book, len(ids))
	for rows.Next() {
		var b book
		var id, resend, held int64
		if err := rows.Scan(&id, &b.mailingID, &b.userID, &b.month, &resend, &held); err != nil {
			return nil, fmt.Errorf("lock the ledger: %w", err)
		}
		b.resend, b.held = resend == 1, held == 1
		books[id] = b
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("lock the ledger: %w", err)
	}
	return books, nil
}
