package delivery

import (
	"context"
	"fmt"
	"slices"

	"gonets/internal/db"
)

// ForgetRecipientTx skips what is planned for a recipient who is being deleted,
// and takes the address out of the attempts; the deliveries stay. What is
// leaving to them at this moment still gets an attempt: that is forgotten when
// its batch is given back.
func (l *Ledger) ForgetRecipientTx(ctx context.Context, tx db.Tx, recipientID int64) error {
	if err := l.SkipRecipientTx(ctx, tx, recipientID, ReasonDeleted); err != nil {
		return err
	}
	if err := forgetAttemptsTx(ctx, tx, recipientID); err != nil {
		return err
	}
	// Whatever is planned still is leaving.
	batches, err := ints(ctx, tx, `SELECT DISTINCT batch_id FROM deliveries WHERE recipient_id = $1 AND state = 0`, recipientID)
	for _, batch := range batches {
		if err == nil {
			err = noteGoneTx(ctx, tx, batch, recipientID)
		}
	}
	if err != nil {
		return fmt.Errorf("forget recipient %d: %w", recipientID, err)
	}
	return nil
}

func forgetAttemptsTx(ctx context.Context, tx db.Tx, recipientID int64) error {
	err := forgetDomainsTx(ctx, tx, recipientID)
	if err == nil {
		_, err = tx.Exec(ctx, `
			UPDATE attempts SET address = ''
			 WHERE delivery_id IN (SELECT id FROM deliveries WHERE recipient_id = $1)`, recipientID)
	}
	if err != nil {
		return fmt.Errorf("forget recipient %d: %w", recipientID, err)
	}
	return nil
}

func noteGoneTx(ctx context.Context, tx db.Tx, batchID, recipientID int64) error {
	gone, err := goneTx(ctx, tx, batchID)
	if err != nil || slices.Contains(gone, recipientID) {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE batches SET gone = $2 WHERE id = $1`, batchID, idsText(append(gone, recipientID)))
	return err
}

// goneTx are the recipients who were deleted while a batch was in work. Whoever
// changes them has locked its run.
func goneTx(ctx context.Context, tx db.Tx, batchID int64) ([]int64, error) {
	var text string
	if err := tx.QueryRow(ctx, `SELECT gone FROM batches WHERE id = $1`, batchID).Scan(&text); err != nil {
		return nil, err
	}
	return parseIDs(text)
}

// forgetGoneTx forgets what was recorded of them meanwhile.
func forgetGoneTx(ctx context.Context, tx db.Tx, batchID int64) error {
	gone, err := goneTx(ctx, tx, batchID)
	if err != nil || len(gone) == 0 {
		return err
	}
	for _, id := range gone {
		if err := forgetAttemptsTx(ctx, tx, id); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `UPDATE batches SET gone = '' WHERE id = $1`, batchID)
	return err
}
