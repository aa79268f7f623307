package engine

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"gonets/internal/delivery"
	"gonets/internal/mail"
	"gonets/internal/mailing"
	"gonets/internal/message"
	"gonets/internal/recipient"
)

// batchJob asks a node to send a batch. The epoch makes each job of a batch a
// different one.
type batchJob struct {
	BatchID int64 `json:"batch_id"`
	Epoch   int64 `json:"epoch"`
}

// Kind names the job in the queue.
func (batchJob) Kind() string { return "send_batch" }

// shipment is a batch in work.
type shipment struct {
	batch    delivery.Batch
	run      mailing.Run
	from     mail.Mailbox
	compiled *message.Compiled
	people   map[int64]recipient.Recipient
	zones    map[string]*time.Location // of the people, by name
	out      sync.WaitGroup            // parcels in the hands of couriers
	halted   chan struct{}             // closed when nothing more may be sent for now
	halting  sync.Once
}

// parcel is one delivery on its way.
type parcel struct {
	*shipment
	delivery *delivery.Delivery
	to       recipient.Recipient
	drops    int // connections that dropped with it before the final dot
}

// halt makes the batch hand the rest back.
func (s *shipment) halt() { s.halting.Do(func() { close(s.halted) }) }

func (s *shipment) isHalted() bool {
	select {
	case <-s.halted:
		return true
	default:
		return false
	}
}

// sendBatch takes the lease of a batch and gives its parcels to the couriers.
// A second job for the same batch finds the lease taken and returns. It ends
// by itself well before its job's time, and hands the rest back. It never
// fails: what it could not do, a next job will, which the tick enqueues; the
// queue's own retries would stand still while it elects a leader.
func (e *Engine) sendBatch(ctx context.Context, job batchJob) error {
	if e.relay.Load().away() || e.work.Err() != nil {
		return e.Ledger.Unqueue(context.WithoutCancel(ctx), job.BatchID)
	}
	batch, ok, err := e.Ledger.Claim(ctx, e.o.Node, job.BatchID)
	if err != nil {
		e.Log.Error("a batch was not claimed", "batch", job.BatchID, "error", err)
		return e.Ledger.Unqueue(context.WithoutCancel(ctx), job.BatchID)
	}
	if !ok {
		return nil
	}
	s := &shipment{batch: batch, halted: make(chan struct{})}
	e.inWork.add(s)
	done := make(chan struct{})
	e.sent.Go(func() {
		defer close(done)
		defer e.inWork.remove(s)
		if err := e.ship(ctx, s); err != nil {
			e.Log.Error("a batch was not sent", "batch", batch.ID, "run", batch.RunID, "error", err)
		}
		if err := e.Ledger.Release(context.WithoutCancel(ctx), batch); err != nil {
			e.Log.Error("the lease will expire", "batch", batch.ID, "error", err)
		}
		e.nudge()
	})
	select {
	case <-done:
	case <-ctx.Done(): // a message is in flight for long; its courier keeps the lease
	}
	return nil
}

// ship sends what it can of a batch, and returns when no courier holds any of
// it.
func (e *Engine) ship(ctx context.Context, s *shipment) error {
	if err := e.load(ctx, s); err != nil {
		return fmt.Errorf("load batch %d: %w", s.batch.ID, err)
	}
	ctx, cancel := context.WithTimeout(ctx, batchTime)
	defer cancel()
	defer s.out.Wait()
	return e.handOut(ctx, s)
}

// handOut puts the parcels of a batch in the outbox. The batches of a run do so
// one after another, so that what is recorded at once lies together in the
// database.
func (e *Engine) handOut(ctx context.Context, s *shipment) error {
	leave, ok := e.lanes.enter(ctx, s.run.ID)
	if !ok {
		return nil
	}
	defer leave()
	for _, d := range s.batch.Deliveries {
		p := &parcel{shipment: s, delivery: d, to: s.people[d.RecipientID]}
		if reason := unwanted(p.to); reason != "" {
			if err := e.Ledger.Skip(ctx, d.RecipientID, reason); err != nil {
				return err
			}
			continue
		}
		s.out.Add(1)
		select {
		case e.outbox <- p:
			continue
		case <-s.halted:
		case <-ctx.Done():
		case <-e.work.Done():
		}
		s.out.Done()
		return nil
	}
	return nil
}

// lanes let one batch of each run hand out at a time.
type lanes struct {
	mu sync.Mutex
	of map[int64]*lane
}

type lane struct {
	taken chan struct{} // holds one
	users int           // who has it and who wait
}

// enter waits for the lane of a run; ok is false where ctx ends before. Who
// entered leaves.
func (l *lanes) enter(ctx context.Context, runID int64) (leave func(), ok bool) {
	l.mu.Lock()
	if l.of == nil {
		l.of = map[int64]*lane{}
	}
	at := l.of[runID]
	if at == nil {
		at = &lane{taken: make(chan struct{}, 1)}
		l.of[runID] = at
	}
	at.users++
	l.mu.Unlock()
	gone := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if at.users--; at.users == 0 {
			delete(l.of, runID)
		}
	}
	select {
	case at.taken <- struct{}{}:
		return func() { <-at.taken; gone() }, true
	case <-ctx.Done():
		gone()
		return nil, false
	}
}

// inWork are the shipments whose leases this process needs.
type inWork struct {
	mu  sync.Mutex
	all []*shipment
}

// add halts whatever is in work of the same batch: who got its lease again has
// lost the one before.
func (w *inWork) add(s *shipment) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, other := range w.all {
		if other.batch.ID == s.batch.ID {
			other.halt()
		}
	}
	w.all = append(w.all, s)
}

func (w *inWork) remove(s *shipment) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = slices.DeleteFunc(w.all, func(one *shipment) bool { return one == s })
}

// batches are the ids of those in work.
func (w *inWork) batches() []int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	ids := make([]int64, len(w.all))
	for i, s := range w.all {
		ids[i] = s.batch.ID
	}
	return ids
}

// unwanted is the reason why a recipient gets no mail any more; empty for who
// does. Whoever is planned or deferred is skipped when they leave; this is for
// those who left while a message to them was leaving, and came back from that.
func unwanted(r recipient.Recipient) string {
	switch {
	case r.ID == 0:
		return delivery.ReasonDeleted
	case r.Status != recipient.Active:
		return string(r.Status)
	default:
		return ""
	}
}

// load reads what all parcels of a batch share.
func (e *Engine) load(ctx context.Context, s *shipment) (err error) {
	if s.run, err = e.Mailings.ForSending(ctx, s.batch.RunID); err != nil {
		return err
	}
	if s.run.StartedAt.IsZero() {
		if err := e.Mailings.Begin(ctx, s.run.ID); err != nil {
			return err
		}
	}
	if s.compiled, err = e.Messages.CompiledVersion(ctx, s.run.MessageVersionID); err != nil {
		return err
	}
	address, err := mail.ParseAddress(s.run.Sender.Email)
	if err != nil {
		return fmt.Errorf("sender of run %d: %w", s.run.ID, err)
	}
	s.from = mail.Mailbox{Name: s.run.Sender.Name, Address: address}
	ids := make([]int64, len(s.batch.Deliveries))
	for i, d := range s.batch.Deliveries {
		ids[i] = d.RecipientID
	}
	if s.people, err = e.Recipients.ForSending(ctx, e.Store.Read(), ids); err != nil {
		return err
	}
	s.zones = zones(s.people)
	return nil
}

// zones are the time zones of people. Loading one costs more than composing a
// message.
func zones(people map[int64]recipient.Recipient) map[string]*time.Location {
	found := map[string]*time.Location{}
	for _, r := range people {
		if found[r.TimeZone] != nil {
			continue
		}
		zone, err := time.LoadLocation(r.TimeZone)
		if err != nil {
			zone = time.UTC
		}
		found[r.TimeZone] = zone
	}
	return found
}
