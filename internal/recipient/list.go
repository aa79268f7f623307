package recipient

import (
	"context"
	"fmt"
	"math"
	"strings"

	"gonets/internal/account"
	"gonets/internal/db"
)

// Bounds of a page.
const (
	DefaultLimit = 50
	MaxLimit     = 500
)

// Filter chooses among a user's recipients. The zero value is all of them.
type Filter struct {
	Search string // a part of the address, the name or the comment
	Tag    string // its name; one that nobody has matches nobody
	Status Status // or any
	After  int64  // the last id of the page before; 0: from the newest
	Limit  int    // 0: DefaultLimit; at most MaxLimit
}

// List is a page of the actor's recipients, the newest first. next is the
// After of the next page, or 0 where this is the last.
func (r *Recipients) List(ctx context.Context, actor account.Actor, f Filter) (list []Recipient, next int64, err error) {
	if f.Limit <= 0 {
		f.Limit = DefaultLimit
	}
	f.Limit = min(f.Limit, MaxLimit)
	q := r.db.Read()
	list, err = page(ctx, q, actor.ID, f, f.Limit+1)
	if err == nil && len(list) > f.Limit {
		list = list[:f.Limit]
		next = list[f.Limit-1].ID
	}
	if err == nil {
		err = withTags(ctx, q, list)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("list recipients: %w", err)
	}
	return list, next, nil
}

// page reads up to limit recipients of a filter, without their tags.
func page(ctx context.Context, q db.Q, userID int64, f Filter, limit int) ([]Recipient, error) {
	c, err := choose(ctx, q, userID, f)
	if err != nil || c.nobody {
		return nil, err
	}
	return collect(ctx, q, fmt.Sprintf(`SELECT %s FROM %s ORDER BY %s DESC LIMIT %d`, columns, c.from, c.order, limit), c.args...)
}

// choice is a filter as SQL.
type choice struct {
	from   string // tables and conditions
	order  string // the column that is the key of pages
	args   []any
	nobody bool // the filter can match nobody
}

func (c *choice) where(condition string, arg any) {
	c.args = append(c.args, arg)
	c.from += fmt.Sprintf(" AND "+condition, len(c.args))
}

// choose translates a filter. With a tag, its index leads (CROSS JOIN makes
// SQLite keep to that), so that a page costs the same however rare the tag is.
func choose(ctx context.Context, q db.Q, userID int64, f Filter) (choice, error) {
	c := choice{from: `recipients r WHERE true`, order: `r.id`}
	if strings.TrimSpace(f.Tag) != "" {
		tag, found, err := findTag(ctx, q, userID, f.Tag)
		if err != nil || !found {
			return choice{nobody: true}, err
		}
		c = choice{from: `recipient_tags rt CROSS JOIN recipients r WHERE r.id = rt.recipient_id`, order: `rt.recipient_id`}
		c.where(`rt.tag_id = $%d`, tag.ID)
	}
	c.where(`r.user_id = $%d`, userID)
	if f.After > 0 && f.After < math.MaxInt64 {
		c.where(c.order+` < $%d`, f.After)
		if c.order != `r.id` { // else PostgreSQL may begin to read the recipients above it
			c.where(`r.id < $%d`, f.After)
		}
	}
	if f.Status != "" {
		c.where(`r.status = $%d`, string(f.Status))
	}
	if strings.TrimSpace(f.Search) != "" {
		c.where(`r.search LIKE $%d ESCAPE '\'`, db.Contains(f.Search))
	}
	return c, nil
}

// countLimit bounds what counting may cost; where it takes two lookups for each,
// of a status within a tag, that is less.
const (
	countLimit       = 5000
	countLimitWithin = 1000
)

// Count says how many recipients a filter matches (After and Limit aside).
// Where no counter is kept it counts up to 10,000, or, of a status within a
// tag, 1,000; exact is false where there are more.
func (r *Recipients) Count(ctx context.Context, actor account.Actor, f Filter) (n int64, exact bool, err error) {
	q := r.db.Read()
	exact = true
	searches := strings.TrimSpace(f.Search) != ""
	tagged := strings.TrimSpace(f.Tag) != ""
	switch {
	case !searches && !tagged && (f.Status == "" || f.Status == Active):
		var total, active int64
		total, active, err = counts(ctx, q, actor.ID)
		n = total
		if f.Status == Active {
			n = active
		}
	case !searches && tagged && f.Status == "":
		var tag Tag
		tag, _, err = findTag(ctx, q, actor.ID, f.Tag)
		n = tag.Recipients
	default:
		f.After = 0
		limit := int64(countLimit)
		if tagged && !searches {
			limit = countLimitWithin
		}
		n, err = countUpTo(ctx, q, actor.ID, f, limit)
		n, exact = min(n, limit), n <= limit
	}
	if err != nil {
		return 0, false, fmt.Errorf("count recipients: %w", err)
	}
	return n, exact, nil
}

func countUpTo(ctx context.Context, q db.Q, userID int64, f Filter, limit int64) (n int64, err error) {
	c, err := choose(ctx, q, userID, f)
	if err != nil || c.nobody {
		return 0, err
	}
	query := fmt.Sprintf(`SELECT count(*) FROM (SELECT 1 FROM %s LIMIT %d) AS counted`, c.from, limit+1)
	err = q.QueryRow(ctx, query, c.args...).Scan(&n)
	return n, err
}
