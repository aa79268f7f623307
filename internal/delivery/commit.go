package delivery

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"gonets/internal/db"
	"gonets/internal/fault"
)

// End is how the try of a delivery ended.
type End int

const (
	Took           End = iota // the server accepted the message
	RefusedForNow             // 4xx, or the connection dropped too often
	RefusedForGood            // 5xx
	Lost                      // the final dot left and no reply came
	Dropped                   // the connection dropped before the final dot: try again at once
	CannotCompose             // the message can't be made for this recipient
)

// Result is the end of a try, for the record. A result with an empty Stage
// (a mark that was not used) changes the state alone and leaves no attempt.
type Result struct {
	Delivery *Delivery
	End      End
	At       time.Time
	Address  string
	Stage    string
	Code     int64
	Enhanced string
	Response string
	Server   string
}

// outcome of the attempt that a result records.
func (r *Result) outcome() Outcome {
	switch r.End {
	case Took:
		return Success
	case Lost:
		return Unknown
	default:
		return Failure
	}
}

// settle commits a group. While the database is away it tries again for as
// long as a lease lasts, since a result that is lost becomes uncertain. If a
// group is refused for another reason, each turn is tried alone: one must not
// take the others with it.
func (l *Ledger) settle(ctx context.Context, group []*Turn) {
	var err error
	p := l.page(group)
	for pause, slept := 20*time.Millisecond, time.Duration(0); ; pause = min(2*pause, l.policy.Lease/20) {
		err = l.commit(context.WithoutCancel(ctx), p)
		if slept += pause; !fault.Is(err, fault.Unavailable) || slept > l.policy.Lease {
			break
		}
		time.Sleep(pause)
	}
	if err != nil && len(group) > 1 && !fault.Is(err, fault.Unavailable) {
		for _, t := range group {
			l.settle(ctx, []*Turn{t})
		}
		return
	}
	l.desk.expect(len(group)) // before the first of them can come back
	for _, t := range group {
		if t.err = err; err == nil {
			t.settled(p)
		}
		close(t.done)
	}
}

// commit writes a page in one transaction. It may be called again with a page
// of which it said that the database was away.
func (l *Ledger) commit(ctx context.Context, p *page) error {
	there, err := l.landed(ctx, p)
	if err == nil && !there {
		err = scribeOf(l.db).commit(ctx, l.db, p)
	}
	if err != nil {
		return fmt.Errorf("commit to the ledger: %w", err)
	}
	for _, e := range p.entries {
		e.docket.leaving = e.leaving
	}
	return nil
}

// landed says whether an earlier try, whose answer was lost, has committed the
// page. A page without attempts is written again without harm.
func (l *Ledger) landed(ctx context.Context, p *page) (there bool, err error) {
	first := slices.IndexFunc(p.records, func(r record) bool { return r.Stage != "" })
	if p.entries == nil || first < 0 {
		return false, nil
	}
	err = l.db.Tx(ctx, func(tx db.Tx) error {
		if _, err := lockRuns(ctx, tx, p.runs...); err != nil { // the earlier try has ended then
			return err
		}
		var n int64
		err := tx.QueryRow(ctx, `SELECT count(*) FROM attempts WHERE delivery_id = $1 AND at = $2`,
			p.records[first].ID, int64(p.records[first].At)).Scan(&n)
		there = n > 0
		return err
	})
	return there, err
}

// page is what one transaction of the committer writes: the results of a group
// and then its marks.
type page struct {
	runs    []int64
	dockets []*docket // in the order of their batches
	records []record
	marks   []*Delivery
	held    map[*docket]bool // whose leases are held still
	moved   map[int64]bool   // deliveries whose state the results have changed
	planned map[int64]bool   // deliveries to be marked that are planned, in runs that are not held
	marked  map[int64]bool   // deliveries that may leave
	entries []entry          // nil: not yet decided
}

// anew forgets what an earlier try of the transaction noted.
func (p *page) anew() {
	clear(p.held)
	clear(p.moved)
	clear(p.planned)
	clear(p.marked)
}

// expect notes what nearly always holds.
func (p *page) expect() {
	p.anew()
	for _, d := range p.dockets {
		p.held[d] = true
	}
	for i := range p.records {
		p.moved[p.records[i].ID] = true
	}
	for _, d := range p.marks {
		p.planned[d.ID] = true
	}
}

func (l *Ledger) page(group []*Turn) *page {
	p := &page{held: map[*docket]bool{}, moved: map[int64]bool{}, planned: map[int64]bool{}, marked: map[int64]bool{}}
	for _, t := range group {
		for i := range t.results {
			p.records = append(p.records, l.record(&t.results[i]))
			p.about(t.results[i].Delivery)
		}
		if t.mark != nil {
			p.marks = append(p.marks, t.mark)
			p.about(t.mark)
		}
	}
	slices.SortFunc(p.dockets, func(a, b *docket) int { return cmp.Compare(a.batchID, b.batchID) })
	return p
}

// about notes the run and the batch of a delivery, of which there are few at a
// time.
func (p *page) about(d *Delivery) {
	if !slices.Contains(p.runs, d.RunID) {
		p.runs = append(p.runs, d.RunID)
	}
	if !slices.Contains(p.dockets, d.docket) {
		p.dockets = append(p.dockets, d.docket)
	}
}

// leases are the batches of the page and the epochs of their leases.
func (p *page) leases() (ids, epochs []int64) {
	for _, d := range p.dockets {
		ids, epochs = append(ids, d.batchID), append(epochs, d.epoch)
	}
	return ids, epochs
}

// hold notes that a batch is leased still: with the epoch that the page knows.
func (p *page) hold(batchID, epoch int64) {
	for _, d := range p.dockets {
		if d.batchID == batchID && d.epoch == epoch {
			p.held[d] = true
		}
	}
}

func (p *page) markIDs() []int64 {
	ids := make([]int64, len(p.marks))
	for i, d := range p.marks {
		ids[i] = d.ID
	}
	return ids
}

// tally is what the page changes in the counters. A late result, whose row
// somebody else has moved on, keeps its attempt and changes nothing.
func (p *page) tally() tally {
	counts := tally{}
	for i := range p.records {
		r := &p.records[i]
		if r.Stage != "" {
			// Whoever moved the row on has recorded an attempt of their own.
			counts.attempt(r, r.Retried || !p.moved[r.ID])
		}
		if p.moved[r.ID] {
			counts.state(r)
		}
	}
	return counts
}

// settled tells a turn what is committed. The next try of a delivery, at once,
// builds on this one.
func (t *Turn) settled(p *page) {
	for i := range t.results {
		if r := &t.results[i]; r.End == Dropped && r.Delivery.firstAt.IsZero() && r.Stage != "" {
			r.Delivery.firstAt = r.At
		}
	}
	t.marked = t.mark != nil && p.marked[t.mark.ID]
}

// record is a result as it is written, for both tables.
type record struct {
	ID          int64
	docket      *docket // of who has the lease
	State       State
	Reason      string
	Tries       int64
	Copies      int64
	Retried     bool // it was tried before
	FirstAt     db.Time
	NextAt      db.Time
	At          db.Time
	Month       int64
	RunID       int64
	MailingID   int64
	UserID      int64
	RecipientID int64
	Address     string
	Outcome     Outcome
	Stage       string
	Code        int64
	Enhanced    string
	Response    string
	Server      string
}

func (l *Ledger) record(r *Result) record {
	d := r.Delivery
	n := l.policy.after(d, r.End, r.At, random())
	first := d.firstAt
	if first.IsZero() {
		first = r.At
	}
	if r.Stage == "" {
		n.tries, first = d.Tries, d.firstAt
	}
	return record{
		ID: d.ID, docket: d.docket, State: n.state, Reason: n.reason, Tries: n.tries, Copies: n.copies,
		Retried: !d.firstAt.IsZero(), FirstAt: db.At(first), NextAt: db.At(n.at), At: db.At(r.At),
		Month: d.run.month, RunID: d.RunID, MailingID: d.run.mailingID, UserID: d.run.userID, RecipientID: d.RecipientID,
		Address: r.Address, Outcome: r.outcome(), Stage: r.Stage, Code: r.Code, Enhanced: r.Enhanced,
		Response: r.Response, Server: r.Server,
	}
}
