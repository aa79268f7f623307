package delivery

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gonets/internal/db"
)

// liteScribe changes row by row: package db keeps the statements prepared, and
// there is no way to the server. Lists as JSON, read by json_each, take three
// times as long.
type liteScribe struct{}

func (s liteScribe) commit(ctx context.Context, d *db.DB, p *page) error {
	return d.Tx(ctx, func(tx db.Tx) error {
		if err := s.writeTx(ctx, tx, p); err != nil {
			return err
		}
		p.decide()
		for _, e := range p.entries {
			if _, err := tx.Exec(ctx, docketText, e.args()...); err != nil {
				return fmt.Errorf("write a batch: %w", err)
			}
		}
		return p.tally().writeTx(ctx, tx)
	})
}

// writeTx writes what the batches and counters depend on.
func (s liteScribe) writeTx(ctx context.Context, tx db.Tx, p *page) error {
	leases := make([]lease, len(p.dockets))
	for i, d := range p.dockets {
		leases[i].batchID = d.batchID
		err := tx.QueryRow(ctx, `SELECT epoch, revision FROM batches WHERE id = $1`, d.batchID).Scan(&leases[i].epoch, &leases[i].revision)
		if err != nil {
			return fmt.Errorf("read a lease: %w", err)
		}
	}
	if err := p.meet(leases); err != nil {
		return err
	}
	planned, err := plannedTx(ctx, tx, p)
	if err != nil {
		return fmt.Errorf("read states: %w", err)
	}
	if err := s.attemptsTx(ctx, tx, p.records); err != nil {
		return fmt.Errorf("record attempts: %w", err)
	}
	if err := s.moveTx(ctx, tx, p, planned); err != nil {
		return fmt.Errorf("record states: %w", err)
	}
	return s.judgeTx(ctx, tx, p, planned)
}

// judgeTx notes which of the deliveries to be marked may be.
func (liteScribe) judgeTx(ctx context.Context, tx db.Tx, p *page, planned map[int64]bool) error {
	for _, run := range p.runs {
		var held int64
		if err := tx.QueryRow(ctx, `SELECT held FROM ledgers WHERE run_id = $1`, run).Scan(&held); err != nil {
			return fmt.Errorf("read a hold: %w", err)
		}
		for _, d := range p.marks {
			if d.RunID == run {
				p.planned[d.ID] = planned[d.ID] && held == 0
			}
		}
	}
	return nil
}

// plannedTx says which deliveries of the page are planned. There is but one
// writer: so they stay. Who is leaving is planned as long as the lease is
// held: nobody else touches them.
func plannedTx(ctx context.Context, tx db.Tx, p *page) (map[int64]bool, error) {
	planned := make(map[int64]bool, len(p.records)+len(p.marks))
	ids := p.markIDs()
	for i := range p.records {
		r := &p.records[i]
		if slices.Contains(r.docket.leaving, r.ID) {
			planned[r.ID] = p.held[r.docket]
		} else {
			ids = append(ids, r.ID)
		}
	}
	args, places := in(ids)
	found, err := ints(ctx, tx, `SELECT id FROM deliveries WHERE id IN (`+places+`) AND state = 0`, args...)
	if err != nil {
		return nil, err
	}
	for _, id := range found {
		planned[id] = true
	}
	return planned, nil
}

func (liteScribe) moveTx(ctx context.Context, tx db.Tx, p *page, planned map[int64]bool) error {
	var accepted []int64
	for i := range p.records {
		r := &p.records[i]
		if !p.held[r.docket] || !planned[r.ID] {
			continue
		}
		p.moved[r.ID] = true
		if r.State == Accepted {
			accepted = append(accepted, r.ID)
			continue
		}
		_, err := tx.Exec(ctx, `
			UPDATE deliveries
			   SET state = $2, reason = $3, tries = $4, copies = $5, first_at = $6, next_at = $7, updated_at = $8
			 WHERE id = $1`,
			r.ID, int64(r.State), r.Reason, r.Tries, r.Copies, int64(r.FirstAt), int64(r.NextAt), int64(r.At))
		if err != nil {
			return err
		}
	}
	if len(accepted) == 0 {
		return nil
	}
	now := int64(db.At(tx.Now()))
	args, places := in(accepted)
	_, err := tx.Exec(ctx, `
		UPDATE deliveries
		   SET state = 2, tries = tries + 1, updated_at = ?, first_at = CASE WHEN first_at = 0 THEN ? ELSE first_at END
		 WHERE id IN (`+places+`)`, append([]any{now, now}, args...)...)
	return err
}

// in are the ids and the placeholders of an IN list: padded with 0, which no
// row has, so that there are few sizes and the statements stay prepared.
func in(ids []int64) (args []any, places string) {
	size := 16
	for size < len(ids) {
		size *= 2
	}
	args = make([]any, size)
	for i := range args {
		args[i] = int64(0)
		if i < len(ids) {
			args[i] = ids[i]
		}
	}
	return args, strings.Repeat("?, ", size-1) + "?"
}

func (liteScribe) attemptsTx(ctx context.Context, tx db.Tx, list []record) error {
	made := make([]*record, 0, len(list))
	for i := range list {
		if list[i].Stage != "" {
			made = append(made, &list[i])
		}
	}
	_, err := insertTx(ctx, tx, `
		INSERT INTO attempts (at, month, delivery_id, run_id, mailing_id, user_id, recipient_id,
		                      address, outcome, stage, code, enhanced, response, server)`, ``, made,
		func(r *record) []any {
			return []any{
				int64(r.At), r.Month, r.ID, r.RunID, r.MailingID, r.UserID, r.RecipientID,
				r.Address, int64(r.Outcome), r.Stage, r.Code, r.Enhanced, r.Response, r.Server,
			}
		})
	return err
}

func (liteScribe) planTx(ctx context.Context, tx db.Tx, p planning) (planned, skipped int64, err error) {
	now := int64(db.At(tx.Now()))
	insert := func(list []Plan) (int64, error) {
		return insertTx(ctx, tx, `
			INSERT INTO deliveries (month, run_id, recipient_id, batch_id, state, reason, updated_at)`,
			`ON CONFLICT (recipient_id, run_id, month) DO NOTHING`, list,
			func(who Plan) []any {
				return []any{p.month, p.runID, who.RecipientID, p.batch, int64(who.state()), who.Skip, now}
			})
	}
	// Apart, since what is there already counts as neither.
	var send, skip []Plan
	for _, who := range p.chunk {
		if who.Skip == "" {
			send = append(send, who)
		} else {
			skip = append(skip, who)
		}
	}
	if planned, err = insert(send); err == nil {
		skipped, err = insert(skip)
	}
	return planned, skipped, err
}

// insertTx inserts a list, many rows by a statement: that takes two thirds of
// the time of one by one. There are few sizes, so that the statements stay
// prepared.
func insertTx[T any](ctx context.Context, tx db.Tx, into, behind string, list []T, values func(T) []any) (inserted int64, err error) {
	for size := 64; size > 0; size /= 2 {
		for ; len(list) >= size; list = list[size:] {
			var args []any
			for _, one := range list[:size] {
				args = append(args, values(one)...)
			}
			row := "(?" + strings.Repeat(", ?", len(args)/size-1) + ")"
			n, err := tx.Exec(ctx, into+" VALUES "+row+strings.Repeat(", "+row, size-1)+" "+behind, args...)
			if err != nil {
				return inserted, err
			}
			inserted += n
		}
	}
	return inserted, nil
}

func (liteScribe) execTx(ctx context.Context, tx db.Tx, list []statement) error {
	for _, s := range list {
		if _, err := tx.Exec(ctx, s.text, s.args...); err != nil {
			return err
		}
	}
	return nil
}

func (liteScribe) rollupsTx(ctx context.Context, tx db.Tx, all, lowered []line) error {
	key := func(r Rollup) []any {
		return []any{int64(r.Scope), r.ScopeID, int64(r.Subject), db.Flag(r.Daily), int64(r.At), r.Name}
	}
	_, err := insertTx(ctx, tx, rollupInsert, rollupAdd, all, func(l line) []any {
		return append(key(l.Rollup), l.Accepted, l.Failed, l.Unknown, l.Retried)
	})
	if err != nil {
		return fmt.Errorf("add to rollups: %w", err)
	}
	for _, l := range lowered {
		_, err := tx.Exec(ctx, `
			DELETE FROM stat_rollups
			 WHERE scope = $1 AND scope_id = $2 AND subject = $3 AND grain = $4 AND at = $5 AND name = $6
			   AND accepted = 0 AND failed = 0 AND unknown = 0 AND retried = 0`, key(l.Rollup)...)
		if err != nil {
			return fmt.Errorf("drop an empty rollup: %w", err)
		}
	}
	return nil
}
