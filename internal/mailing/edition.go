package mailing

import (
	"context"
	"fmt"
	"strconv"

	"gonets/internal/account"
)

// Census is what the whole service holds, for everyone to see.
type Census struct {
	Mailings   int64 // of all users
	Active     int64 // of them going: active, and not disabled
	Recipients int64 // of all users, each address once
	Common     int64 // the version of what everybody sees, of the same moment
}

// Census counts the service in constant time: the database keeps the numbers
// with the rows (migration 0006). Visitors who come at once share the reading.
func (s *Mailings) Census(ctx context.Context) (Census, error) {
	c, err := s.census.Get(ctx, struct{}{})
	if err != nil {
		return Census{}, fmt.Errorf("count what the service holds: %w", err)
	}
	return c, nil
}

func (s *Mailings) readCensus(ctx context.Context, _ []struct{}) (map[struct{}]Census, error) {
	var c Census
	err := s.db.Read().QueryRow(ctx, `
		SELECT CAST(sum(mailings) AS BIGINT), CAST(sum(active) AS BIGINT), CAST(sum(recipients) AS BIGINT),
		       coalesce((SELECT version FROM versions WHERE user_id = 0), 0)
		  FROM totals`).
		Scan(&c.Mailings, &c.Active, &c.Recipients, &c.Common)
	return map[struct{}]Census{{}: c}, err
}

// Edition is that of pages that a user sees.
type Edition struct {
	State            string // of what the pages show; empty: the next page is another one
	account.Versions        // of the same moment
}

// Quiet is the state at a user's own version if none of their runs is open.
// Since a run that opens raises the version, it holds as long as that.
func Quiet(version int64) string { return strconv.FormatInt(version, 10) }

// Edition names the state of everything that the pages of the actor's own
// mailings show, so that a page of the same edition need not be made again: the
// version, which every other write raises, and the counters of what is open.
// The state is empty while a run plans or sends.
//
// Read it before what the page shows. A write in between makes the page newer
// than its edition, which harms nobody; the other way round it would be older.
func (s *Mailings) Edition(ctx context.Context, actor account.Actor) (e Edition, err error) {
	var open, moving int64
	var sums [6]int64
	err = s.db.Read().QueryRow(s.db.Brief(ctx), `
		SELECT coalesce((SELECT version FROM versions WHERE user_id = 0), 0),
		       coalesce((SELECT version FROM versions WHERE user_id = $1), 0),
		       count(*), coalesce(sum(moving), 0), coalesce(sum(accepted), 0), coalesce(sum(deferred), 0),
		       coalesce(sum(failed), 0), coalesce(sum(uncertain), 0), coalesce(sum(skipped), 0), coalesce(max(last_attempt_at), 0)
		  FROM (SELECT l.accepted, l.deferred, l.failed, l.uncertain, l.skipped, l.last_attempt_at,
		               CASE WHEN r.state = 'planning' OR r.state = 'stopped'
		                      OR r.state = 'sending' AND l.recipients > l.accepted + l.deferred + l.failed + l.uncertain + l.skipped
		                    THEN 1 ELSE 0 END AS moving
		          FROM runs r JOIN ledgers l ON l.run_id = r.id
		         WHERE r.user_id = $1 AND r.finished_at = 0) AS o`, actor.ID).
		Scan(&e.Common, &e.Own, &open, &moving, &sums[0], &sums[1], &sums[2], &sums[3], &sums[4], &sums[5])
	if err != nil {
		return Edition{}, fmt.Errorf("read the edition of user %d: %w", actor.ID, err)
	}
	switch {
	case moving > 0:
	case open == 0:
		e.State = Quiet(e.Own)
	default:
		e.State = fmt.Sprint(e.Own, open, sums)
	}
	return e, nil
}
