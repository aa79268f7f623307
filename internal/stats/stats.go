// Package stats answers what became of attempts over time: of the service, a
// user, a mailing or a run; by the server's answer, by the recipient's domain,
// by mailing, by hour and weekday.
//
// It reads the rollups that package delivery keeps, never the attempts: the
// cost of an answer depends on the days that are asked about, not on how many
// attempts are kept. What the ledger has written in the last second and not
// folded yet is read from its journal, in the same snapshot; so every answer
// is equal to a count of the attempts at one moment, and all its parts agree.
//
// Attempts are not recipients: who is refused for now is tried again, and each
// try counts. A report (package mailing) says what became of the recipients.
package stats

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/delivery"
	"gonets/internal/mailing"
)

// Stats answers.
type Stats struct {
	db       *db.DB
	mailings *mailing.Mailings
}

// New answers from a database; mailings says who may see what.
func New(d *db.DB, mailings *mailing.Mailings) *Stats { return &Stats{d, mailings} }

// About is what a question is about.
type About struct {
	Scope delivery.Scope
	ID    int64 // of the user, mailing or run; 0: the service
}

// Answer is what became of attempts.
type Answer struct {
	About
	Range
	Total    delivery.Tries
	Quarters []Quarter // those in which something was tried, oldest first
	Answers  []Line    // by the server's codes: "550 5.1.1"; "": no answer
	Domains  []Line    // of the recipients; "": since deleted; delivery.OtherNames: all the rest
	Mailings []Line    // by id; of a user and of the service alone
}

// Quarter is what was tried in a quarter of an hour from At on.
type Quarter struct {
	At time.Time
	delivery.Tries
}

// Line is what was tried of one kind. Lists of them begin with the most
// attempts.
type Line struct {
	Name string
	delivery.Tries
	MailingID int64  // of Answer.Mailings
	Mailing   string // its name; see Stats.Name
}

// Ask answers for a range, its mailings without their names (see Name); the
// zero range is all there is, and for a run only. Who may not see what it is
// about is told that it is not there.
func (s *Stats) Ask(ctx context.Context, actor account.Actor, about About, over Range) (Answer, error) {
	if err := s.check(ctx, actor, about); err != nil {
		return Answer{}, err
	}
	r := reading{about: about, over: over, quarters: map[db.Time]delivery.Tries{}}
	err := s.db.Snapshot(ctx, func(q db.Q) error { return r.read(ctx, q) })
	if err != nil {
		return Answer{}, fmt.Errorf("read the statistics: %w", err)
	}
	return r.answer()
}

func (s *Stats) check(ctx context.Context, actor account.Actor, about About) (err error) {
	switch about.Scope {
	case delivery.OfMailing:
		_, err = s.mailings.Get(ctx, actor, about.ID)
	case delivery.OfRun:
		_, err = s.mailings.Run(ctx, actor, about.ID)
	case delivery.OfUser:
		err = account.Check(actor, account.StatisticsView, account.Object{Kind: "statistics", Owner: about.ID})
	case delivery.OfService:
		err = account.Check(actor, account.StatisticsView, account.Object{Kind: "statistics"})
	}
	return err
}

// Lately is the sum of what a user's mailings tried in the last 24 hours, to
// the quarter of an hour.
func (s *Stats) Lately(ctx context.Context, actor account.Actor) (delivery.Tries, error) {
	now := s.db.Now()
	a, err := s.Ask(ctx, actor, About{delivery.OfUser, actor.ID}, Range{
		From: now.Add(-24 * time.Hour).Truncate(delivery.Quarter), To: now.Add(delivery.Quarter).Truncate(delivery.Quarter),
	})
	return a.Total, err
}

// Name fills in the names of the mailings of an answer, or of those lines that
// are shown: they are many, and each is looked up. Of a mailing whose rows are
// gone it stays empty.
func (s *Stats) Name(ctx context.Context, lines []Line) error {
	ids := make([]int64, len(lines))
	for i := range lines {
		ids[i] = lines[i].MailingID
	}
	names, err := s.mailings.Names(ctx, ids)
	for i := range lines {
		lines[i].Mailing = names[lines[i].MailingID]
	}
	return err
}

// answer puts what was read in order.
func (r *reading) answer() (Answer, error) {
	a := Answer{About: r.about, Range: r.over}
	for at, tries := range r.quarters {
		if tries != (delivery.Tries{}) {
			a.Quarters = append(a.Quarters, Quarter{at.Time(), tries})
			a.Total.Add(tries)
		}
	}
	slices.SortFunc(a.Quarters, func(x, y Quarter) int { return x.At.Compare(y.At) })
	a.Answers, a.Domains, a.Mailings = r.lines(delivery.ByAnswer), r.lines(delivery.ByDomain), r.lines(delivery.ByMailing)
	for i, l := range a.Mailings {
		id, err := strconv.ParseInt(l.Name, 10, 64)
		if err != nil {
			return Answer{}, fmt.Errorf("read a mailing's id in the statistics: %w", err)
		}
		a.Mailings[i].MailingID = id
	}
	return a, nil
}

func (r *reading) lines(of delivery.Subject) []Line {
	list := make([]Line, 0, len(r.named[of]))
	for name, tries := range r.named[of] {
		if tries != (delivery.Tries{}) {
			list = append(list, Line{Name: name, Tries: tries})
		}
	}
	slices.SortFunc(list, func(x, y Line) int {
		return cmp.Or(
			cmp.Compare(y.Attempts(), x.Attempts()), cmp.Compare(x.Name, y.Name),
		)
	})
	return list
}
