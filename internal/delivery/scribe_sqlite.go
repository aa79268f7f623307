package delivery

import (
	"context"
	"fmt"
	"strings"

	"gonets/internal/db"
)

// liteScribe changes row by row: package db keeps the statements prepared, and
// there is no way to the server. Lists as JSON, read by json_each, take three
// times as long.
type liteScribe struct{}

func (s liteScribe) writeTx(ctx context.Context, tx db.Tx, p *page) error {
	books, err := lockRuns(ctx, tx, p.runs...)
	if err != nil {
		return err
	}
	if err := s.attemptsTx(ctx, tx, p.records); err != nil {
		return fmt.Errorf("record attempts: %w", err)
	}
	for i := range p.records {
		r := &p.records[i]
		n, err := tx.Exec(ctx, `
			UPDATE deliveries
			   SET state = $3, leaving = 0, reason = $4, tries = $5, copies = $6, first_at = $7, next_at = $8, updated_at = $9
			 WHERE id = $1 AND epoch = $2 AND state = 0`,
			r.ID, r.Epoch, int64(r.State), r.Reason, r.Tries, r.Copies, int64(r.FirstAt), int64(r.NextAt), int64(r.At))
		if err != nil {
			return fmt.Errorf("record states: %w", err)
		}
		if n > 0 {
			p.moved[r.ID] = true
		}
	}
	now := int64(db.At(tx.Now()))
	for _, d := range p.marks {
		if books[d.RunID].held {
			continue
		}
		n, err := tx.Exec(ctx, `
			UPDATE deliveries SET leaving = 1, epoch = epoch + 1, updated_at = $3
			 WHERE id = $1 AND epoch = $2 AND state = 0 AND leaving = 0`, d.ID, d.epoch, now)
		if err != nil {
			return fmt.Errorf("mark: %w", err)
		}
		if n > 0 {
			p.marked[d.ID] = true
		}
	}
	return nil
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
		                      epoch, address, outcome, stage, code, enhanced, response, server)`, ``, made,
		func(r *record) []any {
			return []any{
				int64(r.At), r.Month, r.ID, r.RunID, r.MailingID, r.UserID, r.RecipientID,
				r.Epoch, r.Address, int64(r.Outcome), r.Stage, r.Code, r.Enhanced, r.Response, r.Server,
			}
		})
	return err
}

func (liteScribe) planTx(ctx context.Context, tx db.Tx, p planning) (planned, skipped int64, err error) {
	now := int64(db.At(tx.Now()))
	insert := func(list []Plan) (int64, error) {
		return insertTx(ctx, tx, `
			INSERT INTO deliveries (month, run_id, recipient_id, batch_id, state, reason, updated_at)`,
			`ON CONFLICT (run_id, recipient_id, month) DO NOTHING`, list,
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

// insertTx inserts a list, several rows by a statement: that takes two thirds
// of the time of one by one. There are few sizes, so that the statements stay
// prepared.
func insertTx[T any](ctx context.Context, tx db.Tx, into, behind string, list []T, values func(T) []any) (inserted int64, err error) {
	for _, size := range []int{32, 8, 1} {
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
