package letter

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"gonets/internal/db"
	"gonets/internal/mail"
	"gonets/internal/queue"
	"gonets/internal/smtp"
)

// sendTimeout bounds one try. It ends before River takes a silent job for
// dead, so no letter is in two hands at once.
const sendTimeout = time.Minute

// job names a letter to be sent; the letter's row is the truth.
type job struct {
	Letter int64 `json:"letter"`
}

// Kind is the job's name in the queue.
func (job) Kind() string { return "letter.send" }

func (p *Post) work(ctx context.Context, j job) error {
	again, err := p.deliver(ctx, j.Letter)
	if err != nil {
		return fmt.Errorf("send letter %d: %w", j.Letter, err)
	}
	if again > 0 {
		return queue.Later(again)
	}
	return nil
}

// row is a letter as it lies in its table.
type row struct {
	Letter
	id      int64
	created time.Time
	tries   int64
}

// deliver tries to send a letter once and notes what came of it. again is
// after how long it wants to be tried anew; 0: it is finished.
func (p *Post) deliver(ctx context.Context, id int64) (again time.Duration, err error) {
	l, open, err := p.load(ctx, id)
	if err != nil || !open {
		return 0, err
	}
	if l.Kind == Nothing {
		return 0, p.finish(ctx, l, "sent_at", "")
	}
	name, err := p.name(ctx)
	if err != nil {
		return 0, err
	}
	raw, err := p.raw(l, name)
	if err != nil {
		p.log.Error("letter can't be composed", "letter", l.id, "kind", string(l.Kind), "error", err)
		return 0, p.finish(ctx, l, "failed_at", err.Error())
	}
	response, err := p.send(ctx, p.from.String(), l.To, raw)
	if err == nil {
		return 0, p.finish(ctx, l, "sent_at", response)
	}
	again = backoff(l.tries + 1)
	giveUp := l.created.Add(plans[l.Kind].life)
	if permanent(err) || p.db.Now().Add(again).After(giveUp) {
		p.log.Warn("letter given up", "letter", l.id, "kind", string(l.Kind), "tries", l.tries+1, "error", err)
		return 0, p.finish(ctx, l, "failed_at", err.Error())
	}
	p.log.Warn("letter will be tried again", "letter", l.id, "kind", string(l.Kind), "after", again, "error", err)
	return again, p.note(ctx, l, err.Error())
}

// load reads a letter; open is false where it is finished or gone.
func (p *Post) load(ctx context.Context, id int64) (l row, open bool, err error) {
	var created, sent, failed db.Time
	var kind string
	var sealed []byte
	err = p.db.Read().QueryRow(ctx, `SELECT kind, address, locale, sealed, created_at, sent_at, failed_at, tries
		FROM letters WHERE id = $1`, id).
		Scan(&kind, &l.To, &l.Locale, &sealed, &created, &sent, &failed, &l.tries)
	if errors.Is(err, db.ErrNoRows) {
		return row{}, false, nil
	}
	if err != nil {
		return row{}, false, fmt.Errorf("read it: %w", err)
	}
	if sent != 0 || failed != 0 {
		return row{}, false, nil
	}
	l.id, l.Kind, l.created = id, Kind(kind), created.Time()
	if l.Args, err = p.seal.open(l.Kind, l.To, sealed); err != nil {
		// Another secret will not come back by waiting, but an administrator
		// can bring it back: River tries again for days.
		return row{}, false, err
	}
	return l, true, nil
}

func (p *Post) raw(l row, service string) ([]byte, error) {
	m, err := p.compose(l.id, l.Letter, service, p.db.Now())
	if err != nil {
		return nil, err
	}
	return mail.Append(nil, m, mail.Caps{UTF8: m.NeedsUTF8()})
}

// finish notes the end of a letter in the column sent_at or failed_at and
// forgets its secrets.
func (p *Post) finish(ctx context.Context, l row, column, response string) error {
	return p.update(ctx, `UPDATE letters SET `+column+` = $2, tries = tries + 1, response = $3, sealed = $4 WHERE id = $1`,
		l.id, db.At(p.db.Now()), words(response), []byte{})
}

// note keeps the server's last words of a try that was not the last.
func (p *Post) note(ctx context.Context, l row, response string) error {
	return p.update(ctx, `UPDATE letters SET tries = tries + 1, response = $2 WHERE id = $1`, l.id, words(response))
}

func (p *Post) update(ctx context.Context, query string, args ...any) error {
	// The letter has left: that must be noted even where the job's time is over.
	ctx = context.WithoutCancel(ctx)
	return p.db.Tx(ctx, func(tx db.Tx) error {
		if _, err := tx.Exec(ctx, query, args...); err != nil {
			return fmt.Errorf("note the outcome: %w", err)
		}
		return nil
	})
}

// permanent says that no later try will do better: the server refused this
// letter for good. What fails before MAIL is the server's own trouble.
func permanent(err error) bool {
	e, ok := errors.AsType[*smtp.Error](err)
	return ok && e.Permanent() && !e.Stage.BeforeMail()
}

const (
	firstPause = 5 * time.Second
	maxPause   = 30 * time.Minute
)

// backoff is the pause after the given number of tries: 5 s, 15 s, 45 s, … up
// to half an hour. Somebody waits for a letter, so it begins small.
func backoff(tries int64) time.Duration {
	pause := firstPause
	for range tries - 1 {
		pause *= 3
		if pause >= maxPause {
			return maxPause
		}
	}
	return pause
}

const maxWords = 1000 // bytes

// words cuts a server's answer to what is worth keeping.
func words(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\x00", "?") // PostgreSQL takes neither
	if len(s) <= maxWords {
		return s
	}
	s = s[:maxWords]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s
}
