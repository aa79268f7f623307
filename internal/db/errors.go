package db

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"gonets/internal/fault"
)

// badURL says that a database URL can't be used, without its password.
func badURL(raw string) error {
	shown := raw
	if u, err := url.Parse(raw); err == nil {
		shown = u.Redacted()
	} else if i := strings.Index(raw, "://"); i > 0 {
		shown = raw[:i] + "://…"
	}
	return fault.New(fault.Invalid, "db.url", fault.Args{"URL": shown})
}

// serverCause is the server's or the network's own word for a refused
// connection.
func serverCause(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Message
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e.Err.Error()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "timeout"
	}
	return "no connection"
}

// retryable says that PostgreSQL undid a transaction only because of others:
// serialization_failure and deadlock_detected.
func retryable(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "40001" || e.Code == "40P01")
}

// Taken says that a statement met a unique constraint: a row with that key is
// there already. PostgreSQL has aborted the transaction then. Where a row is
// inserted, ON CONFLICT asks better.
func Taken(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == "23505" // unique_violation
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && (e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}

// dividedByZero is how a statement of Expecting says that it met other rows.
func dividedByZero(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Code == "22012" // division_by_zero
}

// notText marks the error of a text that PostgreSQL can't keep (see Text): it is
// the fault of whoever sent it, not ours.
func notText(err error) error {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || e.Code != "22021" { // character_not_in_repertoire
		return err
	}
	return fault.Because(err, fault.Invalid, "db.not_text", nil)
}

// unavailable marks the errors that mean "the database is away" for the
// person; every other error passes as it is.
func unavailable(err error) error {
	if err == nil || !away(err) {
		return err
	}
	return fault.Because(err, fault.Unavailable, "db.away", nil)
}

// ended marks the error of a transaction whose connection ended with it, which
// pgx tells in many words ("unexpected EOF"). It also ends with its context.
func ended(conn *pgx.Conn, err error) error {
	if !conn.IsClosed() || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fault.Because(err, fault.Unavailable, "db.away", nil)
}

func away(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch e.Code {
		case "55P03", "57014", "25006": // a lock, or the server, was waited for too long; a primary is one no more
			return true
		}
		// Class 08: connection; 57P: the server is being stopped; 53: out of
		// connections, disk or memory.
		return strings.HasPrefix(e.Code, "08") || strings.HasPrefix(e.Code, "57P") || strings.HasPrefix(e.Code, "53")
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() & 0xff { // the primary code
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
			return true
		}
		return false
	}
	_, refused := errors.AsType[*pgconn.ConnectError](err)
	_, network := errors.AsType[*net.OpError](err)
	return refused || network || errors.Is(err, sql.ErrConnDone) || errors.Is(err, io.ErrUnexpectedEOF)
}
