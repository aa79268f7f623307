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
	e.inWork.add(batch.ID)
	done := make(chan struct{})
	e.sent.Go(func() {
		defer close(done)
		defer e.inWork.remove(batch.ID)
		if err := e.ship(ctx, batch); err != nil {
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
func (e *Engine) ship(ctx context.Context, batch delivery.Batch) error {
	s, err := e.load(ctx, batch)
	if err != nil {
		return fmt.Errorf("load batch %d: %w", batch.ID, err)
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

// inWork are the batches whose leases this process needs.
type inWork struct {
	mu  sync.Mutex
	ids []int64
}

func (w *inWork) add(id int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ids = append(w.ids, id)
}

func (w *inWork) remove(id int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ids = slices.DeleteFunc(w.ids, func(one int64) bool { return one == id })
}

func (w *inWork) list() []int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.ids)
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
func (e *Engine) load(ctx context.Context, batch delivery.Batch) (*shipment, error) {
	run, err := e.Mailings.ForSending(ctx, batch.RunID)
	if err != nil {
		return nil, err
	}
	if run.StartedAt.IsZero() {
		if err := e.Mailings.Begin(ctx, run.ID); err != nil {
			return nil, err
		}
	}
	s := &shipment{batch: batch, run: run, halted: make(chan struct{})}
	if s.compiled, err = e.Messages.CompiledVersion(ctx, run.MessageVersionID); err != nil {
		return nil, err
	}
	address, err := mail.ParseAddress(run.Sender.Email)
	if err != nil {
		return nil, fmt.Errorf("sender of run %d: %w", run.ID, err)
	}
	s.from = mail.Mailbox{Name: run.Sender.Name, Address: address}
	ids := make([]int64, len(batch.Deliveries))
	for i, d := range batch.Deliveries {
		ids[i] = d.RecipientID
	}
	if s.people, err = e.Recipients.ForSending(ctx, e.Store.Read(), ids); err != nil {
		return nil, err
	}
	s.zones = zones(s.people)
	return s, nil
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
