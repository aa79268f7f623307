package recipient

import (
	"context"

	"gonets/internal/db"
)

// bulkPostgres sends whole columns, which unnest makes rows of.
type bulkPostgres struct{}

// sheet is a list of entries by columns.
type sheet struct {
	email, key, name, comment, attributes, zone, locale, search []string
}

func (s *sheet) add(e *entry) {
	s.email = append(s.email, e.email)
	s.key = append(s.key, e.key)
	s.name = append(s.name, e.name)
	s.comment = append(s.comment, e.comment)
	s.attributes = append(s.attributes, e.attributes)
	s.zone = append(s.zone, e.zone)
	s.locale = append(s.locale, e.locale)
	s.search = append(s.search, e.search())
}

func (bulkPostgres) insertTx(ctx context.Context, tx db.Tx, userID int64, list []*entry, status map[string]Status) (map[string]int64, error) {
	var s sheet
	states := make([]string, len(list))
	since := make([]int64, len(list))
	now := db.At(tx.Now())
	for i, e := range list {
		s.add(e)
		states[i] = string(status[e.key])
		since[i] = statusAt(status[e.key], now)
	}
	rows, err := tx.Query(ctx, `INSERT INTO recipients (user_id, created_at, updated_at, email, email_key, name, comment,
			attributes, time_zone, locale, status, status_at, search)
		SELECT $1::bigint, $2::bigint, $2::bigint, u.*
		FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::bigint[], $12::text[]) AS u
		ON CONFLICT (user_id, email_key) DO NOTHING RETURNING id, email_key`,
		userID, int64(now), s.email, s.key, s.name, s.comment, s.attributes, s.zone, s.locale, states, since, s.search)
	if err != nil {
		return nil, err
	}
	ids := make(map[string]int64, len(list))
	return ids, keyedIDs(rows, ids)
}

func (bulkPostgres) mergeTx(ctx context.Context, tx db.Tx, list []merged) error {
	var s sheet
	ids := make([]int64, len(list))
	for i := range list {
		s.add(&list[i].entry)
		ids[i] = list[i].id
	}
	_, err := tx.Exec(ctx, `UPDATE recipients AS r
		SET name = u.name, comment = u.comment, attributes = u.attributes, time_zone = u.time_zone, locale = u.locale,
			search = u.search, updated_at = $8
		FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
			AS u (id, name, comment, attributes, time_zone, locale, search)
		WHERE r.id = u.id`,
		ids, s.name, s.comment, s.attributes, s.zone, s.locale, s.search, int64(db.At(tx.Now())))
	return err
}

func (bulkPostgres) tagTx(ctx context.Context, tx db.Tx, list []tagging) (map[int64]int64, error) {
	tags, recipients := make([]int64, len(list)), make([]int64, len(list))
	for i, t := range list {
		tags[i], recipients[i] = t.tag, t.recipient
	}
	return tally(ctx, tx, 1, `INSERT INTO recipient_tags (tag_id, recipient_id)
		SELECT * FROM unnest($1::bigint[], $2::bigint[])
		ON CONFLICT DO NOTHING RETURNING tag_id`, tags, recipients)
}
