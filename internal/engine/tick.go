package engine

import (
	"context"
	"errors"
	"time"

	"gonets/internal/db"
	"gonets/internal/delivery"
	"gonets/internal/queue"
)

// ticks runs the node's own clock. Every node has one: what they do is
// conditional on the rows, so that any number may do it at once, and nothing
// waits for a leader to be elected.
func (e *Engine) ticks() {
	clock := time.NewTicker(tickEvery)
	defer clock.Stop()
	for second, nudged := 0, false; ; {
		if !nudged && second%sweepEvery == 0 {
			e.try("sweep", e.sweep)
		}
		if !nudged && second%foldEvery == 0 {
			e.try("fold", e.Ledger.Fold)
		}
		e.try("choose the mail server", e.chooseServer)
		if e.o.Scheduler {
			e.try("open due runs", e.openDue)
		}
		e.try("advance", e.advance)
		select {
		case <-e.work.Done():
			return
		case <-clock.C:
			second, nudged = second+1, false
		case <-e.nudges:
			nudged = true
		}
	}
}

// In seconds. Folding costs by the kinds of attempts, so less often is cheaper.
const (
	sweepEvery = 2
	foldEvery  = 5
)

// try does a step and logs its failure: the next tick tries again.
func (e *Engine) try(doing string, step func(context.Context) error) {
	if e.work.Err() != nil {
		return
	}
	if err := step(e.work); err != nil && e.work.Err() == nil {
		e.Log.Error("tick", "doing", doing, "error", err)
	}
}

func (e *Engine) openDue(ctx context.Context) error {
	opened, err := e.Mailings.OpenDue(ctx)
	if opened > 0 {
		e.Log.Info("opened due runs", "runs", opened)
	}
	return err
}

// sweep frees the batches of nodes that died, and plans due retries anew.
func (e *Engine) sweep(ctx context.Context) error {
	freed, err := e.Ledger.Sweep(ctx)
	if freed > 0 {
		e.Log.Warn("took over from a node that died", "batches", freed)
	}
	if err != nil {
		return err
	}
	for {
		retried, err := e.Ledger.RetryDue(ctx, retryChunk)
		if err != nil || retried < retryChunk {
			return err
		}
	}
}

// retryChunk is how many deliveries are planned anew in one transaction.
const retryChunk = 500

// advance moves every open run on: finishes it, or feeds its batches to the
// queue. A run that fails keeps no other from it.
func (e *Engine) advance(ctx context.Context) error {
	runs, err := e.Mailings.OpenRuns(ctx)
	if err != nil {
		return err
	}
	var hungry []int64
	var failed []error
	for _, r := range runs {
		again, err := e.Mailings.Advance(ctx, r)
		if err != nil {
			failed = append(failed, err)
		}
		if again {
			e.nudge()
		}
		if r.Counts.Remaining() > 0 {
			hungry = append(hungry, r.ID)
		}
	}
	if e.o.Worker && !e.relay.Load().away() {
		failed = append(failed, e.Ledger.Feed(ctx, hungry, batchesAhead, e.enqueue))
	}
	return errors.Join(failed...)
}

func (e *Engine) enqueue(ctx context.Context, tx db.Tx, batches []delivery.Batch) error {
	jobs := make([]queue.Job, len(batches))
	for i, b := range batches {
		jobs[i] = batchJob{BatchID: b.ID, Epoch: b.Epoch}
	}
	return e.Queue.InsertTx(ctx, tx, jobs...)
}

// renewals lengthens by one update, four times in each, the leases of the
// batches in work. A lease that could not be given back is not among them: it
// expires.
func (e *Engine) renewals() {
	clock := time.NewTicker(e.Ledger.Policy().Lease / 4)
	defer clock.Stop()
	for {
		select {
		case <-e.wire.Done():
			return
		case <-clock.C:
			if err := e.Ledger.Renew(e.wire, e.o.Node, e.inWork.batches()); err != nil && e.wire.Err() == nil {
				e.Log.Error("renew leases", "error", err)
			}
		}
	}
}
