package smtp

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrPoolClosed is returned by a pool that hands out no more connections.
var ErrPoolClosed = errors.New("smtp: pool is closed")

// trusted is how long an unused connection is taken for alive without asking.
const trusted = time.Second

// Pool keeps connections to one server for reuse, and bounds their number.
// It is safe for concurrent use.
type Pool struct {
	cfg   Config
	keep  time.Duration // how long a connection may stay unused
	slots chan struct{} // holds one token per connection that is lent

	// Lent and idle connections together are never more than the slots: one is
	// dialled only where none is idle.
	mu     sync.Mutex
	idle   []*Conn // the last used is the last
	sweep  *time.Timer
	closed bool

	done      chan struct{} // closed by Close
	farewells sync.WaitGroup
}

// NewPool returns a pool of at most size connections, which opens them when
// they are needed, and closes those that were not used for the time idle
// (0: as soon as they are put back). Servers hang up after some minutes
// (RFC 5321 4.5.3.2.7 asks for five).
func NewPool(cfg Config, size int, idle time.Duration) *Pool {
	return &Pool{
		cfg:   cfg,
		keep:  idle,
		slots: make(chan struct{}, max(size, 1)),
		done:  make(chan struct{}),
	}
}

// Get lends a connection that is ready for Offer: one that is idle and alive,
// or a new one. It waits while all are lent, until ctx ends. What Dial reports
// is returned as it is. Every connection goes back by Put.
func (p *Pool) Get(ctx context.Context) (*Conn, error) {
	select {
	case p.slots <- struct{}{}:
	case <-p.done:
		return nil, ErrPoolClosed
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a connection to the mail server: %w", context.Cause(ctx))
	}
	c, err := p.take(ctx)
	if err != nil {
		<-p.slots
		return nil, err
	}
	c.lent = true
	return c, nil
}

// take returns an idle connection, or a new one.
func (p *Pool) take(ctx context.Context) (*Conn, error) {
	for {
		c, err := p.pop()
		if err != nil {
			return nil, err
		}
		if c == nil {
			return Dial(ctx, p.cfg)
		}
		if time.Since(c.idleSince) < trusted || c.Noop(ctx) == nil {
			return c, nil
		}
		c.Abandon()
	}
}

// pop returns the connection used last, or nil: so those not needed grow old.
func (p *Pool) pop() (*Conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, ErrPoolClosed
	}
	n := len(p.idle)
	if n == 0 {
		return nil, nil
	}
	c := p.idle[n-1]
	p.idle = p.idle[:n-1]
	return c, nil
}

// Put takes a lent connection back. One that is not Healthy, that is Spent, or
// that has a message due is closed. A second Put does nothing.
func (p *Pool) Put(c *Conn) {
	if c == nil || !c.lent {
		return
	}
	c.lent = false
	if !p.push(c) {
		_ = c.Close() // its socket is gone either way
	}
	<-p.slots
}

// push keeps a connection that is worth keeping, and dismisses another. It
// reports false where the pool is closed.
func (p *Pool) push(c *Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	if p.keep <= 0 || !c.Healthy() || c.Spent() {
		p.dismiss(c)
		return true
	}
	c.idleSince = time.Now()
	p.idle = append(p.idle, c)
	if p.sweep == nil {
		p.sweep = time.AfterFunc(p.keep, p.expire)
	}
	return true
}

// expire dismisses what has been idle for too long, and comes back for the
// rest.
func (p *Pool) expire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sweep = nil
	for len(p.idle) > 0 {
		oldest := p.idle[0]
		if left := p.keep - time.Since(oldest.idleSince); left > 0 {
			p.sweep = time.AfterFunc(left, p.expire)
			return
		}
		p.idle = p.idle[1:]
		p.dismiss(oldest)
	}
}

// dismiss closes a connection without making the caller, who holds mu, wait for
// the farewell.
func (p *Pool) dismiss(c *Conn) {
	if !c.Healthy() {
		c.Abandon()
		return
	}
	p.farewells.Go(func() {
		_ = c.Close() // its socket is gone either way
	})
}

// Close dismisses the idle connections and waits for their farewells, which
// Timeouts.Quit bounds. Lent ones are closed when they are put back. It may be
// called twice.
func (p *Pool) Close() error {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.done)
	}
	if p.sweep != nil {
		p.sweep.Stop()
		p.sweep = nil
	}
	for _, c := range p.idle {
		p.dismiss(c)
	}
	p.idle = nil
	p.mu.Unlock()
	p.farewells.Wait()
	return nil
}
