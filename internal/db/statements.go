package db

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// statements are those that SQLite's connections for writing, or for reading,
// are asked again and again: preparing one costs more than running it. (On
// PostgreSQL, pgx does the same.)
type statements struct {
	mu       sync.Mutex
	prepared map[string]*sql.Stmt
	seen     map[string]int // how often those were asked that are not prepared
	often    []string       // those to be prepared
}

const (
	oftenIs       = 3 // times
	maxPrepared   = 200
	maxStatements = 1000 // to be counted, lest texts that are made up pile up
)

func newStatements() *statements {
	return &statements{prepared: map[string]*sql.Stmt{}, seen: map[string]int{}}
}

// prepare prepares what was asked often, outside any transaction. It goes on
// when whoever asks has left: others ask for the same.
func (s *statements) prepare(ctx context.Context, on *sql.DB) {
	s.mu.Lock()
	often := s.often
	s.often = nil
	s.mu.Unlock()
	for _, query := range often {
		statement, err := on.PrepareContext(context.WithoutCancel(ctx), query)
		if err != nil {
			continue // the next to ask is told why
		}
		s.mu.Lock()
		s.prepared[query] = statement
		s.mu.Unlock()
	}
}

// find returns a prepared statement, or nil, and counts who asks.
func (s *statements) find(query string) *sql.Stmt {
	s.mu.Lock()
	defer s.mu.Unlock()
	if statement := s.prepared[query]; statement != nil {
		return statement
	}
	if len(s.seen) >= maxStatements {
		clear(s.seen)
	}
	s.seen[query]++
	if s.seen[query] == oftenIs && len(s.prepared)+len(s.often) < maxPrepared {
		s.often = append(s.often, query)
	}
	return nil
}

func (s *statements) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, statement := range s.prepared {
		errs = append(errs, statement.Close())
	}
	clear(s.prepared)
	return errors.Join(errs...)
}

// fluentTx is a transaction that uses prepared statements where there are any.
// As on PostgreSQL, the rows of a query are to be closed before it is asked
// again.
type fluentTx struct {
	*sql.Tx
	known *statements
	bound map[string]*sql.Stmt // to this transaction
}

func (d *DB) fluent(tx *sql.Tx) *fluentTx {
	return &fluentTx{Tx: tx, known: d.known, bound: map[string]*sql.Stmt{}}
}

func (t *fluentTx) statement(ctx context.Context, query string) *sql.Stmt {
	if bound := t.bound[query]; bound != nil {
		return bound
	}
	statement := t.known.find(query)
	if statement == nil {
		return nil
	}
	bound := t.StmtContext(ctx, statement)
	t.bound[query] = bound
	return bound
}

func (t *fluentTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if s := t.statement(ctx, query); s != nil {
		return s.ExecContext(ctx, args...)
	}
	return t.Tx.ExecContext(ctx, query, args...)
}

func (t *fluentTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if s := t.statement(ctx, query); s != nil {
		return s.QueryContext(ctx, args...)
	}
	return t.Tx.QueryContext(ctx, query, args...)
}

func (t *fluentTx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if s := t.statement(ctx, query); s != nil {
		return s.QueryRowContext(ctx, args...)
	}
	return t.Tx.QueryRowContext(ctx, query, args...)
}

// fluentReads are the connections for reading; each of them prepares a
// statement when it is first asked it.
type fluentReads struct {
	*sql.DB
	known *statements
}

func (r *fluentReads) statement(ctx context.Context, query string) *sql.Stmt {
	statement := r.known.find(query)
	if statement == nil {
		r.known.prepare(ctx, r.DB)
	}
	return statement
}

func (r *fluentReads) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if s := r.statement(ctx, query); s != nil {
		return s.QueryContext(ctx, args...)
	}
	return r.DB.QueryContext(ctx, query, args...)
}

func (r *fluentReads) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if s := r.statement(ctx, query); s != nil {
		return s.QueryRowContext(ctx, args...)
	}
	return r.DB.QueryRowContext(ctx, query, args...)
}
