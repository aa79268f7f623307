package mailing

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/fault"
	"gonets/internal/recipient"
)

// Create makes a draft of the actor's.
func (s *Mailings) Create(ctx context.Context, actor account.Actor, in Input) (Mailing, error) {
	fields := in.check(s.db.Now())
	var made Mailing
	err := s.db.Tx(ctx, func(tx db.Tx) error {
		audience, err := s.resolveTx(ctx, tx, actor.ID, &in, fields)
		if err != nil {
			return err
		}
		id, err := insertTx(ctx, tx, actor.ID, in)
		if err != nil {
			return err
		}
		if err := setAudienceTx(ctx, tx, id, audience); err != nil {
			return err
		}
		made, err = s.get(ctx, tx, id)
		return err
	})
	if err != nil {
		return Mailing{}, fmt.Errorf("create mailing: %w", err)
	}
	return made, nil
}

// resolveTx checks what only the database knows: that the message and the
// audience are the owner's. It answers every failing field together.
func (s *Mailings) resolveTx(ctx context.Context, tx db.Tx, owner int64, in *Input, fields fault.Fields) (recipient.StoredAudience, error) {
	if in.MessageID != 0 {
		var one int64
		err := tx.QueryRow(ctx, `SELECT 1 FROM messages WHERE id = $1 AND user_id = $2 AND deleted_at = 0`, in.MessageID, owner).Scan(&one)
		if errors.Is(err, db.ErrNoRows) {
			fields.Add("message_id", "mailing.message_missing", nil)
		} else if err != nil {
			return recipient.StoredAudience{}, err
		}
	}
	audience, err := s.recipients.ResolveAudienceTx(ctx, tx, owner, in.Audience)
	if invalid, ok := errors.AsType[*fault.Error](err); ok && invalid.Kind == fault.Invalid {
		fields = append(fields, invalid.Fields...)
	} else if err != nil {
		return audience, err
	}
	return audience, fields.Err()
}

func insertTx(ctx context.Context, tx db.Tx, owner int64, in Input) (id int64, err error) {
	args := append([]any{
		owner, in.Name, db.Fold(in.Name), in.MessageID, flag(in.Audience.All),
		in.Sender.Name, in.Sender.Email, string(in.OnUncertain), db.At(tx.Now()),
	}, scheduleArgs(in.Schedule)...)
	err = tx.QueryRow(ctx, `
		INSERT INTO mailings (user_id, name, search, message_id, audience_all, sender_name, sender_email, on_uncertain,
		                      created_at, updated_at, frequency, weekdays, month_day, rrule, start_at, end_at, time_zone)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11, $12, $13, $14, $15, $16)
		RETURNING id`, args...).Scan(&id)
	return id, err
}

func setAudienceTx(ctx context.Context, tx db.Tx, id int64, a recipient.StoredAudience) error {
	for _, part := range []struct {
		table, column string
		ids           []int64
	}{
		{"mailing_tags", "tag_id", a.TagIDs},
		{"mailing_recipients", "recipient_id", a.RecipientIDs},
	} {
		if _, err := tx.Exec(ctx, `DELETE FROM `+part.table+` WHERE mailing_id = $1`, id); err != nil {
			return err
		}
		for _, other := range part.ids {
			_, err := tx.Exec(ctx, `INSERT INTO `+part.table+` (mailing_id, `+part.column+`) VALUES ($1, $2)
				ON CONFLICT DO NOTHING`, id, other)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// Get is a mailing that the actor may see.
func (s *Mailings) Get(ctx context.Context, actor account.Actor, id int64) (Mailing, error) {
	m, err := s.get(ctx, s.db.Read(), id)
	if err != nil {
		return Mailing{}, err
	}
	return m, account.Check(actor, account.MailingView, m.object())
}

func (m *Mailing) object() account.Object { return account.Object{Kind: "mailing", Owner: m.UserID} }

// get reads a whole mailing.
func (s *Mailings) get(ctx context.Context, q db.Q, id int64) (Mailing, error) {
	m, lastRunID, err := scanMailing(q.QueryRow(ctx, `SELECT `+mailingColumns+fromMailings+
		`WHERE m.id = $1 AND m.deleted_at = 0`, id))
	if errors.Is(err, db.ErrNoRows) {
		return Mailing{}, fault.Missing()
	}
	if err != nil {
		return Mailing{}, fmt.Errorf("read mailing %d: %w", id, err)
	}
	if m.Audience.Tags, m.Audience.RecipientIDs, err = audienceOf(ctx, q, id); err != nil {
		return Mailing{}, fmt.Errorf("read the audience of mailing %d: %w", id, err)
	}
	if lastRunID != 0 {
		runs, err := s.runsByID(ctx, q, []int64{lastRunID})
		if err != nil {
			return Mailing{}, err
		}
		m.LastRun = runs[lastRunID]
	}
	return m, nil
}

func audienceOf(ctx context.Context, q db.Q, id int64) (tags []string, ids []int64, err error) {
	rows, err := q.Query(ctx, `SELECT t.name FROM mailing_tags mt JOIN tags t ON t.id = mt.tag_id
		WHERE mt.mailing_id = $1 ORDER BY t.name_key`, id)
	if err != nil {
		return nil, nil, err
	}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			rows.Close()
			return nil, nil, err
		}
		tags = append(tags, name)
	}
	rows.Close()
	if err := rows.Err(); err != nil {
		return nil, nil, err
	}
	ids, err = ints(ctx, q, `SELECT recipient_id FROM mailing_recipients WHERE mailing_id = $1 ORDER BY recipient_id`, id)
	return tags, ids, err
}

func ints(ctx context.Context, q db.Q, query string, args ...any) ([]int64, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		list = append(list, id)
	}
	return list, rows.Err()
}

// Update changes a mailing of the actor's. What is open goes on as it was; the
// change counts from the next run on.
func (s *Mailings) Update(ctx context.Context, actor account.Actor, id int64, in Input) (Mailing, error) {
	return s.change(ctx, actor, account.MailingEdit, id, "update", func(tx db.Tx, m *Mailing) error {
		now := tx.Now()
		if m.Schedule.Start.Equal(in.Schedule.Start) && !in.Schedule.Start.IsZero() && in.Schedule.Start.Before(now) {
			now = in.Schedule.Start // a start that has passed may stay
		}
		audience, err := s.resolveTx(ctx, tx, m.UserID, &in, in.check(now))
		if err != nil {
			return err
		}
		args := append([]any{
			id, in.Name, db.Fold(in.Name), in.MessageID, flag(in.Audience.All),
			in.Sender.Name, in.Sender.Email, string(in.OnUncertain),
		}, scheduleArgs(in.Schedule)...)
		_, err = tx.Exec(ctx, `
			UPDATE mailings SET name = $2, search = $3, message_id = $4, audience_all = $5, sender_name = $6,
			       sender_email = $7, on_uncertain = $8, frequency = $9, weekdays = $10, month_day = $11,
			       rrule = $12, start_at = $13, end_at = $14, time_zone = $15
			 WHERE id = $1`, args...)
		if err != nil {
			return err
		}
		if err := setAudienceTx(ctx, tx, id, audience); err != nil {
			return err
		}
		if m.State == Draft || m.State == Finished || in.Schedule.Start.Equal(m.Schedule.Start) && in.Schedule.String() == m.Schedule.String() {
			return nil
		}
		next, _ := in.Schedule.Next(tx.Now())
		return setDueTx(ctx, tx, id, next)
	})
}

// Delete stops a mailing and hides it; its runs and deliveries stay on record.
func (s *Mailings) Delete(ctx context.Context, actor account.Actor, id int64) error {
	_, err := s.change(ctx, actor, account.MailingEdit, id, "delete", func(tx db.Tx, _ *Mailing) error {
		if err := s.stopRunsTx(ctx, tx, id); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE mailings SET state = 'finished', next_due_at = 0 WHERE id = $1`, id)
		return err
	}, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE mailings SET deleted_at = $2 WHERE id = $1`, id, db.At(tx.Now()))
		return err
	})
	return err
}

// change reads a mailing, locked, asks whether the actor may, changes it, and
// reads it again; then what must come last.
func (s *Mailings) change(ctx context.Context, actor account.Actor, action account.Action, id int64, doing string,
	f func(tx db.Tx, m *Mailing) error, last ...func(tx db.Tx) error,
) (changed Mailing, err error) {
	err = s.db.Tx(ctx, func(tx db.Tx) error {
		// The update locks the row, so that two changes don't cross.
		if _, err := tx.Exec(ctx, `UPDATE mailings SET updated_at = $2 WHERE id = $1 AND deleted_at = 0`, id, db.At(tx.Now())); err != nil {
			return err
		}
		m, err := s.get(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := account.Check(actor, action, m.object()); err != nil {
			return err
		}
		if err := f(tx, &m); err != nil {
			return err
		}
		if changed, err = s.get(ctx, tx, id); err != nil {
			return err
		}
		for _, f := range last {
			if err := f(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Mailing{}, fmt.Errorf("%s mailing %d: %w", doing, id, err)
	}
	return changed, nil
}

func setDueTx(ctx context.Context, tx db.Tx, id int64, next time.Time) error {
	_, err := tx.Exec(ctx, `UPDATE mailings SET next_due_at = $2 WHERE id = $1`, id, db.At(next))
	return err
}

// Filter chooses mailings. Zero fields choose all.
type Filter struct {
	Search   string
	State    State
	Disabled bool  // only those
	Owner    int64 // of this user; for moderators, 0 is all users
	Before   int64 // ids below
	Limit    int
}

// List are the newest mailings of a filter, of the actor's own unless they may
// see all; more says that there are older ones.
func (s *Mailings) List(ctx context.Context, actor account.Actor, f Filter) (list []Mailing, more bool, err error) {
	if !account.Can(actor, account.MailingView, account.Object{Kind: "mailing", Owner: f.Owner}) {
		f.Owner = actor.ID
	}
	args := []any{below(f.Before), f.Limit + 1}
	where := []string{"m.deleted_at = 0", "m.id < $1"}
	add := func(condition string, value any) {
		args = append(args, value)
		where = append(where, strings.ReplaceAll(condition, "?", fmt.Sprintf("$%d", len(args))))
	}
	if f.Owner != 0 {
		add("m.user_id = ?", f.Owner)
	}
	if f.State != "" {
		add("m.state = ?", string(f.State))
	}
	if f.Disabled {
		where = append(where, "m.disabled_at > 0")
	}
	if f.Search != "" {
		add(`(m.search LIKE ? ESCAPE '\' OR g.search LIKE ? ESCAPE '\')`, db.Contains(f.Search))
	}
	list, err = s.collect(ctx, `SELECT `+mailingColumns+fromMailings+
		`WHERE `+strings.Join(where, " AND ")+` ORDER BY m.id DESC LIMIT $2`, args...)
	if err != nil {
		return nil, false, fmt.Errorf("list mailings: %w", err)
	}
	if len(list) > f.Limit {
		return list[:f.Limit], true, nil
	}
	return list, false, nil
}

func below(before int64) int64 {
	if before <= 0 {
		return 1<<63 - 1
	}
	return before
}

// collect reads mailings with their last runs, without their audiences.
func (s *Mailings) collect(ctx context.Context, query string, args ...any) ([]Mailing, error) {
	q := s.db.Read()
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Mailing
	var lastRuns []int64
	for rows.Next() {
		m, lastRunID, err := scanMailing(rows)
		if err != nil {
			return nil, err
		}
		list, lastRuns = append(list, m), append(lastRuns, lastRunID)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	rows.Close()
	runs, err := s.runsByID(ctx, q, lastRuns)
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].LastRun = runs[lastRuns[i]]
	}
	return list, nil
}

// Totals are the numbers of a user's mailings by state.
func (s *Mailings) Totals(ctx context.Context, actor account.Actor) (map[State]int64, error) {
	rows, err := s.db.Read().Query(ctx, `
		SELECT state, count(*) FROM mailings WHERE user_id = $1 AND deleted_at = 0 GROUP BY state`, actor.ID)
	if err != nil {
		return nil, fmt.Errorf("count mailings: %w", err)
	}
	defer rows.Close()
	totals := map[State]int64{}
	for rows.Next() {
		var state State
		var n int64
		if err := rows.Scan(&state, &n); err != nil {
			return nil, fmt.Errorf("count mailings: %w", err)
		}
		totals[state] = n
	}
	return totals, rows.Err()
}
