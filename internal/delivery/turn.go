package delivery

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// ErrStopped says that the ledger no longer commits: the process is ending.
var ErrStopped = errors.New("the ledger has stopped")

// Turn is what one connection asks of the committer.
type Turn struct {
	desk    *desk
	results []Result
	mark    *Delivery
	marked  bool
	err     error
	done    chan struct{}
}

// Commit records results and, in the same transaction, marks a delivery as
// leaving (nil: none). Only if marked is true may its final dot leave. Before
// it returns without an error, everything is durable.
func (l *Ledger) Commit(ctx context.Context, results []Result, mark *Delivery) (marked bool, err error) {
	if len(results) == 0 && mark == nil {
		return false, nil
	}
	return l.Submit(results, mark).Wait(ctx)
}

// Submit is Commit for who has something else to do meanwhile: what it returns
// is waited for in any case. Until then the results stay as they are.
func (l *Ledger) Submit(results []Result, mark *Delivery) *Turn {
	t := &Turn{desk: &l.desk, results: results, mark: mark, done: make(chan struct{})}
	t.desk.add(t)
	return t
}

// Done is closed once the turn is committed, or has failed.
func (t *Turn) Done() <-chan struct{} { return t.done }

// Wait waits until the turn is committed. If ctx ends before the committer has
// begun with it, nothing is written.
func (t *Turn) Wait(ctx context.Context) (marked bool, err error) {
	select {
	case <-t.done:
	case <-ctx.Done():
		if t.desk.withdraw(t) {
			return false, ErrStopped
		}
		<-t.done
	}
	return t.marked, t.err
}

// Run is the committer: it gathers the turns of all connections and writes
// each group in one transaction, until ctx ends. One is enough for a process,
// and better than several.
func (l *Ledger) Run(ctx context.Context) {
	for {
		group, ok := l.desk.group(ctx)
		if !ok {
			return
		}
		l.settle(ctx, group)
	}
}

const (
	gather   = time.Millisecond // the most that a commit waits for company
	maxGroup = 512
)

// desk is where turns lie until they are taken, all at once. Connections whose
// results were committed together come back together, so a group waits, but not
// for long, until as many are there as there were.
type desk struct {
	mu       sync.Mutex
	turns    []*Turn
	expected int
	enough   chan struct{} // the first has come, or all that are expected
}

func (d *desk) add(t *Turn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.turns = append(d.turns, t)
	if n := len(d.turns); n == 1 || n == d.expected {
		d.call()
	}
}

func (d *desk) call() {
	select {
	case d.enough <- struct{}{}:
	default: // it is called already
	}
}

// withdraw takes a turn back, unless the committer has it.
func (d *desk) withdraw(t *Turn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := slices.Index(d.turns, t)
	if i >= 0 {
		d.turns = slices.Delete(d.turns, i, i+1)
	}
	return i >= 0
}

// group waits for turns and takes them. ok is false where ctx has ended.
func (d *desk) group(ctx context.Context) (group []*Turn, ok bool) {
	for {
		select {
		case <-ctx.Done():
			return nil, false
		case <-d.enough:
		}
		for window := time.After(gather); d.waits(); {
			select {
			case <-d.enough:
			case <-window:
				d.expect(0)
			}
		}
		if group := d.take(); len(group) > 0 {
			return group, true
		}
	}
}

// waits says that more turns are expected.
func (d *desk) waits() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.turns) > 0 && len(d.turns) < d.expected
}

// expect says that so many connections are about to come back, beside those
// who are waiting already.
func (d *desk) expect(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.expected = min(n+len(d.turns), maxGroup)
}

func (d *desk) take() []*Turn {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := min(len(d.turns), maxGroup)
	group := d.turns[:n:n]
	d.turns = slices.Clone(d.turns[n:])
	if len(d.turns) > 0 {
		d.call()
	}
	return group
}
