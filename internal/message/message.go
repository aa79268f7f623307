// Package message keeps what mailings send: a subject and a body with
// variables in them, in immutable versions, and fills them in for one
// recipient.
//
// # Versions
//
// A message is a name for its newest version. An edit that changes something
// makes a new version; a run points to the one it opened with, so an edit
// counts from the next run on. A deleted message is hidden, its versions stay.
//
// # The way of a message
//
//	source → compiled → composed for one recipient
//
// Compiling happens once per version, and does whatever can be done before the
// recipient is known:
//
//  1. Each field is parsed as Liquid, just as it was typed: errors name the
//     line and column that the person sees.
//  2. Markdown becomes HTML, and HTML without a text beside it becomes plain
//     text. Both converters see a word in place of each Liquid construct (see
//     shield), so variables may stand in links, tables and attributes, and the
//     result is a template again.
//  3. A message that shows no link to unsubscribe by, in neither part, gets one
//     at the end of both.
//
// Composing then only renders templates (tens of thousands of letters a
// second): values are escaped in HTML, written as they are in plain text, and
// refused in the subject where they hold a line break. A recipient whose
// values can't be rendered fails alone.
package message

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/maypok86/otter/v2"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/fault"
	"gonets/internal/i18n"
)

// Format says how the body is written.
type Format string

// The formats.
const (
	Text     Format = "text"     // plain text alone
	Markdown Format = "markdown" // CommonMark with tables, strikethrough, bare links and raw HTML
	HTML     Format = "html"     // a page or a piece of one, sent as it is
)

// Message is what a mailing sends. It belongs to one user. The embedded draft
// is the content of the newest version.
type Message struct {
	ID        int64
	UserID    int64
	VersionID int64
	Number    int // of the version, from 1
	Draft
	CreatedAt time.Time
	UpdatedAt time.Time // when the content last changed
}

// Version is a message as it was at one time. It never changes.
type Version struct {
	ID        int64
	MessageID int64
	Number    int // from 1
	Draft
	CreatedAt time.Time
}

// Messages is the front of the package. It is safe for concurrent use.
type Messages struct {
	db       *db.DB
	bundle   *i18n.Bundle
	footers  footers
	compiled *otter.Cache[int64, *Compiled] // by version
}

// cacheBytes bounds the sources of the compiled versions that are kept.
const cacheBytes = 32 << 20

// New is the messages of a database.
func New(d *db.DB, bundle *i18n.Bundle) *Messages {
	m := &Messages{db: d, bundle: bundle, footers: footers{}}
	for _, lang := range i18n.Languages() {
		m.footers[lang] = bundle.For(lang).T("message.unsubscribe")
	}
	m.compiled = otter.Must(&otter.Options[int64, *Compiled]{
		MaximumWeight: cacheBytes,
		Weigher: func(_ int64, c *Compiled) uint32 {
			return uint32(min(c.sourceBytes, cacheBytes)) + 1000
		},
	})
	return m
}

// object is a user's message, for the policy.
func object(owner int64) account.Object { return account.Object{Kind: "message", Owner: owner} }

// Version is one version of any message, for the engine and for runs' pages:
// the caller has checked that the run may be seen.
func (m *Messages) Version(ctx context.Context, q db.Q, id int64) (Version, error) {
	return version(ctx, q, `WHERE id = $1`, id)
}

// Newest is the newest version of any message, a deleted one too, for mailings'
// pages: the caller has checked that the mailing may be seen.
func (m *Messages) Newest(ctx context.Context, messageID int64) (Version, error) {
	return version(ctx, m.db.Read(), `WHERE id = (SELECT version_id FROM messages WHERE id = $1)`, messageID)
}

func version(ctx context.Context, q db.Q, where string, id int64) (Version, error) {
	var v Version
	var createdAt db.Time
	err := q.QueryRow(ctx, `SELECT id, message_id, number, subject, format, body, text, created_at
		FROM message_versions `+where, id).Scan(
		&v.ID, &v.MessageID, &v.Number, &v.Subject, &v.Format, &v.Body, &v.Text, &createdAt)
	if errors.Is(err, db.ErrNoRows) {
		return Version{}, fault.Missing()
	}
	if err != nil {
		return Version{}, fmt.Errorf("get message version: %w", err)
	}
	v.CreatedAt = createdAt.Time()
	return v, nil
}

// CompiledVersion is a version ready to be composed, from memory where it was
// asked for lately.
func (m *Messages) CompiledVersion(ctx context.Context, id int64) (*Compiled, error) {
	return m.compiled.Get(ctx, id, otter.LoaderFunc[int64, *Compiled](func(ctx context.Context, id int64) (*Compiled, error) {
		v, err := m.Version(ctx, m.db.Read(), id)
		if err != nil {
			return nil, err
		}
		return m.Compile(v.Draft)
	}))
}
