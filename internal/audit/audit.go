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
	"strings"
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
	ObjectName string // what it was called then: an address, a name; may be empty
	Reason     string // as the actor typed it; may be empty
	Address    string // the client's network address; "" for the command line
}

// Named is the entry with what its object was called then.
func (e Entry) Named(name string) Entry { e.ObjectName = name; return e }

// RecordTx writes the entry in the transaction of the act.
func RecordTx(ctx context.Context, tx db.Tx, e Entry) error {
	_, err := tx.Exec(ctx, `INSERT INTO audit
			(at, actor_id, actor_email, action, object_kind, object_id, object_name, reason, address, search)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		db.At(tx.Now()), e.ActorID, e.ActorEmail, e.Action, e.ObjectKind, e.ObjectID, e.ObjectName, e.Reason, e.Address, e.search())
	if err != nil {
		return fmt.Errorf("record %s in the audit: %w", e.Action, err)
	}
	return nil
}

// search is what a part of a word is looked for in.
func (e Entry) search() string {
	return db.Fold(e.ActorEmail + "\n" + e.ObjectName + "\n" + e.Reason + "\n" + e.Address)
}

// Limits of a page.
const (
	defaultLimit = 50
	maxLimit     = 500
)

// Filter chooses entries; a zero field chooses all.
type Filter struct {
	Search     string // part of who, of the object's name, the reason or the network address
	ActorID    int64
	Action     string
	ObjectKind string
	ObjectID   int64
	From       time.Time // at or after
	Until      time.Time // before
	After      int64     // the last id of the page before
	Limit      int       // 0: 50; at most 500
}

// where are the conditions of a filter and their arguments, without the limit.
func (f Filter) where() (string, []any) {
	var conditions []string
	var args []any
	add := func(condition string, value any) {
		args = append(args, value)
		conditions = append(conditions, fmt.Sprintf(condition, len(args)))
	}
	before := f.After
	if before <= 0 {
		before = math.MaxInt64
	}
	add("id < $%d", before)
	if f.ActorID != 0 {
		add("actor_id = $%d", f.ActorID)
	}
	if f.Action != "" {
		add("action = $%d", f.Action)
	}
	if f.ObjectKind != "" {
		add("object_kind = $%d", f.ObjectKind)
	}
	if f.ObjectID != 0 {
		add("object_id = $%d", f.ObjectID)
	}
	if !f.From.IsZero() {
		add("at >= $%d", db.At(f.From))
	}
	if !f.Until.IsZero() {
		add("at < $%d", db.At(f.Until))
	}
	if search := strings.TrimSpace(f.Search); search != "" {
		add(`search LIKE $%d ESCAPE '\'`, db.Contains(search))
	}
	return strings.Join(conditions, " AND "), args
}

// List is a page of entries, newest first, and the After of the next page (0
// where there is none).
func List(ctx context.Context, q db.Q, f Filter) (entries []Entry, next int64, err error) {
	limit := f.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	limit = min(limit, maxLimit)
	where, args := f.where()
	rows, err := q.Query(ctx, `SELECT id, at, actor_id, actor_email, action, object_kind, object_id, object_name, reason, address
		FROM audit WHERE `+where+fmt.Sprintf(` ORDER BY id DESC LIMIT %d`, limit+1), args...)
	if err != nil {
		return nil, 0, fmt.Errorf("list the audit: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var e Entry
		var at db.Time
		err := rows.Scan(&e.ID, &at, &e.ActorID, &e.ActorEmail, &e.Action, &e.ObjectKind, &e.ObjectID, &e.ObjectName, &e.Reason, &e.Address)
		if err != nil {
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

// Actions are the actions that were ever recorded, in alphabetical order. It
// costs one look into the index for each of them, however many entries there
// are.
func Actions(ctx context.Context, q db.Q) ([]string, error) {
	rows, err := q.Query(ctx, `
		WITH RECURSIVE known (action) AS (
			SELECT * FROM (SELECT action FROM audit ORDER BY action LIMIT 1) AS first
			UNION ALL
			SELECT (SELECT a.action FROM audit a WHERE a.action > known.action ORDER BY a.action LIMIT 1)
			  FROM known WHERE known.action IS NOT NULL
		)
		SELECT action FROM known WHERE action IS NOT NULL`)
	if err != nil {
		return nil, fmt.Errorf("list the audit's actions: %w", err)
	}
	defer rows.Close()
	var actions []string
	for rows.Next() {
		var action string
		if err := rows.Scan(&action); err != nil {
			return nil, fmt.Errorf("list the audit's actions: %w", err)
		}
		actions = append(actions, action)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list the audit's actions: %w", err)
	}
	return actions, nil
}
