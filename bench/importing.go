package main

import (
	"context"
	"database/sql"
	"fmt"

	"gonets/internal/db"
	"gonets/internal/recipient"
)

// rowsTask is an import of so many people into an empty database.
type rowsTask struct {
	Database string
	Rows     int
}

// importRows imports a CSV file.
func importRows(ctx context.Context, t rowsTask) (usage, error) {
	n, err := open(ctx, t.Database)
	if err != nil {
		return usage{}, err
	}
	defer n.close()
	return metered(func() error {
		i, err := n.recipients.ImportReader(ctx, n.owner, people(t.Rows), 0, recipient.ImportOptions{}, nil)
		if err == nil && i.Created != int64(t.Rows) {
			err = fmt.Errorf("imported %d of %d rows", i.Created, t.Rows)
		}
		return err
	})
}

// rowsPerTx is the size of an import's transactions.
const rowsPerTx = 500

// insertRows inserts the same rows by a prepared statement, one after the
// other, in as many transactions: no checks, no report, nothing to go on from.
// The one tag of every tenth is inserted, too.
func insertRows(ctx context.Context, t rowsTask) (usage, error) {
	n, err := open(ctx, t.Database)
	if err != nil {
		return usage{}, err
	}
	defer n.close()
	// What the database counts by itself is not bare.
	err = n.db.Tx(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, `DROP TRIGGER recipients_come`)
		return err
	})
	if err != nil {
		return usage{}, err
	}
	return metered(func() error {
		for from := 0; from < t.Rows; from += rowsPerTx {
			if err := n.db.Tx(ctx, func(tx db.Tx) error {
				return insertTx(ctx, tx, from, min(from+rowsPerTx, t.Rows))
			}); err != nil {
				return err
			}
		}
		return nil
	})
}

func insertTx(ctx context.Context, tx db.Tx, from, to int) error {
	raw, ok := tx.Raw().(*sql.Tx)
	if !ok {
		return fmt.Errorf("insert: unknown transaction %T", tx.Raw())
	}
	if _, err := raw.ExecContext(ctx, `INSERT OR IGNORE INTO tags (id, user_id, name, name_key) VALUES (1, 1, 'tenth', 'tenth')`); err != nil {
		return err
	}
	person, err := raw.PrepareContext(ctx, `INSERT INTO recipients
		(id, user_id, email, email_key, name, attributes, search, created_at, updated_at) VALUES (?, 1, ?, ?, ?, ?, ?, 1, 1)`)
	if err != nil {
		return err
	}
	defer person.Close()
	tagging, err := raw.PrepareContext(ctx, `INSERT INTO recipient_tags (tag_id, recipient_id) VALUES (1, ?)`)
	if err != nil {
		return err
	}
	defer tagging.Close()
	for i := from; i < to; i++ {
		p := personOf(i)
		if _, err := person.ExecContext(ctx, i+1, p.email, p.email, p.name, `{"city":"`+p.city+`"}`, p.email+" "+p.name); err != nil {
			return err
		}
		if p.tags == "" {
			continue
		}
		if _, err := tagging.ExecContext(ctx, i+1); err != nil {
			return err
		}
	}
	return nil
}

// measureImport imports and inserts in turns, each time into a new database.
func measureImport(ctx context.Context, o *options, r *report) error {
	sizes := r.sizes
	if o.full {
		sizes = []int{10_000, 100_000, 1_000_000}
	}
	var speed, share, memory []float64
	for _, size := range sizes {
		rounds := o.rounds
		if size > 200_000 {
			rounds = 1
		}
		var shares, speeds []float64
		var peak int64
		for range rounds {
			bare, err := intoNew(ctx, "insert", size)
			if err != nil {
				return err
			}
			ours, err := intoNew(ctx, "import", size)
			if err != nil {
				return err
			}
			shares = append(shares, bare.Seconds/ours.Seconds)
			speeds = append(speeds, float64(size)/ours.Seconds)
			peak = max(peak, ours.Peak)
		}
		speed, share, memory = append(speed, median(speeds)), append(share, median(shares)), append(memory, float64(peak)/1e6)
	}
	r.add("import, sqlite", "rows/s", sizes, speed...)
	r.add("import, sqlite: share of a bare insertion", "×", sizes, share...).atLeast(0.4)
	r.add("import, sqlite: peak memory", "MB", sizes, memory...).atMost(150)
	return nil
}

func intoNew(ctx context.Context, task string, rows int) (usage, error) {
	w, err := newLite(ctx)
	if err != nil {
		return usage{}, err
	}
	defer w.drop()
	return child[usage](ctx, task, rowsTask{w.url, rows})
}
