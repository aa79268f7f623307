package web

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/go-chi/chi/v5"

	"gonets/internal/account"
	"gonets/internal/delivery"
	"gonets/internal/i18n"
	"gonets/internal/stats"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// attemptRoutes are the attempts of all mailings.
func (s *Web) attemptRoutes(r chi.Router) {
	r.Get("/attempts", s.member(s.attemptList))
	r.Get("/attempts.csv", s.member(s.attemptExport))
}

// attemptListPage is the newest attempts, of one's own mailings; of everyone's
// for those who keep order.
type attemptListPage struct {
	layout.Page

	Mailing  string
	Outcome  string
	Code     string
	Owner    string
	From, To string      // dates; both empty: at any time
	Owners   []ui.Option // empty for those who have no choice
	Mailings []ui.Option
	Outcomes []ui.Option
	Rows     []delivery.Attempt
	Names    map[int64]string // of their mailings
	Pages    ui.Pages
	Export   string
}

const attemptsPerPage = 50

// everyone is the owner of all mailings.
const everyone = "all"

// attemptFilter reads the filter of the address. A mailing that the visitor
// may not see is an error.
func (s *Web) attemptFilter(v *visit) (delivery.Filter, error) {
	q := v.URL.Query()
	f := delivery.Filter{UserID: v.actor.ID, Before: v.after()}
	if q.Get("owner") == everyone && account.Can(v.actor, account.MailingView, account.Object{Kind: "mailing"}) {
		f.UserID = 0
	}
	if o, ok := delivery.ParseOutcome(q.Get("outcome")); ok {
		f.Outcomes = []delivery.Outcome{o}
	}
	if code, err := strconv.ParseInt(q.Get("code"), 10, 64); err == nil && code > 0 {
		f.Code = code
	}
	f.From, _ = stats.Day(q.Get("from"), v.view.Zone)
	_, f.To = stats.Day(q.Get("to"), v.view.Zone)
	id, _ := strconv.ParseInt(q.Get("mailing"), 10, 64)
	if id <= 0 { // none, or no number: all mailings
		return f, nil
	}
	m, err := s.Mailings.Get(v.Context(), v.actor, id)
	if err != nil {
		return f, err
	}
	f.MailingID, f.UserID = id, m.UserID
	return f, nil
}

func (s *Web) attemptList(v *visit) error {
	f, err := s.attemptFilter(v)
	if err != nil {
		return err
	}
	q := v.URL.Query()
	p := attemptListPage{
		Page:    v.page(v.t("layout.attempts"), layout.Attempts),
		Mailing: q.Get("mailing"), Outcome: q.Get("outcome"), Code: q.Get("code"), Owner: q.Get("owner"),
		From: q.Get("from"), To: q.Get("to"),
		Export: "/attempts.csv",
	}
	f.Limit = attemptsPerPage + 1
	if p.Rows, err = s.Ledger.Attempts(v.Context(), f); err != nil {
		return err
	}
	p.Pages = v.pages(0)
	if len(p.Rows) > attemptsPerPage {
		p.Rows = p.Rows[:attemptsPerPage]
		p.Pages = v.pages(p.Rows[attemptsPerPage-1].ID)
	}
	for i := range p.Rows {
		p.Rows[i] = maskAttempt(p.Rows[i], v.masked(p.Rows[i].UserID))
	}
	if p.Names, err = s.Mailings.Names(v.Context(), mailingsOf(p.Rows)); err != nil {
		return err
	}
	if err := s.attemptChoices(v, &p); err != nil {
		return err
	}
	q.Del("after")
	if len(q) > 0 {
		p.Export += "?" + q.Encode()
	}
	return v.render(http.StatusOK, attemptListTempl(p))
}

func mailingsOf(list []delivery.Attempt) []int64 {
	ids := make([]int64, len(list))
	for i := range list {
		ids[i] = list[i].MailingID
	}
	return ids
}

// mailingsOffered are the newest ones: the filter of a mailing's own page
// knows every other.
const mailingsOffered = 200

func (s *Web) attemptChoices(v *visit, p *attemptListPage) error {
	list, err := s.Mailings.Newest(v.Context(), v.actor, mailingsOffered)
	if err != nil {
		return err
	}
	p.Mailings = []ui.Option{{Label: p.T("attempts.all_mailings")}}
	chosen := p.Mailing == ""
	for _, m := range list {
		value := strconv.FormatInt(m.ID, 10)
		chosen = chosen || value == p.Mailing
		p.Mailings = append(p.Mailings, ui.Option{Value: value, Label: m.Name})
	}
	if id, err := strconv.ParseInt(p.Mailing, 10, 64); !chosen && err == nil {
		m, err := s.Mailings.Get(v.Context(), v.actor, id)
		if err != nil {
			return err
		}
		p.Mailings = append(p.Mailings, ui.Option{Value: p.Mailing, Label: m.Name})
	}
	p.Outcomes = []ui.Option{{Label: p.T("attempts.all_outcomes")}}
	for _, o := range []delivery.Outcome{delivery.Success, delivery.Failure, delivery.Unknown} {
		p.Outcomes = append(p.Outcomes, ui.Option{Value: o.String(), Label: p.T("attempt.outcome." + o.String())})
	}
	if account.Can(v.actor, account.MailingView, account.Object{Kind: "mailing"}) {
		p.Owners = []ui.Option{{Label: p.T("attempts.mine")}, {Value: everyone, Label: p.T("attempts.everyones")}}
	}
	return nil
}

// filtered says that the list is not the whole.
func (p *attemptListPage) filtered() bool {
	return p.Mailing != "" || p.Outcome != "" || p.Code != "" || p.From != "" || p.To != "" || p.Pages.First != ""
}

// attemptExport is the attempts of a filter as a file.
func (s *Web) attemptExport(v *visit) error {
	f, err := s.attemptFilter(v)
	if err != nil {
		return err
	}
	out, err := v.sheet("attempts.csv", "at", "email", "mailing", "outcome", "stage", "code", "enhanced_code", "response", "server")
	if err != nil {
		return v.ended(err)
	}
	return v.ended(s.exportAttempts(v, out, f))
}

func (s *Web) exportAttempts(v *visit, out *sheet, f delivery.Filter) error {
	f.Limit = exportPage
	for more := true; more; {
		list, err := s.Ledger.Attempts(v.Context(), f)
		if err != nil {
			return err
		}
		names, err := s.Mailings.Names(v.Context(), mailingsOf(list))
		if err != nil {
			return err
		}
		for _, a := range list {
			f.Before = a.ID
			a = maskAttempt(a, v.masked(a.UserID))
			if err := out.row(stamp(a.At), a.Address, names[a.MailingID], a.Outcome.String(), a.Stage,
				strconv.FormatInt(a.Code, 10), a.Enhanced, a.Response, a.Server); err != nil {
				return err
			}
		}
		if err := out.page(); err != nil {
			return err
		}
		more = len(list) == exportPage
	}
	return nil
}

// attemptsURL is the attempts of a mailing, of an outcome or all.
func attemptsURL(mailingID int64, outcome string) string {
	q := url.Values{"mailing": {strconv.FormatInt(mailingID, 10)}}
	if outcome != "" {
		q.Set("outcome", outcome)
	}
	return "/attempts?" + q.Encode()
}

// addressOf is the address that an attempt used.
func addressOf(v ui.View, a *delivery.Attempt) string {
	if a.Address == "" {
		return v.T("report.recipient_deleted")
	}
	return a.Address
}

// stage is how far the dialogue came, in plain words.
func stage(v ui.View, name string) string {
	if name == "" {
		return i18n.Dash
	}
	if key := "attempt.stage." + name; v.Has(key) {
		return v.T(key)
	}
	return name
}
