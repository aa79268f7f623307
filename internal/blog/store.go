package blog

import (
	"context"
	"errors"
	"fmt"

	"gonets/internal/account"
	"gonets/internal/audit"
	"gonets/internal/db"
	"gonets/internal/fault"
)

// What the audit calls the acts; whoever may edit articles may do all of them.
const (
	articleCreate account.Action = "article.create"
	articleDelete account.Action = "article.delete"
)

// Create adds an article.
func (a *Articles) Create(ctx context.Context, actor account.Actor, d Draft) (Article, error) {
	return a.save(ctx, actor, d, func(tx db.Tx, t told) (int64, error) {
		place, err := placeTx(ctx, tx, 0, d)
		if err != nil {
			return 0, err
		}
		var id int64
		err = tx.QueryRow(ctx, `
			INSERT INTO articles (slug, locale, title, summary, body, cover, cover_alt, published_at, place, beginning, words, search,
			                      created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)
			    ON CONFLICT (slug) DO NOTHING
			RETURNING id`,
			t.Slug, t.Locale, t.Title, t.Summary, t.Body, t.CoverName, t.CoverAlt, db.At(t.PublishedAt), place, t.beginning, t.words,
			db.Fold(t.Title), db.At(tx.Now())).Scan(&id)
		if errors.Is(err, db.ErrNoRows) {
			return 0, slugTaken(t.Slug)
		}
		if err != nil {
			return 0, err
		}
		return id, audit.RecordTx(ctx, tx, actor.Entry(articleCreate, "article", id, "").Named(t.Title))
	})
}

// Update sets what an author may set. Version is the one that the author saw:
// where the article has another by now, that is a Conflict.
func (a *Articles) Update(ctx context.Context, actor account.Actor, id, version int64, d Draft) (Article, error) {
	return a.save(ctx, actor, d, func(tx db.Tx, t told) (int64, error) {
		before, err := holdTx(ctx, tx, id)
		if err != nil {
			return 0, err
		}
		if before.version != version {
			return 0, fault.New(fault.Conflict, "blog.changed_meanwhile", nil)
		}
		return id, a.updateTx(ctx, tx, actor, id, before, t)
	})
}

func (a *Articles) updateTx(ctx context.Context, tx db.Tx, actor account.Actor, id int64, before held, t told) error {
	if err := renameTx(ctx, tx, id, before.slug, t.Slug); err != nil {
		return err
	}
	place, err := placeTx(ctx, tx, before.place, t.Draft)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		UPDATE articles
		   SET version = version + 1, slug = $2, locale = $3, title = $4, summary = $5, body = $6, cover = $7, cover_alt = $8,
		       published_at = $9, place = $10, beginning = $11, words = $12, search = $13, updated_at = $14
		 WHERE id = $1`,
		id, t.Slug, t.Locale, t.Title, t.Summary, t.Body, t.CoverName, t.CoverAlt, db.At(t.PublishedAt), place, t.beginning, t.words,
		db.Fold(t.Title), db.At(tx.Now()))
	if err != nil {
		return err
	}
	if place == 0 {
		if err := closeGapTx(ctx, tx, before.place); err != nil {
			return err
		}
	}
	return audit.RecordTx(ctx, tx, actor.Entry(account.ArticleEdit, "article", id, "").Named(t.Title))
}

// Delete removes an article for good.
func (a *Articles) Delete(ctx context.Context, actor account.Actor, id int64) error {
	if err := mayWrite(actor); err != nil {
		return err
	}
	err := a.db.Tx(ctx, func(tx db.Tx) error {
		before, err := holdTx(ctx, tx, id)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM articles WHERE id = $1`, id); err != nil {
			return err
		}
		if err := closeGapTx(ctx, tx, before.place); err != nil {
			return err
		}
		return audit.RecordTx(ctx, tx, actor.Entry(articleDelete, "article", id, "").Named(before.title))
	})
	if err != nil {
		return fmt.Errorf("delete article: %w", err)
	}
	return nil
}

// Get is an article in any state, for those who write.
func (a *Articles) Get(ctx context.Context, actor account.Actor, id int64) (Article, error) {
	if err := mayWrite(actor); err != nil {
		return Article{}, err
	}
	found, err := find(ctx, a.db.Read(), `a.id = $1`, id)
	if err != nil {
		return Article{}, fmt.Errorf("get article: %w", err)
	}
	return found, nil
}

// told is a draft with what is told of it in lists.
type told struct {
	Draft

	beginning string
	words     int
}

// save checks a draft and lets write put it into the database.
func (a *Articles) save(ctx context.Context, actor account.Actor, d Draft, write func(db.Tx, told) (int64, error)) (Article, error) {
	if err := mayWrite(actor); err != nil {
		return Article{}, err
	}
	d, err := check(d)
	if err != nil {
		return Article{}, err
	}
	t := told{Draft: d}
	if t.beginning, t.words, err = a.writer.outline(d.Locale, d.Body); err != nil {
		return Article{}, fmt.Errorf("save article: %w", err)
	}
	var saved Article
	err = a.db.Tx(ctx, func(tx db.Tx) error {
		if err := lockTx(ctx, tx); err != nil {
			return err
		}
		if err := coverTx(ctx, tx, d.CoverName); err != nil {
			return err
		}
		id, err := write(tx, t)
		if err != nil {
			return err
		}
		// An address of today counts more than a former one of another's.
		if _, err := tx.Exec(ctx, `DELETE FROM article_slugs WHERE slug = $1`, d.Slug); err != nil {
			return err
		}
		saved, err = find(ctx, tx, `a.id = $1`, id)
		return err
	})
	if err != nil {
		return Article{}, fmt.Errorf("save article: %w", err)
	}
	return saved, nil
}

// lockTx lets one author write at a time, so that places have no gaps.
func lockTx(ctx context.Context, tx db.Tx) error {
	if tx.Dialect() != db.Postgres {
		return nil
	}
	_, err := tx.Exec(ctx, `LOCK TABLE articles IN SHARE ROW EXCLUSIVE MODE`)
	return err
}

// held is an article that nobody else changes until the transaction ends.
type held struct {
	version, place int64
	slug, title    string
}

func holdTx(ctx context.Context, tx db.Tx, id int64) (h held, err error) {
	if err := lockTx(ctx, tx); err != nil {
		return held{}, err
	}
	err = tx.QueryRow(ctx, `SELECT version, place, slug, title FROM articles WHERE id = $1`, id).
		Scan(&h.version, &h.place, &h.slug, &h.title)
	if errors.Is(err, db.ErrNoRows) {
		return held{}, fault.Missing()
	}
	return h, err
}

// renameTx keeps the former address, if the new one is free.
func renameTx(ctx context.Context, tx db.Tx, id int64, before, slug string) error {
	if before == slug {
		return nil
	}
	var others int64
	if err := tx.QueryRow(ctx, `SELECT count(*) FROM articles WHERE slug = $1`, slug).Scan(&others); err != nil {
		return err
	}
	if others > 0 {
		return slugTaken(slug)
	}
	_, err := tx.Exec(ctx, `INSERT INTO article_slugs (slug, article_id) VALUES ($1, $2)
		ON CONFLICT (slug) DO UPDATE SET article_id = excluded.article_id`, before, id)
	return err
}

func slugTaken(slug string) error {
	return fault.Fields{{Name: "slug", Key: "blog.slug_taken", Args: fault.Args{"Slug": slug}}}.Err()
}

// placeTx is the number among the published of an article that had that one:
// the next free one for whatever is published now, none for a draft.
func placeTx(ctx context.Context, tx db.Tx, before int64, d Draft) (place int64, err error) {
	if d.PublishedAt.IsZero() {
		return 0, nil
	}
	if before > 0 {
		return before, nil
	}
	err = tx.QueryRow(ctx, `SELECT coalesce(max(place), 0) + 1 FROM articles`).Scan(&place)
	return place, err
}

// closeGapTx gives a place that has become free to the last article.
func closeGapTx(ctx context.Context, tx db.Tx, place int64) error {
	if place == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `UPDATE articles SET place = $1
		WHERE place = (SELECT max(place) FROM articles) AND place > $1`, place)
	return err
}
