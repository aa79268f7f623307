package db

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Flights runs a transaction on PostgreSQL in two round trips, where Tx takes one
// for each statement: what first queues goes with the BEGIN,
// and what last queues, once the answers to the first have been read, with the
// COMMIT. The answers are read by the queries' own functions. As with Tx, it
// may run again, so first begins anew.
func (d *DB) Flights(ctx context.Context, first func(now time.Time, flight *pgx.Batch), last func(flight *pgx.Batch)) error {
	return retried(func() error { return d.flights(ctx, first, last) })
}

func (d *DB) flights(ctx context.Context, first func(time.Time, *pgx.Batch), last func(*pgx.Batch)) error {
	conn, err := d.pg.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer conn.Release() // which ends a connection whose transaction is open
	flight := &pgx.Batch{}
	flight.Queue("begin")
	first(d.Now(), flight)
	if err := conn.SendBatch(ctx, flight).Close(); err != nil {
		return rollback(ctx, conn.Conn(), err)
	}
	flight = &pgx.Batch{}
	last(flight)
	flight.Queue("commit")
	if err := conn.SendBatch(ctx, flight).Close(); err != nil {
		return rollback(ctx, conn.Conn(), err)
	}
	return nil
}

// rollback keeps the connection, whatever the transaction died of.
func rollback(ctx context.Context, conn *pgx.Conn, cause error) error {
	if conn.IsClosed() {
		return ended(conn, cause)
	}
	if _, err := conn.Exec(context.WithoutCancel(ctx), "rollback"); err != nil {
		return errors.Join(cause, err)
	}
	return cause
}
