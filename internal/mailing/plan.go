package mailing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"gonets/internal/db"
	"gonets/internal/delivery"
	"gonets/internal/recipient"
)

// planChunk is how many deliveries are written in one transaction, and sent as
// one batch.
const planChunk = 500

// Plan writes the next chunk of a run's deliveries; more says that there are
// further ones. A run that is not planning (paused, stopped, planned) is left
// alone.
func (s *Mailings) Plan(ctx context.Context, runID int64) (more bool, err error) {
	err = s.db.Tx(ctx, func(tx db.Tx) error {
		more = false
		r, position, text, err := planning(ctx, tx, runID)
		if errors.Is(err, db.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		var audience stored
		if err := json.Unmarshal([]byte(text), &audience); err != nil {
			return err
		}
		chunk, err := s.chunkTx(ctx, tx, &r, audience, position)
		if err != nil {
			return err
		}
		if err := s.ledger.PlanTx(ctx, tx, runID, chunk); err != nil {
			return err
		}
		more = len(chunk) == planChunk
		if more {
			_, err = tx.Exec(ctx, `UPDATE runs SET position = $2 WHERE id = $1`, runID, chunk[len(chunk)-1].RecipientID)
		} else {
			_, err = tx.Exec(ctx, `UPDATE runs SET planned = 1, state = 'sending' WHERE id = $1`, runID)
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("plan run %d: %w", runID, err)
	}
	return more, nil
}

// planning reads a run that is being planned, locked.
func planning(ctx context.Context, tx db.Tx, runID int64) (r Run, position int64, audience string, err error) {
	query := `SELECT ` + runColumns + `, r.position, r.audience FROM runs r WHERE r.id = $1 AND r.state = 'planning' AND r.planned = 0`
	if tx.Dialect() == db.Postgres {
		query += ` FOR UPDATE`
	}
	r, err = scanRun(tx.QueryRow(ctx, query, runID), &position, &audience)
	return r, position, audience, err
}

// chunkTx is the next chunk of the audience, each with the reason why it is
// skipped, if it is.
func (s *Mailings) chunkTx(ctx context.Context, tx db.Tx, r *Run, audience stored, after int64) ([]delivery.Plan, error) {
	var list []recipient.Planned
	var err error
	if r.Kind == OfFailed {
		list, err = s.failedTx(ctx, tx, r, audience.States, after)
	} else {
		list, err = s.recipients.AudienceChunkTx(ctx, tx, r.UserID, audience.StoredAudience, after, planChunk)
	}
	if err != nil {
		return nil, err
	}
	chunk := make([]delivery.Plan, len(list))
	for i, p := range list {
		chunk[i] = delivery.Plan{RecipientID: p.ID, Skip: p.Skip}
	}
	return chunk, nil
}

// failedTx is the next chunk of those to whom the source run failed.
func (s *Mailings) failedTx(ctx context.Context, tx db.Tx, r *Run, states []delivery.State, after int64) ([]recipient.Planned, error) {
	ids, err := s.ledger.RecipientsIn(ctx, tx, r.SourceRunID, states, after, planChunk)
	if err != nil {
		return nil, err
	}
	known, err := s.recipients.ForSending(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	list := make([]recipient.Planned, len(ids))
	for i, id := range ids {
		list[i].ID = id
		if r, ok := known[id]; !ok {
			list[i].Skip = delivery.ReasonDeleted
		} else if r.Status != recipient.Active {
			list[i].Skip = string(r.Status)
		}
	}
	return list, nil
}
