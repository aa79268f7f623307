package recipient

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"gonets/internal/db"
)

// bulkSQLite inserts by a prepared statement of several rows. Measured, with
// the answer of the ids: 50 rows 87,000/s, 250 rows 80,000/s, json_each
// 65,000/s, one row at a time 55,000/s.
type bulkSQLite struct{}

const rowsPerInsert = 50

func (bulkSQLite) insertTx(ctx context.Context, tx db.Tx, userID int64, list []*entry, status map[string]Status) (map[string]int64, error) {
	raw, ok := tx.Raw().(*sql.Tx)
	if !ok {
		return nil, fmt.Errorf("insert recipients: unknown transaction %T", tx.Raw())
	}
	ids := make(map[string]int64, len(list))
	for len(list) > 0 {
		n := min(len(list), rowsPerInsert)
		statement, err := raw.PrepareContext(ctx, liteInsert(n))
		if err != nil {
			return nil, err
		}
		for ; len(list) >= n; list = list[n:] {
			if err := liteInsertRows(ctx, statement, userID, db.At(tx.Now()), list[:n], status, ids); err != nil {
				statement.Close() //nolint:errcheck // the first error counts
				return nil, err
			}
		}
		if err := statement.Close(); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// liteInsert is the statement for n rows. What the rows share is bound once.
func liteInsert(n int) string {
	var b strings.Builder
	b.WriteString(`INSERT INTO recipients (user_id, created_at, updated_at, email, email_key, name, comment,
		attributes, time_zone, locale, status, status_at, search) VALUES `)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`(?1, ?2, ?2, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
	}
	b.WriteString(` ON CONFLICT (user_id, email_key) DO NOTHING RETURNING id, email_key`)
	return b.String()
}

func liteInsertRows(ctx context.Context, statement *sql.Stmt, userID int64, now db.Time, list []*entry, status map[string]Status, ids map[string]int64) error {
	args := make([]any, 0, 2+10*len(list))
	args = append(args, userID, int64(now))
	for _, e := range list {
		s := status[e.key]
		args = append(args, e.email, e.key, e.name, e.comment, e.attributes, e.zone, e.locale, string(s), statusAt(s, now), e.search())
	}
	rows, err := statement.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var key string
		if err := rows.Scan(&id, &key); err != nil {
			return err
		}
		ids[key] = id
	}
	return rows.Err()
}

func (bulkSQLite) mergeTx(ctx context.Context, tx db.Tx, list []merged) error {
	raw, ok := tx.Raw().(*sql.Tx)
	if !ok {
		return fmt.Errorf("update recipients: unknown transaction %T", tx.Raw())
	}
	statement, err := raw.PrepareContext(ctx, `UPDATE recipients
		SET name = ?, comment = ?, attributes = ?, time_zone = ?, locale = ?, search = ?, updated_at = ? WHERE id = ?`)
	if err != nil {
		return err
	}
	defer statement.Close()
	now := int64(db.At(tx.Now()))
	for i := range list {
		m := &list[i]
		if _, err := statement.ExecContext(ctx, m.name, m.comment, m.attributes, m.zone, m.locale, m.search(), now, m.id); err != nil {
			return err
		}
	}
	return nil
}

func (bulkSQLite) tagTx(ctx context.Context, tx db.Tx, list []tagging) (map[int64]int64, error) {
	// A list of int64 travels as JSON: tag, recipient, tag, recipient, …
	flat := make([]int64, 0, 2*len(list))
	for _, t := range list {
		flat = append(flat, t.tag, t.recipient)
	}
	return tally(ctx, tx, 1, `INSERT INTO recipient_tags (tag_id, recipient_id)
		SELECT max(CASE WHEN key % 2 = 0 THEN value END), max(CASE WHEN key % 2 = 1 THEN value END)
		FROM json_each($1) WHERE true GROUP BY key / 2
		ON CONFLICT DO NOTHING RETURNING tag_id`, flat)
}
