package db

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Snapshot lets f read the database as it stands at one moment: several
// queries agree with each other, whatever is committed meanwhile. Writing is
// refused, and nobody waits.
func (d *DB) Snapshot(ctx context.Context, f func(Q) error) error {
	if d.dialect == SQLite {
		return unavailable(d.snapshotSQLite(ctx, f))
	}
	return unavailable(d.snapshotPostgres(ctx, f))
}

func (d *DB) snapshotSQLite(ctx context.Context, f func(Q) error) error {
	tx, err := d.reads.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin to read: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	return f(liteQ{tx, tx})
}

func (d *DB) snapshotPostgres(ctx context.Context, f func(Q) error) error {
	tx, err := d.pgReads.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return fmt.Errorf("begin to read: %w", err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // nothing was written
	return f(pgQ{tx, tx})
}
