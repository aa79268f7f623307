// Package blog keeps the articles that the service shows to everybody.
//
// # An article's life
//
// An article is a draft until it has a moment of publication. From that moment
// on, which may be to come, everybody may read it; without it, again nobody
// but those who write. Every edit raises its version, and an edit of another
// version than the newest is refused, so that two who write do not undo each
// other's work.
//
// # What readers get
//
// The body is Markdown. It becomes HTML when it is read, and is sanitised
// then, so that a stricter rule counts for old articles too: whatever an
// article's author pasted, nothing of it runs, and nothing is loaded from
// elsewhere. Cover pictures are decoded within bounds and encoded anew: a
// reader gets pixels of ours, and never the bytes that somebody uploaded.
//
// # Addresses
//
// The slug is the article's place in the URL. Whoever knows a former one is
// led to the present one.
package blog

import (
	"time"

	"github.com/maypok86/otter/v2"

	"gonets/internal/account"
	"gonets/internal/db"
)

// Article is an article. Those of a list come without Body.
type Article struct {
	ID      int64
	Version int64 // from 1
	Draft
	Beginning string // of its text, for lists
	Words     int
	Views     int64 // how often it was opened; see Articles.View
	Cover     Cover // zero: it has none
	CreatedAt time.Time
	UpdatedAt time.Time // when it was last edited
}

// State says who can read an article now.
type State string

// The states.
const (
	StateDraft     State = "draft"
	StateScheduled State = "scheduled" // will be published by itself
	StatePublished State = "published"
)

// State is the article's at that moment.
func (a *Article) State(now time.Time) State {
	switch {
	case a.PublishedAt.IsZero():
		return StateDraft
	case a.PublishedAt.After(now):
		return StateScheduled
	default:
		return StatePublished
	}
}

// Lead is what a list says of the article: its summary, or its beginning.
func (a *Article) Lead() string {
	if a.Summary != "" {
		return a.Summary
	}
	return a.Beginning
}

// Minutes is how long it takes to read, at least one.
func (a *Article) Minutes() int {
	const wordsPerMinute = 180
	return max(1, (a.Words+wordsPerMinute/2)/wordsPerMinute)
}

// Articles is the front of the package. It is safe for concurrent use.
type Articles struct {
	db       *db.DB
	writer   *writer
	rendered *otter.Cache[edition, string]
	views    views
	studio   chan struct{} // one picture is worked at a time: that bounds the memory
}

// edition is an article as it was rendered.
type edition struct{ id, version int64 }

// renderedBytes bounds the HTML that is kept in memory.
const renderedBytes = 8 << 20

// New is the articles of a database.
func New(d *db.DB) *Articles {
	return &Articles{
		db:     d,
		writer: newWriter(),
		rendered: otter.Must(&otter.Options[edition, string]{
			MaximumWeight: renderedBytes,
			Weigher:       func(_ edition, html string) uint32 { return uint32(min(len(html), renderedBytes)) + 100 },
		}),
		studio: make(chan struct{}, 1),
	}
}

// mayWrite asks the policy: whoever may edit one article may edit them all.
func mayWrite(actor account.Actor) error {
	return account.Check(actor, account.ArticleEdit, account.Object{Kind: "article"})
}

// HTML is the body as readers see it.
func (a *Articles) HTML(article *Article) (string, error) {
	key := edition{article.ID, article.Version}
	if html, ok := a.rendered.GetIfPresent(key); ok {
		return html, nil
	}
	html, err := a.writer.html(article.Locale, article.Body)
	if err == nil {
		a.rendered.Set(key, html)
	}
	return html, err
}

// Preview is the body as readers would see it.
func (a *Articles) Preview(actor account.Actor, d Draft) (string, error) {
	if err := mayWrite(actor); err != nil {
		return "", err
	}
	d, err := check(d)
	if err != nil {
		return "", err
	}
	return a.writer.html(d.Locale, d.Body)
}
