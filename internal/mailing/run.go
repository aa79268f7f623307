package mailing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/delivery"
	"gonets/internal/fault"
)

// firing is why and when a run opens.
type firing struct {
	kind      Kind
	due       time.Time
	source    int64 // OfFailed: the run
	uncertain bool  // OfFailed: also those whose end is not known; a copy is then possible
}

// openTx opens a run of a mailing, with its ledger and its plan. opened is
// false where the mailing has a run of that due time already.
func (s *Mailings) openTx(ctx context.Context, tx db.Tx, m *Mailing, f firing) (id int64, opened bool, err error) {
	audience, err := freeze(ctx, tx, m, f)
	if err != nil {
		return 0, false, err
	}
	version, err := s.messages.HoldTx(ctx, tx, m.UserID, m.MessageID)
	if err != nil {
		return 0, false, messageGone(err)
	}
	err = tx.QueryRow(ctx, `
		INSERT INTO runs (mailing_id, user_id, due_at, kind, state, audience, source_run_id, message_version_id,
		                  mailing_name, sender_name, sender_email, on_uncertain, created_at)
		VALUES ($1, $2, $3, $4, 'planning', $5, $6, $7, $8, $9, $10, $11, $12)
		    ON CONFLICT (mailing_id, due_at) DO NOTHING
		RETURNING id`,
		m.ID, m.UserID, db.At(f.due), string(f.kind), audience, f.source, version,
		m.Name, m.Sender.Name, m.Sender.Email, string(m.OnUncertain), db.At(tx.Now())).Scan(&id)
	if errors.Is(err, db.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("open a run: %w", err)
	}
	if _, err := tx.Exec(ctx, `UPDATE mailings SET last_run_id = $2 WHERE id = $1`, m.ID, id); err != nil {
		return 0, false, fmt.Errorf("open a run: %w", err)
	}
	err = s.ledger.OpenTx(ctx, tx, delivery.Run{ID: id, MailingID: m.ID, UserID: m.UserID, Resend: m.OnUncertain == Resend})
	if err != nil {
		return 0, false, err
	}
	return id, true, s.queue.InsertTx(ctx, tx, PlanJob{RunID: id})
}

// messageGone says at its field that the message was deleted.
func messageGone(err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.Fields{{Name: "message_id", Key: "mailing.message_missing"}}.Err()
	}
	return err
}

// runsByID reads runs with their counts.
func (s *Mailings) runsByID(ctx context.Context, q db.Q, ids []int64) (map[int64]*Run, error) {
	list, err := s.runs(ctx, q, `SELECT `+runColumns+` FROM runs r WHERE r.id = ANY($1)`, ids)
	if err != nil {
		return nil, err
	}
	runs := make(map[int64]*Run, len(list))
	for i := range list {
		runs[list[i].ID] = &list[i]
	}
	return runs, nil
}

// runs reads the runs of a query with their counts.
func (s *Mailings) runs(ctx context.Context, q db.Q, query string, args ...any) ([]Run, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read runs: %w", err)
	}
	defer rows.Close()
	var list []Run
	var ids []int64
	for rows.Next() {
		r, err := scanRun(rows)
		if err != nil {
			return nil, fmt.Errorf("read runs: %w", err)
		}
		list, ids = append(list, r), append(ids, r.ID)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read runs: %w", err)
	}
	rows.Close()
	summaries, err := s.ledger.Summaries(ctx, q, ids)
	if err != nil {
		return nil, err
	}
	for i := range list {
		sum := summaries[list[i].ID]
		list[i].Counts, list[i].Last = sum.Counts, sum.Last
	}
	return list, nil
}

// Run is a run that the actor may see, of a deleted mailing too. Errors:
// Missing.
func (s *Mailings) Run(ctx context.Context, actor account.Actor, id int64) (Run, error) {
	runs, err := s.runsByID(ctx, s.db.Read(), []int64{id})
	if err != nil {
		return Run{}, err
	}
	r := runs[id]
	if r == nil {
		return Run{}, fault.Missing()
	}
	if err := account.Check(actor, account.MailingView, account.Object{Kind: "mailing", Owner: r.UserID}); err != nil {
		return Run{}, err
	}
	return *r, nil
}

// Runs are the newest runs of a mailing that the actor may see, with ids below
// before (0: from the start); more says that there are older ones.
func (s *Mailings) Runs(ctx context.Context, actor account.Actor, mailingID, before int64, limit int) (list []Run, more bool, err error) {
	if _, err := s.Get(ctx, actor, mailingID); err != nil {
		return nil, false, err
	}
	limit = bounded(limit)
	list, err = s.runs(ctx, s.db.Read(), `SELECT `+runColumns+` FROM runs r
		WHERE r.mailing_id = $1 AND r.id < $2 ORDER BY r.id DESC LIMIT $3`, mailingID, below(before), limit+1)
	if err != nil {
		return nil, false, err
	}
	if len(list) > limit {
		return list[:limit], true, nil
	}
	return list, false, nil
}

// busy says that a run of the mailing still plans or sends, or is held at it.
// One that only waits to repeat deferred deliveries is not busy, nor is one
// that was stopped.
func (s *Mailings) busy(ctx context.Context, q db.Q, mailingID int64) (bool, error) {
	runs, err := s.runs(ctx, q, `SELECT `+runColumns+` FROM runs r
		WHERE r.mailing_id = $1 AND r.finished_at = 0 AND r.state <> 'stopped'`, mailingID)
	return slices.ContainsFunc(runs, func(r Run) bool { return !r.Planned || r.Counts.Remaining() > 0 }), err
}
