package blog

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"gonets/internal/db"
)

// views are those that are counted and not yet written.
type views struct {
	mu      sync.Mutex
	pending map[int64]int64 // by article
	since   time.Time       // of the last write
}

// viewsEvery is how often views are written at most: a crowd of readers costs
// one small transaction in that time.
const viewsEvery = 2 * time.Second

// View counts that an article was opened. The count is written with those of
// other readers some seconds later, at the latest by Flush.
func (a *Articles) View(ctx context.Context, id int64) error {
	a.views.mu.Lock()
	if a.views.pending == nil {
		a.views.pending = map[int64]int64{}
	}
	a.views.pending[id]++
	due := a.db.Now().Sub(a.views.since) >= viewsEvery
	a.views.mu.Unlock()
	if !due {
		return nil
	}
	return a.Flush(ctx)
}

// Flush writes the views that are counted. Call it before the process ends, and
// before they are shown.
func (a *Articles) Flush(ctx context.Context) error {
	a.views.mu.Lock()
	counted := a.views.pending
	a.views.pending, a.views.since = nil, a.db.Now()
	a.views.mu.Unlock()
	if len(counted) == 0 {
		return nil
	}
	err := a.db.Tx(ctx, func(tx db.Tx) error {
		// In one order, so that two nodes never wait for each other.
		for _, id := range slices.Sorted(maps.Keys(counted)) {
			_, err := tx.Exec(ctx, `
				INSERT INTO article_views AS v (article_id, views)
				SELECT id, CAST($2 AS BIGINT) FROM articles WHERE id = $1
				    ON CONFLICT (article_id) DO UPDATE SET views = v.views + excluded.views`, id, counted[id])
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		a.views.mu.Lock()
		defer a.views.mu.Unlock()
		if a.views.pending == nil {
			a.views.pending = map[int64]int64{}
		}
		for id, n := range counted { // for the next to write
			a.views.pending[id] += n
		}
		return fmt.Errorf("write the views of articles: %w", err)
	}
	return nil
}
