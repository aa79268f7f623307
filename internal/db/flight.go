package db

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Flights are transactions on PostgreSQL whose statements travel together,
// where those of Tx take a round trip each. They have a connection of their own,
// on which statements are planned once, for whatever they are asked: with each
// transaction anew would take a fifth of its time. And what is planned while
// the tables are small must still find its rows by their keys when they have
// grown, so tables are not read from end to end.
func flightsOf(write *pgxpool.Config) *pgxpool.Config {
	config := write.Copy()
	config.MaxConns, config.MinConns = 1, 0
	config.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
	config.ConnConfig.RuntimeParams["enable_seqscan"] = "off"
	return config
}

// ErrOtherwise says that a flight met other rows than it expected. Nothing of
// it was written.
var ErrOtherwise = errors.New("other rows than expected")

// Expecting is a statement that ends its transaction by ErrOtherwise if the
// number of its rows, or of those it returns, is not what the parameter behind
// its own says: that is $n.
func Expecting(query string, n int) string {
	return fmt.Sprintf(`WITH found AS (%s) SELECT 1 / (count(*) = $%d)::int FROM found`, query, n)
}

// Flight runs a transaction in one round trip: everything is queued before
// anything is answered. What travels together is a transaction, without being
// told so. As with Tx, it may run again, so queue begins anew.
func (d *DB) Flight(ctx context.Context, queue func(now time.Time, flight *pgx.Batch)) error {
	err := retried(func() error {
		return d.fly(ctx, func(conn *pgx.Conn) error {
			flight := &pgx.Batch{}
			queue(d.Now(), flight)
			return conn.SendBatch(ctx, flight).Close()
		})
	})
	if otherwise(err) {
		return ErrOtherwise
	}
	return err
}

// Flights runs a transaction in two round trips: what first queues goes with
// the BEGIN, and what last queues, once the answers to the first have been read,
// with the COMMIT. The answers are read by the queries' own functions. As with
// Tx, it may run again, so first begins anew.
func (d *DB) Flights(ctx context.Context, first func(now time.Time, flight *pgx.Batch), last func(flight *pgx.Batch)) error {
	return retried(func() error {
		return d.fly(ctx, func(conn *pgx.Conn) error {
			flight := &pgx.Batch{}
			flight.Queue("begin")
			first(d.Now(), flight)
			if err := conn.SendBatch(ctx, flight).Close(); err != nil {
				return err
			}
			flight = &pgx.Batch{}
			last(flight)
			flight.Queue("commit")
			return conn.SendBatch(ctx, flight).Close()
		})
	})
}

func (d *DB) fly(ctx context.Context, transaction func(*pgx.Conn) error) error {
	conn, err := d.pgFlights.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer conn.Release() // which ends a connection whose transaction is open
	if err := transaction(conn.Conn()); err != nil {
		return rollback(ctx, conn.Conn(), err)
	}
	return nil
}

// rollback keeps the connection, whatever the transaction died of.
func rollback(ctx context.Context, conn *pgx.Conn, cause error) error {
	if conn.IsClosed() {
		return ended(conn, cause)
	}
	if conn.PgConn().TxStatus() == 'I' { // none is open any more
		return cause
	}
	if _, err := conn.Exec(context.WithoutCancel(ctx), "rollback"); err != nil {
		return errors.Join(cause, err)
	}
	return cause
}
