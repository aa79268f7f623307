// Package audit keeps who did what, when, why and from where: the acts that
// touch somebody else's work (a block, a role, a disabled mailing) or open a
// door (an API token).
//
// An entry is written in the transaction of the act itself, so there is no act
// without its entry and no entry of an act that was rolled back. Entries are
// never changed. Who and what are ids and keys: audit knows no other noun, and
// whoever lists it has asked the policy first.
package audit

import (
	"context"
	"fmt"
	"math"
	"time"

	"gonets/internal/db"
)

// Entry is one act.
type Entry struct {
	ID         int64     // set by RecordTx
	At         time.Time // set by RecordTx: the moment of the transaction
	ActorID    int64     // 0: the command line
	ActorEmail string    // as it was then; "" for the command line
	Action     string    // as the policy names it: "user.block"
	ObjectKind string    // "user", "mailing", "token"
	ObjectID   int64
	Reason     string // as the actor typed it; may be empty
	Address    string // the client's network address; "" for the command line
}

// RecordTx writes the entry in the transaction of the act.
func RecordTx(ctx context.Context, tx db.Tx, e Entry) error {
	_, err := tx.Exec(ctx, `INSERT INTO audit
			(at, actor_id, actor_email, action, object_kind, object_id, reason, address)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		db.At(tx.Now()), e.ActorID, e.ActorEmail, e.Action, e.ObjectKind, e.ObjectID, e.Reason, e.Address)
	if err != nil {
		return fmt.Errorf("record %s in the audit: %w", e.Action, err)
	}
	return nil
}

// Limits of a page.
const (
	defaultLimit = 50
	maxLimit     = 500
)

// Filter chooses entries; a zero field chooses all.
type Filter struct {
	ActorID    int64
	Action     string
	ObjectKind string
	ObjectID   int64
	After      int64 // the last id of the page before
	Limit      int   // 0: 50; at most 500
}

// List is a page of entries, newest first, and the After of the next page (0
// where there is none).
func List(ctx context.Context, q db.Q, f Filter) (entries []Entry, next int64, err error) {
	limit := f.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	limit = min(limit, maxLimit)
	before := f.After
	if before == 0 {
		before = math.MaxInt64
	}
	// PostgreSQL takes a parameter's type from its first use: the column's.
	rows, err := q.Query(ctx, `SELECT id, at, actor_id, actor_email, action, object_kind, object_id, reason, address
		FROM audit
		WHERE id < $1 AND (actor_id = $2 OR $2 = 0) AND (action = $3 OR $3 = '')
			AND (object_kind = $4 OR $4 = '') AND (object_id = $5 OR $5 = 0)
		ORDER BY id DESC LIMIT $6`,
		before, f.ActorID, f.Action, f.ObjectKind, f.ObjectID, limit+1)
	if err != nil {
		return nil, 0, fmt.Errorf("list the audit: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var e Entry
		var at db.Time
		if err := rows.Scan(&e.ID, &at, &e.ActorID, &e.ActorEmail, &e.Action, &e.ObjectKind, &e.ObjectID, &e.Reason, &e.Address); err != nil {
			return nil, 0, fmt.Errorf("list the audit: %w", err)
		}
		e.At = at.Time()
		entries = append(entries, e)
	}
	if err := rows.Err(); err != nil {
		return nil, 0, fmt.Errorf("list the audit: %w", err)
	}
	if len(entries) > limit {
		entries = entries[:limit]
		next = entries[limit-1].ID
	}
	return entries, next, nil
}
