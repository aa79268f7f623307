package db

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"

	"gonets/internal/fault"
)

// BackUp writes the database as of one moment to a new file, while others go
// on working on it. SQLite only: PostgreSQL has tools of its own.
func (d *DB) BackUp(ctx context.Context, path string) error {
	if d.dialect != SQLite {
		return fault.New(fault.Conflict, "db.backup_postgres", nil)
	}
	// A connection of its own: the readers may not write, not even elsewhere,
	// and the writer is wanted meanwhile.
	from, err := sql.Open("sqlite", "file:"+(&url.URL{Path: d.path}).EscapedPath()+"?_pragma=busy_timeout(10000)")
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	defer from.Close()
	if _, err := from.ExecContext(ctx, `VACUUM INTO $1`, path); err != nil {
		return unavailable(fmt.Errorf("back up: %w", err))
	}
	return nil
}

// InUse reports whether another process has the SQLite file at path open: the
// last one to close it takes the write-ahead log away.
func InUse(ctx context.Context, path string) (bool, error) {
	d, err := openSQLite(ctx, path, SystemClock{})
	if err != nil {
		return false, err
	}
	var tables int64
	err = d.Read().QueryRow(ctx, `SELECT count(*) FROM sqlite_master`).Scan(&tables)
	if closed := d.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return false, unavailable(fmt.Errorf("look whether the database is in use: %w", err))
	}
	_, err = os.Stat(path + "-wal")
	return err == nil, nil
}
