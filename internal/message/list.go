package message

import (
	"context"
	"fmt"
	"math"

	"gonets/internal/account"
	"gonets/internal/db"
)

// Page sizes of List.
const (
	defaultLimit = 50
	maxLimit     = 500
)

// Filter narrows a list of messages.
type Filter struct {
	Search string // in the subject
	After  int64  // messages older than this key; 0: from the newest
	Limit  int    // 0: 50; at most 500
}

// List is a page of the actor's messages, newest first, without body and text,
// and the key to go on after; 0 at the end.
func (m *Messages) List(ctx context.Context, actor account.Actor, f Filter) (messages []Message, next int64, err error) {
	if err := account.Check(actor, account.MessageView, object(actor.ID)); err != nil {
		return nil, 0, err
	}
	limit := min(f.Limit, maxLimit)
	if limit <= 0 {
		limit = defaultLimit
	}
	after := f.After
	if after <= 0 {
		after = math.MaxInt64
	}
	rows, err := m.db.Read().Query(ctx, `SELECT m.id, m.user_id, m.version_id, v.number, m.subject, m.format, '', '', m.created_at, m.updated_at
		FROM messages m JOIN message_versions v ON v.id = m.version_id
		WHERE m.user_id = $1 AND m.deleted_at = 0 AND m.id < $2 AND m.search LIKE $3 ESCAPE '\'
		ORDER BY m.id DESC LIMIT $4`, actor.ID, after, db.Contains(f.Search), limit+1)
	if err != nil {
		return nil, 0, fmt.Errorf("list messages: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		found, err := scan(rows)
		if err != nil {
			return nil, 0, fmt.Errorf("list messages: %w", err)
		}
		messages = append(messages, found)
	}
	if err := rows.Err(); err != nil {
		return nil, 0, fmt.Errorf("list messages: %w", err)
	}
	if len(messages) > limit {
		messages = messages[:limit]
		next = messages[limit-1].ID
	}
	return messages, next, nil
}
