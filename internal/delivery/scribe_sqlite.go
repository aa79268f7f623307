package delivery

import (
	"context"
	"fmt"

	"gonets/internal/db"
)

// liteScribe writes row by row: package db keeps the statements prepared, and
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
	for i := range list {
		r := &list[i]
		if r.Stage == "" {
			continue
		}
		_, err := tx.Exec(ctx, `
			INSERT INTO attempts (at, month, delivery_id, run_id, mailing_id, user_id, recipient_id,
			                      epoch, address, outcome, stage, code, enhanced, response, server)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
			int64(r.At), r.Month, r.ID, r.RunID, r.MailingID, r.UserID, r.RecipientID,
			r.Epoch, r.Address, int64(r.Outcome), r.Stage, r.Code, r.Enhanced, r.Response, r.Server)
		if err != nil {
			return err
		}
	}
	return nil
}
