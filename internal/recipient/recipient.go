package recipient

import (
	"context"
	"sync"
	"time"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/queue"
)

// Status says whether a recipient may get mail.
type Status string

// Only the active get mail.
const (
	Active       Status = "active"
	Unsubscribed Status = "unsubscribed" // by their own link
	Suppressed   Status = "suppressed"   // by the owner
)

// Recipient is someone who gets mail. It belongs to one user.
type Recipient struct {
	ID              int64
	UserID          int64
	Email           string
	Name            string
	Comment         string         // the owner's own note
	Tags            []string       // in alphabetical order
	Attributes      map[string]any // string, int64, float64, bool, or []any of these
	TimeZone        string         // IANA name, or empty
	Locale          string         // BCP 47 tag, or empty
	Status          Status
	StatusAt        time.Time // when the status last changed; zero: never
	StatusMailingID int64     // the mailing whose link was followed, or 0
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// Ledger is what happens to the deliveries of a recipient, in the
// transaction that causes it.
type Ledger interface {
	// SkipRecipientTx takes a recipient out of everything planned.
	SkipRecipientTx(ctx context.Context, tx db.Tx, recipientID int64, reason string) error
	// ForgetRecipientTx skips a recipient too, and anonymises what was sent.
	ForgetRecipientTx(ctx context.Context, tx db.Tx, recipientID int64) error
	// Load is how many deliveries each recipient has: the cost of forgetting them.
	Load(ctx context.Context, recipientIDs []int64) (map[int64]int, error)
}

// Options of the package.
type Options struct {
	Secret    []byte // the service's own; tokens and hashes derive from it
	BaseURL   string // without a slash at its end; unsubscribe links begin with it
	ImportMax int64  // bytes of an imported file; 0: no limit
}

// Recipients is the front of the package. It is safe for concurrent use.
type Recipients struct {
	db       *db.DB
	queue    *queue.Queue
	ledger   Ledger
	throttle *account.Throttle
	o        Options
	keys     keys
	signers  sync.Pool // of hash.Hash with the key of unsubscribing
}

// New is the recipients of a database. Imports that were uploaded are worked
// by the queue; see Work.
func New(d *db.DB, q *queue.Queue, ledger Ledger, o Options) *Recipients {
	return &Recipients{db: d, queue: q, ledger: ledger, throttle: account.NewThrottle(d), o: o, keys: deriveKeys(o.Secret)}
}

// may is nil if the actor may do it to what belongs to the owner.
func may(actor account.Actor, action account.Action, owner int64) error {
	return account.Check(actor, action, account.Object{Kind: "recipient", Owner: owner})
}

// columns of recipients, in the order in which scan reads them.
const columns = `
	r.id,
	r.user_id,
	r.email,
	r.name,
	r.comment,
	r.attributes,
	r.time_zone,
	r.locale,
	r.status,
	r.status_at,
	r.status_mailing_id,
	r.created_at,
	r.updated_at`

func scan(row db.Row) (Recipient, error) {
	var r Recipient
	var attributes string
	var statusAt, createdAt, updatedAt db.Time
	err := row.Scan(
		&r.ID,
		&r.UserID,
		&r.Email,
		&r.Name,
		&r.Comment,
		&attributes,
		&r.TimeZone,
		&r.Locale,
		&r.Status,
		&statusAt,
		&r.StatusMailingID,
		&createdAt,
		&updatedAt,
	)
	if err != nil {
		return Recipient{}, err
	}
	r.StatusAt, r.CreatedAt, r.UpdatedAt = statusAt.Time(), createdAt.Time(), updatedAt.Time()
	r.Attributes, err = decodeAttributes(attributes)
	return r, err
}

// collect reads all recipients of a query, without their tags.
func collect(ctx context.Context, q db.Q, query string, args ...any) ([]Recipient, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Recipient
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// withTags fills in the tags of a list.
func withTags(ctx context.Context, q db.Q, list []Recipient) error {
	if len(list) == 0 {
		return nil
	}
	ids := make([]int64, len(list))
	at := make(map[int64]int, len(list))
	for i := range list {
		ids[i], at[list[i].ID] = list[i].ID, i
	}
	rows, err := q.Query(ctx, `SELECT rt.recipient_id, t.name
		FROM recipient_tags rt JOIN tags t ON t.id = rt.tag_id
		WHERE rt.recipient_id = ANY($1) ORDER BY rt.recipient_id, t.name_key`, ids)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			return err
		}
		list[at[id]].Tags = append(list[at[id]].Tags, name)
	}
	return rows.Err()
}
