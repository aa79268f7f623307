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

const deliveryColumns = `id, run_id, recipient_id, state, reason, tries, copies, next_at, updated_at`

func (d *Delivery) scan(row db.Row) error {
	var next, updated db.Time
	err := row.Scan(&d.ID, &d.RunID, &d.RecipientID, &d.State, &d.Reason, &d.Tries, &d.Copies, &next, &updated)
	d.NextAt, d.UpdatedAt = next.Time(), updated.Time()
	return err
}

// Deliveries are up to limit deliveries of a run in any of the states (none:
// all), newest first, behind the delivery before (0: from the start). A page
// costs the same at any depth.
//
// Exceptions have an index by state. Others are looked for batch by batch, in
// those that may have some: the newest batch first, which is the order of the
// ids but for what was planned anew.
func (l *Ledger) Deliveries(ctx context.Context, runID int64, states []State, before int64, limit int) (list []Delivery, err error) {
	if len(states) == 0 {
		states = []State{Planned, Leaving, Accepted, Deferred, Failed, Uncertain, Skipped}
	}
	err = l.db.Snapshot(ctx, func(q db.Q) error {
		s := search{q: q, runID: runID, states: states, before: before, limit: limit}
		if s.leaving, err = leavingIn(ctx, q, runID); err != nil {
			return err
		}
		if slices.ContainsFunc(states, func(s State) bool { return !s.exception() }) {
			list, err = s.byBatch(ctx)
		} else {
			list, err = s.byState(ctx)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list deliveries: %w", err)
	}
	return list, nil
}

// exception says that the state is one of those that few deliveries have, and
// that have an index.
func (s State) exception() bool { return s > Accepted }

// search looks for deliveries of a run in one snapshot.
type search struct {
	q       db.Q
	runID   int64
	states  []State
	before  int64
	limit   int
	leaving []int64 // of the run
}

// byState reads exceptions: each state by the index, merged by id.
func (s *search) byState(ctx context.Context) ([]Delivery, error) {
	parts := make([]string, len(s.states))
	for i, state := range s.states {
		// The limit is in the text: PostgreSQL, not knowing it, would plan this anew each time.
		parts[i] = fmt.Sprintf(`SELECT * FROM (SELECT delivery_id FROM delivery_exceptions
			WHERE run_id = $1 AND state = %d AND delivery_id < $2 ORDER BY delivery_id DESC LIMIT %d) AS s%d`, state, s.limit, i)
	}
	ids, err := ints(ctx, s.q, strings.Join(parts, "\nUNION ALL\n")+fmt.Sprintf("\nORDER BY 1 DESC LIMIT %d", s.limit),
		s.runID, below(s.before))
	if err != nil {
		return nil, err
	}
	return s.read(ctx, `id = ANY($1) ORDER BY id DESC`, ids)
}

// byBatch reads the batches that may have what is looked for, until there is
// enough of it.
func (s *search) byBatch(ctx context.Context) ([]Delivery, error) {
	if len(s.states) == 1 && s.states[0] == Leaving {
		ids := slices.DeleteFunc(slices.Sorted(slices.Values(s.leaving)), func(id int64) bool { return id >= below(s.before) })
		return s.read(ctx, `id = ANY($1) AND state = 0 ORDER BY id DESC`, ids[max(0, len(ids)-s.limit):])
	}
	from, err := s.from(ctx)
	if err != nil {
		return nil, err
	}
	var list []Delivery
	for before := below(s.before); ; {
		batches, err := s.batches(ctx, from)
		if err != nil || len(batches) == 0 {
			return list, err
		}
		for _, batch := range batches {
			if batch != from {
				before = below(0)
			}
			if err := s.readBatch(ctx, batch, before, &list); err != nil || len(list) == s.limit {
				return list, err
			}
		}
		from, before = batches[len(batches)-1]-1, below(0)
	}
}

// from is the batch of the delivery before, or one above all; 0, below all,
// where that delivery is not of this run.
func (s *search) from(ctx context.Context) (batch int64, err error) {
	if s.before <= 0 {
		return below(0), nil
	}
	err = s.q.QueryRow(ctx, `SELECT batch_id FROM deliveries WHERE id = $1 AND run_id = $2`, s.before, s.runID).Scan(&batch)
	if errors.Is(err, db.ErrNoRows) {
		return 0, nil
	}
	return batch, err
}

// batches are the next few that may have deliveries in the states.
func (s *search) batches(ctx context.Context, from int64) ([]int64, error) {
	const few = 16
	condition := ``
	switch {
	case slices.ContainsFunc(s.states, State.exception):
	case !slices.Contains(s.states, Accepted):
		condition = ` AND done = 0`
	case len(s.states) == 1:
		condition = ` AND accepted > 0`
	}
	return ints(ctx, s.q, fmt.Sprintf(`
		SELECT id FROM batches WHERE run_id = $1 AND id <= $2%s ORDER BY id DESC LIMIT %d`, condition, few), s.runID, from)
}

// readBatch adds what is in one batch, up to the limit. The batch itself says
// what is leaving, which may hide as many planned ones.
func (s *search) readBatch(ctx context.Context, batch, before int64, list *[]Delivery) error {
	found, err := s.read(ctx, `batch_id = $1 AND run_id = $2 AND id < $3 AND state = ANY($4) ORDER BY id DESC LIMIT $5`,
		batch, s.runID, before, numbersOf(s.rowStates()), s.limit-len(*list)+len(s.leaving))
	for _, d := range found {
		if slices.Contains(s.states, d.State) && len(*list) < s.limit {
			*list = append(*list, d)
		}
	}
	return err
}

// rowStates are the states as the rows have them.
func (s *search) rowStates() []State {
	states := slices.Clone(s.states)
	for i := range states {
		if states[i] == Leaving {
			states[i] = Planned
		}
	}
	return states
}

func (s *search) read(ctx context.Context, condition string, args ...any) ([]Delivery, error) {
	rows, err := s.q.Query(ctx, `SELECT `+deliveryColumns+` FROM deliveries WHERE `+condition, args...)
	if err != nil {
		return nil, err
	}
	return deliveriesOf(rows, s.leaving)
}

// deliveriesOf reads rows; the batches say which of them are leaving.
func deliveriesOf(rows db.Rows, leaving []int64) ([]Delivery, error) {
	defer rows.Close()
	var list []Delivery
	for rows.Next() {
		var d Delivery
		if err := d.scan(rows); err != nil {
			return nil, fmt.Errorf("read a delivery: %w", err)
		}
		if d.State == Planned && slices.Contains(leaving, d.ID) {
			d.State = Leaving
		}
		list = append(list, d)
	}
	return list, rows.Err()
}

// OfRecipient are a recipient's newest deliveries, by their runs, behind the
// delivery before (0: from the start): the answer to "why did X not get it?".
func (l *Ledger) OfRecipient(ctx context.Context, recipientID, before int64, limit int) (list []Delivery, err error) {
	run := below(0)
	if before > 0 {
		err := l.db.Read().QueryRow(ctx, `SELECT run_id FROM deliveries WHERE id = $1`, before).Scan(&run)
		if err != nil && !errors.Is(err, db.ErrNoRows) {
			return nil, fmt.Errorf("list a recipient's deliveries: %w", err)
		}
	}
	rows, err := l.db.Read().Query(ctx, `SELECT `+deliveryColumns+` FROM deliveries
		WHERE recipient_id = $1 AND run_id < $2 ORDER BY run_id DESC LIMIT $3`, recipientID, run, limit)
	if err == nil {
		list, err = deliveriesOf(rows, nil)
	}
	if err == nil {
		err = l.leave(ctx, list)
	}
	if err != nil {
		return nil, fmt.Errorf("list a recipient's deliveries: %w", err)
	}
	return list, nil
}

// leave notes which of the deliveries, of any runs, are leaving.
func (l *Ledger) leave(ctx context.Context, list []Delivery) error {
	var runs []int64
	for _, d := range list {
		if d.State == Planned {
			runs = append(runs, d.RunID)
		}
	}
	if len(runs) == 0 {
		return nil
	}
	leaving, err := leavingIn(ctx, l.db.Read(), runs...)
	for i := range list {
		if list[i].State == Planned && slices.Contains(leaving, list[i].ID) {
			list[i].State = Leaving
		}
	}
	return err
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
	of := []Delivery{d}
	if err := l.leave(ctx, of); err != nil {
		return d, 0, nil, false, fmt.Errorf("read delivery %d: %w", id, err)
	}
	d = of[0]
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
