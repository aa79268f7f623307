package blog

import (
	"context"
	"fmt"
	"math"

	"gonets/internal/account"
	"gonets/internal/db"
)

// Page sizes of List.
const (
	defaultLimit = 50
	maxLimit     = 500
)

// Filter narrows a list of articles; a zero field chooses all.
type Filter struct {
	Search string // in the title
	State  State
	After  int64 // articles older than this key; 0: from the newest
	Limit  int   // 0: 50; at most 500
}

// List is a page of the articles in any state, newest first, for those who
// write, and the key to go on after; 0 at the end.
func (a *Articles) List(ctx context.Context, actor account.Actor, f Filter) (articles []Article, next int64, err error) {
	if err := mayWrite(actor); err != nil {
		return nil, 0, err
	}
	limit := min(f.Limit, maxLimit)
	if limit <= 0 {
		limit = defaultLimit
	}
	after := f.After
	if after <= 0 {
		after = math.MaxInt64
	}
	args := []any{after, db.Contains(f.Search), limit + 1}
	where := ` WHERE a.id < $1 AND a.search LIKE $2 ESCAPE '\'`
	switch f.State {
	case StateDraft:
		where += ` AND a.published_at = 0`
	case StateScheduled:
		where += ` AND a.published_at > $4`
		args = append(args, db.At(a.db.Now()))
	case StatePublished:
		where += ` AND a.published_at > 0 AND a.published_at <= $4`
		args = append(args, db.At(a.db.Now()))
	}
	articles, err = list(ctx, a.db.Read(), where+` ORDER BY a.id DESC LIMIT $3`, args...)
	if err != nil {
		return nil, 0, fmt.Errorf("list articles: %w", err)
	}
	if len(articles) > limit {
		articles = articles[:limit]
		next = articles[limit-1].ID
	}
	return articles, next, nil
}
