package delivery

import (
	"context"

	"gonets/internal/db"
)

// scribe is what the two databases do differently where many rows are
// written at once.
//
// A result is written only where the row has the epoch of its mark; a mark only
// where the row is planned, has the epoch as it was read, and its run is not
// held.
type scribe interface {
	// writeTx locks the runs of a page, writes its attempts and the states they
	// lead to, then its marks, and notes in the page which of them counted.
	writeTx(ctx context.Context, tx db.Tx, p *page) error
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
