package engine

import (
	"slices"
	"testing"

	"gonets/internal/delivery"
)

// A batch that this process has leased again is in work until the present
// shipment ends, and the one of the lost lease hands out nothing more.
func TestABatchIsInWorkTwice(t *testing.T) {
	shipmentOf := func(epoch int64) *shipment {
		return &shipment{batch: delivery.Batch{ID: 7, Epoch: epoch}, halted: make(chan struct{})}
	}
	var w inWork
	stale, fresh := shipmentOf(1), shipmentOf(3)
	w.add(stale)
	w.add(fresh)
	if !stale.isHalted() || fresh.isHalted() {
		t.Errorf("halted: the stale one %v, the present one %v", stale.isHalted(), fresh.isHalted())
	}
	w.remove(stale)
	if left := w.batches(); !slices.Equal(left, []int64{7}) {
		t.Errorf("in work: %v, want batch 7", left)
	}
	w.remove(fresh)
	if left := w.batches(); len(left) != 0 {
		t.Errorf("in work: %v", left)
	}
}
