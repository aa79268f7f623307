package blog

import (
	"context"
	"errors"

	"gonets/internal/db"
	"gonets/internal/fault"
)

// columns of an article without its body, in the order in which scan reads
// them.
const columns = `
	a.id,
	a.version,
	a.slug,
	a.locale,
	a.title,
	a.summary,
	a.cover,
	a.cover_alt,
	a.published_at,
	a.beginning,
	a.words,
	a.created_at,
	a.updated_at,
	coalesce(v.views, 0),
	coalesce(p.width, 0),
	coalesce(p.height, 0)`

// from is where columns come from.
const from = `
	  FROM articles a
	  LEFT JOIN article_views v ON v.article_id = a.id
	  LEFT JOIN article_pictures p ON p.name = a.cover AND p.size = 'large'`

func scan(row db.Row, more ...any) (Article, error) {
	var a Article
	var publishedAt, createdAt, updatedAt db.Time
	err := row.Scan(append([]any{
		&a.ID,
		&a.Version,
		&a.Slug,
		&a.Locale,
		&a.Title,
		&a.Summary,
		&a.CoverName,
		&a.CoverAlt,
		&publishedAt,
		&a.Beginning,
		&a.Words,
		&createdAt,
		&updatedAt,
		&a.Views,
		&a.Cover.Width,
		&a.Cover.Height,
	}, more...)...)
	a.PublishedAt, a.CreatedAt, a.UpdatedAt = publishedAt.Time(), createdAt.Time(), updatedAt.Time()
	if a.Cover.Width > 0 {
		a.Cover.Name = a.CoverName
	}
	return a, err
}

// find is the one article of a condition, with its body.
func find(ctx context.Context, q db.Q, where string, args ...any) (Article, error) {
	var body string
	a, err := scan(q.QueryRow(ctx, `SELECT `+columns+`, a.body`+from+` WHERE `+where, args...), &body)
	if errors.Is(err, db.ErrNoRows) {
		return Article{}, fault.Missing()
	}
	a.Body = body
	return a, err
}

// list is the articles that a query, behind its columns, finds.
func list(ctx context.Context, q db.Q, rest string, args ...any) ([]Article, error) {
	rows, err := q.Query(ctx, `SELECT `+columns+from+rest, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []Article
	for rows.Next() {
		a, err := scan(rows)
		if err != nil {
			return nil, err
		}
		found = append(found, a)
	}
	return found, rows.Err()
}
