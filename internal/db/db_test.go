package db_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/fault"
)

func TestTxCommitsOrRollsBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		put := func(name string, fail error) error {
			return d.Tx(ctx, func(tx db.Tx) error {
				if _, err := tx.Exec(ctx, `INSERT INTO settings (name, value) VALUES ($1, $2)`, name, "v"); err != nil {
					return err
				}
				return fail
			})
		}
		if err := put("kept", nil); err != nil {
			t.Fatal(err)
		}
		broken := errors.New("broken")
		if err := put("lost", broken); !errors.Is(err, broken) {
			t.Fatalf("got %v, want %v", err, broken)
		}
		rows, err := d.Read().Query(ctx, `SELECT name FROM settings WHERE name = ANY($1)`, []string{"kept", "lost"})
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		var got []string
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				t.Fatal(err)
			}
			got = append(got, name)
		}
		if rows.Err() != nil || len(got) != 1 || got[0] != "kept" {
			t.Errorf("got %v, %v; want [kept]", got, rows.Err())
		}
	})
}

func TestReadRefusesToWrite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		_, err := d.Read().Exec(t.Context(), `INSERT INTO settings (name, value) VALUES ('a', 'b')`)
		if err == nil {
			t.Error("a write through Read was accepted")
		}
	})
}

func TestTimesAndMissingRows(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		now := d.Now()
		err := d.Tx(ctx, func(tx db.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO sessions (hash, data, expires_at) VALUES ($1, $2, $3)`, "h", []byte{0, 1}, db.At(now))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var at db.Time
		var data []byte
		if err := d.Read().QueryRow(ctx, `SELECT data, expires_at FROM sessions WHERE hash = $1`, "h").Scan(&data, &at); err != nil {
			t.Fatal(err)
		}
		if got, want := at.Time(), now.Truncate(1000); !got.Equal(want) || string(data) != "\x00\x01" {
			t.Errorf("got %v %q, want %v", got, data, want)
		}
		err = d.Read().QueryRow(ctx, `SELECT data FROM sessions WHERE hash = $1`, "none").Scan(&data)
		if !errors.Is(err, db.ErrNoRows) {
			t.Errorf("got %v, want ErrNoRows", err)
		}
	})
}

func TestTaken(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		insert := func(hash string, data any) error {
			return d.Tx(t.Context(), func(tx db.Tx) error {
				_, err := tx.Exec(t.Context(), `INSERT INTO sessions (hash, data, expires_at) VALUES ($1, $2, 1)`, hash, data)
				return err
			})
		}
		if err := insert("h", []byte{}); err != nil {
			t.Fatal(err)
		}
		if err := insert("h", []byte{}); !db.Taken(err) {
			t.Errorf("the same key: got %v, want taken", err)
		}
		if err := insert("g", nil); err == nil || db.Taken(err) {
			t.Errorf("no data: got %v, want another error", err)
		}
		if db.Taken(nil) {
			t.Error("no error is taken")
		}
	})
}

func TestHoldIsExclusive(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		release, held, err := d.Hold(t.Context(), "node/a")
		if err != nil || !held {
			t.Fatalf("got %v, %v; want held", held, err)
		}
		if _, held, err := d.Hold(t.Context(), "node/a"); held || err != nil {
			t.Fatalf("second: got %v, %v; want refused", held, err)
		}
		release()
		release, held, err = d.Hold(t.Context(), "node/a")
		if err != nil || !held {
			t.Fatalf("after release: got %v, %v; want held", held, err)
		}
		release()
	})
}

func TestMigrateTwiceAndRefuseNewer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := d.Migrate(t.Context()); err != nil {
			t.Fatalf("second migration: %v", err)
		}
		err := d.Tx(t.Context(), func(tx db.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) SELECT 999, is_applied FROM goose_db_version WHERE version_id = 1`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Migrate(t.Context()); !fault.Is(err, fault.Unavailable) {
			t.Errorf("newer schema: got %v, want unavailable", err)
		}
	})
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		url, key string
	}{
		{"mysql://a:secret@b/c", "db.url"},
		{"postgres://127.0.0.1:1/none?connect_timeout=1", "db.connect"},
		{"sqlite:" + file + "/below/gonets.db", "db.directory"},
	} {
		_, err := db.Open(t.Context(), tt.url, db.SystemClock{})
		e, ok := errors.AsType[*fault.Error](err)
		if !ok || e.Key != tt.key {
			t.Errorf("%s: got %v, want %s", tt.url, err, tt.key)
		}
	}
}

// PostgreSQL can't keep NUL and broken UTF-8, and who sent them is told so.
func TestWhatIsNoText(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		for _, text := range []string{"a\x00b", "a\xffb"} {
			var n int64
			row := d.Read().QueryRow(ctx, `SELECT count(*) FROM settings WHERE name = $1`, text).Scan(&n)
			rows, list := d.Read().Query(ctx, `SELECT name FROM settings WHERE name = $1`, text)
			if list == nil {
				rows.Next()
				list = rows.Err()
				rows.Close()
			}
			write := d.Tx(ctx, func(tx db.Tx) error {
				_, err := tx.Exec(ctx, `INSERT INTO settings (name, value) VALUES ($1, 'v')`, text)
				return err
			})
			for name, err := range map[string]error{"row": row, "rows": list, "write": write} {
				if refused := fault.Is(err, fault.Invalid); refused != (d.Dialect() == db.Postgres) {
					t.Errorf("%s of %q: got %v", name, text, err)
				}
			}
			if err := d.Read().QueryRow(ctx, `SELECT count(*) FROM settings WHERE name = $1`, db.Text(text)).Scan(&n); err != nil {
				t.Errorf("%q: %v", db.Text(text), err)
			}
		}
	})
}

func TestLongSearchIsAnswered(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, typed := range []string{strings.Repeat("a", 60_000), strings.Repeat("_", 30_000), strings.Repeat("ﷺ", 30_000)} {
			var n int64
			row := d.Read().QueryRow(t.Context(), `SELECT count(*) FROM settings WHERE value LIKE $1 ESCAPE '\'`, db.Contains(typed))
			if err := row.Scan(&n); err != nil {
				t.Errorf("%.9s…: %v", typed, err)
			}
		}
	})
}

func TestFold(t *testing.T) {
	long := strings.Repeat("ё", 200)
	for typed, want := range map[string]string{
		long:          "%" + long + "%",
		long + "тень": "%" + long + "%",
		"ИВАН":        "%иван%",
		"50%_a\\b":    `%50\%\_a\\b%`,
		" й":          "%й%",
		"a\x00b\xff":  "%a\ufffdb\ufffd%",
	} {
		if got := db.Contains(typed); got != want {
			t.Errorf("Contains(%q) = %q, want %q", typed, got, want)
		}
	}
}

// What is read outside a transaction says, too, that the database is away.
func TestReadSaysThatTheDatabaseIsAway(t *testing.T) {
	d := postgres(t)
	err := d.Snapshot(t.Context(), func(q db.Q) error {
		var pid int64
		if err := q.QueryRow(t.Context(), `SELECT pg_backend_pid()`).Scan(&pid); err != nil {
			return err
		}
		ended := d.Tx(t.Context(), func(tx db.Tx) error {
			_, err := tx.Exec(t.Context(), `SELECT pg_terminate_backend($1::bigint::int)`, pid)
			return err
		})
		if ended != nil {
			return ended
		}
		if err := q.QueryRow(t.Context(), `SELECT 1`).Scan(&pid); !fault.Is(err, fault.Unavailable) {
			t.Errorf("the connection has ended: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
