package message

import (
	"context"
	"fmt"
	"strings"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/fault"
)

// Delete hides a message. It is a Conflict while a mailing that is active or
// paused, or a run that is not over, needs it.
func (m *Messages) Delete(ctx context.Context, actor account.Actor, id int64) error {
	err := m.db.Tx(ctx, func(tx db.Tx) error {
		if _, err := holdOwnTx(ctx, tx, actor, id); err != nil {
			return err
		}
		users, err := mailingsUsing(ctx, tx, id)
		if err != nil {
			return err
		}
		if len(users) > 0 {
			return fault.New(fault.Conflict, "message.in_use", fault.Args{"Mailings": named(users)})
		}
		_, err = tx.Exec(ctx, `UPDATE messages SET deleted_at = $2 WHERE id = $1`, id, db.At(tx.Now()))
		return err
	})
	if err != nil {
		return fmt.Errorf("delete message: %w", err)
	}
	return nil
}

// mailingsUsing are the names of the mailings that need the message.
func mailingsUsing(ctx context.Context, q db.Q, id int64) (names []string, err error) {
	rows, err := q.Query(ctx, `SELECT name FROM mailings l
		WHERE deleted_at = 0 AND message_id = $1 AND state IN ('active', 'paused')
		   OR id IN (SELECT r.mailing_id FROM runs r JOIN message_versions v ON v.id = r.message_version_id
		             WHERE r.finished_at = 0 AND v.message_id = $1)
		ORDER BY id`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// named lists names for a sentence, and says by "…" that there are more.
func named(names []string) string {
	const shown = 5
	if len(names) > shown {
		return strings.Join(names[:shown], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}

// eraseChunk is how many messages one transaction hides.
const eraseChunk = 100

// EraseOwner hides a chunk of the messages of a user who was deleted and whose
// mailings have stopped; more says that there may be others. What was sent
// keeps its version.
func (m *Messages) EraseOwner(ctx context.Context, userID int64) (more bool, err error) {
	err = m.db.Tx(ctx, func(tx db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE messages SET deleted_at = $2 WHERE id IN (
			SELECT id FROM messages WHERE user_id = $1 AND deleted_at = 0 ORDER BY id LIMIT $3)`, userID, db.At(tx.Now()), eraseChunk)
		more = n == eraseChunk
		return err
	})
	if err != nil {
		return false, fmt.Errorf("erase the messages of user %d: %w", userID, err)
	}
	return more, nil
}
