package delivery

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"gonets/internal/db"
	"gonets/internal/db/dbtest"
)

// A result that could not be recorded leaves its row leaving: whoever gives
// the batch back settles it, and it is fed again, or done.
func TestReleaseSettlesWhatIsLeaving(t *testing.T) {
	for _, tt := range []struct {
		name   string
		resend bool
		counts Counts
		fed    int
	}{
		{"resend", true, Counts{Recipients: 1}, 1},
		{"hold", false, Counts{Recipients: 1, Uncertain: 1}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			each(t, func(t *testing.T, f *fixture) {
				b := f.claim("a", f.open(1, 1, tt.resend))
				f.mark(b.Deliveries[0])
				list, err := f.Deliveries(t.Context(), 1, []State{Leaving}, 0, 10)
				if err != nil || len(list) != 1 || list[0].State != Leaving {
					t.Fatalf("leaving: %+v, %v", list, err)
				}
				if err := f.Release(t.Context(), b); err != nil {
					t.Fatal(err)
				}
				f.check(1, tt.counts)
				unknown := f.attempts(Filter{UserID: 3, Outcomes: []Outcome{Unknown}})
				if len(unknown) != 1 {
					t.Errorf("unknown attempts: got %d, want 1", len(unknown))
				}
				if fed := f.feed(1); len(fed) != tt.fed {
					t.Errorf("fed %v, want %d batches", fed, tt.fed)
				}
			})
		})
	}
}

func TestLeavingIsNotSkipped(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		b := f.claim("a", f.open(1, 2, true))
		f.mark(b.Deliveries[0])
		f.tx(func(ctx context.Context, tx db.Tx) error {
			return errors.Join(f.SkipRecipientTx(ctx, tx, 1, ReasonUnsubscribed), f.SkipRecipientTx(ctx, tx, 2, ReasonUnsubscribed))
		})
		f.check(1, Counts{Recipients: 2, Skipped: 1})
		f.end(b.Deliveries[0], Took)
		f.check(1, Counts{Recipients: 2, Accepted: 1, Skipped: 1})
	})
}

// A node that was stopped for longer than its lease, and another took over: it
// may mark nothing any more, and its late result leaves an attempt, no state.
func TestWhoLostTheLeaseIsRefused(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		batch := f.open(1, 2, true)
		stopped := f.claim("a", batch)
		first, second := stopped.Deliveries[0], stopped.Deliveries[1]
		if !f.mark(first) {
			t.Fatal("the first mark is refused")
		}
		f.now.pass(f.policy.Lease + time.Second)
		if freed, err := f.Sweep(t.Context()); freed != 1 || err != nil {
			t.Fatalf("freed %d, %v", freed, err)
		}
		if f.mark(second) {
			t.Error("who has no lease may mark")
		}
		f.feed(1)
		heir := f.claim("b", batch)
		if f.mark(second) {
			t.Error("who had an earlier lease may mark")
		}
		for _, d := range heir.Deliveries {
			if !f.mark(d) {
				t.Error("who has the lease may not mark")
			}
		}
		f.end(first, RefusedForGood)
		f.check(1, Counts{Recipients: 2})
		for _, d := range heir.Deliveries {
			f.end(d, Took)
		}
		f.check(1, Counts{Recipients: 2, Accepted: 2})
		if all := f.attempts(Filter{UserID: 3}); len(all) != 4 { // unknown, late, and two accepted
			t.Errorf("got %d attempts, want 4", len(all))
		}
	})
}

// A commit whose answer was lost is not written twice.
func TestACommitIsRepeatedWithoutHarm(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		list := f.claim("a", f.open(1, 2, true)).Deliveries
		first, second := list[0], list[1]
		if !f.mark(first) {
			t.Fatal("the mark is refused")
		}
		turn := &Turn{mark: second, results: []Result{{
			Delivery: first, End: Took, At: f.now.Now(), Address: address(1), Stage: StageEndOfData, Code: 250,
		}}}
		before := slices.Clone(first.docket.leaving)
		p := f.page([]*Turn{turn})
		for range 2 {
			if err := f.commit(t.Context(), p); err != nil {
				t.Fatal(err)
			}
			if turn.settled(p); !turn.marked {
				t.Error("the mark is refused")
			}
			if !slices.Equal(first.docket.leaving, []int64{second.ID}) {
				t.Errorf("leaving: %v, want %d alone", first.docket.leaving, second.ID)
			}
			first.docket.leaving = before // as it is for who had no answer
			first.docket.revision--
		}
		first.docket.leaving = []int64{second.ID}
		first.docket.revision++
		f.check(1, Counts{Recipients: 2, Accepted: 1})
		if all := f.attempts(Filter{UserID: 3}); len(all) != 1 {
			t.Errorf("got %d attempts, want 1", len(all))
		}
		f.end(second, Took)
		f.check(1, Counts{Recipients: 2, Accepted: 2})
	})
}

func TestAMarkIsGivenAgain(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		d := f.claim("a", f.open(1, 1, true)).Deliveries[0]
		for range 2 {
			if !f.mark(d) {
				t.Fatal("a mark is refused")
			}
			f.end(d, Dropped) // planned again, by who marked it
		}
	})
}

// Without a committer a turn is waited for as long as its ctx lasts, and then
// it is as if it had never been.
func TestTurnIsWithdrawn(t *testing.T) {
	d := dbtest.Open(t, dbtest.SQLiteURL(t), db.SystemClock{})
	l := New(d, DefaultPolicy(), nil)
	ctx, cancel := context.WithCancel(t.Context())
	turn := l.Submit(nil, &Delivery{ID: 1, RunID: 1})
	cancel()
	if marked, err := turn.Wait(ctx); marked || !errors.Is(err, ErrStopped) {
		t.Errorf("got %v, %v; want %v", marked, err, ErrStopped)
	}
	if n := len(l.desk.turns); n != 0 {
		t.Errorf("%d turns lie about", n)
	}
}

func TestGroupWaitsForWhoComesBack(t *testing.T) {
	d := desk{enough: make(chan struct{}, 1)}
	add := func(n int) {
		for range n {
			d.add(&Turn{desk: &d})
		}
	}
	take := func(want int) {
		t.Helper()
		group, ok := d.group(t.Context())
		if !ok || len(group) != want {
			t.Errorf("group of %d, %v; want %d", len(group), ok, want)
		}
		d.expect(len(group))
	}
	add(3)
	take(3)
	began := time.Now()
	add(1) // two of three don't come back
	take(1)
	if waited := time.Since(began); waited < gather {
		t.Errorf("waited %v, want %v at least", waited, gather)
	}
	add(maxGroup + 1)
	take(maxGroup)
	take(1)
	ended, end := context.WithCancel(t.Context())
	end()
	if _, ok := d.group(ended); ok {
		t.Error("a group after the end")
	}
}
