package recipient

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/fault"
)

// crowd makes n recipients of Anna's; every other one has the tag "even".
func (b *bench) crowd(n int) {
	b.t.Helper()
	var text strings.Builder
	text.WriteString("email,tags\n")
	for i := range n {
		fmt.Fprintf(&text, "r%04d@example.com,%s\n", i, []string{"even", "odd"}[i%2])
	}
	b.load(text.String(), ImportOptions{})
}

// found is how many of Anna's recipients a filter matches.
func (b *bench) found(f Filter) int64 {
	b.t.Helper()
	n, _, err := b.Count(b.t.Context(), b.anna, f)
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

func (b *bench) begin(do Act, tag string, f Filter) Change {
	b.t.Helper()
	c, err := b.BeginChange(b.t.Context(), b.anna, do, tag, f)
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

func (b *bench) changed(id int64) Change {
	b.t.Helper()
	c, err := b.Change(b.t.Context(), b.anna, id)
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

func TestChanges(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		ctx := t.Context()
		b.crowd(1000)
		if _, err := b.Create(ctx, b.boris, Draft{Email: "r0000@example.com", Tags: []string{"even"}}); err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			act    Act
			tag    string
			filter Filter
			n      int64
			left   Filter // matches so many afterwards
			want   int64
		}{
			{ActTag, "new", Filter{}, 1000, Filter{Tag: "new"}, 1000},
			{ActUntag, "NEW", Filter{Tag: "odd"}, 500, Filter{Tag: "new"}, 500},
			{ActUntag, "new", Filter{Tag: "new"}, 500, Filter{Tag: "new"}, 0},
			{ActUntag, "nobody has it", Filter{}, 1000, Filter{}, 1000},
			{ActDelete, "", Filter{Tag: "nobody has it"}, 0, Filter{}, 1000},
			{ActDelete, "", Filter{Search: "r099"}, 10, Filter{}, 990},
			{ActDelete, "", Filter{Tag: "even"}, 495, Filter{}, 495},
			{ActDelete, "", Filter{}, 495, Filter{}, 0},
		} {
			c := b.begin(tt.act, tt.tag, tt.filter)
			if c.Total != -1 || c.Done != 0 || !c.FinishedAt.IsZero() {
				t.Errorf("%s: began as %+v", tt.act, c)
			}
			for range 2 { // the second job finds it done
				if err := b.change(ctx, c.ID); err != nil {
					t.Fatalf("%s: %v", tt.act, err)
				}
			}
			c = b.changed(c.ID)
			if c.FinishedAt.IsZero() || c.ErrorKey != "" || c.Total != tt.n || c.Done != tt.n {
				t.Errorf("%s of %+v: ended as %+v", tt.act, tt.filter, c)
			}
			if got := b.found(tt.left); got != tt.want {
				t.Errorf("%s of %+v: %+v matches %d, want %d", tt.act, tt.filter, tt.left, got, tt.want)
			}
		}
		if n, _, err := b.Count(ctx, b.boris, Filter{Tag: "even"}); err != nil || n != 1 {
			t.Errorf("of the other user's are left %d, %v", n, err)
		}
	})
}

// Whoever comes later is not in it, and of two who work it one gets anywhere.
func TestChangeGoesOnWhereItDied(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		ctx := t.Context()
		b.crowd(900)
		id := b.begin(ActDelete, "", Filter{}).ID
		if _, err := b.Create(ctx, b.anna, Draft{Email: "late@example.com"}); err != nil {
			t.Fatal(err)
		}
		c := b.changed(id)
		if err := b.countChange(ctx, &c); err != nil || c.Total != 900 {
			t.Fatalf("counted %d, %v", c.Total, err)
		}
		piece := func(c *Change) error {
			do, next, err := b.acting(ctx, c)
			if err != nil {
				t.Fatal(err)
			}
			ids, err := next(ctx)
			if err != nil || len(ids) == 0 {
				t.Fatalf("next: %v, %v", ids, err)
			}
			return b.changePiece(ctx, c, ids, do)
		}
		other := c
		if err := piece(&c); err != nil || c.Done == 0 {
			t.Fatalf("a piece: %+v, %v", c, err)
		}
		before := b.found(Filter{})
		if err := piece(&other); !errors.Is(err, errSuperseded) || b.found(Filter{}) != before {
			t.Errorf("another worker: %v, %d recipients, want %d", err, b.found(Filter{}), before)
		}
		if got := b.changed(id); got.Done != c.Done || got.Done+b.found(Filter{}) != 901 {
			t.Errorf("after its death: %+v and %d recipients", got, b.found(Filter{}))
		}
		if err := b.change(ctx, id); err != nil {
			t.Fatal(err)
		}
		if got := b.changed(id); got.Done != 900 || got.FinishedAt.IsZero() || b.found(Filter{}) != 1 {
			t.Errorf("at the end: %+v and %d recipients", got, b.found(Filter{}))
		}
	})
}

func TestChangeIsWorkedByTheQueue(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		ctx := t.Context()
		b.crowd(500)
		id := b.begin(ActDelete, "", Filter{Tag: "odd"}).ID
		if err := b.queue.Start(ctx); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := b.queue.Stop(context.WithoutCancel(ctx)); err != nil {
				t.Error(err)
			}
		}()
		deadline := time.Now().Add(time.Minute)
		for b.changed(id).FinishedAt.IsZero() {
			if time.Now().After(deadline) {
				t.Fatalf("not done in a minute: %+v", b.changed(id))
			}
			time.Sleep(20 * time.Millisecond) // the queue works it meanwhile
		}
		if n := b.found(Filter{}); n != 250 {
			t.Errorf("%d are left", n)
		}
	})
}

func TestChangesAreOneAtATime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		ctx := t.Context()
		b.crowd(400)
		if _, goesOn, err := b.OpenChange(ctx, b.anna); err != nil || goesOn {
			t.Fatalf("at first: %v, %v", goesOn, err)
		}
		id := b.begin(ActTag, "new", Filter{}).ID
		if _, err := b.BeginChange(ctx, b.anna, ActDelete, "", Filter{}); !fault.Is(err, fault.Conflict) {
			t.Errorf("a second one: %v", err)
		}
		if _, err := b.BeginChange(ctx, b.boris, ActDelete, "", Filter{}); err != nil {
			t.Errorf("another user's: %v", err)
		}
		if c, goesOn, err := b.OpenChange(ctx, b.anna); err != nil || !goesOn || c.ID != id {
			t.Errorf("which goes on: %+v, %v, %v", c, goesOn, err)
		}
		if err := b.CancelChange(ctx, b.boris, id); !fault.Is(err, fault.NotFound) {
			t.Errorf("cancelled by another: %v", err)
		}
		if err := b.CancelChange(ctx, b.anna, id); err != nil {
			t.Fatal(err)
		}
		if err := b.change(ctx, id); err != nil {
			t.Fatal(err)
		}
		if c := b.changed(id); c.ErrorKey != "change.cancelled" || c.Done != 0 || b.found(Filter{Tag: "new"}) != 0 {
			t.Errorf("cancelled: %+v", c)
		}
		if err := b.CancelChange(ctx, b.anna, id); !fault.Is(err, fault.Conflict) {
			t.Errorf("cancelled twice: %v", err)
		}
		if _, err := b.Change(ctx, b.boris, id); !fault.Is(err, fault.NotFound) {
			t.Errorf("seen by another: %v", err)
		}
		b.begin(ActDelete, "", Filter{})
	})
}

func TestChangeRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		ctx := t.Context()
		for _, do := range []Act{ActTag, ActUntag} {
			_, err := b.BeginChange(ctx, b.anna, do, "  ", Filter{})
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%s without a tag: %v", do, err)
			}
		}
		full := Draft{Email: "full@example.com"}
		for i := range MaxTags {
			full.Tags = append(full.Tags, fmt.Sprintf("t%d", i))
		}
		if _, err := b.Create(ctx, b.anna, full); err != nil {
			t.Fatal(err)
		}
		c := b.begin(ActTag, "one more", Filter{})
		if err := b.change(ctx, c.ID); err != nil {
			t.Fatal(err)
		}
		if c = b.changed(c.ID); c.ErrorKey != "recipient.tags_many" || c.FinishedAt.IsZero() {
			t.Errorf("too many tags: %+v", c)
		}
	})
}

func TestSweepChanges(t *testing.T) {
	c := &clock{time.Unix(1_800_000_000, 0)}
	b := newBench(t, dbtest.Open(t, dbtest.SQLiteURL(t), c))
	ctx := t.Context()
	b.begin(ActDelete, "", Filter{})
	for i, want := range []int{1, 2, 2} { // jobs, after as many sweeps
		if i == 1 {
			c.now = c.now.Add(stalled + time.Second)
		}
		if err := b.SweepChanges(ctx); err != nil {
			t.Fatal(err)
		}
		var n int
		if err := b.db.Read().QueryRow(ctx, `SELECT count(*) FROM river_job`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n != want {
			t.Errorf("after sweep %d: %d jobs, want %d", i+1, n, want)
		}
	}
}
