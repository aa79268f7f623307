package delivery

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"gonets/internal/db"
)

// factColumns are what a fact is made of; a is an attempt.
const factColumns = `a.at, a.user_id, a.mailing_id, a.run_id, a.outcome, a.code, a.enhanced, a.address,
	CASE WHEN EXISTS (SELECT 1 FROM attempts e WHERE e.delivery_id = a.delivery_id AND e.id < a.id) THEN 1 ELSE 0 END`

// countFacts makes facts of attempts, and tells of each.
func countFacts(ctx context.Context, q db.Q, told func(), query string, args ...any) (facts, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := facts{}
	for rows.Next() {
		var r record
		var retried int64
		err := rows.Scan(&r.At, &r.UserID, &r.MailingID, &r.RunID, &r.Outcome, &r.Code, &r.Enhanced, &r.Address, &retried)
		if err != nil {
			return nil, err
		}
		found[factOf(&r, retried == 1)]++
		told()
	}
	return found, rows.Err()
}

// forgetDomainsTx moves the attempts of a recipient, whose address is about to
// be deleted, from their domain to none.
func forgetDomainsTx(ctx context.Context, tx db.Tx, recipientID int64) error {
	found, err := countFacts(ctx, tx, func() {}, `
		SELECT `+factColumns+` FROM attempts a
		 WHERE a.delivery_id IN (SELECT id FROM deliveries WHERE recipient_id = $1) AND a.address <> ''`, recipientID)
	if err != nil || len(found) == 0 {
		return err
	}
	moved := facts{}
	for fact, n := range found {
		moved[fact] -= n
		fact.Domain = ""
		moved[fact] += n
	}
	return scribeOf(tx).execTx(ctx, tx, moved.statements())
}

// Recount counts every attempt anew and puts the statistics right. It says how
// many attempts there are, and how many rows were wrong.
//
// It goes on beside a service that sends: what the ledger, the rollups and the
// journal hold is compared in one snapshot, and the difference is added, which
// stays right whatever was added meanwhile.
func (l *Ledger) Recount(ctx context.Context, told func(attempts int64)) (attempts int64, wrong int, err error) {
	var differ sums
	err = l.db.Snapshot(ctx, func(q db.Q) error {
		ledger, err := countFacts(ctx, q, func() {
			if attempts++; attempts%tellEvery == 0 {
				told(attempts)
			}
		}, `SELECT `+factColumns+` FROM attempts a`)
		if err == nil {
			differ, err = compare(ctx, q, ledger)
		}
		return err
	})
	if err == nil {
		err = l.correct(ctx, differ)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("count the statistics anew: %w", err)
	}
	return attempts, len(differ), nil
}

// tellEvery is after how many attempts Recount tells how far it is.
const tellEvery = 10_000

// compare says what has to be added to the rollups.
func compare(ctx context.Context, q db.Q, ledger facts) (sums, error) {
	journal, _, err := readJournal(ctx, q, `SELECT id, facts FROM stat_journal`)
	if err != nil {
		return nil, err
	}
	for fact, n := range journal {
		ledger[fact] -= n
	}
	differ := ledger.sums()
	if err := differ.limit(ctx, q); err != nil {
		return nil, err
	}
	if err := differ.addKept(ctx, q, -1); err != nil {
		return nil, err
	}
	maps.DeleteFunc(differ, func(_ Rollup, t Tries) bool { return t == Tries{} })
	return differ, nil
}

// addKept adds what the rollups hold, so many times.
func (s sums) addKept(ctx context.Context, q db.Q, times int64) error {
	rows, err := q.Query(ctx, `
		SELECT scope, scope_id, subject, grain, at, name, accepted, failed, unknown, retried FROM stat_rollups`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var r Rollup
		var t Tries
		var grain int64
		err := rows.Scan(&r.Scope, &r.ScopeID, &r.Subject, &grain, &r.At, &r.Name, &t.Accepted, &t.Failed, &t.Unknown, &t.Retried)
		if err != nil {
			return err
		}
		r.Daily = grain == 1
		s.add(r, Tries{times * t.Accepted, times * t.Failed, times * t.Unknown, times * t.Retried})
	}
	return rows.Err()
}

// correctChunk is how many rows are corrected in one transaction: few enough
// for 50 ms.
const correctChunk = 2000

func (l *Ledger) correct(ctx context.Context, differ sums) error {
	for part := range slices.Chunk(differ.lines(), correctChunk) {
		if err := l.db.Tx(ctx, func(tx db.Tx) error { return writeLinesTx(ctx, tx, part) }); err != nil {
			return err
		}
	}
	return nil
}
