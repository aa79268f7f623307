package db

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"

	"gonets/internal/fault"
)

//go:embed migrations
var migrations embed.FS

// Migrate brings the schema up to this program's version and then runs more
// (the tables of package queue), all under one lock, so that any number of
// processes may start at once. A schema newer than the program is refused.
func (d *DB) Migrate(ctx context.Context, more ...func(context.Context) error) error {
	unlock, err := d.lock(ctx, "migrate", true)
	if err != nil {
		return fmt.Errorf("lock the schema: %w", err)
	}
	defer unlock()
	if err := d.goose(ctx); err != nil {
		return err
	}
	for _, migrate := range more {
		if err := migrate(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (d *DB) goose(ctx context.Context) (err error) {
	provider, done, err := d.provider()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	if err := refuseNewer(ctx, provider); err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return unavailable(fmt.Errorf("migrate: %w", err))
	}
	return nil
}

// provider knows the migrations of this database. Call done behind it.
func (d *DB) provider() (provider *goose.Provider, done func() error, err error) {
	files, err := fs.Sub(migrations, "migrations/"+string(d.dialect))
	if err != nil {
		return nil, nil, fmt.Errorf("open the migrations: %w", err)
	}
	on, dialect := d.lite, database.DialectSQLite3
	done = func() error { return nil }
	if d.dialect == Postgres {
		on, dialect = stdlib.OpenDBFromPool(d.pg), database.DialectPostgres
		done = on.Close
	}
	provider, err = goose.NewProvider(dialect, on, files, goose.WithSlog(slog.New(slog.DiscardHandler)))
	if err != nil {
		return nil, nil, fmt.Errorf("read the migrations: %w", errors.Join(err, done()))
	}
	return provider, done, nil
}

// refuseNewer keeps an old program from working on tables that it does not
// know.
func refuseNewer(ctx context.Context, provider *goose.Provider) error {
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return unavailable(fmt.Errorf("ask for the schema's version: %w", err))
	}
	if current > target {
		return fault.New(fault.Unavailable, "db.newer", fault.Args{"Schema": fmt.Sprint(current), "Known": fmt.Sprint(target)})
	}
	return nil
}

// SchemaVersion is the version of the tables as they are.
func (d *DB) SchemaVersion(ctx context.Context) (version int64, err error) {
	err = d.Read().QueryRow(ctx, `SELECT max(version_id) FROM goose_db_version`).Scan(&version)
	if err != nil {
		return 0, unavailable(fmt.Errorf("ask for the schema's version: %w", err))
	}
	return version, nil
}
