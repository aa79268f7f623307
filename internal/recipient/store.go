package recipient

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/fault"
)

// Create adds a recipient to the actor's. One who unsubscribed before is
// unsubscribed again. An address that is there already is an Invalid error at
// the field "email".
func (r *Recipients) Create(ctx context.Context, actor account.Actor, d Draft) (Recipient, error) {
	e, err := check(d)
	if err != nil {
		return Recipient{}, err
	}
	var made Recipient
	err = r.db.Tx(ctx, func(tx db.Tx) error {
		id, err := r.createTx(ctx, tx, actor.ID, &e)
		if err != nil {
			return err
		}
		made, err = get(ctx, tx, id)
		return err
	})
	if err != nil {
		return Recipient{}, fmt.Errorf("create recipient: %w", err)
	}
	return made, nil
}

func (r *Recipients) createTx(ctx context.Context, tx db.Tx, userID int64, e *entry) (int64, error) {
	ids, status, err := r.insertTx(ctx, tx, userID, []*entry{e})
	if err != nil {
		return 0, err
	}
	id, ok := ids[e.key]
	if !ok {
		return 0, duplicate()
	}
	if err := retagTx(ctx, tx, userID, id, e.tags); err != nil {
		return 0, err
	}
	return id, countTx(ctx, tx, userID, 1, one(status[e.key] == Active))
}

// insertTx inserts those of the entries whose address is not there yet, and
// answers their ids by key, and the status of every entry as it is inserted.
func (r *Recipients) insertTx(ctx context.Context, tx db.Tx, userID int64, entries []*entry) (map[string]int64, map[string]Status, error) {
	status, err := r.statusTx(ctx, tx, userID, entries)
	if err != nil {
		return nil, nil, err
	}
	ids, err := bulkOf(tx).insertTx(ctx, tx, userID, entries, status)
	return ids, status, err
}

func duplicate() error {
	var fields fault.Fields
	fields.Add("email", "recipient.duplicate", nil)
	return fields.Err()
}

func one(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// Get is one recipient of the actor's.
func (r *Recipients) Get(ctx context.Context, actor account.Actor, id int64) (Recipient, error) {
	found, err := get(ctx, r.db.Read(), id)
	if err != nil {
		return Recipient{}, fmt.Errorf("get recipient: %w", err)
	}
	if err := may(actor, account.RecipientView, found.UserID); err != nil {
		return Recipient{}, err
	}
	return found, nil
}

func get(ctx context.Context, q db.Q, id int64) (Recipient, error) {
	found, err := scan(q.QueryRow(ctx, `SELECT `+columns+` FROM recipients r WHERE r.id = $1`, id))
	if errors.Is(err, db.ErrNoRows) {
		return Recipient{}, fault.Missing()
	}
	if err != nil {
		return Recipient{}, err
	}
	list := []Recipient{found}
	err = withTags(ctx, q, list)
	return list[0], err
}

// Update sets what a person may set. The status stays as it is, but for an
// address that unsubscribed before: it takes its refusal along.
func (r *Recipients) Update(ctx context.Context, actor account.Actor, id int64, d Draft) (Recipient, error) {
	e, err := check(d)
	if err != nil {
		return Recipient{}, err
	}
	var updated Recipient
	err = r.db.Tx(ctx, func(tx db.Tx) error {
		before, err := holdOneTx(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if err := r.updateTx(ctx, tx, before, &e); err != nil {
			return err
		}
		updated, err = get(ctx, tx, id)
		return err
	})
	if err != nil {
		return Recipient{}, fmt.Errorf("update recipient: %w", err)
	}
	return updated, nil
}

func (r *Recipients) updateTx(ctx context.Context, tx db.Tx, before held, e *entry) error {
	if before.key != e.key {
		if err := r.moveTx(ctx, tx, before, e); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `UPDATE recipients
		SET email = $2, name = $3, comment = $4, attributes = $5, time_zone = $6, locale = $7, search = $8, updated_at = $9
		WHERE id = $1`,
		before.id, e.email, e.name, e.comment, e.attributes, e.zone, e.locale, e.search(), db.At(tx.Now()))
	if err != nil {
		return err
	}
	return retagTx(ctx, tx, before.userID, before.id, e.tags)
}

// moveTx gives a recipient another address, unless somebody has it.
func (r *Recipients) moveTx(ctx context.Context, tx db.Tx, before held, e *entry) error {
	if before.status != Active {
		if err := r.suppressTx(ctx, tx, before.userID, before.key); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `UPDATE recipients SET email_key = $2 WHERE id = $1`, before.id, e.key)
	if db.Taken(err) { // no look beforehand would see what another edit has not committed yet
		return duplicate()
	}
	if err != nil {
		return err
	}
	status, err := r.statusTx(ctx, tx, before.userID, []*entry{e})
	if err != nil || status[e.key] == Active || before.status != Active {
		return err
	}
	return r.changeStatusTx(ctx, tx, before, Unsubscribed, 0)
}

// Delete removes a recipient. What was sent to them stays on record without
// their address; what was planned is skipped.
func (r *Recipients) Delete(ctx context.Context, actor account.Actor, id int64) error {
	err := r.db.Tx(ctx, func(tx db.Tx) error {
		found, err := holdOneTx(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		return r.deleteTx(ctx, tx, found.userID, []held{found})
	})
	if err != nil {
		return fmt.Errorf("delete recipient: %w", err)
	}
	return nil
}

// deleteTx deletes recipients of one user that are held.
func (r *Recipients) deleteTx(ctx context.Context, tx db.Tx, userID int64, list []held) error {
	if err := leaveTx(ctx, tx, userID); err != nil {
		return err
	}
	var active int64
	for _, h := range list {
		if err := r.ledger.ForgetRecipientTx(ctx, tx, h.id); err != nil {
			return err
		}
		active += one(h.status == Active)
		if h.status == Active {
			continue
		}
		if err := r.suppressTx(ctx, tx, userID, h.key); err != nil {
			return err
		}
	}
	ids := idsOf(list)
	// The cascade would take the tags too, but uncounted.
	if err := untagTx(ctx, tx, `DELETE FROM recipient_tags WHERE recipient_id = ANY($1) RETURNING tag_id`, ids); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM recipients WHERE id = ANY($1)`, ids); err != nil {
		return err
	}
	return countTx(ctx, tx, userID, -int64(len(list)), -active)
}

// held is a recipient that nobody else can change until the transaction ends.
type held struct {
	id     int64
	userID int64
	key    string
	status Status
}

func idsOf(list []held) []int64 {
	ids := make([]int64, len(list))
	for i := range list {
		ids[i] = list[i].id
	}
	return ids
}

// holdTx holds those of the recipients that are there, in ascending order, so
// that two transactions can't wait for each other.
func holdTx(ctx context.Context, tx db.Tx, ids []int64) ([]held, error) {
	query := `SELECT id, user_id, email_key, status FROM recipients WHERE id = ANY($1) ORDER BY id`
	if tx.Dialect() == db.Postgres {
		query += ` FOR UPDATE`
	}
	rows, err := tx.Query(ctx, query, ids)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []held
	for rows.Next() {
		var h held
		if err := rows.Scan(&h.id, &h.userID, &h.key, &h.status); err != nil {
			return nil, err
		}
		list = append(list, h)
	}
	return list, rows.Err()
}

// holdOneTx holds a recipient that the actor may change.
func holdOneTx(ctx context.Context, tx db.Tx, actor account.Actor, id int64) (held, error) {
	list, err := holdTx(ctx, tx, []int64{id})
	if err != nil {
		return held{}, err
	}
	if len(list) == 0 {
		return held{}, fault.Missing()
	}
	return list[0], may(actor, account.RecipientEdit, list[0].userID)
}

// holdOwnTx holds those of the recipients that are the user's.
func holdOwnTx(ctx context.Context, tx db.Tx, userID int64, ids []int64) ([]held, error) {
	list, err := holdTx(ctx, tx, ids)
	return slices.DeleteFunc(list, func(h held) bool { return h.userID != userID }), err
}
