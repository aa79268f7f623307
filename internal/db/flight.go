package db

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// flightsOf configures the connection of flights: transactions on PostgreSQL
// whose statements travel together, where those of Tx take a round trip each.
// Statements are planned once, for whatever they are asked: with each
// transaction anew would take a fifth of its time. And what is planned while
// the tables are small must still find its rows when they have grown, so tables
// are not read from end to end.
func flightsOf(write *pgxpool.Config) *pgxpool.Config {
	config := write.Copy()
	config.MaxConns, config.MinConns = 1, 0
	config.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
	config.ConnConfig.RuntimeParams["enable_seqscan"] = "off"
	return config
}

// ErrOtherwise says that a statement of Expecting met another number of rows.
// Nothing of its flight was written.
var ErrOtherwise = errors.New("other rows than expected")

// Expecting makes of a query, or of a statement with RETURNING, one that holds
// the number of its rows against a further parameter, behind the so many of the
// query itself. Where they differ it divides by zero, which is what ends the
// transaction: nobody here can look at an answer before a flight is committed.
// The server's log has that error, and the connection plans its statements
// anew, so this is for what is nearly always as expected.
func Expecting(query string, parameters int) string {
	return fmt.Sprintf(`WITH found AS (%s) SELECT 1 / (count(*) = $%d)::int FROM found`, query, parameters+1)
}

// Flight runs a transaction in one round trip: everything is queued before
// anything is answered. What travels together is a transaction, without being
// told so. As with Tx, it may run again, so queue begins anew. Where the
// connection ends before the answer, the flight may still arrive, and later than
// what is sent after it: it must hold for itself that it is not too late.
func (d *DB) Flight(ctx context.Context, queue func(now time.Time, flight *pgx.Batch)) error {
	err := retried(func() error {
		return d.fly(ctx, func(conn *pgx.Conn) error {
			flight := &pgx.Batch{}
			queue(d.Now(), flight)
			return conn.SendBatch(ctx, flight).Close()
		})
	})
	if dividedByZero(err) {
		return ErrOtherwise
	}
	return err
}

// Flights runs a transaction in as many round trips as there are legs. Each
// queues its statements once the answers to those before have been read, by the
// queries' own functions, and may end the transaction by an error. As with Tx,
// it may run again, so the first leg begins anew.
func (d *DB) Flights(ctx context.Context, legs ...func(now time.Time, flight *pgx.Batch) error) error {
	return retried(func() error {
		return d.fly(ctx, func(conn *pgx.Conn) error {
			now := d.Now()
			for i, leg := range legs {
				flight := &pgx.Batch{}
				if i == 0 {
					flight.Queue("begin")
				}
				if err := leg(now, flight); err != nil {
					return err
				}
				if i == len(legs)-1 {
					flight.Queue("commit")
				}
				if err := conn.SendBatch(ctx, flight).Close(); err != nil {
					return err
				}
			}
			return nil
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
