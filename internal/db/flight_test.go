package db_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/fault"
)

// postgres is a PostgreSQL database of the test's own.
func postgres(t *testing.T) *db.DB {
	t.Helper()
	return dbtest.Open(t, dbtest.PostgresURL(t), db.SystemClock{})
}

const putText = `INSERT INTO settings (name, value) VALUES ($1, 'v')`

func settings(t *testing.T, d *db.DB) (n int64) {
	t.Helper()
	if err := d.Read().QueryRow(t.Context(), `SELECT count(*) FROM settings WHERE value = 'v'`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// A flight is written whole, or, where a statement meets other rows than
// expected, not at all; the connection is good for the next one either way.
func TestFlight(t *testing.T) {
	d := postgres(t)
	expecting := db.Expecting(putText+` RETURNING name`, 1)
	fly := func(rows int, names ...string) error {
		return d.Flight(t.Context(), func(_ time.Time, flight *pgx.Batch) {
			for _, name := range names {
				flight.Queue(expecting, name, rows)
			}
		})
	}
	if err := fly(1, "a", "b"); err != nil {
		t.Fatal(err)
	}
	if err := fly(2, "c"); !errors.Is(err, db.ErrOtherwise) {
		t.Errorf("two rows expected of one: %v", err)
	}
	if err := fly(1, "d", "a"); !db.Taken(err) {
		t.Errorf("a name that is there: %v", err)
	}
	if err := fly(1, "e"); err != nil {
		t.Error(err)
	}
	if n := settings(t, d); n != 3 {
		t.Errorf("%d rows, want 3", n)
	}
}

func TestFlightsInLegs(t *testing.T) {
	d := postgres(t)
	broken := errors.New("broken")
	fly := func(name string, fail error) error {
		var there int64
		return d.Flights(t.Context(), func(_ time.Time, flight *pgx.Batch) error {
			flight.Queue(putText, name)
			flight.Queue(`SELECT count(*) FROM settings WHERE name = $1`, name).QueryRow(func(row pgx.Row) error { return row.Scan(&there) })
			return nil
		}, func(_ time.Time, flight *pgx.Batch) error {
			if there != 1 {
				t.Errorf("%s: the second leg sees %d rows of the first", name, there)
			}
			flight.Queue(putText, name+" again")
			return fail
		})
	}
	if err := fly("kept", nil); err != nil {
		t.Fatal(err)
	}
	if err := fly("lost", broken); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
	if n := settings(t, d); n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
}

// Who shares a lock does not wait for others who do, but for who excludes them.
func TestShareAndExclude(t *testing.T) {
	d := postgres(t)
	tried := func(lock func(context.Context, db.Tx, string) error) error {
		return d.Tx(t.Context(), func(tx db.Tx) error {
			if _, err := tx.Exec(t.Context(), `SET LOCAL lock_timeout = '50ms'`); err != nil {
				return err
			}
			return lock(t.Context(), tx, "a door")
		})
	}
	for _, tt := range []struct {
		name         string
		held, tries  func(context.Context, db.Tx, string) error
		mustWaitLong bool
	}{
		{"share beside share", db.ShareTx, db.ShareTx, false},
		{"exclude beside share", db.ShareTx, db.ExcludeTx, true},
		{"share beside exclude", db.ExcludeTx, db.ShareTx, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := d.Tx(t.Context(), func(tx db.Tx) error {
				if err := tt.held(t.Context(), tx, "a door"); err != nil {
					return err
				}
				if err := tried(tt.tries); fault.Is(err, fault.Unavailable) != tt.mustWaitLong || !tt.mustWaitLong && err != nil {
					t.Errorf("got %v", err) // who waits too long is told that the database is away
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := tried(tt.tries); err != nil {
				t.Errorf("after the transaction: %v", err)
			}
		})
	}
}
