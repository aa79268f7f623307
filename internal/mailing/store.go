package mailing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/fault"
	"gonets/internal/recipient"
	"gonets/internal/schedule"
)

// Create makes a draft of the actor's. Errors: Invalid.
func (s *Mailings) Create(ctx context.Context, actor account.Actor, in Input) (Mailing, error) {
	return s.create(ctx, actor, actor.ID, in)
}

func (s *Mailings) create(ctx context.Context, actor account.Actor, owner int64, in Input) (made Mailing, err error) {
	if err := account.Check(actor, account.MailingEdit, account.Object{Kind: "mailing", Owner: owner}); err != nil {
		return Mailing{}, err
	}
	fields := in.check(s.db.Now())
	err = s.db.Tx(ctx, func(tx db.Tx) error {
		audience, err := s.resolveTx(ctx, tx, owner, &in, fields)
		if err != nil {
			return err
		}
		id, err := insertTx(ctx, tx, owner, in)
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

// Duplicate makes a draft like a mailing, of the same owner. A start that has
// passed becomes the next occurrence, an end that has passed is dropped, and a
// schedule that is over becomes one without a start.
func (s *Mailings) Duplicate(ctx context.Context, actor account.Actor, id int64, name string) (Mailing, error) {
	m, err := s.Get(ctx, actor, id)
	if err != nil {
		return Mailing{}, err
	}
	in := m.Input()
	in.Name = name
	now, sch := s.db.Now(), &in.Schedule
	if sch.End.Before(now) {
		sch.End = time.Time{}
	}
	if sch.Start.Before(now) {
		sch.Start, _ = sch.Next(now)
	}
	if sch.Start.IsZero() {
		in.Schedule = schedule.Schedule{Frequency: schedule.Once, Zone: sch.Zone}
	}
	return s.create(ctx, actor, m.UserID, in)
}

// resolveTx checks what only the database knows: that the message and the
// audience are the owner's. It answers every failing field together.
func (s *Mailings) resolveTx(ctx context.Context, tx db.Tx, owner int64, in *Input, fields fault.Fields) (recipient.StoredAudience, error) {
	if in.MessageID != 0 {
		// Held, so that it is not deleted while an active mailing takes it up.
		_, err := s.messages.HoldTx(ctx, tx, owner, in.MessageID)
		if fault.Is(err, fault.NotFound) {
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
	if err := s.senderTx(ctx, tx, in.Sender); err != nil {
		refused, ok := errors.AsType[*fault.Error](err)
		if !ok {
			return audience, err
		}
		fields = append(fields, refused.Fields...)
	}
	return audience, inOrder(fields).Err()
}

func insertTx(ctx context.Context, tx db.Tx, owner int64, in Input) (id int64, err error) {
	args := append([]any{
		owner, in.Name, db.Fold(in.Name), in.MessageID, db.Flag(in.Audience.All),
		in.Sender.Name, in.Sender.Email, string(in.OnUncertain), db.At(tx.Now()),
	}, scheduleArgs(in.Schedule)...)
	err = tx.QueryRow(ctx, `
		INSERT INTO mailings (user_id, name, search, message_id, audience_all, sender_name, sender_email, on_uncertain,
		                      created_at, updated_at, frequency, weekdays, month_day, rrule, start_at, end_at, time_zone)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11, $12, $13, $14, $15, $16)
		RETURNING id`, args...).Scan(&id)
	return id, err
}

// setAudienceTx replaces the tags and recipients of a mailing. A recipient who
// is being deleted at this moment is left out.
func setAudienceTx(ctx context.Context, tx db.Tx, id int64, a recipient.StoredAudience) error {
	hold := ""
	if tx.Dialect() == db.Postgres {
		hold = ` FOR KEY SHARE`
	}
	for _, part := range []struct {
		delete, insert string
		ids            []int64
	}{
		{
			`DELETE FROM mailing_tags WHERE mailing_id = $1`,
			`INSERT INTO mailing_tags (mailing_id, tag_id)
			 SELECT CAST($1 AS BIGINT), id FROM tags WHERE id = ANY($2) ORDER BY id`, a.TagIDs,
		},
		{
			`DELETE FROM mailing_recipients WHERE mailing_id = $1`,
			`INSERT INTO mailing_recipients (mailing_id, recipient_id)
			 SELECT CAST($1 AS BIGINT), r.id FROM (SELECT id FROM recipients WHERE id = ANY($2) ORDER BY id` + hold + `) AS r`, a.RecipientIDs,
		},
	} {
		if _, err := tx.Exec(ctx, part.delete, id); err != nil {
			return err
		}
		if len(part.ids) == 0 {
			continue
		}
		if _, err := tx.Exec(ctx, part.insert, id, part.ids); err != nil {
			return err
		}
	}
	return nil
}

// Get is a mailing that the actor may see. Errors: Missing.
func (s *Mailings) Get(ctx context.Context, actor account.Actor, id int64) (Mailing, error) {
	m, err := s.get(ctx, s.db.Read(), id)
	if err == nil {
		err = account.Check(actor, account.MailingView, m.Object())
	}
	if err != nil {
		return Mailing{}, err
	}
	return m, nil
}

// get reads a whole mailing. Missing where it is not there or deleted.
func (s *Mailings) get(ctx context.Context, q db.Q, id int64) (Mailing, error) {
	m, lastRunID, err := scanMailing(q.QueryRow(ctx, `SELECT `+mailingColumns+fromMailings+
		`WHERE m.id = $1 AND m.deleted_at = 0`, id))
	if errors.Is(err, db.ErrNoRows) {
		return Mailing{}, fault.Missing()
	}
	if err != nil {
		return Mailing{}, fmt.Errorf("read mailing %d: %w", id, err)
	}
	if err := readAudience(ctx, q, &m); err != nil {
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

// Update changes a mailing of the actor's, in any state. What is open goes on
// as it was; the change counts from the next run on. Errors: Missing, Invalid.
func (s *Mailings) Update(ctx context.Context, actor account.Actor, id int64, in Input) (Mailing, error) {
	return s.change(ctx, actor, account.MailingEdit, id, "update", func(tx db.Tx, m *Mailing) error {
		now, in := tx.Now(), in
		if start := in.Schedule.Start; start.Equal(m.Schedule.Start) && start.Before(now) {
			now = start // one that has passed may stay
		}
		fields := in.check(now)
		due, wrong := m.rescheduled(in.Schedule, tx.Now())
		if !slices.ContainsFunc(fields, ofSchedule) {
			fields = append(fields, wrong...)
		}
		audience, err := s.resolveTx(ctx, tx, m.UserID, &in, fields)
		if err != nil {
			return err
		}
		if err := updateTx(ctx, tx, id, in); err != nil {
			return err
		}
		if err := setAudienceTx(ctx, tx, id, audience); err != nil {
			return err
		}
		return setDueTx(ctx, tx, m, due)
	})
}

func ofSchedule(f fault.Field) bool { return strings.HasPrefix(f.Name, "schedule.") }

func updateTx(ctx context.Context, tx db.Tx, id int64, in Input) error {
	args := append([]any{
		id, in.Name, db.Fold(in.Name), in.MessageID, db.Flag(in.Audience.All),
		in.Sender.Name, in.Sender.Email, string(in.OnUncertain),
	}, scheduleArgs(in.Schedule)...)
	_, err := tx.Exec(ctx, `
		UPDATE mailings SET name = $2, search = $3, message_id = $4, audience_all = $5, sender_name = $6,
		       sender_email = $7, on_uncertain = $8, frequency = $9, weekdays = $10, month_day = $11,
		       rrule = $12, start_at = $13, end_at = $14, time_zone = $15
		 WHERE id = $1`, args...)
	return err
}

// Delete stops a mailing, in any state, and hides it; its runs and deliveries
// stay on record. Errors: Missing.
func (s *Mailings) Delete(ctx context.Context, actor account.Actor, id int64) error {
	err := s.db.Tx(ctx, func(tx db.Tx) error {
		m, err := s.holdTx(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := account.Check(actor, account.MailingEdit, m.Object()); err != nil {
			return err
		}
		return s.deleteTx(ctx, tx, id)
	})
	if err != nil {
		return fmt.Errorf("delete mailing %d: %w", id, err)
	}
	return nil
}

// deleteTx stops a mailing that is held, and hides it.
func (s *Mailings) deleteTx(ctx context.Context, tx db.Tx, id int64) error {
	if err := s.stopRunsTx(ctx, tx, id); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE mailings SET state = 'finished', next_due_at = 0, deleted_at = $2 WHERE id = $1`,
		id, db.At(tx.Now()))
	return err
}
