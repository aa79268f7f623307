package queue_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/queue"
)

type job struct{ N int }

func (job) Kind() string { return "test" }

// TestJobs are worked once their transaction is committed, and not otherwise.
func TestJobs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q, worked := open(t, d, dbtest.Log(t).Handler())
		ctx := t.Context()
		if err := d.Tx(ctx, func(tx db.Tx) error { return q.InsertTx(ctx, tx, job{1}, job{2}) }); err != nil {
			t.Fatal(err)
		}
		rolledBack := context.Canceled
		if err := d.Tx(ctx, func(tx db.Tx) error {
			if err := q.InsertTx(ctx, tx, job{4}); err != nil {
				return err
			}
			return rolledBack
		}); err == nil {
			t.Fatal("the transaction was committed")
		}
		if got := <-worked + <-worked; got != 3 {
			t.Errorf("got the jobs' sum %d, want 3", got)
		}
		if err := q.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
		if n, oldest, err := queue.Depth(ctx, d.Read()); err != nil || n != 0 || !oldest.IsZero() {
			t.Errorf("got %d jobs since %v (%v), want none", n, oldest, err)
		}
	})
}

// TestUnknownJob is refused: nobody would work it.
func TestUnknownJob(t *testing.T) {
	d := dbtest.SQLite(t)
	q := queue.New(d, dbtest.Log(t))
	if err := q.Open(nil); err != nil {
		t.Fatal(err)
	}
	err := d.Tx(t.Context(), func(tx db.Tx) error { return q.InsertTx(t.Context(), tx, job{1}) })
	if err == nil {
		t.Error("got nil, want an error")
	}
}

// TestStopWithoutDatabase ends soon, and without running in circles meanwhile.
func TestStopWithoutDatabase(t *testing.T) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLiteURL, "postgres": dbtest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			where := url(t)
			d, err := db.Open(t.Context(), where, db.SystemClock{})
			if err != nil {
				t.Fatal(err)
			}
			log := &complaints{Handler: slog.DiscardHandler, about: make(chan string, 10_000)}
			q, _ := open(t, d, log)
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
			if name == "postgres" {
				disconnect(t, where)
			}
			for text := range log.about {
				if strings.Contains(text, "Error running listener") {
					break
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
			defer cancel()
			if err := q.Stop(ctx); err != nil {
				t.Errorf("stop: %v", err)
			}
			const few = 100
			if got := len(log.about); got > few {
				t.Errorf("got %d lines of log, want a few", got)
			}
		})
	}
}

// disconnect ends every connection to the database but its own: the listener
// has one that is not the pool's.
func disconnect(t *testing.T, url string) {
	t.Helper()
	d := dbtest.Open(t, url, db.SystemClock{})
	rows, err := d.Read().Query(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	if err != nil {
		t.Fatal(err)
	}
	rows.Close()
}

// complaints are what is logged, as far as there is room for it.
type complaints struct {
	slog.Handler
	about chan string
}

func (c *complaints) Enabled(context.Context, slog.Level) bool { return true }

func (c *complaints) Handle(_ context.Context, r slog.Record) error {
	select {
	case c.about <- r.Message:
	default:
	}
	return nil
}

func (c *complaints) WithAttrs([]slog.Attr) slog.Handler { return c }

// open starts a queue that tells which jobs it works.
func open(t *testing.T, d *db.DB, log slog.Handler) (*queue.Queue, <-chan int) {
	t.Helper()
	q, worked := queue.New(d, slog.New(log)), make(chan int, 10)
	queue.Handle(q, queue.Options{Lane: queue.Work}, func(_ context.Context, j job) error { worked <- j.N; return nil })
	if err := q.Open(queue.Workers{queue.Work: 1}); err != nil {
		t.Fatal(err)
	}
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return q, worked
}
