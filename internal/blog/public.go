package blog

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"gonets/internal/db"
	"gonets/internal/fault"
)

// Published is the published article at an address, with its body. Where
// another one is now the article's address, that is Article.Slug; NotFound
// where nobody may read it.
func (a *Articles) Published(ctx context.Context, slug string) (Article, error) {
	now := db.At(a.db.Now())
	found, err := find(ctx, a.db.Read(), `a.slug = $1 AND a.published_at > 0 AND a.published_at <= $2`, slug, now)
	if fault.Is(err, fault.NotFound) {
		found, err = find(ctx, a.db.Read(), `a.id = (SELECT article_id FROM article_slugs WHERE slug = $1)
			AND a.published_at > 0 AND a.published_at <= $2`, slug, now)
	}
	if err != nil {
		return Article{}, fmt.Errorf("get published article: %w", err)
	}
	return found, nil
}

// Latest is a page of the published articles, newest first, and the key to go
// on after; 0 at the end. It begins after the article of that key; 0: with the
// newest.
func (a *Articles) Latest(ctx context.Context, after int64, limit int) (articles []Article, next int64, err error) {
	now := db.At(a.db.Now())
	where := ` WHERE a.published_at > 0 AND a.published_at <= $1`
	args := []any{now, limit + 1}
	if after > 0 {
		where += ` AND (a.published_at, a.id) < (SELECT published_at, id FROM articles WHERE id = $3)`
		args = append(args, after)
	}
	articles, err = list(ctx, a.db.Read(), where+` ORDER BY a.published_at DESC, a.id DESC LIMIT $2`, args...)
	if err != nil {
		return nil, 0, fmt.Errorf("list published articles: %w", err)
	}
	if len(articles) > limit {
		articles = articles[:limit]
		next = articles[limit-1].ID
	}
	return articles, next, nil
}

// Recent is the newest published articles with their bodies, for the feed.
func (a *Articles) Recent(ctx context.Context, n int) (articles []Article, err error) {
	rows, err := a.db.Read().Query(ctx, `SELECT `+columns+`, a.body`+from+`
		WHERE a.published_at > 0 AND a.published_at <= $1 ORDER BY a.published_at DESC, a.id DESC LIMIT $2`, db.At(a.db.Now()), n)
	if err != nil {
		return nil, fmt.Errorf("list recent articles: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var body string
		found, err := scan(rows, &body)
		if err != nil {
			return nil, fmt.Errorf("list recent articles: %w", err)
		}
		found.Body = body
		articles = append(articles, found)
	}
	return articles, rows.Err()
}

// Glance is the id of the published article at its present address, and how
// often it was opened: what there is to know before its page is made.
func (a *Articles) Glance(ctx context.Context, slug string) (id, views int64, err error) {
	err = a.db.Read().QueryRow(ctx, `
		SELECT a.id, coalesce(v.views, 0) FROM articles a LEFT JOIN article_views v ON v.article_id = a.id
		 WHERE a.slug = $1 AND a.published_at > 0 AND a.published_at <= $2`, slug, db.At(a.db.Now())).Scan(&id, &views)
	if errors.Is(err, db.ErrNoRows) {
		return 0, 0, fault.Missing()
	}
	if err != nil {
		return 0, 0, fmt.Errorf("glance at an article: %w", err)
	}
	return id, views, nil
}

// Random is n of the published articles, any of them as likely as any other,
// in random order and without bodies; fewer where there are not so many. Its
// time does not depend on how many there are.
func (a *Articles) Random(ctx context.Context, n int) ([]Article, error) {
	var last int64
	if err := a.db.Read().QueryRow(ctx, `SELECT coalesce(max(place), 0) FROM articles`).Scan(&last); err != nil {
		return nil, fmt.Errorf("pick random articles: %w", err)
	}
	found, err := list(ctx, a.db.Read(), ` WHERE a.place > 0 AND a.place = ANY($1) AND a.published_at <= $2`,
		somePlaces(last, 4*n), db.At(a.db.Now()))
	if err != nil {
		return nil, fmt.Errorf("pick random articles: %w", err)
	}
	rand.Shuffle(len(found), func(i, j int) { found[i], found[j] = found[j], found[i] }) //nolint:gosec // chance, no secret
	return found[:min(n, len(found))], nil
}

// somePlaces are n different numbers from 1 to last, or all of them: more than
// are wanted, since some articles are published only later.
func somePlaces(last int64, n int) []int64 {
	places := make([]int64, 0, n)
	if last <= int64(n) {
		for p := range last {
			places = append(places, p+1)
		}
		return places
	}
	taken := make(map[int64]bool, n)
	for len(places) < n {
		if p := 1 + rand.Int64N(last); !taken[p] { //nolint:gosec // chance, no secret
			taken[p] = true
			places = append(places, p)
		}
	}
	return places
}

// Neighbours are the published articles next to one: the one before it and the
// one after it in time; nil where there is none.
func (a *Articles) Neighbours(ctx context.Context, article *Article) (older, newer *Article, err error) {
	now := db.At(a.db.Now())
	one := func(rest string) (*Article, error) {
		found, err := list(ctx, a.db.Read(), rest, now, db.At(article.PublishedAt), article.ID)
		if err != nil || len(found) == 0 {
			return nil, err
		}
		return &found[0], nil
	}
	const published = ` WHERE a.published_at > 0 AND a.published_at <= $1`
	older, olderErr := one(published + ` AND (a.published_at, a.id) < ($2, $3) ORDER BY a.published_at DESC, a.id DESC LIMIT 1`)
	newer, newerErr := one(published + ` AND (a.published_at, a.id) > ($2, $3) ORDER BY a.published_at, a.id LIMIT 1`)
	if err := errors.Join(olderErr, newerErr); err != nil {
		return nil, nil, fmt.Errorf("find neighbours: %w", err)
	}
	return older, newer, nil
}

// Edition names the state of everything that the blog shows to everybody but
// for the views, so that a page of the same edition need not be made again. It
// changes with every write, and when the moment comes at which an article is
// published.
type Edition struct {
	Version int64   // of what everybody sees
	Latest  db.Time // the last moment of publication that has come
	Next    db.Time // the first one to come; 0: none
}

// Over says that the moment has come at which the next article is published.
func (e Edition) Over(at time.Time) bool { return e.Next != 0 && e.Next <= db.At(at) }

// String is the same for the same edition only.
func (e Edition) String() string { return fmt.Sprint(e.Version, "-", e.Latest) }

// Edition is the blog's now. Read it before what a page shows.
func (a *Articles) Edition(ctx context.Context) (e Edition, err error) {
	err = a.db.Read().QueryRow(a.db.Brief(ctx), `
		SELECT coalesce((SELECT version FROM versions WHERE user_id = 0), 0),
		       coalesce((SELECT max(published_at) FROM articles WHERE published_at <= $1), 0),
		       coalesce((SELECT min(published_at) FROM articles WHERE published_at > $1), 0)`, db.At(a.db.Now())).
		Scan(&e.Version, &e.Latest, &e.Next)
	if err != nil {
		return Edition{}, fmt.Errorf("read the edition of the blog: %w", err)
	}
	return e, nil
}
