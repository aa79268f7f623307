package sandbox

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gonets/internal/db"
)

// Bounds of one transaction, so that it stays short beside a running mailing.
const (
	maxGroup      = 200
	maxGroupBytes = 4 << 20
	maxRemoved    = 500
)

// gather is how long a group waits for the connections that are almost done.
// The pause between two commits also lets other writers to SQLite in.
const gather = time.Millisecond

// trimEvery is after how many kept mails the oldest are removed.
const trimEvery = 250

// mail is one message on its way into the database.
type mail struct {
	from, to, subject string
	raw               []byte
	kept              chan error // answered exactly once; holds one
}

// keep writes groups of mails until stop is closed and nobody waits any more.
func (i *Inbox) keep(stop <-chan struct{}) {
	ctx := context.Background() // a mail taken is kept, whoever gives up waiting
	i.trim(ctx)
	for since := 0; ; {
		select {
		case first := <-i.mails:
			since += i.keepGroup(ctx, i.group(first))
		case <-stop:
			return
		}
		if since >= trimEvery {
			i.trim(ctx)
			since = 0
		}
	}
}

// group is first and whoever comes within the gathering time.
func (i *Inbox) group(first *mail) []*mail {
	group, size := []*mail{first}, len(first.raw)
	timeout := time.NewTimer(gather)
	defer timeout.Stop()
	for len(group) < maxGroup && size < maxGroupBytes {
		select {
		case m := <-i.mails:
			group, size = append(group, m), size+len(m.raw)
		case <-timeout.C:
			return group
		}
	}
	return group
}

// keepGroup writes a group in one transaction and tells each sender.
func (i *Inbox) keepGroup(ctx context.Context, group []*mail) (kept int) {
	err := i.db.Tx(ctx, func(tx db.Tx) error { return insertTx(ctx, tx, group) })
	for _, m := range group {
		m.kept <- err
	}
	if err != nil {
		return 0
	}
	return len(group)
}

func insertTx(ctx context.Context, tx db.Tx, group []*mail) error {
	const columns = 7
	var query strings.Builder
	query.WriteString(`INSERT INTO sandbox_mails (at, mail_from, rcpt_to, subject, search, size, raw) VALUES `)
	args := make([]any, 0, columns*len(group))
	for n, m := range group {
		if n > 0 {
			query.WriteString(", ")
		}
		p := n * columns
		fmt.Fprintf(&query, "($%d, $%d, $%d, $%d, $%d, $%d, $%d)", p+1, p+2, p+3, p+4, p+5, p+6, p+7)
		args = append(args, db.At(tx.Now()), m.from, m.to, m.subject, db.Fold(m.from, m.to, m.subject), len(m.raw), m.raw)
	}
	if _, err := tx.Exec(ctx, query.String(), args...); err != nil {
		return fmt.Errorf("insert mails: %w", err)
	}
	return nil
}

// trim removes the oldest mails beyond those to keep. A failure is logged: the
// inbox is then too large, and still right.
func (i *Inbox) trim(ctx context.Context) {
	const beyond = `SELECT coalesce(max(id), 0) FROM
		(SELECT id FROM sandbox_mails ORDER BY id DESC LIMIT 1 OFFSET $1) AS oldest`
	var newest int64
	err := i.db.Read().QueryRow(ctx, beyond, i.o.Keep).Scan(&newest)
	if err == nil {
		_, err = i.remove(ctx, newest)
	}
	if err != nil {
		i.o.Log.Warn("trim the sandbox inbox", "error", err)
	}
}

// remove deletes all mails up to the key, a bounded number per transaction.
func (i *Inbox) remove(ctx context.Context, upTo int64) (removed int64, err error) {
	const query = `DELETE FROM sandbox_mails WHERE id IN
		(SELECT id FROM sandbox_mails WHERE id <= $1 ORDER BY id LIMIT $2)`
	for {
		var n int64
		err := i.db.Tx(ctx, func(tx db.Tx) (err error) {
			n, err = tx.Exec(ctx, query, upTo, maxRemoved)
			return err
		})
		if err != nil {
			return removed, fmt.Errorf("remove mails: %w", err)
		}
		removed += n
		if n < maxRemoved {
			return removed, nil
		}
	}
}
