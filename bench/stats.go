package main

import (
	"context"
	"fmt"
	"time"

	"gonets/internal/db"
	"gonets/internal/delivery"
	"gonets/internal/stats"
)

// statsDays is the range over which the attempts of the statistics lie.
const statsDays = 90

// statsCalls is how often each answer is asked for.
const statsCalls = 30

// attemptSizes are how many attempts the statistics are asked about: a
// million at most, or ten where everything is wanted. There is something in
// every quarter of an hour at the least of them: a range that is half empty
// would be cheaper, and prove nothing.
func (o *options) attemptSizes() []int {
	largest := 1_000_000
	switch {
	case o.full:
		largest *= 10
	case o.quick:
		largest /= 10
	}
	return []int{largest / 10, largest / 3, largest}
}

// measureStats asks for the statistics of as many days at each size: what they
// cost must not depend on how many attempts are kept.
func measureStats(ctx context.Context, o *options, r *report) error {
	stores, err := o.stores()
	if err != nil {
		return err
	}
	for _, s := range stores {
		if err := measureStatsOn(ctx, o, r, s); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

func measureStatsOn(ctx context.Context, o *options, r *report, s store) error {
	sizes := o.attemptSizes()
	var nodes []*node
	var recounted []float64
	for _, size := range sizes {
		w, err := s.make(ctx)
		if err != nil {
			return err
		}
		defer w.drop()
		n, err := open(ctx, w.url)
		if err != nil {
			return err
		}
		defer n.close()
		if err := n.attempt(ctx, size); err != nil {
			return err
		}
		began := time.Now()
		if counted, _, err := n.ledger.Recount(ctx, func(int64) {}); err != nil || counted != int64(size) {
			return fmt.Errorf("recount: %d attempts of %d, %w", counted, size, err)
		}
		recounted = append(recounted, time.Since(began).Seconds())
		if err := s.tidy(ctx, w); err != nil {
			return err
		}
		nodes = append(nodes, n)
	}
	r.add("statistics, "+s.name+": count anew", "s", sizes, recounted...)
	for _, days := range []int{7, 30, statsDays} {
		values, err := askEach(ctx, nodes, days)
		if err != nil {
			return err
		}
		r.add(fmt.Sprintf("statistics, %s: %d days of attempts", s.name, days), "ms", sizes, values...).growsAtMost(1.5)
	}
	return nil
}

// askEach asks every node in turns, and answers the medians.
func askEach(ctx context.Context, nodes []*node, days int) ([]float64, error) {
	took := make([][]float64, len(nodes))
	for range statsCalls {
		for i, n := range nodes {
			began := time.Now()
			over, err := stats.Span{Days: days}.Range(time.UTC, began)
			if err != nil {
				return nil, err
			}
			about := stats.About{Scope: delivery.OfUser, ID: n.owner.ID}
			a, err := stats.New(n.db, n.mailings).Ask(ctx, n.owner, about, over)
			if err != nil || a.Total.Attempts() == 0 {
				return nil, fmt.Errorf("ask for %d days: %d attempts, %w", days, a.Total.Attempts(), err)
			}
			took[i] = append(took[i], time.Since(began).Seconds()*1e3)
		}
	}
	values := make([]float64, len(nodes))
	for i := range took {
		values[i] = median(took[i])
	}
	return values, nil
}

// attemptChunk is how many attempts one transaction writes.
const attemptChunk = 100_000

// attempt writes so many attempts of the last days: of ten mailings, to thirty
// domains, every tenth of them refused.
func (n *node) attempt(ctx context.Context, size int) error {
	start := n.db.Now().Add(-(statsDays - 1) * 24 * time.Hour)
	step := (statsDays - 1) * 24 * time.Hour.Microseconds() / int64(size)
	for from := 0; from < size; from += attemptChunk {
		err := n.db.Tx(ctx, func(tx db.Tx) error {
			_, err := tx.Exec(ctx, `
				INSERT INTO attempts (at, month, delivery_id, run_id, mailing_id, user_id, recipient_id, address, outcome, stage, code)
				WITH RECURSIVE n (i) AS (
					SELECT CAST($1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < CAST($2 AS BIGINT))
				SELECT CAST($3 AS BIGINT) + i * CAST($4 AS BIGINT), 202611, i, i % 10, i % 10, 1, i, 'r@d' || (i % 30) || '.test',
				       CASE WHEN i % 10 = 3 THEN 1 ELSE 0 END, 'rcpt', CASE WHEN i % 10 = 3 THEN 550 ELSE 250 END
				  FROM n`,
				int64(from), int64(min(from+attemptChunk, size)), db.At(start), step)
			return err
		})
		if err != nil {
			return fmt.Errorf("write attempts: %w", err)
		}
	}
	return nil
}
