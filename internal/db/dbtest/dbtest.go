// Package dbtest gives each test a database of its own, migrated, on SQLite
// and on PostgreSQL: one suite, two databases.
//
// PostgreSQL is the server of GONETS_TEST_POSTGRES. Without it that half is
// skipped, or fails where GONETS_TEST_REQUIRE=1 (as under "make test").
package dbtest

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gonets/internal/account/group"
	"gonets/internal/db"
	"gonets/internal/queue"
)

// Each runs test on a fresh database of either kind, as subtests "sqlite" and
// "postgres".
func Each(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t)) })
}

// SQLite is a fresh SQLite database.
func SQLite(t testing.TB) *db.DB {
	t.Helper()
	return Open(t, SQLiteURL(t), db.SystemClock{})
}

// Postgres is a fresh PostgreSQL database.
func Postgres(t testing.TB) *db.DB {
	t.Helper()
	return Open(t, PostgresURL(t), db.SystemClock{})
}

// Open opens a URL of this package, with a clock of the test's own.
func Open(t testing.TB, url string, clock db.Clock) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), url, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close the database: %v", err)
		}
	})
	return d
}

var templates struct {
	sync.Mutex
	lite []byte // a migrated SQLite file
	pg   string // a migrated PostgreSQL database
}

var databases atomic.Int64

// SQLiteURL names a fresh, migrated SQLite file.
func SQLiteURL(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gonets.db")
	if err := os.WriteFile(path, liteTemplate(t), 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

func liteTemplate(t testing.TB) []byte {
	t.Helper()
	templates.Lock()
	defer templates.Unlock()
	if templates.lite == nil {
		path := filepath.Join(t.TempDir(), "template.db")
		migrate(t, "sqlite:"+path)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		templates.lite = data
	}
	return templates.lite
}

// PostgresURL names a fresh, migrated PostgreSQL database, dropped with the
// test.
func PostgresURL(t testing.TB) string {
	t.Helper()
	server := os.Getenv("GONETS_TEST_POSTGRES")
	if server == "" {
		if os.Getenv("GONETS_TEST_REQUIRE") == "1" {
			t.Fatal("GONETS_TEST_POSTGRES is not set")
		}
		t.Skip("GONETS_TEST_POSTGRES is not set: the PostgreSQL half is left out")
	}
	template := pgTemplate(t, server)
	name := fmt.Sprintf("gonets_%d_%d", os.Getpid(), databases.Add(1))
	admin(t, server, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name, template))
	t.Cleanup(func() { admin(t, server, fmt.Sprintf("DROP DATABASE %s WITH (FORCE)", name)) })
	return named(t, server, name)
}

func pgTemplate(t testing.TB, server string) string {
	t.Helper()
	templates.Lock()
	defer templates.Unlock()
	if templates.pg == "" {
		name := fmt.Sprintf("gonets_template_%d", os.Getpid())
		admin(t, server, "DROP DATABASE IF EXISTS "+name)
		admin(t, server, "CREATE DATABASE "+name)
		migrate(t, named(t, server, name))
		templates.pg = name
	}
	return templates.pg
}

func migrate(t testing.TB, url string) {
	t.Helper()
	d, err := db.Open(t.Context(), url, db.SystemClock{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Migrate(t.Context(), queue.Migrate(d), group.Migrate(d)); err != nil {
		t.Fatal(err)
	}
}

// admin runs a statement on the server's own database. Its context is not the
// test's, which has ended when a clean-up runs.
func admin(t testing.TB, server, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatalf("connect to GONETS_TEST_POSTGRES: %v", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Errorf("%s: %v", statement, err)
	}
}

func named(t testing.TB, server, name string) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("GONETS_TEST_POSTGRES: %v", err)
	}
	u.Path = "/" + name
	return u.String()
}

// Log is a logger into the test's output.
func Log(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}
