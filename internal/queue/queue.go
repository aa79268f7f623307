// Package queue hands work to whichever node is free: River behind a small
// front, on the same database and in the same transactions as everything else.
//
// A job may run twice, or be lost, and nothing changes: the tables of the
// packages above are the truth, and what a job finds done it leaves alone. Jobs
// are enqueued only in the transaction that causes them (an insertion of
// River's own beside ours would wait for the one SQLite writer for ever).
package queue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"gonets/internal/db"
)

// Lane keeps kinds of work from waiting for each other.
type Lane string

const (
	Batches Lane = "batches" // sending: fills the connections to the mail server
	Work    Lane = "work"    // planning and imports: minutes long
	Letters Lane = "letters" // the service's own e-mails: ahead of mailings
)

// Job is the description of a piece of work, stored as JSON. Kind names it for
// ever: jobs outlive a program's version.
type Job interface{ Kind() string }

// Options say how a kind of job is worked.
type Options struct {
	Lane    Lane
	Timeout time.Duration // after which its context ends; 0: one minute
}

// Workers is how many jobs a process works at once in each lane.
type Workers map[Lane]int

// rescueAfter is when River gives up on a job whose node died. Batches do not
// wait for it (their leases end sooner); it tidies up behind.
const rescueAfter = 90 * time.Second

// Queue enqueues jobs and, where it was started, works them.
type Queue struct {
	lite    *river.Client[*sql.Tx]
	pg      *river.Client[pgx.Tx]
	workers *river.Workers
	db      *db.DB
	log     *slog.Logger
	lanes   map[string]Lane
	started bool
}

// New is a queue on the database. Register the jobs' work with Handle, then
// Open it.
func New(d *db.DB, log *slog.Logger) *Queue {
	return &Queue{db: d, log: log, workers: river.NewWorkers(), lanes: map[string]Lane{}}
}

// Handle registers how jobs of a kind are worked. An error makes River try
// again later; Later says when. It panics on a kind registered twice.
func Handle[J Job](q *Queue, o Options, work func(context.Context, J) error) {
	var job J
	q.lanes[job.Kind()] = o.Lane
	river.AddWorker(q.workers, &worker[J]{work: work, timeout: o.Timeout})
}

type worker[J Job] struct {
	river.WorkerDefaults[J]
	work    func(context.Context, J) error
	timeout time.Duration
}

func (w *worker[J]) Work(ctx context.Context, job *river.Job[J]) error { return w.work(ctx, job.Args) }

func (w *worker[J]) Timeout(*river.Job[J]) time.Duration { return w.timeout }

// Later makes the job come back after d; it is no failure.
func Later(d time.Duration) error { return river.JobSnooze(d) }

// Open readies the queue: for enqueuing alone, or, with workers, for Start.
func (q *Queue) Open(workers Workers) error {
	config := &river.Config{
		Logger:                      slog.New(quiet{q.log.Handler()}),
		Workers:                     q.workers,
		JobTimeout:                  time.Minute,
		RescueStuckJobsAfter:        rescueAfter,
		CompletedJobRetentionPeriod: time.Hour,
		MaxAttempts:                 river.MaxAttemptsDefault,
	}
	for lane, n := range workers {
		if config.Queues == nil {
			config.Queues = map[string]river.QueueConfig{}
		}
		config.Queues[string(lane)] = river.QueueConfig{MaxWorkers: n, FetchCooldown: 20 * time.Millisecond}
	}
	q.started = config.Queues != nil
	var err error
	if q.db.Dialect() == db.SQLite {
		q.lite, err = river.NewClient(liteDriver{riversqlite.New(q.db.Writer())}, config)
	} else {
		q.pg, err = river.NewClient(pgDriver{riverpgxv5.New(q.db.Pool())}, config)
	}
	if err != nil {
		return fmt.Errorf("open the queue: %w", err)
	}
	return nil
}

// Start begins to work jobs; it returns at once. Without workers it does
// nothing.
func (q *Queue) Start(ctx context.Context) error {
	if !q.started {
		return nil
	}
	// The jobs outlive the start's context; Stop ends them.
	ctx = context.WithoutCancel(ctx)
	if q.lite != nil {
		return q.lite.Start(ctx)
	}
	return q.pg.Start(ctx)
}

// Stop cancels the contexts of running jobs and waits for them to return, or
// for ctx to end. Jobs that were cut short go back to the queue.
func (q *Queue) Stop(ctx context.Context) error {
	if !q.started {
		return nil
	}
	var err error
	if q.lite != nil {
		err = q.lite.StopAndCancel(ctx)
	} else {
		err = q.pg.StopAndCancel(ctx)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("stop the queue: %w", err)
	}
	return err
}

// InsertTx enqueues jobs for as soon as the transaction is committed.
func (q *Queue) InsertTx(ctx context.Context, tx db.Tx, jobs ...Job) error {
	if len(jobs) == 0 {
		return nil
	}
	params := make([]river.InsertManyParams, len(jobs))
	for i, job := range jobs {
		lane, ok := q.lanes[job.Kind()]
		if !ok {
			return fmt.Errorf("enqueue: nobody handles %q", job.Kind())
		}
		params[i] = river.InsertManyParams{Args: job, InsertOpts: &river.InsertOpts{Queue: string(lane)}}
	}
	var err error
	switch raw := tx.Raw().(type) {
	case *sql.Tx:
		_, err = q.lite.InsertManyTx(ctx, raw, params)
	case pgx.Tx:
		_, err = q.pg.InsertManyTx(ctx, raw, params)
	default:
		err = fmt.Errorf("unknown transaction %T", raw)
	}
	if err != nil {
		return fmt.Errorf("enqueue: %w", err)
	}
	return nil
}

// Depth says how many jobs wait or run, and since when the oldest waits (the
// zero time where none does).
func Depth(ctx context.Context, q db.Q) (jobs int64, oldest time.Time, err error) {
	var at db.Time
	query := `SELECT count(*), coalesce(min(CAST(extract(epoch FROM created_at) * 1000000 AS BIGINT)), 0)
		FROM river_job WHERE state IN ('available', 'running', 'retryable', 'scheduled')`
	if q.Dialect() == db.SQLite {
		query = `SELECT count(*), coalesce(min(CAST(unixepoch(created_at, 'subsec') * 1000000 AS INTEGER)), 0)
			FROM river_job WHERE state IN ('available', 'running', 'retryable', 'scheduled')`
	}
	err = q.QueryRow(ctx, query).Scan(&jobs, &at)
	return jobs, at.Time(), err
}

// Migrate makes or updates River's tables; run it under db.Migrate's lock.
func Migrate(d *db.DB) func(context.Context) error {
	return func(ctx context.Context) error {
		var err error
		config := &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)}
		if d.Dialect() == db.SQLite {
			err = up(ctx, riversqlite.New(d.Writer()), config)
		} else {
			err = up(ctx, riverpgxv5.New(d.Pool()), config)
		}
		if err != nil {
			return fmt.Errorf("migrate the queue: %w", err)
		}
		return nil
	}
}

var _ rivertype.JobArgs = Job(nil)
