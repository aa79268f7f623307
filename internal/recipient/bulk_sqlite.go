package recipient

import (
	"context"
	"strings"

	"gonets/internal/db"
)

// bulkSQLite inserts several rows with one statement. Measured, with the
// answer of the ids: 50 rows 75,000/s (87,000 if the statement is prepared
// once), json_each 65,000/s, a prepared statement of one row 55,000/s.
type bulkSQLite struct{}

const rowsPerInsert = 50

func (bulkSQLite) insertTx(ctx context.Context, tx db.Tx, userID int64, list []*entry, status map[string]Status) (map[string]int64, error) {
	ids := make(map[string]int64, len(list))
	statement := liteInsert(rowsPerInsert)
	for len(list) > 0 {
		n := min(len(list), rowsPerInsert)
		if n < rowsPerInsert {
			statement = liteInsert(n)
		}
		rows, err := tx.Query(ctx, statement, liteRows(userID, db.At(tx.Now()), list[:n], status)...)
		if err != nil {
			return nil, err
		}
		if err := keyedIDs(rows, ids); err != nil {
			return nil, err
		}
		list = list[n:]
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

// liteRows are the arguments of liteInsert.
func liteRows(userID int64, now db.Time, list []*entry, status map[string]Status) []any {
	args := make([]any, 0, 2+10*len(list))
	args = append(args, userID, int64(now))
	for _, e := range list {
		s := status[e.key]
		args = append(args, e.email, e.key, e.name, e.comment, e.attributes, e.zone, e.locale, string(s), statusAt(s, now), e.search())
	}
	return args
}

func (bulkSQLite) mergeTx(ctx context.Context, tx db.Tx, list []merged) error {
	now := int64(db.At(tx.Now()))
	for i := range list {
		m := &list[i]
		_, err := tx.Exec(ctx, `UPDATE recipients
			SET name = $2, comment = $3, attributes = $4, time_zone = $5, locale = $6, search = $7, updated_at = $8 WHERE id = $1`,
			m.id, m.name, m.comment, m.attributes, m.zone, m.locale, m.search(), now)
		if err != nil {
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
