// Package db opens the database, SQLite or PostgreSQL, and hides which one it
// is from everyone above.
//
// One SQL text serves both: placeholders are $1, $2, …; a list is matched by
// "= ANY($1)" with a Go slice; keys are int64; moments are Time; there are no
// NULLs and no booleans in the schema. What really differs (bulk insertion,
// locks) is asked by Dialect and lives in one file per dialect beside its
// shared twin.
//
// Rules that only one of the two would enforce, and that hold for both:
//
//   - Close rows before the next statement of the same transaction.
//   - Never open a transaction inside another one.
//   - Never write through Read.
//   - Insert with ON CONFLICT … RETURNING and translate the empty answer: a
//     unique violation aborts a PostgreSQL transaction.
//   - A write transaction is short (50 ms): SQLite has one writer, and a
//     running mailing needs it too. Work of any size goes in chunks.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Dialect names the database behind a DB.
type Dialect string

const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// Row is the answer of QueryRow; Scan says ErrNoRows where there was none.
type Row interface{ Scan(dest ...any) error }

// Rows are the answer of Query. Close may be called twice.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close()
}

// Q runs statements, in a transaction or, for reading, without one.
type Q interface {
	// Exec runs a statement and says how many rows it touched.
	Exec(ctx context.Context, query string, args ...any) (int64, error)
	Query(ctx context.Context, query string, args ...any) (Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) Row
	// Dialect says which database answers, for the few texts that differ.
	Dialect() Dialect
	// Raw is the driver's own transaction (*sql.Tx or pgx.Tx), for packages
	// queue and the dialect files of hot queries; nil where there is none.
	Raw() any
}

// Tx is a transaction for writing. A pool is no Tx.
type Tx interface {
	Q
	// Now is the one moment of the whole transaction.
	Now() time.Time
	inTx()
}

// ErrNoRows says that a query for one row found none.
var ErrNoRows = sql.ErrNoRows

// DB is an open database. It is safe for concurrent use.
type DB struct {
	dialect Dialect
	clock   Clock
	path    string // SQLite: the file
	dir     string // SQLite: where the lock files lie

	lite  *sql.DB      // SQLite: one connection, for writing
	reads *fluentReads // SQLite: many, for reading
	known *statements

	pg        *pgxpool.Pool
	pgReads   *pgxpool.Pool // refuses to write
	pgFlights *pgxpool.Pool // one connection
}

// Open opens the database that url names: "sqlite:PATH" or
// "postgres://user:password@host/name". The schema is not touched; see
// Migrate. Errors are *fault.Error with a sentence that says what to do.
func Open(ctx context.Context, url string, clock Clock) (*DB, error) {
	switch {
	case strings.HasPrefix(url, "sqlite:"):
		return openSQLite(ctx, strings.TrimPrefix(url, "sqlite:"), clock)
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		return openPostgres(ctx, url, clock)
	default:
		return nil, badURL(url)
	}
}

// Dialect says which database this is.
func (d *DB) Dialect() Dialect { return d.dialect }

// Now is the present moment by the injected clock, in UTC.
func (d *DB) Now() time.Time { return d.clock.Now().UTC() }

// Writer is the SQLite connection for writing, for package queue; nil on
// PostgreSQL.
func (d *DB) Writer() *sql.DB { return d.lite }

// Pool is the PostgreSQL pool for writing, for package queue; nil on SQLite.
func (d *DB) Pool() *pgxpool.Pool { return d.pg }

// Read answers queries outside any transaction, from what is committed.
func (d *DB) Read() Q {
	if d.dialect == SQLite {
		return liteQ{d.reads, nil}
	}
	return pgQ{d.pgReads, nil}
}

// Brief is a context for reading a few rows by their keys, before every page.
// On SQLite that takes less time than to watch whether whoever asks still
// waits, so nobody watches.
func (d *DB) Brief(ctx context.Context) context.Context {
	if d.dialect == SQLite {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

// Tx runs f in a transaction for writing: committed if f returns nil, rolled
// back otherwise. Where PostgreSQL asks for it (deadlock, serialization), f
// runs again, so f must have no effect but through its Tx.
func (d *DB) Tx(ctx context.Context, f func(Tx) error) error {
	return retried(func() error { return d.tx(ctx, f) })
}

// retried tries a transaction again where PostgreSQL asks for it.
func retried(transaction func() error) error {
	const tries = 4
	for try := 1; ; try++ {
		err := transaction()
		if err == nil || !retryable(err) || try == tries {
			return unavailable(err)
		}
	}
}

func (d *DB) tx(ctx context.Context, f func(Tx) error) error {
	if d.dialect == SQLite {
		return d.txSQLite(ctx, f)
	}
	return d.txPostgres(ctx, f)
}

// Ping asks the database for a sign of life.
func (d *DB) Ping(ctx context.Context) error {
	var one int64
	if err := d.Read().QueryRow(ctx, `SELECT count(*) FROM settings`).Scan(&one); err != nil {
		return unavailable(err)
	}
	return nil
}

// Close waits for running statements and closes every connection.
func (d *DB) Close() error {
	if d.dialect == SQLite {
		return errors.Join(d.reads.known.close(), d.reads.Close(), d.known.close(), d.lite.Close())
	}
	d.pgFlights.Close()
	d.pgReads.Close()
	d.pg.Close()
	return nil
}

// Size is the space that the database takes, in bytes.
func (d *DB) Size(ctx context.Context) (int64, error) {
	query := `SELECT pg_database_size(current_database())`
	if d.dialect == SQLite {
		query = `SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()`
	}
	var bytes int64
	if err := d.Read().QueryRow(ctx, query).Scan(&bytes); err != nil {
		return 0, fmt.Errorf("ask for the database's size: %w", err)
	}
	return bytes, nil
}
