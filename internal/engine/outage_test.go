package engine_test

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"gonets/internal/db/dbtest"
	"gonets/internal/delivery"
)

// link is the way to a database server, which can be cut.
type link struct {
	mu    sync.Mutex
	to    string
	ends  map[net.Conn]bool
	isCut bool
}

// newLink answers the URL that leads to the same database over the link.
func newLink(t *testing.T, database string) (*link, string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	l := &link{to: u.Host, ends: map[net.Conn]bool{}}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go l.carry(conn)
		}
	}()
	u.Host = listener.Addr().String()
	return l, u.String()
}

func (l *link) carry(from net.Conn) {
	defer from.Close()
	to, err := net.Dial("tcp", l.to)
	if err != nil {
		return
	}
	defer to.Close()
	if !l.join(from, to) {
		return
	}
	go io.Copy(to, from)
	io.Copy(from, to)
}

func (l *link) join(ends ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, end := range ends {
		l.ends[end] = true
	}
	return !l.isCut
}

func (l *link) cut(is bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.isCut = is
	for end := range l.ends {
		end.Close()
	}
	clear(l.ends)
}

// The database is away in the middle of a sending: for a moment, for nearly as
// long as a lease and for longer, and while the run is being planned. Each time
// the run goes on by itself, and whose result was lost is named.
func TestDatabaseOutage(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for leases to end")
	}
	const lease = 2 * time.Second
	for name, o := range map[string]struct {
		people, taken int // how many there are, and how many got theirs before
		away          time.Duration
	}{
		"moment":              {crashSize, crashSize / 4, lease / 10},
		"nearly a lease":      {crashSize, crashSize / 4, lease * 7 / 10},
		"longer than a lease": {crashSize, crashSize / 4, lease * 3 / 2},
		"planning":            {5 * crashSize, 1, lease * 7 / 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			way, database := newLink(t, dbtest.PostgresURL(t))
			p := newPeer(t)
			policy := delivery.DefaultPolicy()
			policy.Lease = lease
			n := newNode(t, database, "a", p.addr, policy)
			n.insert(o.people)
			m := n.mailing(nil)
			n.start()
			untilTaken(t, p, o.taken)
			way.cut(true)
			time.Sleep(o.away) // what is tested: connections are refused for so long
			way.cut(false)
			untilTaken(t, p, o.people) // the database may still refuse
			n.verify(p, n.untilDone(m.ID), o.people)
		})
	}
}
