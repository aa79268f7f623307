package delivery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gonets/internal/db"
)

// A list is read per state or outcome, each by one index, and merged by id:
// so a page costs the same at any depth, with a filter or without.

const deliveryColumns = `id, run_id, recipient_id, CASE WHEN leaving = 1 THEN 1 ELSE state END AS stands,
	reason, tries, copies, next_at, updated_at`

func (d *Delivery) scan(row db.Row) error {
	var next, updated db.Time
	err := row.Scan(&d.ID, &d.RunID, &d.RecipientID, &d.State, &d.Reason, &d.Tries, &d.Copies, &next, &updated)
	d.NextAt, d.UpdatedAt = next.Time(), updated.Time()
	return err
}

// Deliveries are up to limit deliveries of a run in any of the states (none:
// all), newest first, with ids below before (0: from the start).
func (l *Ledger) Deliveries(ctx context.Context, runID int64, states []State, before int64, limit int) ([]Delivery, error) {
	if len(states) == 0 {
		states = []State{Planned, Leaving, Accepted, Deferred, Failed, Uncertain, Skipped}
	}
	parts := make([]string, len(states))
	for i, s := range states {
		// The limit is in the text: PostgreSQL, not knowing it, would plan this anew each time.
		parts[i] = fmt.Sprintf(`SELECT * FROM (SELECT %s FROM deliveries
			WHERE %s AND id < $2 ORDER BY id DESC LIMIT %d) AS s%d`, deliveryColumns, inState(s), limit, i)
	}
	query := strings.Join(parts, "\nUNION ALL\n") + fmt.Sprintf("\nORDER BY 1 DESC LIMIT %d", limit)
	rows, err := l.db.Read().Query(ctx, query, runID, below(before))
	if err != nil {
		return nil, fmt.Errorf("list deliveries: %w", err)
	}
	return deliveriesOf(rows)
}

// inState is the condition for the deliveries of run $1 in a state. Those that
// are leaving are looked for where they can be, in the few batches with a
// lease ("+ 0" keeps the planner from reading all that is planned).
func inState(s State) string {
	switch s {
	case Planned:
		return "run_id = $1 AND state = 0 AND leaving = 0"
	case Leaving:
		return "batch_id IN (SELECT id FROM batches WHERE lease_until > 0) AND run_id + 0 = $1 AND state = 0 AND leaving = 1"
	default:
		return fmt.Sprintf("run_id = $1 AND state = %d", s)
	}
}

func deliveriesOf(rows db.Rows) ([]Delivery, error) {
	defer rows.Close()
	var list []Delivery
	for rows.Next() {
		var d Delivery
		if err := d.scan(rows); err != nil {
			return nil, fmt.Errorf("read a delivery: %w", err)
		}
		list = append(list, d)
	}
	return list, rows.Err()
}

// OfRecipient are a recipient's newest deliveries: the answer to "why did X
// not get it?".
func (l *Ledger) OfRecipient(ctx context.Context, recipientID, before int64, limit int) ([]Delivery, error) {
	rows, err := l.db.Read().Query(ctx, `SELECT `+deliveryColumns+` FROM deliveries
		WHERE recipient_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`, recipientID, below(before), limit)
	if err != nil {
		return nil, fmt.Errorf("list a recipient's deliveries: %w", err)
	}
	return deliveriesOf(rows)
}

// Delivery is one delivery with its attempts, oldest first, and the user it
// belongs to. ok is false where there is none.
func (l *Ledger) Delivery(ctx context.Context, id int64) (d Delivery, userID int64, attempts []Attempt, ok bool, err error) {
	q := l.db.Read()
	err = d.scan(q.QueryRow(ctx, `SELECT `+deliveryColumns+` FROM deliveries WHERE id = $1`, id))
	if errors.Is(err, db.ErrNoRows) {
		return d, 0, nil, false, nil
	}
	if err != nil {
		return d, 0, nil, false, fmt.Errorf("read delivery %d: %w", id, err)
	}
	b, err := readBook(ctx, q, d.RunID)
	if err != nil {
		return d, 0, nil, false, fmt.Errorf("read delivery %d: %w", id, err)
	}
	rows, err := q.Query(ctx, `SELECT `+attemptColumns+` FROM attempts WHERE delivery_id = $1 ORDER BY id`, id)
	if err != nil {
		return d, 0, nil, false, fmt.Errorf("read the attempts of delivery %d: %w", id, err)
	}
	attempts, err = attemptsOf(rows)
	return d, b.userID, attempts, err == nil, err
}

const attemptColumns = `id, at, delivery_id, run_id, mailing_id, user_id, recipient_id,
	address, outcome, stage, code, enhanced, response, server`

func attemptsOf(rows db.Rows) ([]Attempt, error) {
	defer rows.Close()
	var list []Attempt
	for rows.Next() {
		var a Attempt
		var at db.Time
		err := rows.Scan(&a.ID, &at, &a.DeliveryID, &a.RunID, &a.MailingID, &a.UserID, &a.RecipientID,
			&a.Address, &a.Outcome, &a.Stage, &a.Code, &a.Enhanced, &a.Response, &a.Server)
		if err != nil {
			return nil, fmt.Errorf("read an attempt: %w", err)
		}
		a.At = at.Time()
		list = append(list, a)
	}
	return list, rows.Err()
}

// Filter chooses attempts. Zero fields choose all.
type Filter struct {
	UserID    int64 // 0: of all users, for moderators
	MailingID int64
	Outcomes  []Outcome
	Code      int64
	From, To  time.Time // at or after From and before To
	Before    int64     // ids below
	Limit     int
}

// Attempts are the newest attempts of a filter.
func (l *Ledger) Attempts(ctx context.Context, f Filter) ([]Attempt, error) {
	outcomes := f.Outcomes
	if len(outcomes) == 0 {
		outcomes = []Outcome{Success, Failure, Unknown}
	}
	if f.Code >= 300 { // no success, which nobody need look for among a million
		outcomes = slices.DeleteFunc(slices.Clone(outcomes), func(o Outcome) bool { return o == Success })
	}
	if len(outcomes) == 0 {
		return nil, nil
	}
	first, behind, err := l.between(ctx, f)
	if err != nil {
		return nil, err
	}
	args := []any{behind, f.Limit}
	where := "id < $1"
	add := func(condition string, value int64) {
		args = append(args, value)
		where += fmt.Sprintf(" AND %s $%d", condition, len(args))
	}
	if !f.From.IsZero() {
		add("id >=", first)
		add("at >=", int64(db.At(f.From)))
	}
	if !f.To.IsZero() {
		add("at <", int64(db.At(f.To)))
	}
	if f.UserID != 0 {
		add("user_id =", f.UserID)
	}
	if f.MailingID != 0 {
		add("mailing_id =", f.MailingID)
	}
	if f.Code != 0 {
		add("code =", f.Code)
	}
	var parts []string
	for i, o := range outcomes {
		failed := ""
		if o != Success {
			failed = " AND outcome <> 0" // says that the index of failures will do
		}
		parts = append(parts, fmt.Sprintf(`SELECT * FROM (SELECT %s FROM attempts
			WHERE %s AND outcome = %d%s ORDER BY id DESC LIMIT $2) AS o%d`, attemptColumns, where, o, failed, i))
	}
	rows, err := l.db.Read().Query(ctx, strings.Join(parts, "\nUNION ALL\n")+"\nORDER BY 1 DESC LIMIT $2", args...)
	if err != nil {
		return nil, fmt.Errorf("list attempts: %w", err)
	}
	return attemptsOf(rows)
}

// Answer is how often a server's answer came in a run's failures.
type Answer struct {
	Code     int64
	Enhanced string
	Response string // one of them
	Attempts int64
}

// Answers sum up the newest failures of a mailing by the server's answer, most
// frequent first.
func (l *Ledger) Answers(ctx context.Context, mailingID int64, since time.Time) ([]Answer, error) {
	const newest = 10_000 // bounds the cost of the page
	rows, err := l.db.Read().Query(ctx, `
		SELECT code, enhanced, max(response), count(*)
		  FROM (SELECT code, enhanced, response, at FROM attempts
		         WHERE mailing_id = $1 AND outcome = 1 ORDER BY id DESC LIMIT $3) AS newest
		 WHERE at >= $2
		 GROUP BY code, enhanced`, mailingID, db.At(since), newest)
	if err != nil {
		return nil, fmt.Errorf("sum up answers: %w", err)
	}
	defer rows.Close()
	var list []Answer
	for rows.Next() {
		var a Answer
		if err := rows.Scan(&a.Code, &a.Enhanced, &a.Response, &a.Attempts); err != nil {
			return nil, fmt.Errorf("sum up answers: %w", err)
		}
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b Answer) int { return int(b.Attempts - a.Attempts) })
	return list, rows.Err()
}

// below turns "from the start" into an id above all.
func below(before int64) int64 {
	if before <= 0 {
		return 1<<63 - 1
	}
	return before
}
