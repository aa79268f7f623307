package mailing

import (
	"context"
	"fmt"
	"strings"

	"gonets/internal/account"
	"gonets/internal/db"
)

// How long a list is: of mailings, runs or events.
const (
	DefaultLimit = 50
	MaxLimit     = 500
)

// bounded is the length of a list that was asked for by limit.
func bounded(limit int) int {
	if limit <= 0 {
		return DefaultLimit
	}
	return min(limit, MaxLimit)
}

// below turns "from the start" into an id above all.
func below(before int64) int64 {
	if before <= 0 {
		return 1<<63 - 1
	}
	return before
}

// Filter chooses mailings. Zero fields choose all.
type Filter struct {
	Search    string // in the name, the message's subject, or, among those of all users, the owner's address
	State     State
	Disabled  bool  // only those
	Enabled   bool  // only the others
	Sending   bool  // only those of which a run plans or sends now
	Attention bool  // only those that are disabled, or whose last run failed to somebody
	Owner     int64 // of this user; 0: of all users, for moderators
	Before    int64 // ids below
	Limit     int   // 0: DefaultLimit; at most MaxLimit
}

// List are the newest mailings of a filter, without their audiences: of the
// actor's own, unless they may see those of others. more says that there are
// older ones.
func (s *Mailings) List(ctx context.Context, actor account.Actor, f Filter) (list []Mailing, more bool, err error) {
	own := !account.Can(actor, account.MailingView, account.Object{Kind: "mailing", Owner: f.Owner})
	if own {
		f.Owner = actor.ID
	}
	limit := bounded(f.Limit)
	args := []any{below(f.Before), limit + 1}
	where := []string{"m.deleted_at = 0", "m.id < $1"}
	add := func(condition string, value any) {
		args = append(args, value)
		where = append(where, strings.ReplaceAll(condition, "?", fmt.Sprintf("$%d", len(args))))
	}
	if own || f.Owner != 0 {
		add("m.user_id = ?", f.Owner)
	}
	if f.State != "" {
		add("m.state = ?", string(f.State))
	}
	if f.Disabled {
		where = append(where, "m.disabled_at > 0")
	}
	if f.Enabled {
		where = append(where, "m.disabled_at = 0")
	}
	switch {
	case f.Sending && f.Owner != 0:
		add(sending+" AND r.user_id = ?)", f.Owner)
	case f.Sending:
		where = append(where, sending+")")
	}
	if f.Attention {
		where = append(where, attention)
	}
	if strings.TrimSpace(f.Search) != "" {
		found := `m.search LIKE ? ESCAPE '\' OR g.search LIKE ? ESCAPE '\'`
		if !own && f.Owner == 0 {
			found += ` OR m.user_id IN (SELECT u.id FROM users u WHERE u.email_key LIKE ? ESCAPE '\' OR u.email LIKE ? ESCAPE '\')`
		}
		add("("+found+")", db.Contains(f.Search))
	}
	list, err = s.collect(ctx, `SELECT `+mailingColumns+fromMailings+
		`WHERE `+strings.Join(where, " AND ")+` ORDER BY m.id DESC LIMIT $2`, args...)
	if err != nil {
		return nil, false, fmt.Errorf("list mailings: %w", err)
	}
	if len(list) > limit {
		return list[:limit], true, nil
	}
	return list, false, nil
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

// Totals are the numbers of a user's mailings. Each is counted once: one that
// is disabled counts as that, whatever its state.
type Totals struct {
	Disabled int64
	ByState  map[State]int64 // of the others
}

// All is how many there are.
func (t Totals) All() int64 {
	n := t.Disabled
	for _, of := range t.ByState {
		n += of
	}
	return n
}

// Totals are the numbers of the actor's own mailings.
func (s *Mailings) Totals(ctx context.Context, actor account.Actor) (t Totals, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("count mailings: %w", err)
		}
	}()
	rows, err := s.db.Read().Query(ctx, `
		SELECT standing, mailings FROM mailing_counts
		 WHERE user_id = $1 AND standing <> 'deleted' AND mailings > 0`, actor.ID)
	if err != nil {
		return Totals{}, err
	}
	defer rows.Close()
	t.ByState = map[State]int64{}
	for rows.Next() {
		var standing string
		var n int64
		if err := rows.Scan(&standing, &n); err != nil {
			return Totals{}, err
		}
		if standing == "disabled" {
			t.Disabled = n
		} else {
			t.ByState[State(standing)] = n
		}
	}
	return t, rows.Err()
}
