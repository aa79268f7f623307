package delivery

import (
	"context"
	"fmt"
	"time"

	"gonets/internal/db"
)

// NextRetry is when the first deferred delivery of a run is tried again; the
// zero time where none is deferred.
func (l *Ledger) NextRetry(ctx context.Context, runID int64) (time.Time, error) {
	var at db.Time
	err := l.db.Read().QueryRow(ctx, `
		SELECT coalesce(min(next_at), 0) FROM delivery_exceptions WHERE run_id = $1 AND state = 3`, runID).Scan(&at)
	if err != nil {
		return time.Time{}, fmt.Errorf("look for the next retry of run %d: %w", runID, err)
	}
	return at.Time(), nil
}
