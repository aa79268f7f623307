package delivery

import (
	"cmp"
	"context"
	"errors"
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

// settle commits a group. If it is refused for another reason than that the
// database is away, each turn is tried alone: one must not take the others with
// it.
func (l *Ledger) settle(ctx context.Context, group []*Turn) {
	p := l.page(group)
	err := l.insist(context.WithoutCancel(ctx), p)
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

// insist commits a page. While the database is away it tries again for as long
// as a lease lasts, since a result that is lost becomes uncertain.
func (l *Ledger) insist(ctx context.Context, p *page) error {
	end := time.After(l.policy.Lease)
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, l.policy.Lease/20) {
		err := l.commit(ctx, p)
		if !fault.Is(err, fault.Unavailable) {
			return err
		}
		select {
		case <-end:
			return err
		case <-time.After(pause):
		}
	}
}

// commit writes a page in one transaction. It may be called again with a page
// of which it said that the database was away.
func (l *Ledger) commit(ctx context.Context, p *page) error {
	err := scribeOf(l.db).commit(ctx, l.db, p)
	if err != nil && !errors.Is(err, errLanded) {
		return fmt.Errorf("commit to the ledger: %w", err)
	}
	for _, e := range p.entries {
		e.docket.leaving = e.leaving
		e.revision++
	}
	return nil
}

// errLanded says that an earlier try of the page, whose answer was lost, has
// committed it.
var errLanded = errors.New("the page is committed already")

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
	entries []entry
	asks    bool // PostgreSQL: something is otherwise than expected, so it is asked first
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

// lease is how a batch stands in the database.
type lease struct{ batchID, epoch, revision int64 }

// meet begins the page anew with the leases that are held: as the page knows
// them. The next revision of one is this very page: nobody else writes there.
func (p *page) meet(leases []lease) error {
	if slices.ContainsFunc(p.dockets, func(d *docket) bool { return slices.Contains(leases, lease{d.batchID, d.epoch, d.revision + 1}) }) {
		return errLanded
	}
	p.anew()
	for _, d := range p.dockets {
		p.held[d] = slices.Contains(leases, lease{d.batchID, d.epoch, d.revision})
	}
	return nil
}

// batchIDs are those of the batches whose leases are held.
func (p *page) batchIDs() (ids []int64) {
	for _, d := range p.dockets {
		if p.held[d] {
			ids = append(ids, d.batchID)
		}
	}
	return ids
}

// markIDs are the deliveries that may be marked if they are planned.
func (p *page) markIDs() (ids []int64) {
	for _, d := range p.marks {
		if p.held[d.docket] {
			ids = append(ids, d.ID)
		}
	}
	return ids
}

// tally is what the page changes in the counters. A late result, whose row
// somebody else has moved on, keeps its attempt and changes nothing.
func (p *page) tally() tally {
	counts := tally{}
	for i := range p.records {
		r := &p.records[i]
		counted := p.held[r.docket] && p.moved[r.ID]
		if r.Stage != "" {
			// Whoever moved the row on has recorded an attempt of their own.
			counts.attempt(r, r.Retried || !counted)
		}
		if counted {
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
