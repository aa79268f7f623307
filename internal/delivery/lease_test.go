package delivery

import (
	"slices"
	"testing"
	"time"
)

func TestFreeOwnAtStart(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		b := f.claim("a", f.open(1, 2, true))
		if n, err := f.FreeOwn(t.Context(), "b"); n != 0 || err != nil {
			t.Fatalf("of another node: %d, %v", n, err)
		}
		f.now.pass(15 * time.Second)
		if err := f.Renew(t.Context(), "a", []int64{b.ID}); err != nil {
			t.Fatal(err)
		}
		f.now.pass(15 * time.Second)
		if n, err := f.Sweep(t.Context()); n != 0 || err != nil {
			t.Fatalf("sweep of a renewed lease: %d, %v", n, err)
		}
		if n, err := f.FreeOwn(t.Context(), "a"); n != 1 || err != nil {
			t.Fatalf("own: %d, %v; want 1", n, err)
		}
		if b := f.claim("a", f.feed(1)[0]); len(b.Deliveries) != 2 {
			t.Errorf("got %d deliveries, want 2", len(b.Deliveries))
		}
	})
}

// A lease that its node could not give back ends, whatever else the node renews.
func TestOnlyNamedLeasesAreRenewed(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		kept, left := f.claim("a", f.open(1, 2, true)), f.claim("a", f.open(2, 2, true))
		f.now.pass(15 * time.Second)
		if err := f.Renew(t.Context(), "a", []int64{kept.ID}); err != nil {
			t.Fatal(err)
		}
		f.now.pass(15 * time.Second)
		if n, err := f.Sweep(t.Context()); n != 1 || err != nil {
			t.Fatalf("swept %d, %v; want the lease that was left", n, err)
		}
		if fed := f.feed(2); !slices.Equal(fed, []int64{left.ID}) {
			t.Errorf("fed %v, want %d", fed, left.ID)
		}
	})
}
