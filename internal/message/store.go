package message

import (
	"context"
	"errors"
	"fmt"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/fault"
)

// columns of a message with its newest version, in the order in which scan
// reads them.
const columns = `
	m.id,
	m.user_id,
	m.version_id,
	v.number,
	v.subject,
	v.format,
	v.body,
	v.text,
	m.created_at,
	m.updated_at`

func scan(row db.Row) (Message, error) {
	var m Message
	var createdAt, updatedAt db.Time
	err := row.Scan(
		&m.ID,
		&m.UserID,
		&m.VersionID,
		&m.Number,
		&m.Subject,
		&m.Format,
		&m.Body,
		&m.Text,
		&createdAt,
		&updatedAt,
	)
	m.CreatedAt, m.UpdatedAt = createdAt.Time(), updatedAt.Time()
	return m, err
}

// Create adds a message to the actor's.
func (m *Messages) Create(ctx context.Context, actor account.Actor, d Draft) (Message, error) {
	if err := account.Check(actor, account.MessageEdit, object(actor.ID)); err != nil {
		return Message{}, err
	}
	d, err := m.check(d)
	if err != nil {
		return Message{}, err
	}
	var made Message
	err = m.db.Tx(ctx, func(tx db.Tx) error {
		id, err := createTx(ctx, tx, actor.ID, d)
		if err != nil {
			return err
		}
		made, err = get(ctx, tx, id)
		return err
	})
	if err != nil {
		return Message{}, fmt.Errorf("create message: %w", err)
	}
	return made, nil
}

func createTx(ctx context.Context, tx db.Tx, userID int64, d Draft) (id int64, err error) {
	err = tx.QueryRow(ctx, `INSERT INTO messages (user_id, version_id, subject, format, search, created_at, updated_at)
		VALUES ($1, 0, '', $2, '', $3, $3) RETURNING id`, userID, string(d.Format), db.At(tx.Now())).Scan(&id)
	if err != nil {
		return 0, err
	}
	return id, addVersionTx(ctx, tx, id, 1, d)
}

// addVersionTx makes the draft the newest version of the message.
func addVersionTx(ctx context.Context, tx db.Tx, id int64, number int, d Draft) error {
	var versionID int64
	err := tx.QueryRow(ctx, `INSERT INTO message_versions (message_id, number, subject, format, body, text, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
		id, number, d.Subject, string(d.Format), d.Body, d.Text, db.At(tx.Now())).Scan(&versionID)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE messages
		SET version_id = $2, subject = $3, format = $4, search = $5, updated_at = $6 WHERE id = $1`,
		id, versionID, d.Subject, string(d.Format), db.Fold(d.Subject), db.At(tx.Now()))
	return err
}

// Get is one message of the actor's.
func (m *Messages) Get(ctx context.Context, actor account.Actor, id int64) (Message, error) {
	found, err := get(ctx, m.db.Read(), id)
	if err != nil {
		return Message{}, fmt.Errorf("get message: %w", err)
	}
	if err := account.Check(actor, account.MessageView, object(found.UserID)); err != nil {
		return Message{}, err
	}
	return found, nil
}

func get(ctx context.Context, q db.Q, id int64) (Message, error) {
	found, err := scan(q.QueryRow(ctx, `SELECT `+columns+`
		FROM messages m JOIN message_versions v ON v.id = m.version_id
		WHERE m.id = $1 AND m.deleted_at = 0`, id))
	if errors.Is(err, db.ErrNoRows) {
		return Message{}, fault.Missing()
	}
	return found, err
}

// Update sets what a person may set. A new version is made only where
// something changed.
func (m *Messages) Update(ctx context.Context, actor account.Actor, id int64, d Draft) (Message, error) {
	d, err := m.check(d)
	if err != nil {
		return Message{}, err
	}
	var updated Message
	err = m.db.Tx(ctx, func(tx db.Tx) error {
		before, err := holdOwnTx(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if before.Draft == d {
			updated = before
			return nil
		}
		if err := addVersionTx(ctx, tx, id, before.Number+1, d); err != nil {
			return err
		}
		updated, err = get(ctx, tx, id)
		return err
	})
	if err != nil {
		return Message{}, fmt.Errorf("update message: %w", err)
	}
	return updated, nil
}

// HoldTx answers the newest version of a message of that user, which can't be
// deleted before the transaction ends: for a mailing that starts or opens a
// run with it. NotFound where it is deleted, or another user's.
func (m *Messages) HoldTx(ctx context.Context, tx db.Tx, userID, id int64) (versionID int64, err error) {
	held, err := holdTx(ctx, tx, id)
	if err != nil {
		return 0, fmt.Errorf("hold message: %w", err)
	}
	if held.userID != userID {
		return 0, fault.Missing()
	}
	return held.versionID, nil
}

// held is a message that nobody else can change until the transaction ends.
type held struct{ userID, versionID int64 }

func holdTx(ctx context.Context, tx db.Tx, id int64) (held, error) {
	query := `SELECT user_id, version_id FROM messages WHERE id = $1 AND deleted_at = 0`
	if tx.Dialect() == db.Postgres {
		query += ` FOR UPDATE`
	}
	var h held
	err := tx.QueryRow(ctx, query, id).Scan(&h.userID, &h.versionID)
	if errors.Is(err, db.ErrNoRows) {
		return held{}, fault.Missing()
	}
	return h, err
}

// holdOwnTx holds a message that the actor may change.
func holdOwnTx(ctx context.Context, tx db.Tx, actor account.Actor, id int64) (Message, error) {
	h, err := holdTx(ctx, tx, id)
	if err != nil {
		return Message{}, err
	}
	if err := account.Check(actor, account.MessageEdit, object(h.userID)); err != nil {
		return Message{}, err
	}
	return get(ctx, tx, id)
}
