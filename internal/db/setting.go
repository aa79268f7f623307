package db

import (
	"context"
	"fmt"
)

// Keep writes a setting of the database unless there is one of that name, and
// answers the one that then is there.
func (d *DB) Keep(ctx context.Context, name, value string) (kept string, err error) {
	err = d.Tx(ctx, func(tx Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING`, name, value); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `SELECT value FROM settings WHERE name = $1`, name).Scan(&kept)
	})
	if err != nil {
		return "", fmt.Errorf("keep setting %s: %w", name, err)
	}
	return kept, nil
}
