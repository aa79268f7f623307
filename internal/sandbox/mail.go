package sandbox

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"gonets/internal/db"
	"gonets/internal/fault"
	gonetsmail "gonets/internal/mail"
)

// Page sizes of List.
const (
	defaultLimit = 50
	maxLimit     = 500
)

// Mail is a message that the inbox was handed.
type Mail struct {
	ID      int64
	At      time.Time // when it was handed over
	From    string    // of the envelope
	To      string    // of the envelope: addresses, separated by commas
	Subject string
	Size    int64 // bytes

	Raw    []byte             // Get only: as it came, header and body
	Parsed *gonetsmail.Parsed // Get only: what could be read of it
}

// Filter narrows a list of mails.
type Filter struct {
	Search string // in sender, recipients and subject
	After  int64  // mails older than this key; 0: from the newest
	Limit  int    // 0: 50; at most 500
}

// List is a page of mails, newest first, without their contents, and the key
// to go on after; 0 at the end.
func (i *Inbox) List(ctx context.Context, f Filter) (mails []Mail, next int64, err error) {
	limit := min(f.Limit, maxLimit)
	if limit <= 0 {
		limit = defaultLimit
	}
	after := f.After
	if after <= 0 {
		after = math.MaxInt64
	}
	const query = `SELECT id, at, mail_from, rcpt_to, subject, size FROM sandbox_mails
		WHERE id < $1 AND search LIKE $2 ESCAPE '\' ORDER BY id DESC LIMIT $3`
	rows, err := i.db.Read().Query(ctx, query, after, db.Contains(f.Search), limit+1)
	if err != nil {
		return nil, 0, fmt.Errorf("list mails: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var m Mail
		var at db.Time
		if err := rows.Scan(&m.ID, &at, &m.From, &m.To, &m.Subject, &m.Size); err != nil {
			return nil, 0, fmt.Errorf("list mails: %w", err)
		}
		m.At = at.Time()
		mails = append(mails, m)
	}
	if err := rows.Err(); err != nil {
		return nil, 0, fmt.Errorf("list mails: %w", err)
	}
	if len(mails) > limit {
		mails = mails[:limit]
		next = mails[limit-1].ID
	}
	return mails, next, nil
}

// Get is one mail with its contents. A mail that is broken is shown as far as
// it can be read.
func (i *Inbox) Get(ctx context.Context, id int64) (Mail, error) {
	const query = `SELECT id, at, mail_from, rcpt_to, subject, size, raw FROM sandbox_mails WHERE id = $1`
	var m Mail
	var at db.Time
	err := i.db.Read().QueryRow(ctx, query, id).Scan(&m.ID, &at, &m.From, &m.To, &m.Subject, &m.Size, &m.Raw)
	if errors.Is(err, db.ErrNoRows) {
		return Mail{}, fault.Missing()
	}
	if err != nil {
		return Mail{}, fmt.Errorf("get mail: %w", err)
	}
	m.At = at.Time()
	m.Parsed, _ = gonetsmail.Read(m.Raw) // the part that could be read is the answer
	return m, nil
}

// Count is how many mails the inbox holds.
func (i *Inbox) Count(ctx context.Context) (mails int64, err error) {
	if err := i.db.Read().QueryRow(ctx, `SELECT count(*) FROM sandbox_mails`).Scan(&mails); err != nil {
		return 0, fmt.Errorf("count mails: %w", err)
	}
	return mails, nil
}

// Clear removes every mail that is there now, and says how many they were.
func (i *Inbox) Clear(ctx context.Context) (removed int64, err error) {
	var newest int64
	if err := i.db.Read().QueryRow(ctx, `SELECT coalesce(max(id), 0) FROM sandbox_mails`).Scan(&newest); err != nil {
		return 0, fmt.Errorf("clear the inbox: %w", err)
	}
	return i.remove(ctx, newest)
}
