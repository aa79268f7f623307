package recipient

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/fault"
)

// TestAddressesStandAsTheyAreNow: one that was changed is the new one, one that
// was deleted is none. Whose they are the caller has checked.
func TestAddressesStandAsTheyAreNow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		ctx := t.Context()
		stays := b.create(Draft{Email: "Stays@Пример.рф"})
		moves := b.create(Draft{Email: "moves@b.test"})
		goes := b.create(Draft{Email: "goes@b.test"})
		b.create(Draft{Email: "unasked@b.test"})
		foreign, err := b.Create(ctx, b.boris, Draft{Email: "foreign@b.test"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Update(ctx, b.anna, moves.ID, Draft{Email: "moved@b.test"}); err != nil {
			t.Fatal(err)
		}
		if err := b.Delete(ctx, b.anna, goes.ID); err != nil {
			t.Fatal(err)
		}
		want := map[int64]string{stays.ID: "Stays@пример.рф", moves.ID: "moved@b.test", foreign.ID: "foreign@b.test"}
		got, err := Addresses(ctx, d.Read(), []int64{moves.ID, goes.ID, stays.ID, stays.ID, foreign.ID, 1 << 40})
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("got %v, %v; want %v", got, err, want)
		}
		if got, err := Addresses(ctx, d.Read(), nil); err != nil || len(got) != 0 {
			t.Errorf("of nobody: got %v, %v", got, err)
		}
	})
}

// Two users bring, change and take away the same addresses at the same time;
// what they leave behind is compared when the bench ends (see checkCounts).
func TestAddressesAreCountedOnceWhoeverBringsThem(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		var all sync.WaitGroup
		for _, actor := range []account.Actor{b.anna, b.boris} {
			for worker := range 3 {
				all.Go(func() {
					if err := b.churn(t.Context(), actor, worker); err != nil {
						t.Errorf("user %d, worker %d: %v", actor.ID, worker, err)
					}
				})
			}
		}
		all.Wait()
		var users, addresses int64
		err := d.Read().QueryRow(t.Context(), `SELECT (SELECT count(*) FROM recipients), (SELECT count(*) FROM addresses)`).
			Scan(&users, &addresses)
		if err != nil || addresses == 0 || addresses >= users {
			t.Errorf("%d recipients have %d addresses (%v): the test shares none", users, addresses, err)
		}
	})
}

// churn imports people, adds one, gives one another address and deletes some;
// every worker of every user meets the others' addresses.
func (b *bench) churn(ctx context.Context, actor account.Actor, worker int) error {
	for round := range 4 {
		var file strings.Builder
		file.WriteString("email\n")
		for i := range 30 {
			fmt.Fprintf(&file, "p%d@example.test\n", (i*7+worker*5+round*11)%60)
		}
		if _, err := b.ImportReader(ctx, actor, strings.NewReader(file.String()), 0, ImportOptions{}, nil); err != nil {
			return err
		}
		list, _, err := b.List(ctx, actor, Filter{Limit: 6})
		if err != nil {
			return err
		}
		for i, r := range list {
			if i%2 == 0 {
				err = b.Delete(ctx, actor, r.ID)
			} else {
				_, err = b.Update(ctx, actor, r.ID, Draft{Email: fmt.Sprintf("moved%d.%d@example.test", worker, (round+i)%4)})
			}
			// Another worker has deleted it; or another of theirs has that address.
			if err != nil && !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Invalid) {
				return err
			}
		}
	}
	return nil
}
