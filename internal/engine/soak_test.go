//go:build soak

package engine_test

import (
	"context"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"gonets/internal/db"
	"gonets/internal/delivery"
)

// TestSoakKills sends mailing after mailing through processes that are killed
// at random moments, for as long as GONETS_SOAK says.
func TestSoakKills(t *testing.T) {
	limit, err := time.ParseDuration(os.Getenv("GONETS_SOAK"))
	if err != nil {
		limit = 10 * time.Minute
	}
	const count = 20_000
	each(t, func(t *testing.T, url string) {
		kills := 0
		for ends := time.Now().Add(limit / 2); time.Now().Before(ends); {
			p := newPeer(t)
			n := newNode(t, url, "onlooker", p.addr, delivery.DefaultPolicy())
			n.insert(count)
			m := n.mailing(nil)
			for p.count() < count*9/10 {
				process := child(t, url, p.addr, "a")
				time.Sleep(time.Duration(rand.Int64N(int64(2 * time.Second))))
				kill(process)
				kills++
			}
			last := child(t, url, p.addr, "a")
			n.verify(p, n.untilDone(m.ID), count)
			kill(last)
			n.forget()
		}
		t.Logf("%d kills", kills)
	})
}

// forget empties the database for the next round.
func (n *node) forget() {
	n.t.Helper()
	for _, table := range []string{"attempts", "deliveries", "delivery_slots", "batches", "ledgers", "runs", "mailings", "recipients"} {
		if err := n.exec("DELETE FROM " + table); err != nil {
			n.t.Fatal(err)
		}
	}
}

// exec runs a statement behind everyone's back.
func (n *node) exec(statement string) error {
	ctx := context.Background()
	return n.db.Tx(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, statement)
		return err
	})
}
