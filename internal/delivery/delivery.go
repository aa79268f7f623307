// Package delivery is the ledger: what became of each recipient of each run,
// and every attempt to hand a message to a mail server.
//
// # States
//
//	planned → leaving → accepted | failed | uncertain
//	           leaving → deferred → planned …
//	planned | deferred → skipped
//
// A delivery is written once per (run, recipient) and never deleted. It is
// final when it is accepted, failed, uncertain or skipped; a run is done when
// all of its deliveries are.
//
// # Promises
//
// The mark: before the final dot of a message leaves, planned → leaving is
// committed, conditional on the row's own state, on its run not being held, and
// on the batch's lease: each lease has an epoch of its own, which the batch's
// row holds. A result is written on the same condition. So whoever comes
// second, after a crash, a stall or a doubled job, is refused. What is leaving
// is listed in the batch's row: of all that is written, marks are the most
// frequent.
//
// A crash leaves at most one leaving row per open connection. When the lease
// of its batch is freed, each of them gets an attempt with the outcome unknown
// and is sent again or left uncertain, as the mailing's owner chose; either
// way the possible double is on record by name.
//
// Counters change in the transactions of the rows that they count, so that a
// page can show them without counting; Rebuild makes them anew.
//
// On PostgreSQL every transaction that touches deliveries, or ends a lease,
// first locks the ledger rows of their runs, in the order of their ids: then a
// hold, a skip or another's lease that is committed can't be overtaken by a
// mark, and nothing deadlocks. Only a plan, which adds deliveries, locks the row
// last (see PlanTx).
//
// Run, mailing, user and recipient ids are opaque here.
package delivery

import (
	"context"
	"fmt"
	"time"

	"gonets/internal/db"
)

// State is where a delivery stands.
type State int64

const (
	Planned   State = iota // to be sent
	Leaving                // marked: its final dot may have left
	Accepted               // the server took it
	Deferred               // refused for now, tried again later
	Failed                 // refused for good, or given up
	Uncertain              // it is not known whether the server took it
	Skipped                // not sent; see the reason
)

var stateNames = [...]string{"planned", "leaving", "accepted", "deferred", "failed", "uncertain", "skipped"}

func (s State) String() string {
	if s < 0 || int(s) >= len(stateNames) {
		return fmt.Sprintf("state %d", int64(s))
	}
	return stateNames[s]
}

// ParseState is the state of a name.
func ParseState(name string) (State, bool) {
	for i, n := range stateNames {
		if n == name {
			return State(i), true
		}
	}
	return 0, false
}

// Final says that nothing more happens to the delivery by itself.
func (s State) Final() bool { return s != Planned && s != Leaving && s != Deferred }

// Outcome is how an attempt ended.
type Outcome int64

const (
	Success Outcome = iota // the server accepted the message
	Failure                // it did not
	Unknown                // the message left, and no answer was read
)

var outcomeNames = [...]string{"success", "failure", "unknown"}

func (o Outcome) String() string {
	if o < 0 || int(o) >= len(outcomeNames) {
		return fmt.Sprintf("outcome %d", int64(o))
	}
	return outcomeNames[o]
}

// ParseOutcome is the outcome of a name.
func ParseOutcome(name string) (Outcome, bool) {
	for i, n := range outcomeNames {
		if n == name {
			return Outcome(i), true
		}
	}
	return 0, false
}

// Why a delivery was skipped or given up. Each is also the end of a
// translation key: "delivery.reason.unsubscribed".
const (
	ReasonUnsubscribed = "unsubscribed" // by the recipient, by its link
	ReasonSuppressed   = "suppressed"   // by the owner or by bounces
	ReasonDeleted      = "deleted"      // the recipient is no more
	ReasonStopped      = "stopped"      // the run was
	ReasonLimit        = "limit"        // the owner may send to no more: in this run, or today
	ReasonRefused      = "refused"      // the server said 5xx
	ReasonGaveUp       = "gave_up"      // tried until the give-up time
	ReasonUnsendable   = "unsendable"   // the message could not be composed
	ReasonCrashed      = "crashed"      // uncertain: the sending process died
	ReasonLostReply    = "lost_reply"   // uncertain: the connection did
)

// Delivery is one recipient in one run.
type Delivery struct {
	ID          int64
	RunID       int64
	RecipientID int64
	State       State
	Reason      string
	Tries       int64     // attempts that count against the recipient
	Copies      int64     // sent again after an unknown end
	NextAt      time.Time // deferred: when it is tried again
	UpdatedAt   time.Time

	docket  *docket // of its batch, for who has the lease
	firstAt time.Time
	run     run
}

// run is what every row of a run's needs of it.
type run struct {
	mailingID, userID, month int64
	resend                   bool
}

// Attempt is one try to hand a delivery to a mail server.
type Attempt struct {
	ID          int64
	At          time.Time
	DeliveryID  int64
	RunID       int64
	MailingID   int64
	UserID      int64
	RecipientID int64
	Address     string // as it was used; empty once the recipient was deleted
	Outcome     Outcome
	Stage       string // of the dialogue: connect, tls, auth, mail, rcpt, data, end_of_data
	Code        int64  // the server's reply code; 0: no reply
	Enhanced    string // its enhanced status code, RFC 3463
	Response    string // its own words
	Server      string // its name
}

// Counts are the numbers of a run. Recipients are always the sum of the rest.
type Counts struct {
	Recipients, Accepted, Deferred, Failed, Uncertain, Skipped int64
}

// Remaining are the recipients for whom nothing has been decided yet: planned
// and leaving.
func (c Counts) Remaining() int64 {
	return c.Recipients - c.Accepted - c.Deferred - c.Failed - c.Uncertain - c.Skipped
}

// Final says that every delivery is.
func (c Counts) Final() bool { return c.Remaining() == 0 && c.Deferred == 0 }

// Policy says how long the ledger is patient.
type Policy struct {
	Retries   []time.Duration // waits before the second, third, … attempt; the last one doubles up to RetryMax
	RetryMax  time.Duration
	Jitter    float64       // share by which a wait is shortened or lengthened at random
	GiveUp    time.Duration // after the first attempt
	MaxCopies int64         // of a delivery whose end was unknown
	Lease     time.Duration // of a batch, without renewal
}

// DefaultPolicy is patient as mail servers are (RFC 5321 4.5.4.1 asks for 30
// minutes and for days).
func DefaultPolicy() Policy {
	return Policy{
		Retries:   []time.Duration{10 * time.Minute, 30 * time.Minute},
		RetryMax:  4 * time.Hour,
		Jitter:    0.2,
		GiveUp:    72 * time.Hour,
		MaxCopies: 2,
		Lease:     20 * time.Second,
	}
}

// Addresses tells the e-mail addresses of recipients, by their ids.
type Addresses func(ctx context.Context, q db.Q, recipientIDs []int64) (map[int64]string, error)

// Ledger keeps deliveries and attempts.
type Ledger struct {
	db        *db.DB
	policy    Policy
	addresses Addresses
	desk      desk
}

// New is the ledger in a database. A process that sends runs the committer
// beside it: see Run.
func New(d *db.DB, policy Policy, addresses Addresses) *Ledger {
	return &Ledger{db: d, policy: policy, addresses: addresses, desk: desk{enough: make(chan struct{}, 1)}}
}

// Policy is the ledger's patience.
func (l *Ledger) Policy() Policy { return l.policy }

// Month is the partition in which a run of that moment lies: 202611.
func Month(t time.Time) int64 {
	t = t.UTC()
	return int64(t.Year()*100 + int(t.Month()))
}
