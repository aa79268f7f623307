package engine

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"gonets/internal/delivery"
	"gonets/internal/mailserver"
	"gonets/internal/smtp"
)

// relay is the mail server that this process uses, with its connections and
// what is known of it. When another server is to be used, another relay takes
// its place.
type relay struct {
	mailserver.Server
	pool    *smtp.Pool
	limit   *rate.Limiter
	limited bool          // limit is one
	live    atomic.Int64  // connections lent to couriers
	gone    chan struct{} // closed when another takes its place

	mu    sync.Mutex
	since time.Time // that it is away; zero: it is there
}

func newRelay(s mailserver.Server) *relay {
	limit := rate.Inf
	if s.Rate > 0 {
		limit = rate.Limit(s.Rate)
	}
	return &relay{
		Server:  s,
		pool:    smtp.NewPool(s.SMTP(), s.Connections, idleTime),
		limit:   rate.NewLimiter(limit, max(1, int(s.Rate/10))),
		limited: s.Rate > 0,
		gone:    make(chan struct{}),
	}
}

func (r *relay) away() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.since.IsZero()
}

// lost says whether this is the first to notice.
func (r *relay) lost(at time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.since.IsZero() {
		return false
	}
	r.since = at
	return true
}

func (r *relay) found() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.since = time.Time{}
}

// chooseServer asks which mail server is to be used, and changes to it. What
// is in flight over the connections of the one before is finished there.
func (e *Engine) chooseServer(ctx context.Context) error {
	if !e.o.Worker {
		return nil
	}
	server, err := e.Servers.Current(ctx)
	if err != nil {
		return err
	}
	old := e.relay.Load()
	if old.Same(server) && old.Usable() == server.Usable() && e.chosen {
		return nil
	}
	e.chosen = true
	r := newRelay(server)
	e.relay.Store(r)
	close(old.gone)
	e.rest.Go(func() { old.pool.Close() }) //nolint:errcheck // connections without a message
	e.recovered(ctx)
	if !server.Usable() {
		e.miss(r, mailserver.ErrNone)
		return nil
	}
	e.Log.Info("use a mail server", "server", server.Address(), "connections", server.Connections)
	e.staff()
	e.nudge()
	return nil
}

// crew are the couriers at work, by their places.
type crew struct {
	mu sync.Mutex
	at map[int]bool
}

// staff brings the couriers to the number of connections that the mail server
// takes. Those too many leave by themselves: see dismissed.
func (e *Engine) staff() {
	e.crew.mu.Lock()
	defer e.crew.mu.Unlock()
	if e.work.Err() != nil {
		return
	}
	for place := range e.relay.Load().Connections {
		if !e.crew.at[place] {
			e.crew.at[place] = true
			e.sent.Go(func() { e.courier(place) })
		}
	}
}

// dismissed says that the courier is one too many, and takes it off the list.
func (c *courier) dismissed() bool {
	if c.place < c.relay.Load().Connections {
		return false
	}
	c.crew.mu.Lock()
	defer c.crew.mu.Unlock()
	if c.place < c.relay.Load().Connections { // another server, meanwhile
		return false
	}
	delete(c.crew.at, c.place)
	return true
}

const (
	probeFirst = time.Second
	probeMax   = time.Minute
	// crowded is how long a courier rests whose connection was refused while
	// others have theirs: the server limits their number.
	crowded = 5 * time.Second
)

// unreachable is called when no connection was to be had. Nobody's attempt is
// counted: the deliveries stay planned.
func (c *courier) unreachable(r *relay, err error) {
	if c.work.Err() != nil || errors.Is(err, smtp.ErrPoolClosed) {
		return
	}
	if r.live.Load() > 0 {
		c.Log.Warn("the mail server refuses a further connection", "error", err)
		rest := time.NewTimer(crowded)
		defer rest.Stop()
		select {
		case <-rest.C:
		case <-r.gone:
		case <-c.work.Done():
		}
		return
	}
	c.miss(r, err)
}

// miss notes that a mail server is away, unless it is known, and begins to
// look for it.
func (e *Engine) miss(r *relay, err error) {
	if !r.lost(e.Clock.Now()) {
		return
	}
	e.Log.Warn("the mail server is away; everyone stays planned", "error", err)
	e.report(r, err)
	e.rest.Go(func() { e.probe(r) })
}

// report makes the trouble known to every process, unless another server has
// taken its place: that one's recovery must have the last word.
func (e *Engine) report(r *relay, err error) {
	e.telling.Lock()
	defer e.telling.Unlock()
	if e.relay.Load() != r {
		return
	}
	t := delivery.Trouble{Node: e.o.Node, Server: r.Address(), Stage: string(smtp.StageConnect), Response: err.Error()}
	if said, ok := errors.AsType[*smtp.Error](err); ok {
		t.Stage, t.Code, t.Response = string(said.Stage), int64(said.Reply.Code), words(said)
	}
	if err := e.Ledger.Report(context.WithoutCancel(e.work), t); err != nil {
		e.Log.Error("report the mail server's trouble", "error", err)
	}
}

// recovered takes back what was reported.
func (e *Engine) recovered(ctx context.Context) {
	e.telling.Lock()
	defer e.telling.Unlock()
	if err := e.Ledger.Recovered(ctx, e.o.Node); err != nil && e.work.Err() == nil {
		e.Log.Error("take the mail server's trouble back", "error", err)
	}
}

// probe asks the server, from once a second to once a minute, until it
// answers, or another one takes its place.
func (e *Engine) probe(r *relay) {
	for wait := probeFirst; ; wait = min(2*wait, probeMax) {
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-r.gone:
			timer.Stop()
			return
		case <-e.work.Done():
			timer.Stop()
			return
		}
		conn, err := r.Dial(e.work)
		if err != nil {
			if e.work.Err() == nil {
				e.report(r, err)
			}
			continue
		}
		if err := conn.Close(); err != nil {
			e.Log.Debug("close the probe", "error", err)
		}
		r.found()
		e.recovered(e.work)
		e.Log.Info("the mail server is back")
		e.nudge()
		return
	}
}
