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
	// commit writes a page in one transaction: it locks the runs, writes the
	// attempts and the states they lead to, looks whether the marks may be
	// given, notes in the page what counts, and writes the batches and the
	// counters.
	commit(ctx context.Context, d *db.DB, p *page) error
	// attemptsTx writes attempts alone.
	attemptsTx(ctx context.Context, tx db.Tx, list []record) error
	// planTx writes the deliveries of recipients who have none in the run yet,
	// and counts them.
	planTx(ctx context.Context, tx db.Tx, p planning) (planned, skipped int64, err error)
	// rollupsTx adds to rollups, in the order given, and drops those of the
	// lowered ones that count nothing any more.
	rollupsTx(ctx context.Context, tx db.Tx, all, lowered []line) error
	// execTx runs statements that answer nothing.
	execTx(ctx context.Context, tx db.Tx, list []statement) error
}

func scribeOf(on interface{ Dialect() db.Dialect }) scribe {
	if on.Dialect() == db.SQLite {
		return liteScribe{}
	}
	return pgScribe{}
}
