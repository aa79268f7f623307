package mailing

import (
	"context"
	"fmt"
	"time"

	"gonets/internal/account"
	"gonets/internal/fault"
)

// sendingRuns are the runs r that plan or send now: those that only wait to
// try again do not.
const sendingRuns = `runs r JOIN ledgers l ON l.run_id = r.id
	WHERE r.finished_at = 0 AND r.state IN ('planning', 'sending')
	  AND (r.planned = 0 OR l.recipients > l.accepted + l.deferred + l.failed + l.uncertain + l.skipped)`

// Conditions of a list over mailings m. Few runs are open, so those that send
// are found from them; of one user's, the user is to be named behind.
const (
	sending   = `m.id IN (SELECT r.mailing_id FROM ` + sendingRuns
	attention = `(m.disabled_at > 0 OR EXISTS (SELECT 1 FROM ledgers l
		WHERE l.run_id = m.last_run_id AND l.failed + l.uncertain > 0))`
)

// Sending is how many of the actor's mailings plan or send now.
func (s *Mailings) Sending(ctx context.Context, actor account.Actor) (n int64, err error) {
	err = s.db.Read().QueryRow(ctx, `SELECT count(DISTINCT r.mailing_id) FROM `+sendingRuns+` AND r.user_id = $1`, actor.ID).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count mailings that send: %w", err)
	}
	return n, nil
}

// Names are the names of mailings, deleted ones too: for lists of what the
// caller has checked may be seen.
func (s *Mailings) Names(ctx context.Context, ids []int64) (map[int64]string, error) {
	list, err := s.names(ctx, `SELECT id, name FROM mailings WHERE id = ANY($1)`, ids)
	names := make(map[int64]string, len(list))
	for _, n := range list {
		names[n.ID] = n.Name
	}
	return names, err
}

// Name is a mailing as a filter offers it.
type Name struct {
	ID   int64
	Name string
}

// Newest are the newest mailings of an actor, by name.
func (s *Mailings) Newest(ctx context.Context, actor account.Actor, limit int) ([]Name, error) {
	return s.names(ctx, `
		SELECT id, name FROM mailings WHERE user_id = $1 AND deleted_at = 0 ORDER BY id DESC LIMIT $2`, actor.ID, limit)
}

func (s *Mailings) names(ctx context.Context, query string, args ...any) ([]Name, error) {
	rows, err := s.db.Read().Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read the names of mailings: %w", err)
	}
	defer rows.Close()
	var list []Name
	for rows.Next() {
		var n Name
		if err := rows.Scan(&n.ID, &n.Name); err != nil {
			return nil, fmt.Errorf("read the names of mailings: %w", err)
		}
		list = append(list, n)
	}
	return list, rows.Err()
}

// Problems says what is wrong with an input as far as that can be said without
// the database: for a form that could not be read in full.
func (in Input) Problems(now time.Time) fault.Fields { return in.check(now) }
