package delivery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gonets/internal/db"
)

// clocksDiffer bounds how far the moments of neighbouring attempts may be out
// of the order of their ids: nodes' clocks differ, and a result may have to
// wait for the database.
const clocksDiffer = 10 * time.Minute

// between are the ids among which the attempts of a filter's time are to be
// looked for: at or above first, and below behind.
func (l *Ledger) between(ctx context.Context, f Filter) (first, behind int64, err error) {
	behind = below(f.Before)
	if !f.From.IsZero() {
		if first, err = l.idAt(ctx, f.From.Add(-clocksDiffer)); err != nil {
			return 0, 0, err
		}
	}
	if !f.To.IsZero() {
		last, err := l.idAt(ctx, f.To.Add(clocksDiffer))
		if err != nil {
			return 0, 0, err
		}
		behind = min(behind, last)
	}
	return first, behind, nil
}

// idAt is the first id from which on attempts are not older than a moment. Ids
// rise with time, so that it is found by halving, and needs no index.
func (l *Ledger) idAt(ctx context.Context, t time.Time) (int64, error) {
	q := l.db.Read()
	var low, high int64
	if err := q.QueryRow(ctx, `SELECT coalesce(max(id), 0) + 1 FROM attempts`).Scan(&high); err != nil {
		return 0, fmt.Errorf("look for attempts of a time: %w", err)
	}
	for low < high {
		middle := low + (high-low)/2
		var at db.Time
		err := q.QueryRow(ctx, `SELECT at FROM attempts WHERE id >= $1 ORDER BY id LIMIT 1`, middle).Scan(&at)
		switch {
		case err != nil && !errors.Is(err, db.ErrNoRows):
			return 0, fmt.Errorf("look for attempts of a time: %w", err)
		case err == nil && at < db.At(t):
			low = middle + 1
		default:
			high = middle
		}
	}
	return low, nil
}
