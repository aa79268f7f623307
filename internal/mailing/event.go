package mailing

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gonets/internal/account"
	"gonets/internal/db"
)

// EventKind is what happened to a mailing besides its runs. Each is also the
// end of a translation key: "mailing.event.missed".
type EventKind string

const (
	EventStarted    EventKind = "started"
	EventPaused     EventKind = "paused"
	EventResumed    EventKind = "resumed"
	EventStopped    EventKind = "stopped"
	EventFinished   EventKind = "finished"
	EventMissed     EventKind = "missed"     // due times in downtime or a pause: Count, First, Last
	EventOverlapped EventKind = "overlapped" // a due time while a run still sent: First
	EventDisabled   EventKind = "disabled"   // by a moderator: Reason
	EventEnabled    EventKind = "enabled"
	EventHeld       EventKind = "owner_blocked" // paused with it
	EventLimited    EventKind = "limited"       // a run reached a limit of the service: Count is the limit
	EventLimitedDay EventKind = "limited_day"   // as above: of the owner's day
	EventSender     EventKind = "sender"        // paused at a due time: its sender is not allowed any more
)

// Event is an entry of a mailing's own history. Its JSON is what the database
// keeps of it beside the columns.
type Event struct {
	ID     int64     `json:"-"`
	At     time.Time `json:"-"`
	Kind   EventKind `json:"-"`
	Count  int       `json:"count,omitempty"` // due times that were skipped; recipients of a limit
	First  time.Time `json:"first,omitzero"`  // of them
	Last   time.Time `json:"last,omitzero"`
	Reason string    `json:"reason,omitempty"` // the moderator's
}

func noteTx(ctx context.Context, tx db.Tx, mailingID int64, e Event) error {
	args, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("note %s: %w", e.Kind, err)
	}
	_, err = tx.Exec(ctx, `INSERT INTO mailing_events (mailing_id, at, kind, args) VALUES ($1, $2, $3, $4)`,
		mailingID, db.At(tx.Now()), string(e.Kind), string(args))
	if err != nil {
		return fmt.Errorf("note %s: %w", e.Kind, err)
	}
	return nil
}

// Events are the newest events of a mailing that the actor may see.
func (s *Mailings) Events(ctx context.Context, actor account.Actor, mailingID int64, limit int) ([]Event, error) {
	if _, err := s.Get(ctx, actor, mailingID); err != nil {
		return nil, err
	}
	rows, err := s.db.Read().Query(ctx, `
		SELECT id, at, kind, args FROM mailing_events WHERE mailing_id = $1 ORDER BY id DESC LIMIT $2`, mailingID, bounded(limit))
	if err != nil {
		return nil, fmt.Errorf("read events of mailing %d: %w", mailingID, err)
	}
	defer rows.Close()
	var list []Event
	for rows.Next() {
		var e Event
		var at db.Time
		var args string
		if err := rows.Scan(&e.ID, &at, &e.Kind, &args); err != nil {
			return nil, fmt.Errorf("read events of mailing %d: %w", mailingID, err)
		}
		if err := json.Unmarshal([]byte(args), &e); err != nil {
			return nil, fmt.Errorf("read event %d: %w", e.ID, err)
		}
		e.At = at.Time()
		list = append(list, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read events of mailing %d: %w", mailingID, err)
	}
	return list, nil
}
