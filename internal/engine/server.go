package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"gonets/internal/delivery"
	"gonets/internal/smtp"
)

// server is what this process knows of the mail server.
type server struct {
	mu    sync.Mutex
	since time.Time // zero: it is there
}

func (s *server) away() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.since.IsZero()
}

// lost says whether this is the first to notice.
func (s *server) lost(at time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.since.IsZero() {
		return false
	}
	s.since = at
	return true
}

func (s *server) found() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.since = time.Time{}
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
func (c *courier) unreachable(err error) {
	if c.work.Err() != nil || errors.Is(err, smtp.ErrPoolClosed) {
		return
	}
	if c.live.Load() > 0 {
		c.Log.Warn("the mail server refuses a further connection", "error", err)
		rest := time.NewTimer(crowded)
		defer rest.Stop()
		select {
		case <-rest.C:
		case <-c.work.Done():
		}
		return
	}
	if !c.server.lost(c.Clock.Now()) {
		return
	}
	c.Log.Warn("the mail server is away; everyone stays planned", "error", err)
	c.report(err)
	c.rest.Go(c.probe)
}

// report makes the trouble known to every process.
func (e *Engine) report(err error) {
	t := delivery.Trouble{Node: e.o.Node, Server: e.o.SMTP.Address(), Stage: string(smtp.StageConnect), Response: err.Error()}
	if said, ok := errors.AsType[*smtp.Error](err); ok {
		t.Stage, t.Code, t.Response = string(said.Stage), int64(said.Reply.Code), words(said)
	}
	if err := e.Ledger.Report(context.WithoutCancel(e.work), t); err != nil {
		e.Log.Error("report the mail server's trouble", "error", err)
	}
}

// probe asks the server, from once a second to once a minute, until it
// answers.
func (e *Engine) probe() {
	for wait := probeFirst; ; wait = min(2*wait, probeMax) {
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-e.work.Done():
			timer.Stop()
			return
		}
		conn, err := smtp.Dial(e.work, e.o.SMTP)
		if err != nil {
			if e.work.Err() == nil {
				e.report(err)
			}
			continue
		}
		if err := conn.Close(); err != nil {
			e.Log.Debug("close the probe", "error", err)
		}
		e.server.found()
		if err := e.Ledger.Recovered(e.work, e.o.Node); err != nil && e.work.Err() == nil {
			e.Log.Error("take the mail server's trouble back", "error", err)
		}
		e.Log.Info("the mail server is back")
		e.nudge()
		return
	}
}
