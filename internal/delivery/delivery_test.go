package delivery

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"gonets/internal/db"
	"gonets/internal/db/dbtest"
)

// fixture is a ledger with a committer, for one test.
type fixture struct {
	*Ledger
	t   testing.TB
	db  *db.DB
	now *clock
}

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }

func (c *clock) pass(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.at = c.at.Add(d) }

// each runs a test on both databases.
func each(t *testing.T, test func(*testing.T, *fixture)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, newFixture(t, dbtest.SQLiteURL(t))) })
	t.Run("postgres", func(t *testing.T) { test(t, newFixture(t, dbtest.PostgresURL(t))) })
}

func newFixture(t testing.TB, url string) *fixture {
	now := &clock{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	d := dbtest.Open(t, url, now)
	addresses := func(_ context.Context, _ db.Q, ids []int64) (map[int64]string, error) {
		known := map[int64]string{}
		for _, id := range ids {
			known[id] = address(id)
		}
		return known, nil
	}
	policy := DefaultPolicy()
	policy.Jitter = 0
	f := &fixture{New(d, policy, addresses), t, d, now}
	ctx, stop := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { f.Run(ctx) })
	t.Cleanup(func() { stop(); done.Wait() })
	return f
}

func address(recipient int64) string { return fmt.Sprintf("r%d@example.test", recipient) }

func (f *fixture) tx(do func(ctx context.Context, tx db.Tx) error) {
	f.t.Helper()
	ctx := f.t.Context()
	if err := f.db.Tx(ctx, func(tx db.Tx) error { return do(ctx, tx) }); err != nil {
		f.t.Fatal(err)
	}
}

// open plans a run of recipients 1..n, and gives its only batch.
func (f *fixture) open(runID int64, n int, resend bool) int64 {
	f.t.Helper()
	f.tx(func(ctx context.Context, tx db.Tx) error {
		return f.OpenTx(ctx, tx, Run{ID: runID, MailingID: 7, UserID: 3, Resend: resend})
	})
	f.plan(runID, 1, n)
	return f.feed(runID)[0]
}

// plan plans a batch of n recipients from an id on.
func (f *fixture) plan(runID int64, from, n int) {
	f.t.Helper()
	f.tx(func(ctx context.Context, tx db.Tx) error {
		var chunk []Plan
		for i := range n {
			chunk = append(chunk, Plan{RecipientID: int64(from + i)})
		}
		return f.PlanTx(ctx, tx, runID, chunk)
	})
}

func (f *fixture) feed(runID int64) (ids []int64) {
	f.t.Helper()
	err := f.Feed(f.t.Context(), []int64{runID}, 4, func(_ context.Context, _ db.Tx, batches []Batch) error {
		ids = nil
		for _, b := range batches {
			ids = append(ids, b.ID)
		}
		return nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return ids
}

func (f *fixture) claim(node string, batch int64) Batch {
	f.t.Helper()
	b, ok, err := f.Claim(f.t.Context(), node, batch)
	if err != nil || !ok {
		f.t.Fatalf("claim: %v, %v", ok, err)
	}
	return b
}

func (f *fixture) mark(d *Delivery) bool {
	f.t.Helper()
	marked, err := f.Commit(f.t.Context(), nil, d)
	if err != nil {
		f.t.Fatal(err)
	}
	return marked
}

func (f *fixture) end(d *Delivery, end End) {
	f.t.Helper()
	r := Result{
		Delivery: d, End: end, At: f.now.Now(), Address: address(d.RecipientID), Stage: StageEndOfData,
		Code: 250, Enhanced: "2.0.0", Response: "Ок \"quoted\"", Server: "mx.example.test",
	}
	if _, err := f.Commit(f.t.Context(), []Result{r}, nil); err != nil {
		f.t.Fatal(err)
	}
}

// check compares the counters with want, and with the rows.
func (f *fixture) check(runID int64, want Counts) {
	f.t.Helper()
	got, err := f.Counts(f.t.Context(), f.db.Read(), runID)
	if err != nil {
		f.t.Fatal(err)
	}
	if got != want {
		f.t.Errorf("counts: got %+v, want %+v", got, want)
	}
	if wrong, err := f.Rebuild(f.t.Context(), runID); wrong || err != nil {
		f.t.Errorf("counters differ from the rows (%v)", err)
	}
}

func (f *fixture) attempts(filter Filter) []Attempt {
	f.t.Helper()
	filter.Limit = 100
	list, err := f.Attempts(f.t.Context(), filter)
	if err != nil {
		f.t.Fatal(err)
	}
	return list
}

func TestWayOfADelivery(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		b := f.claim("a", f.open(1, 5, true))
		if _, ok, err := f.Claim(t.Context(), "b", b.ID); ok || err != nil {
			t.Fatalf("second claim: got %v, %v; want refused", ok, err)
		}
		for _, d := range b.Deliveries[:4] {
			if !f.mark(d) {
				t.Fatalf("delivery %d: mark refused", d.ID)
			}
		}
		if twin := *b.Deliveries[0]; f.mark(&twin) {
			t.Error("a second mark of the same delivery was granted")
		}
		f.end(b.Deliveries[0], Took)
		f.end(b.Deliveries[1], RefusedForNow)
		f.end(b.Deliveries[2], RefusedForGood)
		f.end(b.Deliveries[3], Dropped)
		f.check(1, Counts{Recipients: 5, Accepted: 1, Deferred: 1, Failed: 1})
		if err := f.Release(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		if again := f.feed(1); !slices.Equal(again, []int64{b.ID}) {
			t.Errorf("a batch with planned deliveries is not fed again: %v", again)
		}
		b = f.claim("b", b.ID)
		if got := len(b.Deliveries); got != 2 {
			t.Errorf("second claim loads %d deliveries, want the 2 planned", got)
		}
		got := f.attempts(Filter{UserID: 3, MailingID: 7, Outcomes: []Outcome{Success}})
		if len(got) != 1 || got[0].Response != "Ок \"quoted\"" || got[0].Address != address(1) || !got[0].At.Equal(f.now.Now()) {
			t.Errorf("attempt: got %+v", got)
		}
		if n := len(f.attempts(Filter{UserID: 3, Code: 250})); n != 4 {
			t.Errorf("got %d attempts, want 4", n)
		}
	})
}

func TestHoldRefusesMarks(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		b := f.claim("a", f.open(1, 3, true))
		if !f.mark(b.Deliveries[0]) {
			t.Fatal("mark refused")
		}
		f.tx(func(ctx context.Context, tx db.Tx) error { return f.HoldRunTx(ctx, tx, 1) })
		if f.mark(b.Deliveries[1]) {
			t.Error("a mark was granted after the hold")
		}
		f.end(b.Deliveries[0], Took) // what was marked still ends
		if err := f.Release(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		if fed := f.feed(1); len(fed) != 0 {
			t.Errorf("a held run is fed: %v", fed)
		}
		if _, ok, err := f.Claim(t.Context(), "a", b.ID); ok || err != nil {
			t.Errorf("a held run is claimed: %v, %v", ok, err)
		}
		f.tx(func(ctx context.Context, tx db.Tx) error { return f.LetRunTx(ctx, tx, 1) })
		b = f.claim("a", f.feed(1)[0])
		if !f.mark(b.Deliveries[0]) {
			t.Error("mark refused after the hold")
		}
		f.check(1, Counts{Recipients: 3, Accepted: 1})
	})
}

func TestSkipRecipient(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		b := f.claim("a", f.open(1, 3, true))
		f.mark(b.Deliveries[0])
		f.mark(b.Deliveries[1])
		f.end(b.Deliveries[1], RefusedForNow)
		for id := range int64(3) {
			f.tx(func(ctx context.Context, tx db.Tx) error { return f.SkipRecipientTx(ctx, tx, id+1, ReasonUnsubscribed) })
		}
		if f.mark(b.Deliveries[2]) {
			t.Error("a skipped delivery was marked")
		}
		f.check(1, Counts{Recipients: 3, Skipped: 2}) // the marked one goes on
		f.end(b.Deliveries[0], Took)
		f.check(1, Counts{Recipients: 3, Skipped: 2, Accepted: 1})
		f.open(2, 1, true)
		if load, err := f.Load(t.Context(), []int64{1, 3, 4}); err != nil || !maps.Equal(load, map[int64]int{1: 2, 3: 1}) {
			t.Errorf("load: %v, %v", load, err)
		}
		f.tx(func(ctx context.Context, tx db.Tx) error { return f.ForgetRecipientTx(ctx, tx, 1) })
		for _, a := range f.attempts(Filter{UserID: 3}) {
			if (a.Address == "") != (a.RecipientID == 1) {
				t.Errorf("recipient %d: address %q", a.RecipientID, a.Address)
			}
		}
	})
}

func TestStoppedRunSkipsTheRest(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		b := f.claim("a", f.open(1, 6, true))
		f.mark(b.Deliveries[0])
		f.end(b.Deliveries[0], RefusedForNow)
		f.tx(func(ctx context.Context, tx db.Tx) error { return f.HoldRunTx(ctx, tx, 1) })
		for total := 0; ; {
			n, err := f.SkipRun(t.Context(), 1, ReasonStopped, 4)
			if err != nil {
				t.Fatal(err)
			}
			if total += n; n == 0 {
				if total != 6 {
					t.Errorf("skipped %d, want 6", total)
				}
				break
			}
		}
		f.check(1, Counts{Recipients: 6, Skipped: 6})
	})
}

// A node dies with one delivery leaving: the copy is sent, or the owner
// decides; in both cases the possible double is on record.
func TestCrashLeavesUnknownAttempt(t *testing.T) {
	for _, tt := range []struct {
		resend bool
		state  State
		counts Counts
	}{
		{true, Planned, Counts{Recipients: 2}},
		{false, Uncertain, Counts{Recipients: 2, Uncertain: 1}},
	} {
		t.Run(fmt.Sprintf("resend=%v", tt.resend), func(t *testing.T) {
			each(t, func(t *testing.T, f *fixture) {
				b := f.claim("a", f.open(1, 2, tt.resend))
				leaving := b.Deliveries[0]
				f.mark(leaving)
				if n, err := f.Sweep(t.Context()); n != 0 || err != nil {
					t.Fatalf("sweep of a live lease: %d, %v", n, err)
				}
				f.now.pass(21 * time.Second)
				if n, err := f.Sweep(t.Context()); n != 1 || err != nil {
					t.Fatalf("sweep: %d, %v; want 1", n, err)
				}
				f.check(1, tt.counts)
				d, user, attempts, ok, err := f.Delivery(t.Context(), leaving.ID)
				if err != nil || !ok || user != 3 {
					t.Fatalf("read: %v %v", ok, err)
				}
				if d.State != tt.state || len(attempts) != 1 || attempts[0].Outcome != Unknown || attempts[0].Address != address(1) {
					t.Errorf("got %v with %+v, want %v with one unknown attempt", d.State, attempts, tt.state)
				}
				// The node was only stopped: its late result is kept and changes nothing.
				f.end(leaving, Took)
				f.check(1, tt.counts)
				if n := len(f.attempts(Filter{UserID: 3})); n != 2 {
					t.Errorf("got %d attempts, want the unknown one and the late one", n)
				}
				if fed := f.feed(1); !slices.Equal(fed, []int64{b.ID}) {
					t.Errorf("the freed batch is not fed: %v", fed)
				}
			})
		})
	}
}

func TestDeferredIsRetriedUntilGivenUp(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		b := f.claim("a", f.open(1, 1, true))
		tries := 0
		for ; tries < 100; tries++ {
			d := b.Deliveries[0]
			if !f.mark(d) {
				t.Fatal("mark refused")
			}
			f.end(d, RefusedForNow)
			if err := f.Release(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			c, err := f.Counts(t.Context(), f.db.Read(), 1)
			if err != nil {
				t.Fatal(err)
			}
			if c.Failed == 1 {
				break
			}
			if n, err := f.RetryDue(t.Context(), 10); n != 0 || err != nil {
				t.Fatalf("retried before its time: %d, %v", n, err)
			}
			f.now.pass(4 * time.Hour)
			if n, err := f.RetryDue(t.Context(), 10); n != 1 || err != nil {
				t.Fatalf("retry: %d, %v", n, err)
			}
			b = f.claim("a", f.feed(1)[0])
		}
		if tries < 15 || tries > 20 {
			t.Errorf("given up after %d tries of 4 h, want about 18 in 72 h", tries)
		}
		f.check(1, Counts{Recipients: 1, Failed: 1})
	})
}

func TestPlanTwiceIsHarmless(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.open(1, 3, true)
		f.tx(func(ctx context.Context, tx db.Tx) error {
			return f.PlanTx(ctx, tx, 1, []Plan{{2, ""}, {3, ReasonUnsubscribed}, {4, ReasonUnsubscribed}})
		})
		f.check(1, Counts{Recipients: 4, Skipped: 1})
		list, err := f.Deliveries(t.Context(), 1, []State{Skipped}, 0, 10)
		if err != nil || len(list) != 1 || list[0].Reason != ReasonUnsubscribed || list[0].RecipientID != 4 {
			t.Errorf("got %+v, %v", list, err)
		}
		all, err := f.Deliveries(t.Context(), 1, nil, 0, 2)
		if err != nil || len(all) != 2 || all[0].ID < all[1].ID {
			t.Fatalf("first page: %+v, %v", all, err)
		}
		rest, err := f.Deliveries(t.Context(), 1, nil, all[1].ID, 10)
		if err != nil || len(rest) != 2 {
			t.Errorf("second page: %+v, %v", rest, err)
		}
	})
}

// Many connections commit at once; every mark is granted once.
func TestGroupCommit(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		const n = 60
		b := f.claim("a", f.open(1, n, true))
		var wg sync.WaitGroup
		parcels := make(chan *Delivery)
		for range 8 {
			wg.Go(func() {
				var results []Result
				for d := range parcels {
					marked, err := f.Commit(t.Context(), results, d)
					if err != nil || !marked {
						t.Errorf("delivery %d: %v, %v", d.ID, marked, err)
					}
					results = []Result{{Delivery: d, End: Took, At: f.now.Now(), Address: "a@b", Stage: StageEndOfData, Code: 250}}
				}
				if _, err := f.Commit(t.Context(), results, nil); err != nil {
					t.Error(err)
				}
			})
		}
		for _, d := range b.Deliveries {
			parcels <- d
		}
		close(parcels)
		wg.Wait()
		f.check(1, Counts{Recipients: n, Accepted: n})
		slots, err := f.Slots(t.Context(), 1, time.Time{}, 10)
		if err != nil || len(slots) != 1 || slots[0].Accepted != n {
			t.Errorf("slots: got %+v, %v", slots, err)
		}
	})
}

func TestTroubles(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		for range 2 {
			if err := f.Report(ctx, Trouble{Node: "a", Server: "mx:25", Stage: "connect", Response: "refused"}); err != nil {
				t.Fatal(err)
			}
		}
		if list, err := f.Troubles(ctx); err != nil || len(list) != 1 || list[0].Response != "refused" {
			t.Errorf("got %+v, %v", list, err)
		}
		if err := f.Recovered(ctx, "a"); err != nil {
			t.Fatal(err)
		}
		if list, err := f.Troubles(ctx); err != nil || len(list) != 0 {
			t.Errorf("after recovery: got %+v, %v", list, err)
		}
	})
}

func TestPolicyAfter(t *testing.T) {
	p := DefaultPolicy()
	p.Jitter = 0
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name  string
		d     Delivery
		end   End
		state State
		wait  time.Duration
	}{
		{"accepted", Delivery{}, Took, Accepted, 0},
		{"first refusal", Delivery{}, RefusedForNow, Deferred, 10 * time.Minute},
		{"second", Delivery{Tries: 1}, RefusedForNow, Deferred, 30 * time.Minute},
		{"third", Delivery{Tries: 2}, RefusedForNow, Deferred, time.Hour},
		{"tenth", Delivery{Tries: 9}, RefusedForNow, Deferred, 4 * time.Hour},
		{"hundredth", Delivery{Tries: 99}, RefusedForNow, Deferred, 4 * time.Hour},
		{"given up", Delivery{Tries: 20, firstAt: now.Add(-71 * time.Hour)}, RefusedForNow, Failed, 0},
		{"for good", Delivery{}, RefusedForGood, Failed, 0},
		{"lost, hold", Delivery{}, Lost, Uncertain, 0},
		{"lost, resend", Delivery{run: run{resend: true}}, Lost, Deferred, 10 * time.Minute},
		{"lost thrice", Delivery{run: run{resend: true}, Copies: 2, Tries: 2}, Lost, Uncertain, 0},
		{"dropped", Delivery{Tries: 1}, Dropped, Planned, 0},
	} {
		got := p.after(&tt.d, tt.end, now, 0.5)
		wait := time.Duration(0)
		if !got.at.IsZero() {
			wait = got.at.Sub(now)
		}
		if got.state != tt.state || wait != tt.wait {
			t.Errorf("%s: got %v after %v, want %v after %v", tt.name, got.state, wait, tt.state, tt.wait)
		}
	}
	p.Jitter = 0.2
	if low, high := p.wait(1, 0), p.wait(1, 1); low != 8*time.Minute || high != 12*time.Minute {
		t.Errorf("jitter: got %v to %v, want 8m to 12m", low, high)
	}
}
