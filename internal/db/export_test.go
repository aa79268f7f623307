package db

import (
	"context"
	"errors"
)

// MigrateTo brings the schema up to an old version.
func (d *DB) MigrateTo(ctx context.Context, version int64) error {
	provider, done, err := d.provider()
	if err != nil {
		return err
	}
	_, err = provider.UpTo(ctx, version)
	return errors.Join(err, done())
}
