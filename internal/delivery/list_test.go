package delivery

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// However the states are chosen and however long the pages are: a list has
// every delivery that it should, once.
func TestListsHaveEveryDelivery(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		dice := rand.New(rand.NewPCG(7, 7))
		want := map[State][]int64{}
		f.open(2, 5, false) // another run, of which nothing may show
		batches := []int64{f.open(1, 7, false)}
		for i := range 3 {
			f.plan(1, 10*(i+1), 7)
		}
		for _, id := range append(batches, f.feed(1)...) {
			b := f.claim("a", id)
			for _, d := range b.Deliveries {
				ends := map[End]State{Took: Accepted, RefusedForNow: Deferred, RefusedForGood: Failed, Lost: Uncertain}
				end := End(dice.IntN(6))
				switch state, ended := ends[end]; {
				case end == Dropped:
					want[Planned] = append(want[Planned], d.ID)
				case !f.mark(d):
					t.Fatal("a mark is refused")
				case ended:
					f.end(d, end)
					want[state] = append(want[state], d.ID)
				default:
					want[Leaving] = append(want[Leaving], d.ID)
				}
			}
		}
		for choice := range 1 << 7 {
			var states []State
			var all []int64
			for s := Planned; s <= Skipped; s++ {
				if choice&(1<<s) != 0 {
					states = append(states, s)
					all = append(all, want[s]...)
				}
			}
			if len(states) == 0 {
				continue
			}
			slices.Sort(all)
			slices.Reverse(all)
			for _, limit := range []int{1, 3, 100} {
				if got := f.pages(1, states, limit); !slices.Equal(got, all) {
					t.Errorf("%v by %d: got %v, want %v", states, limit, got, all)
				}
			}
		}
	})
}

// pages reads a list page by page.
func (f *fixture) pages(runID int64, states []State, limit int) (ids []int64) {
	f.t.Helper()
	for before := int64(0); ; {
		page, err := f.Deliveries(f.t.Context(), runID, states, before, limit)
		if err != nil {
			f.t.Fatal(err)
		}
		for _, d := range page {
			if !slices.Contains(states, d.State) {
				f.t.Errorf("%v: got one that is %s", states, d.State)
			}
			ids = append(ids, d.ID)
		}
		if len(page) == 0 || len(ids) > 1000 {
			return ids
		}
		before = ids[len(ids)-1]
	}
}
