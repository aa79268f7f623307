package delivery

import (
	"context"
	"fmt"
	"slices"

	"gonets/internal/db"
)

// HoldRunTx holds a run: after the transaction's commit nothing of it leaves
// but what is already marked.
func (l *Ledger) HoldRunTx(ctx context.Context, tx db.Tx, runID int64) error {
	return setHeldTx(ctx, tx, runID, true)
}

// LetRunTx ends a hold.
func (l *Ledger) LetRunTx(ctx context.Context, tx db.Tx, runID int64) error {
	return setHeldTx(ctx, tx, runID, false)
}

func setHeldTx(ctx context.Context, tx db.Tx, runID int64, held bool) error {
	if _, err := tx.Exec(ctx, `UPDATE ledgers SET held = $2 WHERE run_id = $1`, runID, db.Flag(held)); err != nil {
		return fmt.Errorf("hold run %d: %w", runID, err)
	}
	return nil
}

// SkipRecipientTx skips whatever is planned or deferred for a recipient, in
// every run: after the transaction's commit nothing leaves for them but what
// is already marked.
func (l *Ledger) SkipRecipientTx(ctx context.Context, tx db.Tx, recipientID int64, reason string) error {
	runs, err := ints(ctx, tx, `
		SELECT DISTINCT run_id FROM deliveries WHERE recipient_id = $1 AND state IN (0, 3) ORDER BY run_id`, recipientID)
	if err != nil {
		return fmt.Errorf("look for deliveries of recipient %d: %w", recipientID, err)
	}
	if len(runs) == 0 {
		return nil
	}
	if _, err := lockRuns(ctx, tx, runs...); err != nil {
		return err
	}
	leaving, err := leavingIn(ctx, tx, runs...)
	if err != nil {
		return err
	}
	// A run that was planned since is not locked, and knows the recipient as this leaves them.
	ids, err := ints(ctx, tx, `
		SELECT id FROM deliveries WHERE recipient_id = $1 AND run_id = ANY($2) AND state IN (0, 3)`, recipientID, runs)
	if err != nil {
		return fmt.Errorf("look for deliveries of recipient %d: %w", recipientID, err)
	}
	ids = slices.DeleteFunc(ids, func(id int64) bool { return slices.Contains(leaving, id) })
	return l.skipTx(ctx, tx, reason, ids)
}

// Skip is SkipRecipientTx in a transaction of its own.
func (l *Ledger) Skip(ctx context.Context, recipientID int64, reason string) error {
	return l.db.Tx(ctx, func(tx db.Tx) error { return l.SkipRecipientTx(ctx, tx, recipientID, reason) })
}

// SkipRun skips up to limit of what is planned or deferred in a held run that
// was stopped, and says how many: call it until it says 0.
func (l *Ledger) SkipRun(ctx context.Context, runID int64, reason string, limit int) (skipped int, err error) {
	err = l.db.Tx(ctx, func(tx db.Tx) error {
		if _, err := lockRuns(ctx, tx, runID); err != nil {
			return err
		}
		ids, err := restTx(ctx, tx, runID, limit)
		if skipped = len(ids); err != nil || skipped == 0 {
			return err
		}
		return l.skipTx(ctx, tx, reason, ids)
	})
	if err != nil {
		return 0, fmt.Errorf("skip the rest of run %d: %w", runID, err)
	}
	return skipped, nil
}

// restTx are up to limit deliveries of a run that can be skipped: deferred, or
// planned and not leaving. It closes the batches in which it finds none, and
// which nobody works, lest they be searched again.
func restTx(ctx context.Context, tx db.Tx, runID int64, limit int) ([]int64, error) {
	ids, err := ints(ctx, tx, `
		SELECT delivery_id FROM delivery_exceptions WHERE run_id = $1 AND state = 3 ORDER BY delivery_id LIMIT $2`, runID, limit)
	if err != nil || len(ids) > 0 {
		return ids, err
	}
	batches, err := ints(ctx, tx, `SELECT id FROM batches WHERE run_id = $1 AND done = 0 ORDER BY id`, runID)
	if err != nil {
		return nil, err
	}
	leaving, err := leavingIn(ctx, tx, runID)
	if err != nil {
		return nil, err
	}
	for _, batch := range batches {
		planned, err := ints(ctx, tx, `
			SELECT id FROM deliveries WHERE batch_id = $1 AND state = 0 ORDER BY id LIMIT $2`, batch, limit+len(leaving))
		if err != nil {
			return nil, err
		}
		planned = slices.DeleteFunc(planned, func(id int64) bool { return slices.Contains(leaving, id) })
		if len(planned) > 0 {
			return planned[:min(limit, len(planned))], nil
		}
		if _, err := tx.Exec(ctx, `UPDATE batches SET done = 1 WHERE id = $1 AND lease_until = 0`, batch); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// skipTx skips deliveries that are planned or deferred. It learns first which
// of them were deferred, since that counter falls.
func (l *Ledger) skipTx(ctx context.Context, tx db.Tx, reason string, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	deferred, err := ints(ctx, tx, `SELECT run_id FROM deliveries WHERE id = ANY($1) AND state = 3`, ids)
	if err != nil {
		return fmt.Errorf("skip deliveries: %w", err)
	}
	runs, err := ints(ctx, tx, `
		UPDATE deliveries SET state = 6, reason = $2, next_at = 0, updated_at = $3
		 WHERE id = ANY($1) AND state IN (0, 3) RETURNING run_id`, ids, reason, db.At(tx.Now()))
	if err != nil {
		return fmt.Errorf("skip deliveries: %w", err)
	}
	counts := tally{}
	for _, id := range runs {
		counts.of(id).states[Skipped]++
	}
	for _, id := range deferred {
		counts.of(id).states[Deferred]--
	}
	return counts.writeTx(ctx, tx)
}

// Load is how many deliveries each of the recipients has, which is what it
// costs to forget them. Who has none is not among them.
func (l *Ledger) Load(ctx context.Context, recipientIDs []int64) (map[int64]int, error) {
	rows, err := l.db.Read().Query(ctx, `
		SELECT recipient_id, count(*) FROM deliveries WHERE recipient_id = ANY($1) GROUP BY recipient_id`, recipientIDs)
	if err != nil {
		return nil, fmt.Errorf("count the deliveries of recipients: %w", err)
	}
	defer rows.Close()
	load := make(map[int64]int, len(recipientIDs))
	for rows.Next() {
		var id int64
		var n int
		if err := rows.Scan(&id, &n); err != nil {
			return nil, fmt.Errorf("count the deliveries of recipients: %w", err)
		}
		load[id] = n
	}
	return load, rows.Err()
}

// RetryDue plans up to limit deferred deliveries anew whose time has come, in
// batches of their own, and says how many. Those of held runs wait.
func (l *Ledger) RetryDue(ctx context.Context, limit int) (retried int, err error) {
	var due map[int64][]int64
	if due, err = l.due(ctx, limit); err != nil || len(due) == 0 {
		return 0, err
	}
	for runID, ids := range due {
		var n int
		err := l.db.Tx(ctx, func(tx db.Tx) (err error) {
			n, err = l.replanTx(ctx, tx, runID, ids)
			return err
		})
		if err != nil {
			return retried, fmt.Errorf("retry deliveries of run %d: %w", runID, err)
		}
		retried += n
	}
	return retried, nil
}

func (l *Ledger) due(ctx context.Context, limit int) (map[int64][]int64, error) {
	rows, err := l.db.Read().Query(ctx, `
		SELECT d.delivery_id, d.run_id FROM delivery_exceptions d JOIN ledgers l ON l.run_id = d.run_id
		 WHERE d.state = 3 AND d.next_at <= $1 AND l.held = 0
		 ORDER BY d.next_at LIMIT $2`, db.At(l.db.Now()), limit)
	if err != nil {
		return nil, fmt.Errorf("look for retries: %w", err)
	}
	defer rows.Close()
	due := map[int64][]int64{}
	for rows.Next() {
		var id, runID int64
		if err := rows.Scan(&id, &runID); err != nil {
			return nil, fmt.Errorf("look for retries: %w", err)
		}
		due[runID] = append(due[runID], id)
	}
	return due, rows.Err()
}

func (l *Ledger) replanTx(ctx context.Context, tx db.Tx, runID int64, ids []int64) (int, error) {
	books, err := lockRuns(ctx, tx, runID)
	if err != nil || books[runID].held {
		return 0, err
	}
	batch, err := newBatch(ctx, tx, runID)
	if err != nil {
		return 0, err
	}
	n, err := tx.Exec(ctx, `
		UPDATE deliveries SET state = 0, next_at = 0, batch_id = $2, updated_at = $3
		 WHERE id = ANY($1) AND state = 3`, ids, batch, db.At(tx.Now()))
	if err != nil {
		return 0, err
	}
	if n == 0 { // another node was faster
		_, err = tx.Exec(ctx, `DELETE FROM batches WHERE id = $1`, batch)
		return 0, err
	}
	counts := tally{}
	counts.of(runID).states[Deferred] -= n
	return int(n), counts.writeTx(ctx, tx)
}

// RecipientsIn are up to limit recipients of a run in one of the states that
// are exceptions (deferred, failed, uncertain, skipped), in the order of their
// deliveries, behind the delivery after; last is the delivery of the last one:
// the audience of "send again to those who failed".
func (l *Ledger) RecipientsIn(ctx context.Context, q db.Q, runID int64, states []State, after int64, limit int) (ids []int64, last int64, err error) {
	rows, err := q.Query(ctx, `
		SELECT d.id, d.recipient_id
		  FROM delivery_exceptions e JOIN deliveries d ON d.id = e.delivery_id
		 WHERE e.run_id = $1 AND e.state = ANY($3) AND e.delivery_id > $2
		 ORDER BY e.delivery_id LIMIT $4`, runID, after, numbersOf(states), limit)
	if err != nil {
		return nil, 0, fmt.Errorf("read the recipients of run %d: %w", runID, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&last, &id); err != nil {
			return nil, 0, fmt.Errorf("read the recipients of run %d: %w", runID, err)
		}
		ids = append(ids, id)
	}
	return ids, last, rows.Err()
}

func numbersOf(states []State) []int64 {
	numbers := make([]int64, len(states))
	for i, s := range states {
		numbers[i] = int64(s)
	}
	return numbers
}

// Held says whether a run is held.
func (l *Ledger) Held(ctx context.Context, runID int64) (bool, error) {
	b, err := readBook(ctx, l.db.Read(), runID)
	if err != nil {
		return false, fmt.Errorf("read the hold of run %d: %w", runID, err)
	}
	return b.held, nil
}
