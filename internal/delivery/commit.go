package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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

// ErrStopped says that the ledger no longer commits: the process is ending.
var ErrStopped = errors.New("the ledger has stopped")

// turn is one connection's request to the committer.
type turn struct {
	results []Result
	mark    *Delivery
	marked  bool
	err     error
	done    chan struct{}
}

const (
	gather   = time.Millisecond // how long a commit waits for company; it also lets other writers in
	maxGroup = 512
)

// Run is the committer: it gathers the turns of all connections and writes
// each group in one transaction, until ctx ends. One is enough for a process,
// and better than several.
func (l *Ledger) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case first := <-l.turns:
			l.settle(ctx, l.group(first))
		}
	}
}

// settle commits a group. While the database is away it tries again for as
// long as a lease lasts, since a result that is lost becomes uncertain. If a
// group is refused for another reason, each turn is tried alone: one must not
// take the others with it.
func (l *Ledger) settle(ctx context.Context, group []*turn) {
	var err error
	for pause, since := 20*time.Millisecond, time.Now(); ; pause *= 2 { //nolint:forbidigo // an interval
		err = l.commit(context.WithoutCancel(ctx), group)
		if !fault.Is(err, fault.Unavailable) || time.Since(since)+pause > l.policy.Lease/2 {
			break
		}
		time.Sleep(pause)
	}
	if err != nil && len(group) > 1 && !fault.Is(err, fault.Unavailable) {
		for _, t := range group {
			l.settle(ctx, []*turn{t})
		}
		return
	}
	for _, t := range group {
		t.err = err
		close(t.done)
	}
}

func (l *Ledger) group(first *turn) []*turn {
	group := []*turn{first}
	window := time.NewTimer(gather)
	defer window.Stop()
	for len(group) < maxGroup {
		select {
		case t := <-l.turns:
			group = append(group, t)
		case <-window.C:
			return group
		}
	}
	return group
}

// Commit records results and, in the same transaction, marks a delivery as
// leaving (nil: none). Only if marked is true may its final dot leave. Before
// it returns without an error, everything is durable.
func (l *Ledger) Commit(ctx context.Context, results []Result, mark *Delivery) (marked bool, err error) {
	if len(results) == 0 && mark == nil {
		return false, nil
	}
	t := &turn{results: results, mark: mark, done: make(chan struct{})}
	select {
	case l.turns <- t:
	case <-ctx.Done():
		return false, ErrStopped
	}
	<-t.done
	return t.marked, t.err
}

// commit writes a group in one transaction.
func (l *Ledger) commit(ctx context.Context, group []*turn) error {
	err := l.db.Tx(ctx, func(tx db.Tx) error {
		books, err := lockRuns(ctx, tx, runsOf(group)...)
		if err != nil {
			return err
		}
		tally, err := l.recordTx(ctx, tx, group)
		if err != nil {
			return err
		}
		if err := tally.writeTx(ctx, tx); err != nil {
			return err
		}
		return markTx(ctx, tx, group, books)
	})
	if err != nil {
		return fmt.Errorf("commit to the ledger: %w", err)
	}
	return nil
}

func runsOf(group []*turn) []int64 {
	var ids []int64
	seen := map[int64]bool{}
	add := func(id int64) {
		if !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	for _, t := range group {
		for i := range t.results {
			add(t.results[i].Delivery.RunID)
		}
		if t.mark != nil {
			add(t.mark.RunID)
		}
	}
	return ids
}

// markTx moves planned → leaving for the marks whose runs are not held.
func markTx(ctx context.Context, tx db.Tx, group []*turn, books map[int64]book) error {
	wanted := map[int64]*turn{}
	var ids []int64
	for _, t := range group {
		t.marked = false // a repeated transaction begins anew
		if t.mark != nil && !books[t.mark.RunID].held {
			wanted[t.mark.ID] = t
			ids = append(ids, t.mark.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, `
		UPDATE deliveries SET state = 1, epoch = epoch + 1, updated_at = $2
		 WHERE id = ANY($1) AND state = 0
		RETURNING id, epoch`, ids, db.At(tx.Now()))
	if err != nil {
		return fmt.Errorf("mark: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, epoch int64
		if err := rows.Scan(&id, &epoch); err != nil {
			return fmt.Errorf("mark: %w", err)
		}
		wanted[id].marked = true
		wanted[id].mark.epoch = epoch
	}
	return rows.Err()
}

// record is a result as one row of JSON, for both tables.
type record struct {
	ID          int64   `json:"id"`
	Epoch       int64   `json:"epoch"`
	State       State   `json:"state"`
	Reason      string  `json:"reason"`
	Tries       int64   `json:"tries"`
	Copies      int64   `json:"copies"`
	FirstAt     db.Time `json:"first_at"`
	NextAt      db.Time `json:"next_at"`
	At          db.Time `json:"at"`
	Month       int64   `json:"month"`
	RunID       int64   `json:"run_id"`
	MailingID   int64   `json:"mailing_id"`
	UserID      int64   `json:"user_id"`
	RecipientID int64   `json:"recipient_id"`
	Address     string  `json:"address"`
	Outcome     Outcome `json:"outcome"`
	Stage       string  `json:"stage"`
	Code        int64   `json:"code"`
	Enhanced    string  `json:"enhanced"`
	Response    string  `json:"response"`
	Server      string  `json:"server"`
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
		ID: d.ID, Epoch: d.epoch, State: n.state, Reason: n.reason, Tries: n.tries, Copies: n.copies,
		FirstAt: db.At(first), NextAt: db.At(n.at), At: db.At(r.At),
		Month: d.run.month, RunID: d.RunID, MailingID: d.run.mailingID, UserID: d.run.userID, RecipientID: d.RecipientID,
		Address: r.Address, Outcome: r.outcome(), Stage: r.Stage, Code: r.Code, Enhanced: r.Enhanced,
		Response: r.Response, Server: r.Server,
	}
}

// recordTx writes the attempts, and the new state of each delivery whose epoch
// still holds. A late result, whose row somebody else has moved on, keeps its
// attempt and changes nothing.
func (l *Ledger) recordTx(ctx context.Context, tx db.Tx, group []*turn) (tally, error) {
	var records []record
	for _, t := range group {
		for i := range t.results {
			records = append(records, l.record(&t.results[i]))
		}
	}
	if len(records) == 0 {
		return nil, nil
	}
	list, err := json.Marshal(records)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	counts := tally{}
	for i := range records {
		if records[i].Stage != "" {
			counts.attempt(&records[i])
		}
	}
	if err := insertAttemptsTx(ctx, tx, string(list)); err != nil {
		return nil, err
	}
	moved, err := moveTx(ctx, tx, string(list))
	if err != nil {
		return nil, err
	}
	for i := range records {
		if moved[records[i].ID] {
			counts.state(&records[i])
		}
	}
	// The next try, at once and of the same delivery, builds on this one.
	for _, t := range group {
		for i := range t.results {
			if r := &t.results[i]; r.End == Dropped && r.Delivery.firstAt.IsZero() && r.Stage != "" {
				r.Delivery.firstAt = r.At
			}
		}
	}
	return counts, nil
}

func insertAttemptsTx(ctx context.Context, tx db.Tx, list string) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO attempts (at, month, delivery_id, run_id, mailing_id, user_id, recipient_id,
		                      epoch, address, outcome, stage, code, enhanced, response, server)
		SELECT r.at, r.month, r.id, r.run_id, r.mailing_id, r.user_id, r.recipient_id,
		       r.epoch, r.address, r.outcome, r.stage, r.code, r.enhanced, r.response, r.server
		  FROM `+db.Records(tx, "r", "$1", "at bigint", "month bigint", "id bigint", "run_id bigint",
		"mailing_id bigint", "user_id bigint", "recipient_id bigint", "epoch bigint", "address text",
		"outcome bigint", "stage text", "code bigint", "enhanced text", "response text", "server text")+`
		 WHERE r.stage <> ''`, list)
	if err != nil {
		return fmt.Errorf("record attempts: %w", err)
	}
	return nil
}

func moveTx(ctx context.Context, tx db.Tx, list string) (map[int64]bool, error) {
	rows, err := tx.Query(ctx, `
		UPDATE deliveries
		   SET state = r.state, reason = r.reason, tries = r.tries, copies = r.copies,
		       first_at = r.first_at, next_at = r.next_at, updated_at = r.at
		  FROM `+db.Records(tx, "r", "$1", "id bigint", "epoch bigint", "state bigint", "reason text",
		"tries bigint", "copies bigint", "first_at bigint", "next_at bigint", "at bigint")+`
		 WHERE deliveries.id = r.id AND deliveries.epoch = r.epoch AND deliveries.state <= 1
		RETURNING deliveries.id`, list)
	if err != nil {
		return nil, fmt.Errorf("record states: %w", err)
	}
	defer rows.Close()
	moved := map[int64]bool{}
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("record states: %w", err)
		}
		moved[id] = true
	}
	return moved, rows.Err()
}
