package delivery

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gonets/internal/db"
)

// Statistics are attempts summed up, so that a page about them costs the same
// however many are kept. They are written in two steps. Each of the ledger's
// transactions adds one line per kind of attempt to the journal: that is all
// that sending pays. Every few seconds somebody folds the journal into the
// rollups (see Fold). Rollups and journal together are equal to a count of the
// attempts, at every moment and in every snapshot.

// Fact is what the statistics keep of an attempt.
type Fact struct {
	At        db.Time // the quarter of an hour that it lies in
	UserID    int64
	MailingID int64
	RunID     int64
	Outcome   Outcome
	Retried   bool // it was not the first of its delivery
	Code      int64
	Enhanced  string
	Domain    string // of the recipient's address, folded; "" once that was deleted
}

// Quarter is the grain of the statistics in time: the days of every time zone
// consist of whole ones.
const Quarter = 15 * time.Minute

// day is the coarser grain: a day of UTC.
const day = 24 * time.Hour

// begin is where the quarter or the day of a moment begins.
func begin(at db.Time, grain time.Duration) db.Time { return at - at%db.Time(grain.Microseconds()) }

func factOf(r *record, retried bool) Fact {
	return Fact{
		At: begin(r.At, Quarter), UserID: r.UserID, MailingID: r.MailingID, RunID: r.RunID,
		Outcome: r.Outcome, Retried: retried, Code: r.Code, Enhanced: r.Enhanced, Domain: domainOf(r.Address),
	}
}

// domainOf is the domain of an address, folded.
func domainOf(address string) string {
	return strings.ToLower(address[strings.LastIndexByte(address, '@')+1:])
}

// facts counts attempts of the same kind. A negative number takes back.
type facts map[Fact]int64

const journalText = `INSERT INTO stat_journal (facts) VALUES ($1)`

// statements write the facts to the journal.
func (f facts) statements() []statement {
	if len(f) == 0 {
		return nil
	}
	return []statement{{journalText, []any{f.String()}}}
}

// String is the journal's form: a line per fact, fields parted by blanks, and
// last the three that are texts, quoted.
func (f facts) String() string {
	var b []byte
	for fact, n := range f {
		for _, field := range []int64{
			n, int64(fact.At), fact.UserID, fact.MailingID, fact.RunID, int64(fact.Outcome), db.Flag(fact.Retried), fact.Code,
		} {
			b = append(strconv.AppendInt(b, field, 10), ' ')
		}
		b = append(strconv.AppendQuote(b, fact.Enhanced), ' ')
		b = append(strconv.AppendQuote(b, fact.Domain), '\n')
	}
	return string(b)
}

// read adds what the journal's form holds.
func (f facts) read(text string) error {
	for line := range strings.Lines(text) {
		if err := f.readLine(strings.TrimSuffix(line, "\n")); err != nil {
			return fmt.Errorf("read %q in the journal: %w", line, err)
		}
	}
	return nil
}

func (f facts) readLine(line string) (err error) {
	var numbers [8]int64
	for i := range numbers {
		var field string
		field, line, _ = strings.Cut(line, " ")
		if numbers[i], err = strconv.ParseInt(field, 10, 64); err != nil {
			return err
		}
	}
	quoted, err := strconv.QuotedPrefix(line)
	if err != nil {
		return err
	}
	fact := Fact{
		At: db.Time(numbers[1]), UserID: numbers[2], MailingID: numbers[3], RunID: numbers[4],
		Outcome: Outcome(numbers[5]), Retried: numbers[6] == 1, Code: numbers[7],
	}
	if fact.Enhanced, err = strconv.Unquote(quoted); err != nil {
		return err
	}
	if fact.Domain, err = strconv.Unquote(strings.TrimPrefix(line[len(quoted):], " ")); err != nil {
		return err
	}
	f[fact] += numbers[0]
	return nil
}

// Scope is whose attempts a rollup sums up.
type Scope int64

const (
	OfService Scope = iota
	OfUser
	OfMailing
	OfRun
)

// Subject is by what.
type Subject int64

const (
	ByTime    Subject = iota // all of them
	ByAnswer                 // Name is the server's codes: "550 5.1.1"
	ByDomain                 // Name is the recipient's domain
	ByMailing                // Name is the mailing's id
)

// Rollup names a row of the statistics.
type Rollup struct {
	Scope   Scope
	ScopeID int64 // of the user, mailing or run; 0: the service
	Subject Subject
	Daily   bool    // the grain: a day of UTC, else a quarter of an hour
	At      db.Time // where that begins
	Name    string
}

// Tries are numbers of attempts.
type Tries struct {
	Accepted, Failed, Unknown int64
	Retried                   int64 // of these three: not the first of their delivery
}

// Attempts are all of them.
func (t Tries) Attempts() int64 { return t.Accepted + t.Failed + t.Unknown }

// Add adds others.
func (t *Tries) Add(o Tries) {
	t.Accepted += o.Accepted
	t.Failed += o.Failed
	t.Unknown += o.Unknown
	t.Retried += o.Retried
}

// Tries are n attempts of this kind.
func (f Fact) Tries(n int64) (t Tries) {
	switch f.Outcome {
	case Success:
		t.Accepted = n
	case Failure:
		t.Failed = n
	case Unknown:
		t.Unknown = n
	}
	if f.Retried {
		t.Retried = n
	}
	return t
}

// Answer is the name of a fact's answer: its codes, "" where there was none.
func (f Fact) Answer() string {
	if f.Code == 0 {
		return f.Enhanced
	}
	return strings.TrimSpace(strconv.FormatInt(f.Code, 10) + " " + f.Enhanced)
}

// Rollups are the rows that a fact counts in. Answers and domains are kept by
// the day too, so that a long range needs few rows; of a run, which nobody
// asks for a part of, by the day alone.
func (f Fact) Rollups() []Rollup {
	list := make([]Rollup, 0, 24)
	add := func(scope Scope, id int64, subject Subject, name string, quarters bool) {
		if quarters {
			list = append(list, Rollup{scope, id, subject, false, f.At, name})
		}
		if subject != ByTime {
			list = append(list, Rollup{scope, id, subject, true, begin(f.At, day), name})
		}
	}
	for _, of := range []struct {
		scope Scope
		id    int64
	}{{OfService, 0}, {OfUser, f.UserID}, {OfMailing, f.MailingID}, {OfRun, f.RunID}} {
		add(of.scope, of.id, ByTime, "", true)
		add(of.scope, of.id, ByAnswer, f.Answer(), of.scope != OfRun)
		add(of.scope, of.id, ByDomain, f.Domain, of.scope != OfRun)
		if of.scope == OfService || of.scope == OfUser {
			add(of.scope, of.id, ByMailing, strconv.FormatInt(f.MailingID, 10), true)
		}
	}
	return list
}

// sums are rollups with their numbers.
type sums map[Rollup]Tries

func (s sums) add(r Rollup, t Tries) {
	sum := s[r]
	sum.Add(t)
	s[r] = sum
}

func (f facts) sums() sums {
	s := sums{}
	for fact, n := range f {
		for _, r := range fact.Rollups() {
			s.add(r, fact.Tries(n))
		}
	}
	return s
}

// order is that of the rollups' key, in which everybody writes them.
func (r Rollup) order(o Rollup) int {
	return cmp.Or(
		cmp.Compare(r.Scope, o.Scope), cmp.Compare(r.ScopeID, o.ScopeID), cmp.Compare(r.Subject, o.Subject),
		cmp.Compare(db.Flag(r.Daily), db.Flag(o.Daily)), cmp.Compare(r.At, o.At), cmp.Compare(r.Name, o.Name),
	)
}

// rollupInsert and rollupAdd stand around the values of rollups to be added.
const (
	rollupInsert = `
	INSERT INTO stat_rollups (scope, scope_id, subject, grain, at, name, accepted, failed, unknown, retried)`
	rollupAdd = `
	    ON CONFLICT (scope, scope_id, subject, grain, at, name) DO UPDATE
	   SET accepted = stat_rollups.accepted + excluded.accepted,
	       failed   = stat_rollups.failed + excluded.failed,
	       unknown  = stat_rollups.unknown + excluded.unknown,
	       retried  = stat_rollups.retried + excluded.retried`
)

// line is a rollup with what is to be added to it.
type line struct {
	Rollup
	Tries
}

// lowers says that something is taken back, so that nothing may be left.
func (l line) lowers() bool { return min(l.Accepted, l.Failed, l.Unknown, l.Retried) < 0 }

// lines are the sums in the order of the rollups' key.
func (s sums) lines() []line {
	list := make([]line, 0, len(s))
	for r, t := range s {
		list = append(list, line{r, t})
	}
	slices.SortFunc(list, func(a, b line) int { return a.order(b.Rollup) })
	return list
}

// writeTx adds the sums to the rollups.
func (s sums) writeTx(ctx context.Context, tx db.Tx) error { return writeLinesTx(ctx, tx, s.lines()) }

// writeLinesTx adds to rollups, and drops those that count nothing any more:
// their name may be a domain that was to be forgotten.
func writeLinesTx(ctx context.Context, tx db.Tx, list []line) error {
	var all, lowered []line
	for _, l := range list {
		if l.Tries != (Tries{}) {
			all = append(all, l)
		}
		if l.lowers() {
			lowered = append(lowered, l)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return scribeOf(tx).rollupsTx(ctx, tx, all, lowered)
}
