package delivery

import (
	"context"
	"fmt"
	"testing"

	"gonets/internal/db"
	"gonets/internal/db/dbtest"
)

// BenchmarkCommit writes what so many connections bring at once: the results
// of the messages before and the marks of the next ones. It reports the time of
// a message.
func BenchmarkCommit(b *testing.B) {
	for _, size := range []int{10, 25, 50, 100} {
		b.Run(fmt.Sprintf("sqlite-%d", size), func(b *testing.B) { benchmarkCommit(b, dbtest.SQLiteURL(b), size) })
		b.Run(fmt.Sprintf("postgres-%d", size), func(b *testing.B) { benchmarkCommit(b, dbtest.PostgresURL(b), size) })
	}
}

func benchmarkCommit(b *testing.B, url string, size int) {
	f := newFixture(b, url)
	f.tx(func(ctx context.Context, tx db.Tx) error {
		return f.OpenTx(ctx, tx, Run{ID: 1, MailingID: 7, UserID: 3})
	})
	var stock []*Delivery
	planned := 0
	next := func() *Delivery {
		if len(stock) == 0 {
			b.StopTimer()
			f.plan(1, planned+1, 1000)
			planned += 1000
			for _, id := range f.feed(1) {
				stock = append(stock, f.claim("bench", id).Deliveries...)
			}
			f.tx(func(ctx context.Context, tx db.Tx) error {
				_, err := tx.Exec(ctx, `UPDATE batches SET queued_at = 0, done = 1`)
				return err
			})
			b.StartTimer()
		}
		d := stock[0]
		stock = stock[1:]
		return d
	}
	before := make([]*Delivery, size)
	group := make([]*Turn, size)
	for i := range before {
		before[i] = next()
		group[i] = &Turn{mark: before[i]}
	}
	if err := f.commit(b.Context(), f.page(group)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for i, d := range before {
			before[i] = next()
			group[i] = &Turn{mark: before[i], results: []Result{{
				Delivery: d, End: Took, At: f.now.Now(), Address: address(d.RecipientID), Stage: StageEndOfData,
				Code: 250, Enhanced: "2.0.0", Response: "Ok: queued as 4F1C2B9E40", Server: "mx.example.test:25 (mx.example.test)",
			}}}
		}
		if err := f.commit(b.Context(), f.page(group)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*size), "µs/message")
}
