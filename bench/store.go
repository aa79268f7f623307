package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// store makes databases of one kind.
type store struct {
	name string
	make func(context.Context) (*world, error)
	cpu  func(context.Context) time.Duration // of the database's own processes
}

// world is a database with its people.
type world struct {
	url     string
	drop    func()
	people  int
	mailing int64
	run     int64
}

func (o *options) stores() ([]store, error) {
	wanted := strings.Split(o.databases, ",")
	var list []store
	if slices.Contains(wanted, "sqlite") {
		list = append(list, store{"sqlite", newLite, func(context.Context) time.Duration { return 0 }})
	}
	if slices.Contains(wanted, "postgres") {
		server := os.Getenv("GONETS_TEST_POSTGRES")
		if server == "" {
			return nil, fmt.Errorf("GONETS_TEST_POSTGRES names no server: run tools/with-postgres.sh, or say -databases sqlite")
		}
		list = append(list, store{
			"postgres",
			func(ctx context.Context) (*world, error) { return newPostgres(ctx, server) },
			func(ctx context.Context) time.Duration { return postgresCPU(ctx, server) },
		})
	}
	return list, nil
}

// tidy does what autovacuum does within a minute.
func (s store) tidy(ctx context.Context, w *world) error {
	if s.name == "sqlite" {
		return nil
	}
	return admin(ctx, w.url, "VACUUM ANALYZE")
}

// newWorld is a database of so many people.
func (s store) newWorld(ctx context.Context, size int) (*world, error) {
	w, err := s.make(ctx)
	if err != nil {
		return nil, err
	}
	w.people = size
	if _, err := child[usage](ctx, "import", rowsTask{w.url, size}); err != nil {
		w.drop()
		return nil, err
	}
	return w, nil
}

func newLite(ctx context.Context) (*world, error) {
	dir, err := os.MkdirTemp("", "gonets-bench-")
	if err != nil {
		return nil, err
	}
	return furnished(ctx, &world{
		url:  "sqlite:" + filepath.Join(dir, "gonets.db"),
		drop: func() { os.RemoveAll(dir) }, // a temporary folder
	})
}

var databases atomic.Int64

func newPostgres(ctx context.Context, server string) (*world, error) {
	u, err := url.Parse(server)
	if err != nil {
		return nil, fmt.Errorf("GONETS_TEST_POSTGRES: %w", err)
	}
	name := fmt.Sprintf("gonets_bench_%d_%d", os.Getpid(), databases.Add(1))
	if err := admin(ctx, server, "CREATE DATABASE "+name); err != nil {
		return nil, err
	}
	u.Path = "/" + name
	return furnished(ctx, &world{url: u.String(), drop: func() {
		if err := admin(context.WithoutCancel(ctx), server, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			fmt.Fprintln(os.Stderr, "bench: left behind:", name, err)
		}
	}})
}

func furnished(ctx context.Context, w *world) (*world, error) {
	n, err := open(ctx, w.url)
	if err == nil {
		defer n.close()
		err = n.furnish(ctx)
	}
	if err != nil {
		w.drop()
		return nil, err
	}
	return w, nil
}

func admin(ctx context.Context, server, statement string) error {
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}

// setting is one of the server's.
func setting(ctx context.Context, server, name string) string {
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err.Error()
	}
	defer conn.Close(ctx)
	var value string
	if err := conn.QueryRow(ctx, "SELECT current_setting($1)", name).Scan(&value); err != nil {
		return err.Error()
	}
	return value
}
