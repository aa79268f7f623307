package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	"gonets/internal/fault"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// openSQLite opens the file at path, making it and its folder if needed.
//
// One connection writes and many read (WAL): two writers would only wait for
// each other, unfairly. Transactions begin IMMEDIATE, so that a reader never
// has to become a writer half way. synchronous=FULL: what is committed
// survives the power cut, which the mark before the final dot rests on.
func openSQLite(ctx context.Context, path string, clock Clock) (*DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fault.Because(err, fault.Unavailable, "db.path", fault.Args{"Path": path})
	}
	dir := filepath.Dir(path)
	if err := writable(dir); err != nil {
		return nil, fault.Because(err, fault.Unavailable, "db.directory", fault.Args{"Path": dir, "Cause": plainCause(err)})
	}
	pragmas := url.Values{"_pragma": {
		"journal_mode(WAL)", "busy_timeout(10000)", "synchronous(FULL)",
		"foreign_keys(ON)", "temp_store(MEMORY)", "cache_size(-16000)", "wal_autocheckpoint(4000)",
	}}
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + pragmas.Encode()
	d := &DB{dialect: SQLite, clock: clock, path: path, dir: dir, known: newStatements()}
	if d.lite, err = sql.Open("sqlite", dsn+"&_txlock=immediate"); err != nil {
		return nil, badURL("sqlite:" + path)
	}
	d.lite.SetMaxOpenConns(1)
	if err := d.lite.PingContext(ctx); err != nil {
		d.lite.Close()
		return nil, fault.Because(err, fault.Unavailable, "db.open_file", fault.Args{"Path": path, "Cause": plainCause(err)})
	}
	reads, err := sql.Open("sqlite", dsn+"&_pragma=query_only(ON)")
	if err != nil {
		d.lite.Close()
		return nil, badURL("sqlite:" + path)
	}
	readers := max(4, 2*runtime.NumCPU())
	reads.SetMaxOpenConns(readers)
	reads.SetMaxIdleConns(readers)
	d.reads = &fluentReads{reads, newStatements()}
	return d, nil
}

// writable makes the folder if needed, and proves that a file can be written.
func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	probe, err := os.CreateTemp(dir, ".writable-*")
	if err != nil {
		return err
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// plainCause is the system's own word for a failed file operation ("permission
// denied"), without the path, which the sentence has already.
func plainCause(err error) string {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err.Error()
	}
	return err.Error()
}

func (d *DB) txSQLite(ctx context.Context, f func(Tx) error) error {
	d.known.prepare(ctx, d.lite)
	tx, err := d.lite.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it says ErrTxDone, after a failure the first error counts
	if err := f(liteTx{liteQ{d.fluent(tx), tx}, d.Now()}); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// executor is what *sql.DB and *sql.Tx have in common.
type executor interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

type liteQ struct {
	on executor
	tx *sql.Tx
}

type liteTx struct {
	liteQ
	now time.Time
}

func (t liteTx) Now() time.Time { return t.now }
func (liteTx) inTx()            {}

func (liteQ) Dialect() Dialect { return SQLite }

func (q liteQ) Raw() any {
	if q.tx == nil {
		return nil
	}
	return q.tx
}

func (q liteQ) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := q.on.ExecContext(ctx, liteText(query), liteArgs(args)...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (q liteQ) Query(ctx context.Context, query string, args ...any) (Rows, error) {
	rows, err := q.on.QueryContext(ctx, liteText(query), liteArgs(args)...)
	if err != nil {
		return nil, err
	}
	return liteRows{rows}, nil
}

func (q liteQ) QueryRow(ctx context.Context, query string, args ...any) Row {
	return q.on.QueryRowContext(ctx, liteText(query), liteArgs(args)...)
}

type liteRows struct{ *sql.Rows }

func (r liteRows) Close() { r.Rows.Close() } //nolint:errcheck // Err has it

var anyOf = regexp.MustCompile(`= ANY\((\$\d+)\)`)

// liteText writes "= ANY($1)" as SQLite can do it, using the index still.
func liteText(query string) string {
	if !strings.Contains(query, "= ANY(") {
		return query
	}
	return anyOf.ReplaceAllString(query, "IN (SELECT value FROM json_each($1))")
}

// liteArgs turns slices into the JSON that json_each reads.
func liteArgs(args []any) []any {
	for i, arg := range args {
		switch arg.(type) {
		case []int64, []string:
			list, err := json.Marshal(arg)
			if err != nil {
				continue // neither type can fail
			}
			copied := append([]any(nil), args...)
			copied[i] = string(list)
			args = copied
		}
	}
	return args
}
