package mailing

import (
	"context"
	"fmt"
	"time"

	"gonets/internal/db"
	"gonets/internal/delivery"
	"gonets/internal/fault"
	"gonets/internal/mail"
)

// set is what limits the owners' mailings.
func (s *Mailings) set(ctx context.Context, q db.Q) (limits, error) {
	if s.o.Settings == nil {
		return limits{}, nil
	}
	set, err := s.o.Settings.In(ctx, q)
	return limits{run: set.RunLimit, day: set.DailyLimit}, err
}

// limits are numbers of recipients; 0: any number.
type limits struct{ run, day int64 }

// senderTx refuses, at its field, a sender from whom administrators let nobody
// send.
func (s *Mailings) senderTx(ctx context.Context, tx db.Tx, sender Sender) error {
	if s.o.Settings == nil {
		return nil
	}
	set, err := s.o.Settings.In(ctx, tx)
	if err != nil {
		return err
	}
	if address, err := mail.ParseAddress(sender.Email); err == nil && !set.Allows(address) {
		return fault.Fields{{Name: "sender.email", Key: "mailing.sender_refused", Args: fault.Args{"Allowed": set.AllowedSenders()}}}.Err()
	}
	return nil // what is no address is refused elsewhere
}

// pauseForSenderTx pauses a mailing that is due, from a sender whom nobody may
// send from any more. The due time stays: once the owner has chosen another
// sender and resumes, it is treated as after downtime.
func (s *Mailings) pauseForSenderTx(ctx context.Context, tx db.Tx, m *Mailing) error {
	if err := setStateTx(ctx, tx, m, Paused, EventSender); err != nil {
		return err
	}
	return s.holdRunsTx(ctx, tx, m.ID)
}

// limitTx marks those of a chunk as skipped who come after the owner's limits,
// of the run and of the day, are reached, and counts the others to the day.
func (s *Mailings) limitTx(ctx context.Context, tx db.Tx, p planning, chunk []delivery.Plan) error {
	limit, err := s.set(ctx, tx)
	if err != nil {
		return err
	}
	day := dayOf(tx.Now())
	today, err := countedTx(ctx, tx, p.UserID, day)
	if err != nil {
		return err
	}
	room, event := int64(len(chunk)), Event{}
	if limit.run > 0 {
		var inRun int64
		err := tx.QueryRow(ctx, `SELECT recipients - skipped FROM ledgers WHERE run_id = $1`, p.ID).Scan(&inRun)
		if err != nil {
			return fmt.Errorf("count run %d: %w", p.ID, err)
		}
		if left := max(0, limit.run-inRun); left < room {
			room, event = left, Event{Kind: EventLimited, Count: int(limit.run)}
		}
	}
	if left := max(0, limit.day-today); limit.day > 0 && left < room {
		room, event = left, Event{Kind: EventLimitedDay, Count: int(limit.day)}
	}
	wanted := cut(chunk, room)
	if wanted > room {
		if err := noteLimitTx(ctx, tx, p, event); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `UPDATE planned_days SET recipients = recipients + $3 WHERE user_id = $1 AND day = $2`,
		p.UserID, day, min(wanted, room))
	return err
}

// cut skips those for whom there is no room, and says how many there would
// have been without a limit.
func cut(chunk []delivery.Plan, room int64) (wanted int64) {
	for i := range chunk {
		if chunk[i].Skip != "" {
			continue
		}
		if wanted++; wanted > room {
			chunk[i].Skip = delivery.ReasonLimit
		}
	}
	return wanted
}

// dayOf is the day of UTC as 20261122.
func dayOf(t time.Time) int64 {
	year, month, day := t.UTC().Date()
	return int64(year*10000 + int(month)*100 + day)
}

// countedTx is to how many recipients a user's runs of a day go so far. Its row
// stays locked, so that two runs can't both take the last places.
func countedTx(ctx context.Context, tx db.Tx, userID, day int64) (n int64, err error) {
	err = tx.QueryRow(ctx, `
		INSERT INTO planned_days AS p (user_id, day, recipients) VALUES ($1, $2, 0)
		    ON CONFLICT (user_id, day) DO UPDATE SET recipients = p.recipients
		RETURNING recipients`, userID, day).Scan(&n)
	if err == nil && n == 0 {
		_, err = tx.Exec(ctx, `DELETE FROM planned_days WHERE user_id = $1 AND day < $2`, userID, day)
	}
	if err != nil {
		return 0, fmt.Errorf("count the day of user %d: %w", userID, err)
	}
	return n, nil
}

// noteLimitTx tells the owner, once in each run.
func noteLimitTx(ctx context.Context, tx db.Tx, p planning, e Event) error {
	var told int64
	err := tx.QueryRow(ctx, `SELECT count(*) FROM mailing_events WHERE mailing_id = $1 AND kind IN ($2, $3) AND at >= $4`,
		p.MailingID, string(EventLimited), string(EventLimitedDay), db.At(p.CreatedAt)).Scan(&told)
	if err != nil || told > 0 {
		return err
	}
	e.First = p.DueAt
	return noteTx(ctx, tx, p.MailingID, e)
}
