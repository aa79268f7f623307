package mailing

import (
	"context"
	"fmt"

	"gonets/internal/account"
)

// Census is what the whole service holds, for everyone to see.
type Census struct {
	Mailings   int64 // of all users
	Active     int64 // of them going: active, and not disabled
	Recipients int64 // of all users, each address once
}

// Census counts the service in constant time: the database keeps the numbers
// with the rows (migration 0006).
func (s *Mailings) Census(ctx context.Context) (c Census, err error) {
	err = s.db.Read().QueryRow(ctx, `
		SELECT CAST(sum(mailings) AS BIGINT), CAST(sum(active) AS BIGINT), CAST(sum(recipients) AS BIGINT) FROM totals`).
		Scan(&c.Mailings, &c.Active, &c.Recipients)
	if err != nil {
		return Census{}, fmt.Errorf("count what the service holds: %w", err)
	}
	return c, nil
}

// Edition names the state of everything that the pages of the actor's own
// mailings show, so that a page of the same edition need not be made again: the
// version, which every other write raises, and the counters of what is open.
// It is empty while a run plans or sends: then the next page is another one.
//
// Read it before what the page shows. A write in between makes the page newer
// than its edition, which harms nobody; the other way round it would be older.
func (s *Mailings) Edition(ctx context.Context, actor account.Actor) (string, error) {
	var version, open, moving int64
	var sums [6]int64
	err := s.db.Read().QueryRow(ctx, `
		SELECT coalesce((SELECT version FROM versions WHERE user_id = $1), 0),
		       count(*), coalesce(sum(moving), 0), coalesce(sum(accepted), 0), coalesce(sum(deferred), 0),
		       coalesce(sum(failed), 0), coalesce(sum(uncertain), 0), coalesce(sum(skipped), 0), coalesce(max(last_attempt_at), 0)
		  FROM (SELECT l.accepted, l.deferred, l.failed, l.uncertain, l.skipped, l.last_attempt_at,
		               CASE WHEN r.state = 'planning' OR r.state = 'stopped'
		                      OR r.state = 'sending' AND l.recipients > l.accepted + l.deferred + l.failed + l.uncertain + l.skipped
		                    THEN 1 ELSE 0 END AS moving
		          FROM runs r JOIN ledgers l ON l.run_id = r.id
		         WHERE r.user_id = $1 AND r.finished_at = 0) AS o`, actor.ID).
		Scan(&version, &open, &moving, &sums[0], &sums[1], &sums[2], &sums[3], &sums[4], &sums[5])
	if err != nil {
		return "", fmt.Errorf("read the edition of user %d: %w", actor.ID, err)
	}
	if moving > 0 {
		return "", nil
	}
	if open == 0 {
		return fmt.Sprint(version), nil
	}
	return fmt.Sprint(version, open, sums), nil
}
