package db

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"gonets/internal/fault"
)

// openPostgres opens three pools: one for writing, which package queue shares,
// one that refuses to write, as SQLite's readers do, and one for flights.
//
// A process that is stopped inside a transaction must not block the others
// for ever: the server ends such a transaction after ten seconds.
func openPostgres(ctx context.Context, url string, clock Clock) (*DB, error) {
	write, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, badURL("postgres://…")
	}
	params := write.ConnConfig.RuntimeParams
	params["application_name"] = "gonets"
	params["timezone"] = "UTC"
	params["idle_in_transaction_session_timeout"] = "10s"
	params["lock_timeout"] = "15s"
	// Who waited for a lock must see what its holder committed.
	params["default_transaction_isolation"] = "read committed"
	if write.ConnConfig.ConnectTimeout == 0 {
		write.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	write.MaxConns = max(write.MaxConns, 12)
	read := write.Copy()
	read.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"

	d := &DB{dialect: Postgres, clock: clock}
	if d.pg, err = pgxpool.NewWithConfig(ctx, write); err != nil {
		return nil, badURL("postgres://…")
	}
	if d.pgReads, err = pgxpool.NewWithConfig(ctx, read); err != nil {
		d.pg.Close()
		return nil, badURL("postgres://…")
	}
	if d.pgFlights, err = pgxpool.NewWithConfig(ctx, flightsOf(write)); err != nil {
		d.pgReads.Close()
		d.pg.Close()
		return nil, badURL("postgres://…")
	}
	if err := d.pg.Ping(ctx); err != nil {
		d.Close() //nolint:errcheck // the ping's error is the one to tell
		host := fmt.Sprintf("%s:%d/%s", write.ConnConfig.Host, write.ConnConfig.Port, write.ConnConfig.Database)
		return nil, fault.Because(err, fault.Unavailable, "db.connect", fault.Args{"Server": host, "Cause": serverCause(err)})
	}
	return d, nil
}

func (d *DB) txPostgres(ctx context.Context, f func(Tx) error) error {
	conn, err := d.pg.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer conn.Release()
	tx, err := conn.Begin(ctx)
	if err != nil {
		return ended(conn.Conn(), fmt.Errorf("begin: %w", err))
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // after Commit it says ErrTxClosed, after a failure the first error counts
	if err := f(pgTx{pgQ{tx, tx}, d.Now()}); err != nil {
		return ended(conn.Conn(), err)
	}
	if err := tx.Commit(ctx); err != nil {
		return ended(conn.Conn(), fmt.Errorf("commit: %w", err))
	}
	return nil
}

// pgExecutor is what *pgxpool.Pool and pgx.Tx have in common.
type pgExecutor interface {
	Exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) pgx.Row
}

type pgQ struct {
	on pgExecutor
	tx pgx.Tx
}

type pgTx struct {
	pgQ
	now time.Time
}

func (t pgTx) Now() time.Time { return t.now }
func (pgTx) inTx()            {}

func (pgQ) Dialect() Dialect { return Postgres }

func (q pgQ) Raw() any {
	if q.tx == nil {
		return nil
	}
	return q.tx
}

func (q pgQ) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	tag, err := q.on.Exec(ctx, query, args...)
	return tag.RowsAffected(), told(err)
}

func (q pgQ) Query(ctx context.Context, query string, args ...any) (Rows, error) {
	rows, err := q.on.Query(ctx, query, args...)
	if err != nil {
		return nil, told(err)
	}
	return pgRows{rows}, nil
}

func (q pgQ) QueryRow(ctx context.Context, query string, args ...any) Row {
	return pgRow{q.on.QueryRow(ctx, query, args...)}
}

type pgRows struct{ pgx.Rows }

func (r pgRows) Err() error { return told(r.Rows.Err()) }

type pgRow struct{ pgx.Row }

func (r pgRow) Scan(dest ...any) error { return told(r.Row.Scan(dest...)) }

// told is an error of a statement as persons may have to be told of it: nobody
// else looks at those of what is read outside a transaction.
func told(err error) error { return unavailable(notText(err)) }
