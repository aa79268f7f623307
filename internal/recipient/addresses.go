package recipient

import (
	"context"
	"fmt"

	"gonets/internal/db"
)

// Addresses tells the e-mail addresses of recipients as they stand now, for
// the ledger; a deleted one has none.
func Addresses(ctx context.Context, q db.Q, ids []int64) (map[int64]string, error) {
	rows, err := q.Query(ctx, `SELECT id, email FROM recipients WHERE id = ANY($1)`, ids)
	if err != nil {
		return nil, fmt.Errorf("read addresses: %w", err)
	}
	defer rows.Close()
	known := make(map[int64]string, len(ids))
	for rows.Next() {
		var id int64
		var email string
		if err := rows.Scan(&id, &email); err != nil {
			return nil, fmt.Errorf("read addresses: %w", err)
		}
		known[id] = email
	}
	return known, rows.Err()
}
