// Package mailing keeps mailings and their runs: a message, an audience, a
// schedule and a sender; and each firing of them.
//
// # States of a mailing
//
//	draft → active ⇄ paused → finished (→ active, when started again)
//
// A mailing is active as long as something may still happen to it by itself:
// it has a due time, or an open run. After that it is finished. A moderator's
// disabling stands beside these states, and only a moderator lifts it. A
// mailing is going when it is active and not disabled; when it stops going,
// its open runs are held in the same transaction, and when it goes on, they
// are let go.
//
// A person may, by the state:
//
//	          draft   active         paused   finished   disabled
//	Start     yes     see below      -        yes        -
//	Pause     -       yes            -        -          if active
//	Resume    -       -              yes      -          -
//	Stop      -       yes            yes      -          if active or paused
//	Send      yes     unless busy    -        yes        -
//	Update    yes     yes            yes      yes        yes
//	Delete    yes     yes            yes      yes        yes
//
// Send opens a run besides the schedule, which it does not begin: the mailing
// is active until that run is done. Meanwhile Start may begin the schedule.
//
// # States of a run
//
//	planning → sending ⇄ paused → done | stopped
//
// What a run sends is fixed when it opens: the version of the message, the
// sender, the audience as it was chosen. An edit counts from the next run on,
// and moves the due time of a mailing that has one. A run is done when each of
// its deliveries is final, and is unique by its mailing and due time, so that
// two nodes can't open it twice. A deleted mailing is hidden at once; its runs
// are stopped, and end as others do.
//
// # What happens when
//
// When the service was away over due times, package schedule decides: one late
// run inside the grace period; the other occurrences are skipped, and the
// mailing's events say so. The same holds for due times in a pause or while
// disabled. A mailing that goes once is sent however late, for no other
// occurrence follows: who does not want that stops it, or edits its start,
// before resuming.
//
// When a run still sends at the next due time, that occurrence is skipped and
// the events say so: two editions of a newsletter don't overtake each other. A
// run that only waits to repeat deferred deliveries does not count as sending.
//
// When the owner is blocked, active mailings are paused, and none can be
// started or resumed until the block is lifted. Then the owner resumes them:
// nothing starts again by itself.
//
// What a moderator does, disabling and enabling, stands in the mailing's own
// events and in the audit, and the owner gets a letter; all of it is written in
// the transaction of the act.
//
// # Locks
//
// On PostgreSQL a transaction locks in this order, and so none waits for
// another in a circle: the owner's row, mailings, the message, runs,
// recipients, the door between who is planned and who leaves, the owner's day,
// ledgers; runs and ledgers in the order of their ids.
package mailing

import (
	"log/slog"
	"time"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/delivery"
	"gonets/internal/letter"
	"gonets/internal/message"
	"gonets/internal/queue"
	"gonets/internal/recipient"
	"gonets/internal/schedule"
	"gonets/internal/setting"
)

// State of a mailing.
type State string

const (
	Draft    State = "draft"
	Active   State = "active"
	Paused   State = "paused"
	Finished State = "finished"
)

// OnUncertain is what becomes of a delivery whose end is not known.
type OnUncertain string

const (
	Resend OnUncertain = "resend" // a copy is sent, with the same Message-ID
	Hold   OnUncertain = "hold"   // the owner decides
)

// Sender is who a mailing comes from.
type Sender struct {
	Name  string
	Email string
}

// Disabled says that a moderator stopped a mailing, and why.
type Disabled struct {
	At     time.Time
	Reason string
}

// Mailing is a message to an audience on a schedule. It belongs to one user.
type Mailing struct {
	ID             int64
	UserID         int64
	Name           string
	MessageID      int64
	MessageSubject string
	Audience       recipient.Audience
	Schedule       schedule.Schedule
	Sender         Sender
	OnUncertain    OnUncertain
	State          State
	NextDueAt      time.Time // zero: no due time is known; not in the future: in a pause
	Disabled       *Disabled // nil: it is not
	LastRun        *Run      // the newest; nil: none yet
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// NextDue are up to n times at which the mailing will be due as it stands;
// none unless it is going. What a draft would do, its Schedule says.
func (m *Mailing) NextDue(n int) []time.Time {
	if n <= 0 || !m.Going() || m.NextDueAt.IsZero() {
		return nil
	}
	return append([]time.Time{m.NextDueAt}, m.Schedule.NextN(m.NextDueAt, n-1)...)
}

// Object is the mailing as something to which something is done.
func (m *Mailing) Object() account.Object { return account.Object{Kind: "mailing", Owner: m.UserID} }

// Going says that the mailing's runs may open and send.
func (m *Mailing) Going() bool { return m.State == Active && m.Disabled == nil }

// RunState is where a run stands.
type RunState string

const (
	RunPlanning RunState = "planning"
	RunSending  RunState = "sending"
	RunPaused   RunState = "paused"
	RunDone     RunState = "done"
	RunStopped  RunState = "stopped"
)

// Kind is why a run opened.
type Kind string

const (
	OnSchedule Kind = "schedule"
	ByHand     Kind = "manual" // "send now"
	OfFailed   Kind = "failed" // "send again to those who failed"
)

// Run is one firing of a mailing.
type Run struct {
	ID               int64
	MailingID        int64
	UserID           int64
	DueAt            time.Time
	Kind             Kind
	State            RunState
	Planned          bool // every delivery is written: the counts are final in sum
	SourceRunID      int64
	MessageVersionID int64
	MailingName      string
	Sender           Sender
	OnUncertain      OnUncertain
	CreatedAt        time.Time
	StartedAt        time.Time // zero: nothing was tried yet
	FinishedAt       time.Time // zero: it is open
	Counts           delivery.Counts
	Last             delivery.Last
	OwnerLocale      string // for recipients without one; set by ForSending alone
}

// Open says that something may still happen in the run.
func (r *Run) Open() bool { return r.FinishedAt.IsZero() }

// Options of the package.
type Options struct {
	Grace   time.Duration // how late a run may still start after downtime
	Letters *letter.Post  // tells owners what a moderator did; nil: nobody is told

	// Settings limit how many recipients runs reach, and from which senders;
	// nil: nothing is limited.
	Settings *setting.Settings
}

// Mailings is the front of the package. It is safe for concurrent use.
type Mailings struct {
	db         *db.DB
	queue      *queue.Queue
	recipients *recipient.Recipients
	messages   *message.Messages
	ledger     *delivery.Ledger
	log        *slog.Logger
	o          Options
	census     *db.Shared[struct{}, Census]
}

// New is the mailings of a database. Plans are worked by the queue: see
// PlanJob.
func New(d *db.DB, q *queue.Queue, recipients *recipient.Recipients, messages *message.Messages,
	ledger *delivery.Ledger, log *slog.Logger, o Options,
) *Mailings {
	s := &Mailings{db: d, queue: q, recipients: recipients, messages: messages, ledger: ledger, log: log, o: o}
	s.census = db.NewShared(d, s.readCensus)
	return s
}

// PlanJob asks a node to write the deliveries of a run.
type PlanJob struct {
	RunID int64 `json:"run_id"`
}

// Kind names the job in the queue.
func (PlanJob) Kind() string { return "plan" }
