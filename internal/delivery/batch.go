package delivery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gonets/internal/db"
)

// Batch is a chunk of a run's deliveries that one node sends.
type Batch struct {
	ID    int64
	RunID int64
	Epoch int64
	// Deliveries still to be sent, in the order in which they were planned.
	Deliveries []*Delivery
}

// Feed takes up to perRun batches of each run for sending, counting those
// already enqueued, and calls enqueue with them in its transaction. Runs share
// the connections fairly because none puts more than perRun in the queue.
func (l *Ledger) Feed(ctx context.Context, runIDs []int64, perRun int, enqueue func(context.Context, db.Tx, []Batch) error) error {
	for _, runID := range runIDs {
		if wanted, err := l.hungry(ctx, runID, perRun); err != nil {
			return err
		} else if !wanted {
			continue
		}
		err := l.db.Tx(ctx, func(tx db.Tx) error {
			batches, err := feedTx(ctx, tx, runID, perRun)
			if err != nil || len(batches) == 0 {
				return err
			}
			return enqueue(ctx, tx, batches)
		})
		if err != nil {
			return fmt.Errorf("feed run %d: %w", runID, err)
		}
	}
	return nil
}

const countQueued = `SELECT count(*) FROM batches WHERE run_id = $1 AND done = 0 AND queued_at > 0`

// hungry asks, without a transaction for writing, whether there is anything
// to feed: most of the time there is not.
func (l *Ledger) hungry(ctx context.Context, runID int64, perRun int) (bool, error) {
	var queued, waiting int64
	err := l.db.Read().QueryRow(ctx, `
		SELECT (`+countQueued+`),
		       (SELECT count(*) FROM (SELECT 1 FROM batches b JOIN ledgers l ON l.run_id = b.run_id
		         WHERE b.run_id = $1 AND b.done = 0 AND b.queued_at = 0 AND l.held = 0 LIMIT 1) AS one)`, runID).
		Scan(&queued, &waiting)
	if err != nil {
		return false, fmt.Errorf("look for batches of run %d: %w", runID, err)
	}
	return waiting > 0 && queued < int64(perRun), nil
}

func feedTx(ctx context.Context, tx db.Tx, runID int64, perRun int) ([]Batch, error) {
	books, err := lockRuns(ctx, tx, runID)
	if err != nil || books[runID].held {
		return nil, err
	}
	var queued int64
	if err := tx.QueryRow(ctx, countQueued, runID).Scan(&queued); err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, `
		UPDATE batches SET queued_at = $3
		 WHERE id IN (SELECT id FROM batches WHERE run_id = $1 AND done = 0 AND queued_at = 0 ORDER BY id LIMIT $2)
		RETURNING id, run_id, epoch`, runID, max(0, int64(perRun)-queued), db.At(tx.Now()))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var batches []Batch
	for rows.Next() {
		var b Batch
		if err := rows.Scan(&b.ID, &b.RunID, &b.Epoch); err != nil {
			return nil, err
		}
		batches = append(batches, b)
	}
	return batches, rows.Err()
}

// Claim takes the lease of a batch for a node and loads what is still to be
// sent. ok is false where somebody else has the lease, nothing is left, or the
// run is held; then there is nothing to do.
func (l *Ledger) Claim(ctx context.Context, node string, batchID int64) (b Batch, ok bool, err error) {
	var book book
	docket := &docket{batchID: batchID}
	err = l.db.Tx(ctx, func(tx db.Tx) error {
		b, ok = Batch{ID: batchID}, false
		now := tx.Now()
		err := tx.QueryRow(ctx, `
			UPDATE batches SET owner = $2, lease_until = $3, epoch = epoch + 1
			 WHERE id = $1 AND done = 0 AND lease_until = 0
			RETURNING run_id, epoch, revision`, batchID, node, db.At(now.Add(l.policy.Lease))).Scan(&b.RunID, &b.Epoch, &docket.revision)
		if errors.Is(err, db.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if book, err = readBook(ctx, tx, b.RunID); err != nil {
			return err
		}
		if book.held {
			return releaseTx(ctx, tx, b)
		}
		ok = true
		return nil
	})
	if err == nil && ok { // behind the transaction, so that commits go on meanwhile
		docket.epoch = b.Epoch
		b.Deliveries, err = load(ctx, l.db.Read(), book.run, docket)
	}
	if err != nil {
		return Batch{}, false, fmt.Errorf("claim batch %d: %w", batchID, err)
	}
	return b, ok, nil
}

func readBook(ctx context.Context, q db.Q, runID int64) (book, error) {
	var b book
	var resend, held int64
	err := q.QueryRow(ctx, `SELECT mailing_id, user_id, month, resend, held FROM ledgers WHERE run_id = $1`, runID).
		Scan(&b.mailingID, &b.userID, &b.month, &resend, &held)
	b.resend, b.held = resend == 1, held == 1
	return b, err
}

// load reads what is to be sent of a batch, of which nothing is leaving.
func load(ctx context.Context, q db.Q, r run, of *docket) ([]*Delivery, error) {
	rows, err := q.Query(ctx, `
		SELECT id, run_id, recipient_id, state, tries, copies, first_at
		  FROM deliveries WHERE batch_id = $1 AND state = 0 ORDER BY id`, of.batchID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []*Delivery
	for rows.Next() {
		d := &Delivery{run: r, docket: of}
		var first db.Time
		if err := rows.Scan(&d.ID, &d.RunID, &d.RecipientID, &d.State, &d.Tries, &d.Copies, &first); err != nil {
			return nil, err
		}
		d.firstAt = first.Time()
		list = append(list, d)
	}
	return list, rows.Err()
}

// Release gives a batch back, of which nothing is on its way any more: done if
// nothing in it is left to be sent, otherwise to be fed again. A delivery that
// is leaving still is one whose result could not be recorded.
func (l *Ledger) Release(ctx context.Context, b Batch) error {
	err := l.db.Tx(ctx, func(tx db.Tx) error {
		books, err := lockRuns(ctx, tx, b.RunID)
		if err != nil {
			return err
		}
		var epoch int64
		if err := tx.QueryRow(ctx, `SELECT epoch FROM batches WHERE id = $1`, b.ID).Scan(&epoch); err != nil || epoch != b.Epoch {
			return err
		}
		return l.closeTx(ctx, tx, books[b.RunID], b)
	})
	if err != nil {
		return fmt.Errorf("release batch %d: %w", b.ID, err)
	}
	return nil
}

// closeTx ends the lease of a batch, with all that was left open under it.
func (l *Ledger) closeTx(ctx context.Context, tx db.Tx, book book, b Batch) error {
	if err := l.settleLeavingTx(ctx, tx, book, b); err != nil {
		return err
	}
	if err := forgetGoneTx(ctx, tx, b.ID); err != nil {
		return err
	}
	return releaseTx(ctx, tx, b)
}

// releaseTx ends a lease. The epoch is raised, so that what comes late under it
// changes nothing.
func releaseTx(ctx context.Context, tx db.Tx, b Batch) error {
	_, err := tx.Exec(ctx, `
		UPDATE batches
		   SET owner = '', lease_until = 0, queued_at = 0, epoch = epoch + 1,
		       done = CASE WHEN EXISTS (SELECT 1 FROM deliveries WHERE batch_id = $1 AND state = 0) THEN 0 ELSE 1 END
		 WHERE id = $1 AND epoch = $2`, b.ID, b.Epoch)
	return err
}

// Unqueue says that the job of a batch was not worked, so that it is fed
// again.
func (l *Ledger) Unqueue(ctx context.Context, batchID int64) error {
	err := l.db.Tx(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE batches SET queued_at = 0 WHERE id = $1 AND lease_until = 0`, batchID)
		return err
	})
	if err != nil {
		return fmt.Errorf("unqueue batch %d: %w", batchID, err)
	}
	return nil
}

// Renew lengthens a node's leases of batches by one update. It locks them in
// the order of their ids, as the committer does.
func (l *Ledger) Renew(ctx context.Context, node string, batchIDs []int64) error {
	if len(batchIDs) == 0 {
		return nil
	}
	const held = `id = ANY($1) AND lease_until > 0 AND owner = $2`
	err := l.db.Tx(ctx, func(tx db.Tx) error {
		if tx.Dialect() == db.Postgres {
			_, err := tx.Exec(ctx, `SELECT 1 FROM batches WHERE `+held+` ORDER BY id FOR UPDATE`, batchIDs, node)
			if err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `UPDATE batches SET lease_until = $3 WHERE `+held, batchIDs, node, db.At(tx.Now().Add(l.policy.Lease)))
		return err
	})
	if err != nil {
		return fmt.Errorf("renew leases: %w", err)
	}
	return nil
}

// Sweep frees the batches whose lease has expired, and forgets jobs that never
// came. It says how many batches were freed.
func (l *Ledger) Sweep(ctx context.Context) (freed int, err error) {
	now := db.At(l.db.Now())
	freed, err = l.free(ctx, `lease_until < $1`, now)
	if err != nil {
		return freed, err
	}
	return freed, l.forgetJobs(ctx, l.db.Now().Add(-2*l.policy.Lease))
}

// forgetJobs lets the batches be fed again whose jobs were enqueued before a
// moment and did not come: a job dies with the node that fetched it. A second
// job does no harm.
func (l *Ledger) forgetJobs(ctx context.Context, before time.Time) error {
	const lost = ` done = 0 AND lease_until = 0 AND queued_at > 0 AND queued_at < $1`
	var stale int64
	err := l.db.Read().QueryRow(ctx, `SELECT count(*) FROM batches WHERE`+lost, db.At(before)).Scan(&stale)
	if err != nil || stale == 0 {
		return err
	}
	return l.db.Tx(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE batches SET queued_at = 0 WHERE`+lost, db.At(before))
		return err
	})
}

// FreeOwn frees every batch of a node, whose process is surely dead, and
// forgets the jobs that it may have fetched.
func (l *Ledger) FreeOwn(ctx context.Context, node string) (freed int, err error) {
	freed, err = l.free(ctx, `owner = $1`, node)
	if err != nil {
		return freed, err
	}
	return freed, l.forgetJobs(ctx, l.db.Now())
}

func (l *Ledger) free(ctx context.Context, condition string, arg any) (freed int, err error) {
	// Sorted here: to have them in order, SQLite would walk all batches.
	ids, err := ints(ctx, l.db.Read(), `SELECT id FROM batches WHERE lease_until > 0 AND `+condition, arg)
	if err != nil {
		return 0, fmt.Errorf("look for leases to free: %w", err)
	}
	slices.Sort(ids)
	for _, id := range ids {
		err := l.db.Tx(ctx, func(tx db.Tx) error { return l.freeTx(ctx, tx, id, condition, arg) })
		if err != nil {
			return freed, fmt.Errorf("free batch %d: %w", id, err)
		}
		freed++
	}
	return freed, nil
}

// freeTx frees one batch, if its lease is still the one that was found. Each
// of its deliveries that was leaving gets an attempt with the outcome unknown.
func (l *Ledger) freeTx(ctx context.Context, tx db.Tx, id int64, condition string, arg any) error {
	b := Batch{ID: id}
	// The run is locked first, as everywhere; it never changes for a batch.
	if err := tx.QueryRow(ctx, `SELECT run_id FROM batches WHERE id = $1`, id).Scan(&b.RunID); err != nil {
		return err
	}
	books, err := lockRuns(ctx, tx, b.RunID)
	if err != nil {
		return err
	}
	err = tx.QueryRow(ctx, `
		UPDATE batches SET epoch = epoch + 1 WHERE lease_until > 0 AND `+condition+` AND id = $2
		RETURNING epoch`, arg, id).Scan(&b.Epoch)
	if errors.Is(err, db.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return l.closeTx(ctx, tx, books[b.RunID], b)
}

// settleLeavingTx decides the leaving deliveries of a batch whose node died:
// sent again at once, or uncertain. The batch's epoch was raised, so that a
// late result of a node that was only stopped can't overwrite the decision.
func (l *Ledger) settleLeavingTx(ctx context.Context, tx db.Tx, b book, batch Batch) error {
	var text string
	if err := tx.QueryRow(ctx, `SELECT leaving FROM batches WHERE id = $1`, batch.ID).Scan(&text); err != nil || text == "" {
		return err
	}
	ids, err := parseIDs(text)
	if err != nil {
		return fmt.Errorf("read what is leaving: %w", err)
	}
	tried, err := ints(ctx, tx, `SELECT id FROM deliveries WHERE id = ANY($1) AND state = 0 AND first_at > 0`, ids)
	if err != nil {
		return err
	}
	records, err := l.lostTx(ctx, tx, b, ids)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE batches SET leaving = '' WHERE id = $1`, batch.ID); err != nil {
		return err
	}
	if err := l.addressTx(ctx, tx, records); err != nil {
		return err
	}
	counts := tally{}
	for i := range records {
		counts.attempt(&records[i], slices.Contains(tried, records[i].ID))
		counts.state(&records[i])
	}
	if err := scribeOf(tx).attemptsTx(ctx, tx, records); err != nil {
		return fmt.Errorf("record attempts: %w", err)
	}
	return counts.writeTx(ctx, tx)
}

// lostTx moves deliveries on whose end nobody knows, and makes the record of
// their attempts.
func (l *Ledger) lostTx(ctx context.Context, tx db.Tx, b book, ids []int64) ([]record, error) {
	now := db.At(tx.Now())
	rows, err := tx.Query(ctx, `
		UPDATE deliveries
		   SET tries = tries + 1, updated_at = $2,
		       first_at = CASE WHEN first_at = 0 THEN $2 ELSE first_at END,
		       state  = CASE WHEN $3 = 1 AND copies < $4 THEN 0 ELSE 5 END,
		       reason = CASE WHEN $3 = 1 AND copies < $4 THEN '' ELSE '`+ReasonCrashed+`' END,
		       copies = CASE WHEN $3 = 1 AND copies < $4 THEN copies + 1 ELSE copies END
		 WHERE id = ANY($1) AND state = 0
		RETURNING id, run_id, recipient_id, state`, ids, int64(now), db.Flag(b.resend), l.policy.MaxCopies)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var records []record
	for rows.Next() {
		r := record{
			At: now, Month: b.month, MailingID: b.mailingID, UserID: b.userID,
			Outcome: Unknown, Stage: StageEndOfData, Response: "",
		}
		if err := rows.Scan(&r.ID, &r.RunID, &r.RecipientID, &r.State); err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, rows.Err()
}

// StageEndOfData is the stage of an attempt whose final dot may have left.
const StageEndOfData = "end_of_data"

// addressTx fills in the addresses as they stand now: those in use died with
// the process.
func (l *Ledger) addressTx(ctx context.Context, tx db.Tx, records []record) error {
	ids := make([]int64, len(records))
	for i := range records {
		ids[i] = records[i].RecipientID
	}
	known, err := l.addresses(ctx, tx, ids)
	if err != nil {
		return err
	}
	for i := range records {
		records[i].Address = known[records[i].RecipientID]
	}
	return nil
}

func ints(ctx context.Context, q db.Q, query string, args ...any) ([]int64, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		list = append(list, id)
	}
	return list, rows.Err()
}
