package db_test

import (
	"path/filepath"
	"strings"
	"testing"

	"gonets/internal/db"
	"gonets/internal/db/dbtest"
)

// What a ledger held before the marks moved to the batches, it holds
// afterwards, in the other form.
func TestDocketsTakeOverTheMarks(t *testing.T) {
	test := func(t *testing.T, d *db.DB) {
		exec := func(statements ...string) {
			t.Helper()
			for _, s := range statements {
				err := d.Tx(t.Context(), func(tx db.Tx) error {
					_, err := tx.Exec(t.Context(), s)
					return err
				})
				if err != nil {
					t.Fatalf("%s: %v", s, err)
				}
			}
		}
		if err := d.MigrateTo(t.Context(), 9); err != nil {
			t.Fatal(err)
		}
		exec(`INSERT INTO ledgers (run_id, mailing_id, user_id, month, resend) VALUES (1, 1, 1, 202611, 1)`,
			`INSERT INTO batches (id, run_id, lease_until) VALUES (1, 1, 7), (2, 1, 0)`,
			`INSERT INTO deliveries (id, month, run_id, recipient_id, batch_id, state, leaving, next_at, updated_at) VALUES
			 (1, 202611, 1, 11, 1, 0, 1, 0, 5), (2, 202611, 1, 12, 1, 0, 0, 0, 5), (3, 202611, 1, 13, 1, 2, 0, 0, 5),
			 (4, 202611, 1, 14, 2, 3, 0, 99, 5), (5, 202611, 1, 15, 2, 4, 0, 0, 5), (6, 202611, 1, 16, 3, 6, 0, 0, 5)`,
			`INSERT INTO attempts (at, month, delivery_id, run_id, mailing_id, user_id, recipient_id, epoch, address, outcome, stage)
			 VALUES (5, 202611, 3, 1, 1, 1, 13, 1, 'a@example.test', 0, 'end_of_data')`)
		if err := d.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		exec(`UPDATE deliveries SET state = 0, next_at = 0 WHERE id = 4`, // the triggers are there
			`UPDATE deliveries SET state = 5 WHERE id = 2`)
		for query, want := range map[string]string{
			`SELECT id || ':' || run_id || ':' || leaving || ':' || accepted || ':' || done FROM batches ORDER BY id`:             `1:1:[1]:1:0 2:1::0:0 3:1::0:1`,
			`SELECT id || ':' || batch_id || ':' || state || ':' || recipient_id FROM deliveries ORDER BY id`:                     `1:1:0:11 2:1:5:12 3:1:2:13 4:2:0:14 5:2:4:15 6:3:6:16`,
			`SELECT run_id || ':' || state || ':' || delivery_id || ':' || next_at FROM delivery_exceptions ORDER BY delivery_id`: `1:5:2:0 1:4:5:0 1:6:6:0`,
			`SELECT delivery_id || ':' || address FROM attempts`:                                                                  `3:a@example.test`,
		} {
			rows, err := d.Read().Query(t.Context(), query)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for rows.Next() {
				var line string
				if err := rows.Scan(&line); err != nil {
					t.Fatal(err)
				}
				got = append(got, line)
			}
			rows.Close()
			if err := rows.Err(); err != nil || strings.Join(got, " ") != want {
				t.Errorf("%s:\ngot  %s\nwant %s (%v)", query, strings.Join(got, " "), want, err)
			}
		}
	}
	t.Run("sqlite", func(t *testing.T) {
		test(t, dbtest.Open(t, "sqlite:"+filepath.Join(t.TempDir(), "old.db"), db.SystemClock{}))
	})
	t.Run("postgres", func(t *testing.T) {
		d := dbtest.Postgres(t)
		if _, err := d.Pool().Exec(t.Context(), `DROP SCHEMA public CASCADE; CREATE SCHEMA public`); err != nil {
			t.Fatal(err)
		}
		test(t, d)
	})
}
