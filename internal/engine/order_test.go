package engine_test

import (
	"sync"
	"testing"

	"gonets/internal/account"
	"gonets/internal/delivery"
	"gonets/internal/mailing"
)

// A moderator's word stops a run that is being sent: once it is committed,
// nothing leaves but what was marked by then, one message on each connection,
// and nobody is lost or gets a copy when it is lifted.
func TestModeratorStopsARun(t *testing.T) {
	type order struct {
		name       string
		give, lift func(n *node, a *account.Accounts, mailingID int64) error
	}
	root := account.CommandLine()
	for _, o := range []order{
		{
			name: "disable",
			give: func(n *node, _ *account.Accounts, id int64) error {
				_, err := n.mailings.Disable(n.t.Context(), root, id, "Spam")
				return err
			},
			lift: func(n *node, _ *account.Accounts, id int64) error {
				_, err := n.mailings.Enable(n.t.Context(), root, id, "")
				return err
			},
		},
		{
			name: "block",
			give: func(n *node, a *account.Accounts, _ int64) error {
				_, err := a.Block(n.t.Context(), root, n.owner.ID, "Spam")
				return err
			},
			lift: func(n *node, a *account.Accounts, id int64) error {
				_, err := a.Unblock(n.t.Context(), root, n.owner.ID, "")
				if err == nil {
					_, err = n.mailings.Resume(n.t.Context(), n.owner, id)
				}
				return err
			},
		},
	} {
		t.Run(o.name, func(t *testing.T) {
			each(t, func(t *testing.T, url string) {
				p := newPeer(t)
				gate, reached := make(chan struct{}), make(chan struct{})
				var first sync.Once
				p.data = func(string, string) error {
					first.Do(func() { close(reached) })
					<-gate
					return nil
				}
				n := newNode(t, url, "a", p.addr, quickly()).start()
				accounts := account.New(n.db, nil, account.Options{OnBlock: n.mailings.PauseOwnerTx})
				n.people(crowd(50)...)
				m := n.mailing(nil)
				<-reached
				if err := o.give(n, accounts, m.ID); err != nil {
					t.Fatal(err)
				}
				close(gate)
				accepted := func(r *mailing.Run) bool { return r.Counts.Accepted > 0 }
				n.until(m.ID, "quiet", func(r *mailing.Run) bool {
					left, err := n.ledger.Deliveries(t.Context(), r.ID, []delivery.State{delivery.Leaving}, 0, 10)
					return err == nil && len(left) == 0 && accepted(r)
				})
				r := n.until(m.ID, "counted", accepted) // anew: the last may have come in between
				if r.State != mailing.RunPaused || r.Counts.Accepted > 4 || int64(p.count()) != r.Counts.Accepted {
					t.Errorf("%d left on 4 connections, %d came (%s)", r.Counts.Accepted, p.count(), r.State)
				}
				if err := o.lift(n, accounts, m.ID); err != nil {
					t.Fatal(err)
				}
				r = n.untilDone(m.ID)
				if want := (delivery.Counts{Recipients: 50, Accepted: 50}); r.Counts != want || p.count() != 50 {
					t.Errorf("got %+v and %d messages, want %+v", r.Counts, p.count(), want)
				}
			})
		})
	}
}
