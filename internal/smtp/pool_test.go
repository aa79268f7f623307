package smtp

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// pool is a pool of size whose every connection meets a server that speaks the
// next of scripts.
func pool(t *testing.T, size int, keep time.Duration, scripts ...script) (*Pool, *atomic.Int32) {
	t.Helper()
	var dials atomic.Int32
	cfg := Config{
		Host: "localhost", LocalName: "client.test", MaxMessages: 2,
		Dialer: dialed(func() (net.Conn, error) {
			n := int(dials.Add(1))
			if n > len(scripts) {
				return nil, net.UnknownNetworkError("no server is left")
			}
			near, far := net.Pipe()
			go scripts[n-1].play(t, far)
			return near, nil
		}),
	}
	return NewPool(cfg, size, keep), &dials
}

func get(t *testing.T, p *Pool) *Conn {
	t.Helper()
	c, err := p.Get(t.Context())
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	return c
}

func unused(p *Pool) []*Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.idle)
}

func TestPoolReuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, dials := pool(t, 2, time.Minute, hello+"C: NOOP\nS: 250 ok\nC: QUIT\nS: 221 bye\nX:\n")
		first := get(t, p)
		p.Put(first)
		p.Put(first) // does no harm
		if got := get(t, p); got != first {
			t.Error("an idle connection was not used")
		}
		p.Put(first)
		time.Sleep(2 * trusted)
		if got := get(t, p); got != first {
			t.Error("an idle connection that answers NOOP was not used")
		}
		p.Put(first)
		check(t, "close", brief(p.Close()), "ok")
		if got := dials.Load(); got != 1 {
			t.Errorf("dialled %d times, want once", got)
		}
	})
}

func TestPoolDropsStale(t *testing.T) {
	for name, end := range map[string]script{
		"hung up": "X:\n",
		"421":     "C: NOOP\nS: 421 idle for too long\nX:\n",
		"refuses": "C: NOOP\nS: 502 what?\nW:\n",
		"silent":  "C: NOOP\nW:\n",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, dials := pool(t, 2, time.Minute, hello+end, hello+"C: QUIT\nS: 221 bye\nX:\n")
				first := get(t, p)
				p.Put(first)
				time.Sleep(2 * trusted)
				second := get(t, p)
				if second == first || dials.Load() != 2 {
					t.Errorf("dialled %d times, want a second time", dials.Load())
				}
				p.Put(second)
				check(t, "close", brief(p.Close()), "ok")
			})
		})
	}
}

func TestPoolExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quits := hello + "C: QUIT\nS: 221 bye\nX:\n"
		p, dials := pool(t, 2, time.Minute, script(quits), script(quits))
		first, second := get(t, p), get(t, p)
		p.Put(first)
		time.Sleep(30 * time.Second)
		p.Put(second)
		time.Sleep(31 * time.Second)
		synctest.Wait()
		if got := unused(p); len(got) != 1 || got[0] != second {
			t.Errorf("after a minute: %d connections are idle, want only the second", len(got))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := unused(p); len(got) != 0 {
			t.Errorf("after another minute: %d connections are idle, want none", len(got))
		}
		check(t, "close", brief(p.Close()), "ok")
		if got := dials.Load(); got != 2 {
			t.Errorf("dialled %d times, want 2", got)
		}
	})
}

func TestPoolClosesSpentAndBroken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, dials := pool(t, 1, time.Minute,
			begun+wire+flight+"S: 250 queued\n"+taken+wire+"S: 250 queued\nC: QUIT\nS: 221 bye\nX:\n",
			begun+"W:\n", hello+"W:\n")
		spent := get(t, p)
		check(t, "offer", brief(spent.Offer(t.Context(), letter)), "ok")
		_, offered, err := spent.Deliver(t.Context(), []byte(content), &letter)
		check(t, "first", brief(err)+", "+brief(offered), "ok, ok")
		_, _, err = spent.Deliver(t.Context(), []byte(content), nil)
		check(t, "second", brief(err), "ok")
		if !spent.Spent() || !spent.Healthy() {
			t.Errorf("got spent %v, healthy %v, want both", spent.Spent(), spent.Healthy())
		}
		p.Put(spent)

		due := get(t, p)
		check(t, "offer", brief(due.Offer(t.Context(), letter)), "ok")
		p.Put(due) // with a message due: not a word more
		get(t, p).Abandon()
		check(t, "close", brief(p.Close()), "ok")
		if got := dials.Load(); got != 3 {
			t.Errorf("dialled %d times, want 3", got)
		}
	})
}

func TestPoolIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := pool(t, 1, time.Minute, hello+"W:\n")
		lent := get(t, p)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.Get(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
		time.AfterFunc(time.Minute, func() { p.Put(lent) })
		if got := get(t, p); got != lent {
			t.Error("the connection put back was not handed on")
		}
		lent.Abandon()
		p.Put(lent)
	})
}

// A failed Dial gives its place back.
func TestPoolAfterFailedDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := pool(t, 1, time.Minute)
		for range 3 {
			_, err := p.Get(t.Context())
			check(t, "get", brief(err), "connect network")
		}
	})
}

func TestPoolClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := pool(t, 1, time.Minute, hello+"C: QUIT\nS: 221 bye\nX:\n")
		lent := get(t, p)
		waiting := make(chan error)
		go func() {
			_, err := p.Get(t.Context())
			waiting <- err
		}()
		synctest.Wait()
		check(t, "close", brief(p.Close()), "ok")
		if err := <-waiting; !errors.Is(err, ErrPoolClosed) {
			t.Errorf("waiting Get: got %v, want %v", err, ErrPoolClosed)
		}
		p.Put(lent)
		if lent.Healthy() {
			t.Error("a connection put back into a closed pool is kept")
		}
		if _, err := p.Get(t.Context()); !errors.Is(err, ErrPoolClosed) {
			t.Errorf("Get: got %v, want %v", err, ErrPoolClosed)
		}
		check(t, "close again", brief(p.Close()), "ok")
	})
}
