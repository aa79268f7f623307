package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"gonets/internal/account"
	"gonets/internal/delivery"
	"gonets/internal/fault"
	"gonets/internal/i18n"
	"gonets/internal/mailing"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// subject is what a report is about: a mailing with its newest run, or one
// certain run.
type subject struct {
	mailing int64
	run     int64 // 0: the newest
}

// reading is what of a subject may change from one second to the next. It is
// the same for all who look at it.
type reading struct {
	Mailing  mailing.Mailing
	Deleted  bool         // the mailing is; its runs stay
	Run      *mailing.Run // nil: the mailing never ran
	Slots    []delivery.Slot
	Answers  []delivery.Answer
	Attempts []delivery.Attempt // the mailing's newest; these and what follows not of a certain run
	Runs     []mailing.Run      // the newest
	More     bool               // there are others
	Events   []mailing.Event    // the newest
	Retry    time.Time          // when the first deferred one is tried again
	Trouble  string             // of the mail server, in its own words
}

// Bounds of a report.
const (
	slotsRead      = 8640 // a day of them
	attemptsOnPage = 10
	runsOnPage     = 10
	eventsOnPage   = 20
)

// read is a subject as it stands now; last is how it stood before, or nil.
// Whether the visitor may see it was asked before.
func (s *Web) read(ctx context.Context, of subject, last *reading) (*reading, error) {
	r := &reading{}
	var err error
	if of.run != 0 {
		err = s.readCertain(ctx, of, r)
	} else {
		err = s.readNewest(ctx, of, r)
	}
	if err != nil || r.Run == nil {
		return r, err
	}
	return r, s.readRun(ctx, r, last)
}

// readNewest reads a mailing with its newest runs, attempts and events. The
// runs are asked for after the mailing, so that the newest is among them.
func (s *Web) readNewest(ctx context.Context, of subject, r *reading) (err error) {
	if r.Mailing, err = s.Mailings.Get(ctx, account.CommandLine(), of.mailing); err != nil {
		return err
	}
	if r.Attempts, err = s.Ledger.Attempts(ctx, delivery.Filter{MailingID: of.mailing, Limit: attemptsOnPage}); err != nil {
		return err
	}
	if r.Runs, r.More, err = s.Mailings.Runs(ctx, account.CommandLine(), of.mailing, 0, runsOnPage); err != nil {
		return err
	}
	if len(r.Runs) > 0 { // the same numbers above as in the row
		r.Run = &r.Runs[0]
	}
	r.Events, err = s.Mailings.Events(ctx, account.CommandLine(), of.mailing, eventsOnPage)
	return err
}

// readCertain reads a run with its mailing, which may be deleted: then it is
// what the run knows of it.
func (s *Web) readCertain(ctx context.Context, of subject, r *reading) error {
	run, err := s.Mailings.Run(ctx, account.CommandLine(), of.run)
	if err != nil {
		return err
	}
	r.Run = &run
	r.Mailing, err = s.Mailings.Get(ctx, account.CommandLine(), of.mailing)
	if fault.Is(err, fault.NotFound) {
		r.Deleted = true
		r.Mailing = mailing.Mailing{ID: run.MailingID, UserID: run.UserID, Name: run.MailingName, State: mailing.Finished}
		return nil
	}
	return err
}

func (s *Web) readRun(ctx context.Context, r, last *reading) (err error) {
	if r.Slots, err = s.slots(ctx, r.Run.ID, last); err != nil {
		return err
	}
	switch {
	case r.Run.Counts.Failed == 0:
	case last != nil && last.Run != nil && last.Run.ID == r.Run.ID && last.Run.Counts.Failed == r.Run.Counts.Failed:
		r.Answers = last.Answers // nobody failed since
	default:
		if r.Answers, err = s.Ledger.RunAnswers(ctx, r.Run.ID); err != nil {
			return err
		}
	}
	if r.Run.Counts.Deferred > 0 {
		if r.Retry, err = s.Ledger.NextRetry(ctx, r.Run.ID); err != nil {
			return err
		}
	}
	if r.Run.Open() {
		r.Trouble, err = s.away(ctx)
	}
	return err
}

// slotsMove is for how long a slot may still change: results come late, and
// the nodes' clocks differ.
const slotsMove = 2 * time.Minute

// slots are those of a run. Who was read before has the old ones already: of a
// run that goes on for a day, there are thousands.
func (s *Web) slots(ctx context.Context, runID int64, last *reading) ([]delivery.Slot, error) {
	if last == nil || last.Run == nil || last.Run.ID != runID || len(last.Slots) == 0 {
		return s.Ledger.Slots(ctx, runID, time.Time{}, slotsRead)
	}
	since := last.Slots[len(last.Slots)-1].At.Add(-slotsMove)
	fresh, err := s.Ledger.Slots(ctx, runID, since, slotsRead)
	if err != nil {
		return nil, err
	}
	known, _ := slices.BinarySearchFunc(last.Slots, since, func(s delivery.Slot, at time.Time) int { return s.At.Compare(at) })
	list := slices.Concat(last.Slots[:known], fresh) // the last reading stays as it was told
	return list[max(0, len(list)-slotsRead):], nil
}

// report is what both a mailing's and a run's page are made of.
type report struct {
	layout.Page
	*reading

	Edit    bool // the visitor may act
	Foreign bool // the mailing is another user's
	Judges  bool // the visitor may disable mailings, as a moderator
	Judge   bool // this one, too
	Live    string
	mask    func(address string) string
}

// reportPage is the report of a mailing.
type reportPage struct {
	report

	Owner   string // whose it is, where it is another user's
	Preview preview
}

// newReport is what a visitor sees of a reading, kept up to date from the
// address live while it may change.
func newReport(v *visit, page layout.Page, r *reading, live string) report {
	p := report{
		Page: page, reading: r,
		Edit: v.owns(r.Mailing.UserID) && !r.Deleted, mask: v.masked(r.Mailing.UserID),
		Foreign: !v.owns(r.Mailing.UserID),
	}
	p.Judges = account.Can(v.actor, account.MailingDisable, account.Object{})
	p.Judge = !r.Deleted && account.Can(v.actor, account.MailingDisable, r.Mailing.Object())
	p.Scripts = []string{"chart.js"}
	if p.goesOn() {
		p.Live = live
	}
	return p
}

func (s *Web) mailingReport(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	m, err := s.Mailings.Get(v.Context(), v.actor, id)
	if err != nil {
		return err
	}
	v.keptFor(m.UserID)
	r, err := s.read(v.Context(), subject{mailing: id}, nil)
	if err != nil {
		return err
	}
	live := mailingURL(id, "/live")
	if r.Run == nil {
		live += "?" + withoutChart
	}
	p := reportPage{
		report:  newReport(v, v.page(m.Name, v.shelf(m.UserID)), r, live),
		Preview: previewSchedule(v.view, m.Schedule),
	}
	if p.Owner, err = s.ownerOf(v, m.UserID); err != nil {
		return err
	}
	return v.render(http.StatusOK, reportTempl(p))
}

// soon is how near a due time must be for a page to wait for it.
const soon = 10 * time.Minute

// goesOn says that the numbers may change while somebody looks at them.
func (p *report) goesOn() bool {
	if p.Run != nil && p.Run.Open() {
		return true
	}
	due := p.Mailing.NextDueAt
	return p.Mailing.Going() && !due.IsZero() && due.Before(p.Now.Add(soon))
}

// note is the line below the title: who it comes from, and whose it is where
// that is not the visitor.
func (p *reportPage) note() string {
	note := p.about(p.Mailing.Sender)
	if p.Owner != "" {
		note += " · " + p.T("moderation.owner") + ": " + p.Owner
	}
	return note
}

// listURL is the list above the mailing: one's own, or all users'.
func (p *report) listURL() string {
	if p.Foreign {
		return moderationMailings
	}
	return "/mailings"
}

func (p *report) listTitle() string {
	if p.Foreign {
		return p.T("layout.moderation_mailings")
	}
	return p.T("layout.mailings")
}

// about is the line below the title: who it comes from.
func (p *report) about(sender mailing.Sender) string {
	return p.T("report.sender", "Sender", from(sender))
}

// from is a sender as letters name it.
func from(s mailing.Sender) string {
	if s.Name == "" {
		return s.Email
	}
	return s.Name + " <" + s.Email + ">"
}

func (p *report) standing() standing { return standingOf(&p.Mailing, p.Trouble != "") }

// waits says that the run stands still because of the mail server.
func (p *report) waits() bool { return p.Trouble != "" && p.Run != nil && inFlight(p.Run) }

// done are the recipients of the run about whom something is known.
func (p *report) done() int64 { return p.Run.Counts.Recipients - p.Run.Counts.Remaining() }

// headline is what the run does.
func (p *report) headline() string {
	c := p.Run.Counts
	of := []any{"Done", p.done(), "Total", c.Recipients}
	switch r := p.Run; {
	case r.State == mailing.RunPlanning:
		return p.T("report.planning", "Count", c.Recipients)
	case r.State == mailing.RunPaused:
		return p.T("report.paused", of...)
	case !r.Open() && r.State == mailing.RunStopped:
		return p.T("report.stopped", of...)
	case r.State == mailing.RunStopped:
		return p.T("report.stopping", of...)
	case !r.Open():
		return p.T("report.done", of...)
	case p.waits():
		return p.T("report.waiting", of...)
	case c.Remaining() == 0 && c.Deferred > 0:
		return p.T("report.retrying", "Count", c.Deferred)
	}
	return p.T("report.sending", of...)
}

// sends says that letters leave right now.
func (p *report) sends() bool {
	return p.Run.Open() && p.Run.State == mailing.RunSending && p.Run.Counts.Remaining() > 0 && !p.waits()
}

// pace is the end of the headline: how fast, and how long yet; or, of a run
// that ended, how long it took.
func (p *report) pace() string {
	r := p.Run
	switch {
	case p.sends():
		speed := p.speed()
		if speed <= 0 {
			return ""
		}
		left := time.Duration(float64(p.Run.Counts.Remaining()) / speed * float64(time.Second))
		return p.T("report.pace", "Speed", p.rate(speed), "Left", p.Duration(max(left, time.Second).Round(time.Second)))
	case !r.Open() && !r.StartedAt.IsZero():
		took := max(r.FinishedAt.Sub(r.StartedAt), time.Millisecond)
		return p.T("report.took", "Time", p.DateTime(r.FinishedAt, p.Zone), "Took", p.Duration(took))
	case r.Counts.Deferred > 0 && !p.Retry.IsZero():
		return p.T("report.next_retry", "Time", p.DateTime(p.Retry, p.Zone))
	}
	return ""
}

// rate writes messages a second: tenths count only where they are few.
func (p *report) rate(perSecond float64) string {
	if perSecond < 10 {
		return p.Decimal(perSecond, 1)
	}
	return p.Number(int64(perSecond + 0.5))
}

// paceOver is how far back the speed is measured.
const paceOver = 30 * time.Second

// speed is how many recipients a second were decided lately.
func (p *report) speed() float64 {
	from := p.Now.Add(-paceOver).Truncate(delivery.SlotLength)
	var n int64
	for _, s := range p.Slots {
		if !s.At.Before(from) {
			n += s.Accepted + s.Deferred + s.Failed + s.Uncertain
		}
	}
	if p.Run.StartedAt.After(from) {
		from = p.Run.StartedAt
	}
	return float64(n) / max(p.Now.Sub(from), time.Second).Seconds()
}

// tiles are the numbers of the run; the first is the sum of the others.
func (p *report) tiles() []ui.Tile {
	c := p.Run.Counts
	tile := func(state string, n int64, note string) ui.Tile {
		t := ui.Tile{
			ID: "tile-" + state, Label: p.T("delivery.state." + state), Value: p.Number(n), Note: note,
			URL: runURL(p.Run.ID, "/deliveries?state="+state),
		}
		if n == 0 {
			t.URL = ""
		}
		return t
	}
	all := ui.Tile{
		ID: "tile-recipients", Label: p.T("mailings.recipients"), Value: p.Number(c.Recipients),
		URL: runURL(p.Run.ID, "/deliveries"),
	}
	failed := tile("failed", c.Failed, p.topAnswers())
	if c.Failed > 0 {
		failed.Tone = ui.Red
	}
	return []ui.Tile{
		all,
		tile("accepted", c.Accepted, p.ofProcessed(c)),
		tile("deferred", c.Deferred, p.retryNote(c)),
		failed,
		tile("uncertain", c.Uncertain, ""),
		tile("skipped", c.Skipped, ""),
		tile("remaining", c.Remaining(), p.leftNote()),
	}
}

func (p *report) ofProcessed(c delivery.Counts) string {
	if tried(c) == 0 {
		return ""
	}
	return p.T("common.of_processed", "Percent", p.Percent(c.Accepted, tried(c)))
}

func (p *report) retryNote(c delivery.Counts) string {
	if c.Deferred == 0 || p.Retry.IsZero() {
		return ""
	}
	return p.T("report.retry_at", "Time", p.near(p.Retry))
}

// near is the time of today, or a moment of another day.
func (p *report) near(t time.Time) string {
	if p.Date(t, p.Zone) == p.Date(p.Now, p.Zone) {
		return p.Time(t, p.Zone)
	}
	return p.DateTime(t, p.Zone)
}

func (p *report) leftNote() string {
	if !p.sends() || p.speed() <= 0 {
		return ""
	}
	left := time.Duration(float64(p.Run.Counts.Remaining()) / p.speed() * float64(time.Second))
	return p.T("report.left", "Left", p.Duration(max(left, time.Second).Round(time.Second)))
}

// topAnswers are the two commonest answers: "8 × 550 5.1.1, 3 × 554"; without
// the numbers where more have failed than were summed up.
func (p *report) topAnswers() string {
	var parts []string
	var summed int64
	for _, a := range p.Answers {
		summed += a.Attempts
	}
	for _, a := range p.Answers[:min(len(p.Answers), 2)] {
		one := codes(p.View, a.Code, a.Enhanced)
		if summed >= p.Run.Counts.Failed {
			one = p.Number(a.Attempts) + " × " + one
		}
		parts = append(parts, strings.ReplaceAll(one, " ", "\u00a0"))
	}
	if len(p.Answers) > 2 {
		parts = append(parts, "…")
	}
	return strings.Join(parts, ", ")
}

// codes are the numbers of an answer: "550 5.1.1".
func codes(v ui.View, code int64, enhanced string) string {
	if code == 0 {
		return v.T("report.no_answer")
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", code, enhanced))
}

// bars is how many columns a chart may have.
const bars = 90

// series are the points of the chart: slots, put together where they are
// many, and empty ones where nothing happened.
func (p *report) series() ui.Series {
	step, from, n := p.grain()
	series := ui.Series{At: make([]int64, n), Values: [][]int64{make([]int64, n), make([]int64, n)}}
	for i := range n {
		series.At[i] = from.Add(time.Duration(i) * step).Unix()
	}
	for _, s := range p.Slots {
		i := int(s.At.Sub(from) / step)
		series.Values[0][i] += s.Accepted
		series.Values[1][i] += s.Failed + s.Deferred + s.Uncertain
	}
	return series
}

// steps are the widths that a column may have: those that people count in.
func steps() []time.Duration {
	return []time.Duration{
		delivery.SlotLength, 30 * time.Second, time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute,
		time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
	}
}

// grain is the width of a column, where the first begins, and how many there
// are.
func (p *report) grain() (step time.Duration, from time.Time, n int) {
	step = delivery.SlotLength
	if len(p.Slots) == 0 {
		return step, from, 0
	}
	first, last := p.Slots[0].At, p.Slots[len(p.Slots)-1].At
	for _, step = range steps() {
		from = first.Truncate(step)
		if n = int(last.Sub(from)/step) + 1; n <= bars {
			break
		}
	}
	return step, from, n
}

// chartTitle says how wide a column is.
func (p *report) chartTitle() string {
	step, _, _ := p.grain()
	return p.T("report.chart", "Step", p.Duration(step))
}

func (p *report) chartLabels() []string {
	return []string{p.T("common.time"), p.T("attempt.outcome.success"), p.T("report.not_accepted")}
}

// event is what happened to a mailing, as a sentence.
func (p *reportPage) event(e mailing.Event) string {
	return p.T("mailing.event."+string(e.Kind), "Count", e.Count, "Reason", e.Reason,
		"First", p.DateTime(e.First, p.Zone), "Last", p.DateTime(e.Last, p.Zone))
}

// next are the coming runs in one line, for a mailing that is going.
func (p *reportPage) next() string {
	if !p.Mailing.Going() || p.Mailing.NextDueAt.IsZero() {
		return i18n.Dash
	}
	return p.DateTime(p.Mailing.NextDueAt, p.Zone)
}
