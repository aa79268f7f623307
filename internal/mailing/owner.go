package mailing

import (
	"context"
	"fmt"

	"gonets/internal/account"
)

// Stock is what a user has and does: for moderators, who see before a block
// what it stops.
type Stock struct {
	Mailings int64
	Active   int64 // of them going: active, and not disabled
	Sending  int64 // of the active ones: a run plans or sends now
	Left     int64 // recipients whom these runs have yet to reach
}

// Stocks are what users have, by their ids; the zero Stock is left out.
func (s *Mailings) Stocks(ctx context.Context, actor account.Actor, userIDs ...int64) (map[int64]Stock, error) {
	for _, id := range userIDs {
		if err := account.Check(actor, account.MailingView, account.Object{Kind: "mailing", Owner: id}); err != nil {
			return nil, err
		}
	}
	stocks := make(map[int64]Stock, len(userIDs))
	err := s.tally(ctx, `
		SELECT user_id, CAST(sum(mailings) AS BIGINT), CAST(sum(CASE WHEN standing = 'active' THEN mailings ELSE 0 END) AS BIGINT), 0
		  FROM mailing_counts WHERE user_id = ANY($1) AND standing <> 'deleted' AND mailings > 0 GROUP BY user_id`, userIDs,
		func(user, all, active, _ int64) {
			stocks[user] = Stock{Mailings: all, Active: active}
		})
	if err == nil {
		err = s.tally(ctx, `
			SELECT r.user_id, count(DISTINCT r.mailing_id), 0,
			       CAST(sum(l.recipients - l.accepted - l.deferred - l.failed - l.uncertain - l.skipped) AS BIGINT)
			  FROM `+sendingRuns+` AND r.user_id = ANY($1) GROUP BY r.user_id`, userIDs,
			func(user, sending, _, left int64) {
				stock := stocks[user]
				stock.Sending, stock.Left = sending, left
				stocks[user] = stock
			})
	}
	if err != nil {
		return nil, fmt.Errorf("count the mailings of users: %w", err)
	}
	return stocks, nil
}

// tally reads three numbers for each user.
func (s *Mailings) tally(ctx context.Context, query string, userIDs []int64, each func(user, a, b, c int64)) error {
	rows, err := s.db.Read().Query(ctx, query, userIDs)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var user, a, b, c int64
		if err := rows.Scan(&user, &a, &b, &c); err != nil {
			return err
		}
		each(user, a, b, c)
	}
	return rows.Err()
}
