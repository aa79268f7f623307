package engine_test

import (
	"context"
	"sync/atomic"
	"testing"

	"gonets/internal/delivery"
	"gonets/internal/mailing"
	"gonets/internal/mailserver"
	"gonets/internal/smtp"
)

// switchboard is the administrator's hand: tests say which server is used.
type switchboard struct {
	server atomic.Pointer[mailserver.Server]
}

func (s *switchboard) Current(context.Context) (mailserver.Server, error) {
	return *s.server.Load(), nil
}

func (s *switchboard) use(t *testing.T, address string, id int64, connections int) {
	t.Helper()
	config, err := smtp.ParseURL("smtp://" + address)
	if err != nil {
		t.Fatal(err)
	}
	server := mailserver.FromConfig(config, connections, 0, false)
	server.ID = id
	s.server.Store(&server)
}

// TestAnotherServer changes the mail server in the midst of a run, to one that
// takes more connections: the rest goes there, nobody is lost and nobody gets
// two.
func TestAnotherServer(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		first, second := newPeer(t), newPeer(t)
		reached, gate := make(chan struct{}), make(chan struct{})
		var taken atomic.Int64
		first.data = func(string, string) error {
			if taken.Add(1) == 20 {
				close(reached)
			}
			if taken.Load() >= 20 {
				<-gate
			}
			return nil
		}
		hands := &switchboard{}
		hands.use(t, first.addr, 1, 2)
		n := newNodeOf(t, url, "a", hands, quickly()).start()
		n.people(crowd(200)...)
		m := n.mailing(nil)
		<-reached
		hands.use(t, second.addr, 2, 5)
		n.until(m.ID, "going on over the other server", func(*mailing.Run) bool { return second.count() > 0 })
		close(gate)
		r := n.untilDone(m.ID)
		if want := (delivery.Counts{Recipients: 200, Accepted: 200}); r.Counts != want {
			t.Errorf("got %+v, want %+v", r.Counts, want)
		}
		if got := first.count(); got < 19 || got > 24 {
			t.Errorf("the first server took %d, want those before the change and in flight", got)
		}
		if got := first.count() + second.count(); got != 200 {
			t.Errorf("both took %d, want 200", got)
		}
	})
}

// TestNoServer has no server enabled: everybody waits, visibly, and goes once
// there is one.
func TestNoServer(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		p := newPeer(t)
		hands := &switchboard{}
		hands.server.Store(&mailserver.Server{})
		n := newNodeOf(t, url, "a", hands, quickly()).start()
		n.people(crowd(20)...)
		m := n.mailing(nil)
		n.until(m.ID, "waiting", func(r *mailing.Run) bool {
			list, err := n.ledger.Troubles(t.Context())
			return err == nil && len(list) == 1 && list[0].Response == mailserver.ErrNone.Error() && r.Planned
		})
		hands.use(t, p.addr, 3, 1)
		r := n.untilDone(m.ID)
		if want := (delivery.Counts{Recipients: 20, Accepted: 20}); r.Counts != want {
			t.Errorf("got %+v, want %+v", r.Counts, want)
		}
		n.until(m.ID, "told to be over", func(*mailing.Run) bool { // it may be so after the last message
			list, err := n.ledger.Troubles(t.Context())
			return err == nil && len(list) == 0
		})
	})
}
