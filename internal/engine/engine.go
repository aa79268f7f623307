// Package engine sends: it opens due runs, plans them, hands each message to
// the mail server, records what became of it, retries, and cleans up behind
// nodes that died. It reads from top to bottom in one sitting:
//
//	tick.go     every second: open what is due, sweep, retry, feed
//	plan.go     a job: write the deliveries of a run
//	batch.go    a job: take the lease of a batch, put its parcels in the outbox
//	courier.go  one connection: offer, mark, deliver, record
//	letter.go   a parcel becomes the bytes of a message
//	result.go   what the server said becomes a result
//	server.go   which mail server; what fails before MAIL is its own: wait for it
//
// A courier's turn is one message: the final dot of message k and the offer of
// message k+1 leave in one flight, and the result of k and the mark of k+1 are
// committed together. So each message costs its connection one round trip and
// one group commit, and never leaves before the ledger holds durably that it
// is leaving.
package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/delivery"
	"gonets/internal/fault"
	"gonets/internal/mailing"
	"gonets/internal/mailserver"
	"gonets/internal/message"
	"gonets/internal/queue"
	"gonets/internal/recipient"
)

// Parts are what the engine works with.
type Parts struct {
	Ledger     *delivery.Ledger
	Mailings   *mailing.Mailings
	Recipients *recipient.Recipients
	Messages   *message.Messages
	Queue      *queue.Queue
	Servers    Servers
	Store      Store
	Throttle   Throttle // of tests; nil: none
	Clock      db.Clock
	Log        *slog.Logger
}

// Store is what the engine needs of the database itself.
type Store interface {
	// Hold takes the lock of a name for as long as this process lives.
	Hold(ctx context.Context, name string) (release func(), held bool, err error)
	// Read answers queries.
	Read() db.Q
}

// Throttle refuses a test where a user sends too many.
type Throttle interface {
	Test(ctx context.Context, actor account.Actor) error
}

// Servers says which mail server is to be used now; the zero Server is none.
// It is asked every second.
type Servers interface {
	Current(ctx context.Context) (mailserver.Server, error)
}

// Options say how this process sends.
type Options struct {
	Node         string // this process's name in leases; unique among living processes
	EnvelopeFrom string // the return path; empty: the mailing's sender
	From         string // sender of tests: the service itself
	Host         string // right side of Message-IDs
	Scheduler    bool   // open due runs
	Worker       bool   // plan and send
}

// How the work of one process is cut.
const (
	tickEvery    = time.Second
	batchesAhead = 8                // of one run in the queue at once
	batchesAtAll = 4                // in work at once in this process
	batchTime    = 45 * time.Second // after which a batch hands the rest back
	jobTime      = time.Minute
	planTime     = 10 * time.Minute
	idleTime     = 30 * time.Second // after which an unused connection is closed
	finishTime   = 11 * time.Second // for messages in flight when the process ends
	nameTime     = 5 * time.Second  // for a dead process of the same name to be noticed
	atOnce       = 3                // new tries at once of a connection that dropped
)

// Engine sends the mailings of a database, beside any number of others.
type Engine struct {
	Parts
	o       Options
	relay   atomic.Pointer[relay] // never nil
	chosen  bool                  // by chooseServer, at least once
	telling sync.Mutex            // one word at a time about the mail server
	crew    crew
	outbox  chan *parcel
	lanes   lanes
	inWork  inWork
	nudges  chan struct{}
	started bool

	work     context.Context // ends when the process begins to stop
	stop     context.CancelFunc
	wire     context.Context // ends finishTime later: what awaits a reply then is uncertain
	cut      context.CancelFunc
	sent     sync.WaitGroup  // couriers and batches
	books    context.Context // ends when the last result is recorded
	finished context.CancelFunc
	rest     sync.WaitGroup // ticker, committer
	release  func()
}

// New is an engine that does nothing yet: Register its jobs, open the queue,
// then Start it.
func New(p Parts, o Options) *Engine {
	e := &Engine{
		Parts:  p,
		o:      o,
		outbox: make(chan *parcel),
		nudges: make(chan struct{}, 1),
	}
	e.crew.at = map[int]bool{}
	e.relay.Store(newRelay(mailserver.Server{}))
	e.work, e.stop = context.WithCancel(context.Background())
	e.wire, e.cut = context.WithCancel(context.Background())
	e.books, e.finished = context.WithCancel(context.Background())
	return e
}

// Register tells the queue how the engine's jobs are worked.
func (e *Engine) Register() {
	queue.Handle(e.Queue, queue.Options{Lane: queue.Work, Timeout: planTime}, e.plan)
	queue.Handle(e.Queue, queue.Options{Lane: queue.Batches, Timeout: jobTime}, e.sendBatch)
}

// Workers is how many jobs of the engine's lanes this process works at once.
func (e *Engine) Workers() queue.Workers {
	if !e.o.Worker {
		return nil
	}
	return queue.Workers{queue.Batches: batchesAtAll, queue.Work: 2}
}

// Start frees what a dead predecessor of the same name left behind, and begins
// to work. It fails if a living process has the name. Start the queue after it.
func (e *Engine) Start(ctx context.Context) error {
	release, err := e.claimName(ctx)
	if err != nil {
		return fmt.Errorf("start the engine: %w", err)
	}
	e.release = release
	freed, err := e.Ledger.FreeOwn(ctx, e.o.Node)
	if err != nil {
		release()
		return fmt.Errorf("start the engine: %w", err)
	}
	if freed > 0 {
		e.Log.Info("go on where the last process of this name ended", "node", e.o.Node, "batches", freed)
	}
	e.rest.Go(func() { e.Ledger.Run(e.books) })
	e.try("choose the mail server", e.chooseServer)
	e.rest.Go(e.ticks)
	if e.o.Worker {
		e.rest.Go(e.renewals)
		e.sent.Go(e.resumePlans)
	}
	e.started = true
	return nil
}

// claimName takes the lock of this node's name. PostgreSQL may need a moment to
// notice that the process is dead which had it.
func (e *Engine) claimName(ctx context.Context) (release func(), err error) {
	retry := time.NewTicker(nameTime / 50)
	defer retry.Stop()
	for range 50 {
		release, held, err := e.Store.Hold(ctx, "node "+e.o.Node)
		if err != nil || held {
			return release, err
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return nil, fault.New(fault.Conflict, "engine.name_taken", fault.Args{"Node": e.o.Node})
}

// Stop finishes the messages in flight, gives every lease back, and ends
// within 15 seconds. The rest stays planned. Stop the queue before, so that no
// new batch begins.
func (e *Engine) Stop(ctx context.Context) error {
	if !e.started {
		return nil
	}
	e.started = false
	e.stop()
	patience := time.AfterFunc(finishTime, e.cut)
	defer patience.Stop()
	var err error
	if !waits(ctx, &e.sent) {
		err = errors.New("stop the engine: messages are still in flight")
	}
	e.cut()
	e.finished()
	if !waits(ctx, &e.rest) {
		err = errors.Join(err, errors.New("stop the engine: the ledger is still being written"))
	}
	e.release()
	return errors.Join(err, e.relay.Load().pool.Close())
}

// waits waits for a group, or for ctx to end.
func waits(ctx context.Context, group *sync.WaitGroup) bool {
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}

// nudge lets the next tick come at once.
func (e *Engine) nudge() {
	select {
	case e.nudges <- struct{}{}:
	default:
	}
}
