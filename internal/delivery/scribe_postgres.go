package delivery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"gonets/internal/db"
)

// pgScribe sends everything in one flight, as whole columns, which unnest makes
// rows of.
type pgScribe struct{}

// lockText, like everything that touches deliveries, locks the runs in the
// order of their ids. The statements behind it see a hold that was committed
// before.
const lockText = `SELECT 1 FROM ledgers WHERE run_id = ANY($1) ORDER BY run_id FOR NO KEY UPDATE`

// leaseText looks each batch up by its id, however many there are.
const leaseText = `
	SELECT b.id, b.epoch, b.revision
	  FROM unnest($1::bigint[]) AS l (id)
	 CROSS JOIN LATERAL (SELECT id, epoch, revision FROM batches WHERE id = l.id OFFSET 0) AS b`

// acceptText is moveText for what happens to most. The plus keeps the rows from
// being looked for in their batches, which are long.
const acceptText = `
	UPDATE deliveries
	   SET state = 2, tries = tries + 1, updated_at = $3, first_at = CASE WHEN first_at = 0 THEN $3 ELSE first_at END
	 WHERE id = ANY($1) AND state = 0 AND batch_id + 0 = ANY($2)
	RETURNING id`

const moveText = `
	UPDATE deliveries AS d
	   SET state = r.state, reason = r.reason, tries = r.tries, copies = r.copies,
	       first_at = r.first_at, next_at = r.next_at, updated_at = r.at
	  FROM unnest($1::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[])
	       AS r (id, state, reason, tries, copies, first_at, next_at, at)
	 WHERE d.id = ANY($1) AND d.id = r.id AND d.state = 0 AND d.batch_id + 0 = ANY($2)
	RETURNING d.id`

const markText = `
	SELECT id FROM deliveries
	 WHERE id = ANY($1) AND state = 0 AND batch_id + 0 = ANY($2)
	   AND run_id = ANY (ARRAY(SELECT run_id FROM ledgers WHERE run_id = ANY($3) AND held = 0))`

const attemptsText = `
	INSERT INTO attempts (at, month, delivery_id, run_id, mailing_id, user_id, recipient_id,
	                      address, outcome, stage, code, enhanced, response, server)
	SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
	                     $8::text[], $9::bigint[], $10::text[], $11::bigint[], $12::text[], $13::text[], $14::text[])`

// question is a statement whose answer decides what the page writes. It is
// asked, or held against what is expected.
type question struct{ asks, expects string }

func questionOf(text string, parameters int) question {
	return question{text, db.Expecting(text, parameters)}
}

var (
	acceptQuestion = questionOf(acceptText, 3)
	moveQuestion   = questionOf(moveText, 9)
	markQuestion   = questionOf(markText, 3)
	writtenDocket  = db.Expecting(docketText+` RETURNING id`, 5)
)

// commit expects what nearly always holds: that the leases are held, every
// result counts, and every mark may be given. Then all of it is one flight. If
// anything is otherwise, nothing was written, and it is asked first.
func (pgScribe) commit(ctx context.Context, d *db.DB, p *page) error {
	if !p.asks {
		err := d.Flight(ctx, func(now time.Time, flight *pgx.Batch) {
			p.expect()
			flight.Queue(lockText, p.runs)
			p.queue(now, flight, func(q question, rows int, _ func(pgx.Rows) error, args ...any) {
				flight.Queue(q.expects, append(args, rows)...)
			})
			p.queueRest(flight)
		})
		if !errors.Is(err, db.ErrOtherwise) {
			return err
		}
		p.asks = true
	}
	var leases []lease
	return d.Flights(ctx, func(_ time.Time, flight *pgx.Batch) error {
		flight.Queue(lockText, p.runs)
		ids := make([]int64, len(p.dockets))
		for i, d := range p.dockets {
			ids[i] = d.batchID
		}
		flight.Queue(leaseText, ids).Query(func(rows pgx.Rows) (err error) {
			leases, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (l lease, err error) {
				return l, row.Scan(&l.batchID, &l.epoch, &l.revision)
			})
			return err
		})
		return nil
	}, func(now time.Time, flight *pgx.Batch) error {
		if err := p.meet(leases); err != nil {
			return err
		}
		p.queue(now, flight, func(q question, _ int, read func(pgx.Rows) error, args ...any) {
			flight.Queue(q.asks, args...).Query(read)
		})
		return nil
	}, func(_ time.Time, flight *pgx.Batch) error {
		p.queueRest(flight)
		return nil
	})
}

// queue queues the attempts, and what the batches and counters depend on.
func (p *page) queue(now time.Time, flight *pgx.Batch, ask func(q question, rows int, read func(pgx.Rows) error, args ...any)) {
	if args, n := attemptColumnsOf(p.records); n > 0 {
		flight.Queue(attemptsText, args...)
	}
	batches := p.batchIDs()
	accepted, others := p.byEnd()
	if len(accepted) > 0 {
		ask(acceptQuestion, len(accepted), noteIn(p.moved), accepted, batches, int64(db.At(now)))
	}
	if len(others) > 0 {
		ask(moveQuestion, len(others), noteIn(p.moved), stateArguments(others, batches)...)
	}
	if marks := p.markIDs(); len(marks) > 0 {
		ask(markQuestion, len(marks), noteIn(p.planned), marks, batches, p.runs)
	}
}

// queueRest queues what is decided now.
func (p *page) queueRest(flight *pgx.Batch) {
	p.decide()
	for _, e := range p.entries {
		flight.Queue(writtenDocket, append(e.args(), 1)...)
	}
	for _, s := range p.tally().statements() {
		flight.Queue(s.text, s.args...)
	}
}

func (pgScribe) execTx(ctx context.Context, tx db.Tx, list []statement) error {
	raw, ok := tx.Raw().(pgx.Tx)
	if !ok {
		return fmt.Errorf("unknown transaction %T", tx.Raw())
	}
	flight := &pgx.Batch{}
	for _, s := range list {
		flight.Queue(s.text, s.args...)
	}
	return raw.SendBatch(ctx, flight).Close()
}

func (pgScribe) attemptsTx(ctx context.Context, tx db.Tx, list []record) error {
	args, n := attemptColumnsOf(list)
	if n == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, attemptsText, args...)
	return err
}

func (pgScribe) planTx(ctx context.Context, tx db.Tx, p planning) (planned, skipped int64, err error) {
	planned, skipped, err = copyPlanTx(ctx, tx, p)
	if !db.Taken(err) {
		return planned, skipped, err
	}
	n, t := numbers(2, len(p.chunk)), texts(1, len(p.chunk))
	for _, who := range p.chunk {
		addRow(n, who.RecipientID, int64(who.state()))
		addRow(t, who.Skip)
	}
	err = tx.QueryRow(ctx, `
		WITH written AS (
			INSERT INTO deliveries (month, run_id, recipient_id, batch_id, state, reason, updated_at)
			SELECT $1::bigint, $2::bigint, r.recipient_id, $3::bigint, r.state, r.reason, $4::bigint
			  FROM unnest($5::bigint[], $6::bigint[], $7::text[]) AS r (recipient_id, state, reason)
			    ON CONFLICT (recipient_id, run_id, month) DO NOTHING
			RETURNING state)
		SELECT count(*) FILTER (WHERE state = 0), count(*) FILTER (WHERE state <> 0) FROM written`,
		p.month, p.runID, p.batch, int64(db.At(tx.Now())), n[0], n[1], t[0]).Scan(&planned, &skipped)
	return planned, skipped, err
}

// planColumns are those that a plan fills.
var planColumns = []string{"month", "run_id", "recipient_id", "batch_id", "state", "reason", "updated_at"}

// copyPlanTx writes a chunk of which nothing is there yet, in half the time. If
// something is, it writes nothing: see db.Taken. That is rare, since how far the
// plan is moves on with each chunk, in the same transaction.
func copyPlanTx(ctx context.Context, tx db.Tx, p planning) (planned, skipped int64, err error) {
	raw, ok := tx.Raw().(pgx.Tx)
	if !ok {
		return 0, 0, fmt.Errorf("unknown transaction %T", tx.Raw())
	}
	now := int64(db.At(tx.Now()))
	err = pgx.BeginFunc(ctx, raw, func(savepoint pgx.Tx) error {
		_, err := savepoint.CopyFrom(ctx, pgx.Identifier{"deliveries"}, planColumns, pgx.CopyFromSlice(len(p.chunk), func(i int) ([]any, error) {
			who := p.chunk[i]
			return []any{p.month, p.runID, who.RecipientID, p.batch, int64(who.state()), who.Skip, now}, nil
		}))
		return err
	})
	for _, who := range p.chunk {
		if who.Skip == "" {
			planned++
		} else {
			skipped++
		}
	}
	return planned, skipped, err
}

// byEnd parts the deliveries that were accepted from the other results. Late
// ones, of leases that were lost, are neither.
func (p *page) byEnd() (accepted []int64, others []*record) {
	for i := range p.records {
		switch r := &p.records[i]; {
		case !p.held[r.docket]:
		case r.State == Accepted:
			accepted = append(accepted, r.ID)
		default:
			others = append(others, r)
		}
	}
	return accepted, others
}

// noteIn reads ids into a set.
func noteIn(set map[int64]bool) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		for rows.Next() {
			var id int64
			if err := rows.Scan(&id); err != nil {
				return err
			}
			set[id] = true
		}
		return rows.Err()
	}
}

// numbers and texts are columns of so many rows.
func numbers(columns, rows int) [][]int64 {
	list := make([][]int64, columns)
	for i := range list {
		list[i] = make([]int64, 0, rows)
	}
	return list
}

func texts(columns, rows int) [][]string {
	list := make([][]string, columns)
	for i := range list {
		list[i] = make([]string, 0, rows)
	}
	return list
}

func addRow[T any](columns [][]T, values ...T) {
	for i, v := range values {
		columns[i] = append(columns[i], v)
	}
}

// attemptColumnsOf are the arguments of attemptsText, and how many rows they make.
func attemptColumnsOf(list []record) (args []any, rows int) {
	n, t := numbers(9, len(list)), texts(5, len(list))
	for i := range list {
		r := &list[i]
		if r.Stage == "" {
			continue
		}
		rows++
		addRow(n, int64(r.At), r.Month, r.ID, r.RunID, r.MailingID, r.UserID, r.RecipientID, int64(r.Outcome), r.Code)
		addRow(t, r.Address, r.Stage, r.Enhanced, r.Response, r.Server)
	}
	return []any{n[0], n[1], n[2], n[3], n[4], n[5], n[6], t[0], n[7], t[1], n[8], t[2], t[3], t[4]}, rows
}

// stateArguments are those of moveText.
func stateArguments(list []*record, batches []int64) []any {
	n, t := numbers(7, len(list)), texts(1, len(list))
	for _, r := range list {
		addRow(n, r.ID, int64(r.State), r.Tries, r.Copies, int64(r.FirstAt), int64(r.NextAt), int64(r.At))
		addRow(t, r.Reason)
	}
	return []any{n[0], batches, n[1], t[0], n[2], n[3], n[4], n[5], n[6]}
}

const emptyText = `
	DELETE FROM stat_rollups AS s
	 USING unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[])
	       AS r (scope, scope_id, subject, grain, at, name)
	 WHERE s.scope = r.scope AND s.scope_id = r.scope_id AND s.subject = r.subject AND s.grain = r.grain
	   AND s.at = r.at AND s.name = r.name COLLATE "C"
	   AND s.accepted = 0 AND s.failed = 0 AND s.unknown = 0 AND s.retried = 0`

func (pgScribe) rollupsTx(ctx context.Context, tx db.Tx, all, lowered []line) error {
	keys := func(list []line) []any {
		n, t := numbers(5, len(list)), texts(1, len(list))
		for _, l := range list {
			addRow(n, int64(l.Scope), l.ScopeID, int64(l.Subject), db.Flag(l.Daily), int64(l.At))
			addRow(t, l.Name)
		}
		return []any{n[0], n[1], n[2], n[3], n[4], t[0]}
	}
	n := numbers(4, len(all))
	for _, l := range all {
		addRow(n, l.Accepted, l.Failed, l.Unknown, l.Retried)
	}
	_, err := tx.Exec(ctx, rollupInsert+`
		SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[],
		                     $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[])`+rollupAdd,
		append(keys(all), n[0], n[1], n[2], n[3])...)
	if err != nil {
		return fmt.Errorf("add to rollups: %w", err)
	}
	if len(lowered) == 0 {
		return nil
	}
	if _, err = tx.Exec(ctx, emptyText, keys(lowered)...); err != nil {
		return fmt.Errorf("drop empty rollups: %w", err)
	}
	return nil
}
