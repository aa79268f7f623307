package mailing

import (
	"context"
	"fmt"

	"gonets/internal/account"
)

// Upcoming are the actor's own mailings that are due next, the soonest first.
// A due time that has just passed is among them: its run opens any moment.
func (s *Mailings) Upcoming(ctx context.Context, actor account.Actor, limit int) ([]Mailing, error) {
	list, err := s.collect(ctx, `SELECT `+mailingColumns+fromMailings+`
		WHERE m.user_id = $1 AND m.state = 'active' AND m.disabled_at = 0 AND m.deleted_at = 0 AND m.next_due_at > 0
		ORDER BY m.next_due_at, m.id LIMIT $2`, actor.ID, bounded(limit))
	if err != nil {
		return nil, fmt.Errorf("list mailings that are due next: %w", err)
	}
	return list, nil
}
