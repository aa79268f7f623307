// Package setting keeps what administrators set of the service while it runs:
// its name, whether strangers may register, how much a user may send, and from
// which addresses.
//
// There is one row, read anew wherever it counts, so a change counts at once on
// every node and after every command: a reading by key costs less than asking
// whether a copy is still good. What the row leaves open, the configuration
// says. Nobody is stopped in the midst of a run: limits and senders are asked
// when a run opens and while it is planned.
package setting

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gonets/internal/account"
	"gonets/internal/audit"
	"gonets/internal/db"
	"gonets/internal/mail"
)

// Registration says who may have an account.
type Registration string

// The choices of Registration.
const (
	AsConfigured Registration = ""
	Open         Registration = "open"   // whoever proves an address
	Closed       Registration = "closed" // administrators make accounts
)

// defaultName is what a service is called that nobody named.
const defaultName = "Gonets"

// Service is what is set. The zero value is a service that nobody set anything
// of.
type Service struct {
	Name         string // empty: Gonets
	Registration Registration
	RunLimit     int64    // recipients that a run may be sent to; 0: any number
	DailyLimit   int64    // recipients to whom a user's runs may be sent in a day of UTC; 0: any number
	Senders      []string // allowed addresses and domains of senders; none: any
	ChangedAt    time.Time

	open bool // the configuration's word on Registration
}

// Title is what the service is called.
func (s Service) Title() string {
	if s.Name == "" {
		return defaultName
	}
	return s.Name
}

// RegistrationOpen says whether strangers may register.
func (s Service) RegistrationOpen() bool {
	if s.Registration == AsConfigured {
		return s.open
	}
	return s.Registration == Open
}

// Allows says whether mailings may be sent from an address.
func (s Service) Allows(sender mail.Address) bool {
	if len(s.Senders) == 0 {
		return true
	}
	for _, allowed := range s.Senders {
		if address, err := mail.ParseAddress(allowed); err == nil && address.Key() == sender.Key() {
			return true
		}
		if allowed == sender.Domain {
			return true
		}
	}
	return false
}

// AllowedSenders are the addresses and domains as a person reads them.
func (s Service) AllowedSenders() string { return strings.Join(s.Senders, ", ") }

// Settings are the settings of a service. They are safe for concurrent use.
type Settings struct {
	db   *db.DB
	open bool
}

// New are the settings in a database. open is what holds for registration as
// long as nobody sets it here.
func New(d *db.DB, open bool) *Settings { return &Settings{db: d, open: open} }

// Get is what is set now.
func (s *Settings) Get(ctx context.Context) (Service, error) { return s.In(ctx, s.db.Read()) }

// Title is what the service is called now.
func (s *Settings) Title(ctx context.Context) (string, error) {
	set, err := s.Get(ctx)
	return set.Title(), err
}

// RegistrationOpen says whether strangers may register now.
func (s *Settings) RegistrationOpen(ctx context.Context) (bool, error) {
	set, err := s.Get(ctx)
	return set.RegistrationOpen(), err
}

// In is what is set, as a transaction sees it.
func (s *Settings) In(ctx context.Context, q db.Q) (Service, error) {
	set := Service{open: s.open}
	var senders string
	var changed db.Time
	err := q.QueryRow(ctx, `
		SELECT name, registration, run_limit, daily_limit, senders, changed_at FROM service WHERE id = 1`).Scan(
		&set.Name,
		&set.Registration,
		&set.RunLimit,
		&set.DailyLimit,
		&senders,
		&changed,
	)
	if err != nil {
		return Service{}, fmt.Errorf("read the settings: %w", err)
	}
	set.Senders, set.ChangedAt = strings.Fields(senders), changed.Time()
	return set, nil
}

// Save sets everything anew. Errors: Denied, Invalid (name, registration,
// run_limit, daily_limit, senders).
func (s *Settings) Save(ctx context.Context, actor account.Actor, in Service) (Service, error) {
	if err := account.Check(actor, account.ServiceEdit, account.Object{Kind: "service"}); err != nil {
		return Service{}, err
	}
	if err := in.check(); err != nil {
		return Service{}, err
	}
	err := s.db.Tx(ctx, func(tx db.Tx) error {
		before, err := s.In(ctx, tx)
		if err != nil {
			return err
		}
		changes := before.differences(in)
		if changes == "" {
			return nil
		}
		_, err = tx.Exec(ctx, `
			UPDATE service SET name = $1, registration = $2, run_limit = $3, daily_limit = $4, senders = $5, changed_at = $6
			 WHERE id = 1`,
			in.Name, string(in.Registration), in.RunLimit, in.DailyLimit, strings.Join(in.Senders, "\n"), db.At(tx.Now()))
		if err != nil {
			return err
		}
		return audit.RecordTx(ctx, tx, actor.Entry(account.ServiceEdit, "service", 1, changes))
	})
	if err != nil {
		return Service{}, fmt.Errorf("save the settings: %w", err)
	}
	return s.Get(ctx)
}
