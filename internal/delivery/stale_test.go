package delivery

import (
	"context"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"gonets/internal/db"
	"gonets/internal/db/dbtest"
)

// A process that was stopped for longer than its lease may lease the batch
// again, and work both leases for a while. These tests have it.

// leasedAgain are the deliveries of a batch under a lease that was lost and
// under the present one. The first of the former was marked.
func (f *fixture) leasedAgain(n int) (stale, fresh []*Delivery) {
	f.t.Helper()
	old := f.claim("a", f.open(1, n, true))
	if !f.mark(old.Deliveries[0]) {
		f.t.Fatal("the mark is refused")
	}
	f.now.pass(f.policy.Lease + time.Second)
	if freed, err := f.Sweep(f.t.Context()); freed != 1 || err != nil {
		f.t.Fatalf("freed %d, %v", freed, err)
	}
	f.feed(1)
	return old.Deliveries, f.claim("a", old.ID).Deliveries
}

// together commits turns as one group.
func (f *fixture) together(turns ...*Turn) {
	f.t.Helper()
	for _, t := range turns {
		t.desk, t.done = &f.desk, make(chan struct{})
	}
	f.settle(f.t.Context(), turns)
	for _, t := range turns {
		if t.err != nil {
			f.t.Fatal(t.err)
		}
	}
}

func (f *fixture) took(d *Delivery) []Result {
	return []Result{{Delivery: d, End: Took, At: f.now.Now(), Address: address(d.RecipientID), Stage: StageEndOfData, Code: 250}}
}

func TestStaleMarkBesideTheNewLease(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		stale, fresh := f.leasedAgain(3)
		late, present := &Turn{mark: stale[2]}, &Turn{mark: fresh[1]}
		f.together(late, present)
		if late.marked || !present.marked {
			t.Errorf("marked: the stale one %v, the present one %v", late.marked, present.marked)
		}
		if !f.mark(fresh[2]) {
			t.Error("the present lease is refused a mark")
		}
	})
}

func TestLateResultBesideTheNewLease(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		stale, fresh := f.leasedAgain(2)
		if !f.mark(fresh[0]) {
			t.Fatal("the mark is refused")
		}
		late := f.took(stale[0])
		late[0].End, late[0].Code = RefusedForGood, 550
		f.together(&Turn{results: late}, &Turn{mark: fresh[1]})
		f.check(1, Counts{Recipients: 2})
		f.together(&Turn{results: f.took(stale[0])}, &Turn{results: f.took(fresh[0])})
		f.check(1, Counts{Recipients: 2, Accepted: 1})
		if all := f.attempts(Filter{UserID: 3}); len(all) != 4 { // unknown, two late ones, accepted
			t.Errorf("got %d attempts, want 4", len(all))
		}
	})
}

// One who was deleted while something was leaving to them has no address on
// record once the batch is given back, whatever became of it.
func TestForgetWhoIsLeaving(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		b := f.claim("a", f.open(1, 3, true))
		gone, lost, stays := b.Deliveries[0], b.Deliveries[1], b.Deliveries[2]
		for _, d := range b.Deliveries {
			if !f.mark(d) {
				t.Fatal("the mark is refused")
			}
		}
		for _, d := range []*Delivery{gone, lost} {
			f.tx(func(ctx context.Context, tx db.Tx) error { return f.ForgetRecipientTx(ctx, tx, d.RecipientID) })
		}
		f.end(gone, Took)
		f.end(stays, Took)
		if err := f.Release(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		all := f.attempts(Filter{UserID: 3})
		if len(all) != 3 {
			t.Errorf("got %d attempts, want 3", len(all))
		}
		for _, a := range all {
			if known := a.RecipientID == stays.RecipientID; known != (a.Address != "") && a.RecipientID != lost.RecipientID {
				t.Errorf("recipient %d: address %q", a.RecipientID, a.Address)
			}
		}
		if _, wrong, err := f.Recount(t.Context(), func(int64) {}); wrong != 0 || err != nil {
			t.Errorf("%d statistics were wrong, %v", wrong, err)
		}
	})
}

// A flight whose answer was lost lies on the way, the ledger tries again and
// goes on; what arrives then changes nothing.
func TestLateFlight(t *testing.T) {
	at, err := url.Parse(dbtest.PostgresURL(t))
	if err != nil {
		t.Fatal(err)
	}
	way := newWay(t, at.Host)
	at.Host = way.Addr().String()
	f := newFixture(t, at.String())
	list := f.claim("a", f.open(1, 4, true)).Deliveries
	for _, d := range list[:2] { // by now every statement is prepared
		f.mark(d)
		f.end(d, Dropped)
	}
	way.keepNext()
	f.end(list[2], Dropped)
	f.mark(list[0])
	way.keepNext()
	f.mark(list[1])
	f.mark(list[2])
	way.arrive()
	leaving, err := leavingIn(t.Context(), f.db.Read(), 1)
	if err != nil || len(leaving) != 3 {
		t.Errorf("leaving: %v, %v; want three", leaving, err)
	}
	if all := f.attempts(Filter{UserID: 3}); len(all) != 3 {
		t.Errorf("got %d attempts, want 3", len(all))
	}
}

// way is a way to a server on which something can lie for a while: its sender
// sees the connection end.
type way struct {
	net.Listener
	server string
	mu     sync.Mutex
	keep   bool
	kept   []func()
}

func newWay(t *testing.T, server string) *way {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &way{Listener: l, server: server}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", server)
			if err != nil {
				near.Close()
				continue
			}
			all.Go(func() { io.Copy(near, far); near.Close() })
			all.Go(func() { w.carry(near, far) })
		}
	})
	t.Cleanup(func() { l.Close(); w.arrive() })
	return w
}

func (w *way) keepNext() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.keep = true
}

func (w *way) carry(near, far net.Conn) {
	defer near.Close()
	for buffer := make([]byte, 1<<20); ; {
		n, err := near.Read(buffer)
		if err != nil {
			far.Close()
			return
		}
		w.mu.Lock()
		keep := w.keep
		w.keep = false
		if keep {
			w.kept = append(w.kept, func() {
				far.Write(buffer[:n])
				far.(*net.TCPConn).CloseWrite() //nolint:forcetypeassert // it was dialled as one
				far.SetReadDeadline(time.Now().Add(time.Minute))
				io.Copy(io.Discard, far)
			})
		}
		w.mu.Unlock()
		if keep {
			return
		}
		if _, err := far.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// arrive lets what was kept go on, and waits until the server is done with it.
func (w *way) arrive() {
	w.mu.Lock()
	kept := w.kept
	w.kept = nil
	w.mu.Unlock()
	for _, on := range kept {
		on()
	}
}
