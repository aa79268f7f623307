package delivery

import (
	"context"

	"gonets/internal/db"
)

// scribe is what the two databases do differently where many rows are
// written at once.
//
// A result is written only where the row is planned and the batch leased as
// the page knows it; a mark is given on the same condition, if its run is not
// held.
type scribe interface {
	// writeTx locks the runs of a page, writes its attempts and the states they
	// lead to, looks whether its marks may be given, and notes in the page what
	// counts. The batches' rows are left to be written.
	writeTx(ctx context.Context, tx db.Tx, p *page) error
	// dockets are the statements that write what changed in dockets.
	dockets(list []entry) []statement
	// attemptsTx writes attempts alone.
	attemptsTx(ctx context.Context, tx db.Tx, list []record) error
	// planTx writes the deliveries of recipients who have none in the run yet,
	// and counts them.
	planTx(ctx context.Context, tx db.Tx, p planning) (planned, skipped int64, err error)
	// execTx runs statements that answer nothing.
	execTx(ctx context.Context, tx db.Tx, list []statement) error
}

func scribeOf(q db.Q) scribe {
	if q.Dialect() == db.SQLite {
		return liteScribe{}
	}
	return pgScribe{}
}
