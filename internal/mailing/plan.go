package mailing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"gonets/internal/db"
	"gonets/internal/delivery"
	"gonets/internal/recipient"
)

// planChunk is how many deliveries are written in one transaction, and sent as
// one batch.
const planChunk = 1000

// Plan writes the next chunk of a run's deliveries; more says that there are
// further ones. A run that is not planning (paused, stopped, planned) is left
// alone.
func (s *Mailings) Plan(ctx context.Context, runID int64) (more bool, err error) {
	err = s.db.Tx(ctx, func(tx db.Tx) error {
		p, err := planningTx(ctx, tx, runID)
		if errors.Is(err, db.ErrNoRows) {
			more = false
			return nil
		}
		if err != nil {
			return err
		}
		more, err = s.planTx(ctx, tx, p)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("plan run %d: %w", runID, err)
	}
	return more, nil
}

// planning is a run that is being planned.
type planning struct {
	Run
	audience stored
	position int64 // how far the plan is: the last recipient, or delivery of the source, written
}

// planningTx reads a run that is being planned, and locks it.
func planningTx(ctx context.Context, tx db.Tx, runID int64) (p planning, err error) {
	query := `SELECT ` + runColumns + `, r.position, r.audience FROM runs r WHERE r.id = $1 AND r.state = 'planning' AND r.planned = 0`
	if tx.Dialect() == db.Postgres {
		query += ` FOR NO KEY UPDATE`
	}
	var audience string
	if p.Run, err = scanRun(tx.QueryRow(ctx, query, runID), &p.position, &audience); err != nil {
		return p, err
	}
	return p, json.Unmarshal([]byte(audience), &p.audience)
}

func (s *Mailings) planTx(ctx context.Context, tx db.Tx, p planning) (more bool, err error) {
	chosen, position, err := s.chosenTx(ctx, tx, p)
	if err != nil {
		return false, err
	}
	chunk, err := chunkTx(ctx, tx, p, chosen)
	if err != nil {
		return false, err
	}
	if err := s.limitTx(ctx, tx, p, chunk); err != nil {
		return false, err
	}
	if err := s.ledger.PlanTx(ctx, tx, p.ID, chunk); err != nil {
		return false, err
	}
	if len(chosen) < planChunk {
		_, err = tx.Exec(ctx, `UPDATE runs SET planned = 1, state = 'sending' WHERE id = $1`, p.ID)
		return false, err
	}
	_, err = tx.Exec(ctx, `UPDATE runs SET position = $2 WHERE id = $1`, p.ID, position)
	return true, err
}

// chosenTx are the next recipients of the audience, ascending, and how far the
// plan is with them.
func (s *Mailings) chosenTx(ctx context.Context, tx db.Tx, p planning) (chosen []recipient.Planned, position int64, err error) {
	if p.Kind != OfFailed {
		chosen, err = s.recipients.AudienceChunkTx(ctx, tx, p.UserID, p.audience.StoredAudience, p.position, planChunk)
		if len(chosen) > 0 {
			position = chosen[len(chosen)-1].ID
		}
		return chosen, position, err
	}
	ids, position, err := s.ledger.RecipientsIn(ctx, tx, p.SourceRunID, p.audience.States, p.position, planChunk)
	if err != nil {
		return nil, 0, err
	}
	slices.Sort(ids)
	chosen, err = s.recipients.AgainTx(ctx, tx, p.UserID, ids)
	return chosen, position, err
}

// chunkTx are the deliveries of chosen recipients, each with the reason why it
// is skipped, if it is.
func chunkTx(ctx context.Context, tx db.Tx, p planning, chosen []recipient.Planned) ([]delivery.Plan, error) {
	got, err := resentTx(ctx, tx, p, chosen)
	if err != nil {
		return nil, err
	}
	chunk := make([]delivery.Plan, len(chosen))
	for i, who := range chosen {
		if who.Skip == "" && got[who.ID] {
			who.Skip = ReasonResent
		}
		chunk[i] = delivery.Plan{RecipientID: who.ID, Skip: who.Skip}
	}
	return chunk, nil
}

// ReasonResent says that a delivery was skipped because an earlier resending
// of the same run reached the recipient. It is the end of a translation key,
// as delivery's reasons are.
const ReasonResent = "resent"

// resentTx says whom earlier resendings of the same source reached.
func resentTx(ctx context.Context, tx db.Tx, p planning, chosen []recipient.Planned) (map[int64]bool, error) {
	if p.Kind != OfFailed {
		return nil, nil
	}
	ids := make([]int64, len(chosen))
	for i := range chosen {
		ids[i] = chosen[i].ID
	}
	list, err := ints(ctx, tx, `
		SELECT d.recipient_id
		  FROM runs r JOIN deliveries d ON d.run_id = r.id
		 WHERE r.mailing_id = $1 AND r.source_run_id = $2 AND r.id < $3
		   AND d.recipient_id = ANY($4) AND d.state = $5`, p.MailingID, p.SourceRunID, p.ID, ids, int64(delivery.Accepted))
	if err != nil {
		return nil, fmt.Errorf("look for earlier resendings: %w", err)
	}
	got := make(map[int64]bool, len(list))
	for _, id := range list {
		got[id] = true
	}
	return got, nil
}
