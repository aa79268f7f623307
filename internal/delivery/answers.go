package delivery

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// RunAnswers sum up why deliveries of a run failed: the server's last answer
// to each, most frequent first. Of the newest 200 failures.
func (l *Ledger) RunAnswers(ctx context.Context, runID int64) ([]Answer, error) {
	const newest = 200 // bounds the cost of the page
	rows, err := l.db.Read().Query(ctx, `
		SELECT a.code, a.enhanced, max(a.response), count(*)
		  FROM (SELECT delivery_id AS id FROM delivery_exceptions
		         WHERE run_id = $1 AND state = 4 ORDER BY delivery_id DESC LIMIT $2) AS d
		  JOIN attempts a ON a.id = (SELECT max(id) FROM attempts WHERE delivery_id = d.id)
		 GROUP BY a.code, a.enhanced`, runID, newest)
	if err != nil {
		return nil, fmt.Errorf("sum up the answers to run %d: %w", runID, err)
	}
	defer rows.Close()
	var list []Answer
	for rows.Next() {
		var a Answer
		if err := rows.Scan(&a.Code, &a.Enhanced, &a.Response, &a.Attempts); err != nil {
			return nil, fmt.Errorf("sum up the answers to run %d: %w", runID, err)
		}
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b Answer) int {
		return cmp.Or(cmp.Compare(b.Attempts, a.Attempts), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Enhanced, b.Enhanced))
	})
	return list, rows.Err()
}

// LastAttempts are the newest attempts of deliveries, by delivery. One that was
// never tried is not among them.
func (l *Ledger) LastAttempts(ctx context.Context, deliveryIDs []int64) (map[int64]Attempt, error) {
	if len(deliveryIDs) == 0 {
		return nil, nil
	}
	rows, err := l.db.Read().Query(ctx, `SELECT `+attemptColumns+` FROM attempts
		WHERE id IN (SELECT max(id) FROM attempts WHERE delivery_id = ANY($1) GROUP BY delivery_id)`, deliveryIDs)
	if err != nil {
		return nil, fmt.Errorf("read the last attempts of deliveries: %w", err)
	}
	list, err := attemptsOf(rows)
	if err != nil {
		return nil, err
	}
	last := make(map[int64]Attempt, len(list))
	for _, a := range list {
		last[a.DeliveryID] = a
	}
	return last, nil
}
