// Package letter sends the service's own e-mails: the link that confirms an
// address, the link to a new password, notices. They are not mailings: they
// have their own lane in the queue and their own connection to the mail
// server, so that nobody waits for a link behind a million others' letters.
//
// EnqueueTx writes the letter and its job in the transaction that causes it:
// no account without its letter, no letter of an account that was rolled back.
// The secrets that a letter carries lie sealed in its row (AES-GCM under a key
// derived from the service's secret, bound to the letter's kind and address),
// never in the job, never in a log, and are emptied once it has left.
//
// What becomes of a letter:
//
//   - accepted by the server: sent_at, and the server's words;
//   - refused for good (a 5yz reply after MAIL): failed_at at once;
//   - anything else (no connection, a 4yz reply, a refused login): tried again
//     with back-off until the letter is of no use any more (its link has
//     expired; a notice after a week), then failed_at.
//
// A job that runs twice finds the letter sent and leaves it alone. Where the
// process dies between the server's 250 and our note of it, a copy leaves
// under the same Message-ID: a link twice is better than none.
package letter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"gonets/internal/db"
	"gonets/internal/i18n"
	"gonets/internal/mail"
	"gonets/internal/queue"
)

// Kind says what a letter is about; it chooses the texts and the link.
type Kind string

const (
	Verify            Kind = "verify"             // Args: token
	VerifyAgain       Kind = "verify_again"       // Args: token, of a link that confirms by a new password
	AlreadyRegistered Kind = "already_registered" // somebody registered a known address anew
	Reset             Kind = "reset"              // Args: token
	PasswordChanged   Kind = "password_changed"
	Invited           Kind = "invited" // Args: token, of a link to the first password

	// What a moderator did. Args: reason, which may be empty; and of a mailing
	// its id and name.
	Blocked         Kind = "blocked"
	Unblocked       Kind = "unblocked"
	Deleted         Kind = "deleted"
	MailingDisabled Kind = "mailing_disabled"
	MailingEnabled  Kind = "mailing_enabled"

	// Nothing is never sent. It costs what a real letter costs, so that the
	// time of an answer does not tell whether an address is known.
	Nothing Kind = "nothing"
)

// Letter is one e-mail to be sent.
type Letter struct {
	Kind   Kind
	To     string            // a bare address
	Locale string            // the reader's language
	Args   map[string]string // by the kind; sealed at rest, for some are secrets
}

// Options are what a Post needs to know. All but Name and Log are required.
type Options struct {
	From    string // the sender's bare address
	BaseURL string // where the links lead; never taken from a request
	Secret  []byte // the service's secret, at least 16 bytes

	// Send hands one message to the mail server and returns its last words. An
	// *smtp.Error says whether it makes sense to try again; any other error
	// means that it does.
	Send func(ctx context.Context, from, to string, raw []byte) (response string, err error)

	// Name is what the service is called now: it stands as the sender and in
	// the subjects. nil: Gonets.
	Name func(ctx context.Context) (string, error)

	Log *slog.Logger // nil: silent
}

// Post takes letters and sends them. It is safe for concurrent use.
type Post struct {
	db     *db.DB
	queue  *queue.Queue
	bundle *i18n.Bundle
	from   mail.Address
	base   *url.URL
	seal   *sealer
	send   func(ctx context.Context, from, to string, raw []byte) (string, error)
	name   func(ctx context.Context) (string, error)
	log    *slog.Logger
}

// New is the post office of a service. It registers its work with the queue,
// so it comes before queue.Open.
func New(d *db.DB, q *queue.Queue, bundle *i18n.Bundle, o Options) (*Post, error) {
	from, err := mail.ParseAddress(o.From)
	if err != nil {
		return nil, fmt.Errorf("sender of letters %q: %w", o.From, err)
	}
	base, err := url.Parse(strings.TrimRight(o.BaseURL, "/"))
	if err != nil {
		return nil, fmt.Errorf("base URL of letters: %w", err)
	}
	if base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, fmt.Errorf("base URL of letters: %q is not absolute", o.BaseURL)
	}
	seal, err := newSealer(o.Secret)
	if err != nil {
		return nil, err
	}
	if o.Send == nil {
		return nil, errors.New("letters have no way to be sent")
	}
	p := &Post{db: d, queue: q, bundle: bundle, from: from, base: base, seal: seal, send: o.Send, name: o.Name, log: o.Log}
	if p.name == nil {
		p.name = func(context.Context) (string, error) { return "Gonets", nil }
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	queue.Handle(q, queue.Options{Lane: queue.Letters, Timeout: sendTimeout}, p.work)
	return p, nil
}

// EnqueueTx writes the letter in the caller's transaction; it leaves as soon
// as that is committed.
func (p *Post) EnqueueTx(ctx context.Context, tx db.Tx, l Letter) error {
	if _, ok := plans[l.Kind]; !ok {
		return fmt.Errorf("enqueue letter: unknown kind %q", l.Kind)
	}
	sealed, err := p.seal.seal(l.Kind, l.To, l.Args)
	if err != nil {
		return fmt.Errorf("enqueue letter: %w", err)
	}
	var id int64
	err = tx.QueryRow(ctx, `INSERT INTO letters (kind, address, locale, sealed, created_at)
		VALUES ($1, $2, $3, $4, $5) RETURNING id`,
		string(l.Kind), l.To, l.Locale, sealed, db.At(tx.Now())).Scan(&id)
	if err != nil {
		return fmt.Errorf("enqueue letter: %w", err)
	}
	return p.queue.InsertTx(ctx, tx, job{Letter: id})
}

// keep is how long the rows of finished letters stay, for the administrator
// who is asked "where is my letter?".
const keep = 30 * 24 * time.Hour

// Sweep deletes letters that were finished long ago; call it now and then.
func (p *Post) Sweep(ctx context.Context) error {
	for {
		var n int64
		err := p.db.Tx(ctx, func(tx db.Tx) (err error) {
			n, err = tx.Exec(ctx, `DELETE FROM letters WHERE id IN (
				SELECT id FROM letters WHERE created_at < $1 AND (sent_at > 0 OR failed_at > 0) ORDER BY id LIMIT 500)`,
				db.At(tx.Now().Add(-keep)))
			return err
		})
		if err != nil {
			return fmt.Errorf("sweep letters: %w", err)
		}
		if n == 0 {
			return nil
		}
	}
}
