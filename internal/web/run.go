package web

import (
	"net/http"
	"strconv"
	"strings"

	"gonets/internal/delivery"
	"gonets/internal/mailing"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// runPage is the report of one run.
type runPage struct {
	report

	Troubled []deliveryRow // the newest of those who did not get it
}

// troubledOnPage is how many of those who did not get it a run's page shows.
const troubledOnPage = 15

func (s *Web) runReport(v *visit) error {
	run, err := s.runOf(v)
	if err != nil {
		return err
	}
	r, err := s.read(v.Context(), subject{mailing: run.MailingID, run: run.ID}, nil)
	if err != nil {
		return err
	}
	title := v.t("report.run_of", "Time", v.view.DateTime(run.DueAt, v.view.Zone))
	p := runPage{report: newReport(v, v.page(title, v.shelf(run.UserID)), r, runURL(run.ID, "/live"))}
	troubled := []delivery.State{delivery.Failed, delivery.Uncertain, delivery.Deferred}
	list, err := s.Ledger.Deliveries(v.Context(), run.ID, troubled, 0, troubledOnPage)
	if err != nil {
		return err
	}
	if p.Troubled, err = s.deliveryRows(v, list, run.UserID); err != nil {
		return err
	}
	return v.render(http.StatusOK, runTempl(p))
}

// note is the line below the title: why it ran, and who it came from.
func (p *runPage) note() string {
	return p.T("run.kind."+string(p.Run.Kind)) + " · " + p.about(p.Run.Sender)
}

// heading has the page above: the mailing's, or the list where that is deleted.
func (p *runPage) heading() ui.Heading {
	h := ui.Heading{Title: p.Title, Note: p.note(), ParentURL: mailingURL(p.Mailing.ID, ""), Parent: p.Run.MailingName}
	if p.Deleted {
		h.ParentURL, h.Parent = p.listURL(), p.T("report.deleted", "Name", p.Run.MailingName)
	}
	return h
}

// runListPage is all runs of a mailing.
type runListPage struct {
	layout.Page

	Mailing mailing.Mailing
	Runs    []mailing.Run
	Pages   ui.Pages
}

const runsPerPage = 50

func (s *Web) runList(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	m, err := s.Mailings.Get(v.Context(), v.actor, id)
	if err != nil {
		return err
	}
	v.keptFor(m.UserID)
	runs, more, err := s.Mailings.Runs(v.Context(), v.actor, id, v.after(), runsPerPage)
	if err != nil {
		return err
	}
	p := runListPage{Page: v.page(v.t("report.runs"), v.shelf(m.UserID)), Mailing: m, Runs: runs, Pages: v.pages(0)}
	if more {
		p.Pages = v.pages(runs[len(runs)-1].ID)
	}
	return v.render(http.StatusOK, runListTempl(p))
}

// runNumbers are the counts of a run in the order of its table; the first is
// the sum of the others.
func runNumbers(v ui.View, r *mailing.Run) []number {
	c := r.Counts
	numbers := []number{{v.Number(c.Recipients), runURL(r.ID, "/deliveries")}}
	for _, part := range []struct {
		state string
		n     int64
	}{
		{"accepted", c.Accepted},
		{"deferred", c.Deferred},
		{"failed", c.Failed},
		{"uncertain", c.Uncertain},
		{"skipped", c.Skipped},
		{"remaining", c.Remaining()},
	} {
		n := number{Text: v.Number(part.n)}
		if part.n > 0 {
			n.URL = runURL(r.ID, "/deliveries?state="+part.state)
		}
		numbers = append(numbers, n)
	}
	return numbers
}

// whom says in short whom a mailing goes to.
func (p *reportPage) whom() string {
	a := p.Mailing.Audience
	if a.All {
		return p.T("mailings.whom.all")
	}
	var parts []string
	if len(a.Tags) > 0 {
		parts = append(parts, p.T("report.tags", "Tags", strings.Join(a.Tags, ", ")))
	}
	if n := len(a.RecipientIDs); n > 0 {
		parts = append(parts, p.T("report.chosen", "Count", n))
	}
	return dash(strings.Join(parts, "; "))
}

func messagePage(id int64) string { return "/messages/" + strconv.FormatInt(id, 10) }
