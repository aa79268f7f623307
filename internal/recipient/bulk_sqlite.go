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

// tagTx runs one statement for each tag: a file has few, and the count of its
// rows is the answer.
func (bulkSQLite) tagTx(ctx context.Context, tx db.Tx, list []tagging) (map[int64]int64, error) {
	added := map[int64]int64{}
	for len(list) > 0 {
		tag := list[0].tag
		var recipients []int64
		for len(list) > 0 && list[0].tag == tag {
			recipients, list = append(recipients, list[0].recipient), list[1:]
		}
		n, err := tx.Exec(ctx, `INSERT INTO recipient_tags (tag_id, recipient_id)
			SELECT $1, value FROM json_each($2) WHERE true ON CONFLICT DO NOTHING`, tag, recipients)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			added[tag] = n
		}
	}
	return added, nil
}
