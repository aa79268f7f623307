package web

import (
	"fmt"
	"net/http"
	"strings"

	"gonets/internal/account"
	"gonets/internal/delivery"
	"gonets/internal/i18n"
	"gonets/internal/mailing"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// mailingListPage is a page of the visitor's own mailings.
type mailingListPage struct {
	layout.Page

	Search, State string
	States        []ui.Option
	Total         int64
	Sending       int64
	Rows          []mailingRow
	Owners        map[int64]string // addresses, where the mailings are of several users
	Pages         ui.Pages
}

// mailingRow is one mailing of the list.
type mailingRow struct {
	mailing.Mailing

	Standing standing
	Sentence string // its schedule
	Judge    bool   // the visitor may disable it, as a moderator
}

// Filters of the list, as its address has them.
const (
	stateSending   = "sending"
	stateDisabled  = "disabled"
	stateAttention = "attention"
)

const mailingsPerPage = 50

func (s *Web) mailingList(v *visit) error {
	q := v.URL.Query()
	p := mailingListPage{
		Page:   v.page(v.t("layout.mailings"), layout.Mailings),
		Search: strings.TrimSpace(q.Get("q")),
		State:  q.Get("state"),
	}
	p.States = p.states()
	list, more, err := s.Mailings.List(v.Context(), v.actor, p.filter(v))
	if err != nil {
		return err
	}
	trouble, err := s.away(v.Context())
	if err != nil {
		return err
	}
	p.Rows = v.mailingRows(list, trouble != "")
	if more {
		p.Pages = v.pages(list[len(list)-1].ID)
	} else {
		p.Pages = v.pages(0)
	}
	totals, err := s.Mailings.Totals(v.Context(), v.actor)
	if err != nil {
		return err
	}
	p.Total = totals.All()
	if p.Sending, err = s.Mailings.Sending(v.Context(), v.actor); err != nil {
		return err
	}
	return v.render(http.StatusOK, mailingListTempl(p))
}

// mailingRows shows mailings as rows; away says that a mail server is.
func (v *visit) mailingRows(list []mailing.Mailing, away bool) []mailingRow {
	rows := make([]mailingRow, len(list))
	for i := range list {
		rows[i] = mailingRow{
			Mailing:  list[i],
			Standing: standingOf(&list[i], away),
			Sentence: list[i].Schedule.Describe().Sentence(v.view.Sentence),
			Judge:    account.Can(v.actor, account.MailingDisable, list[i].Object()),
		}
	}
	return rows
}

// filter asks for the visitor's own, moderators' too: the others' stand under
// moderation.
func (p *mailingListPage) filter(v *visit) mailing.Filter {
	f := mailing.Filter{Search: p.Search, Owner: v.actor.ID, Before: v.after(), Limit: mailingsPerPage}
	switch p.State {
	case stateSending:
		f.Sending = true
	case stateDisabled:
		f.Disabled = true
	case stateAttention:
		f.Attention = true
	case string(mailing.Draft), string(mailing.Active), string(mailing.Paused), string(mailing.Finished):
		f.State, f.Enabled = mailing.State(p.State), true // as their badges say
	}
	return f
}

func (p *mailingListPage) states() []ui.Option {
	options := []ui.Option{{Label: p.T("mailings.all_states")}}
	for _, value := range []string{
		stateSending, stateAttention, string(mailing.Active), string(mailing.Paused),
		string(mailing.Draft), string(mailing.Finished), stateDisabled,
	} {
		options = append(options, ui.Option{Value: value, Label: p.T("mailings.filter." + value)})
	}
	return options
}

// note is the line below the title.
func (p *mailingListPage) note() string {
	if p.Total == 0 {
		return ""
	}
	note := p.T("common.mailings", "Count", p.Total)
	if p.Sending > 0 {
		note += ", " + p.T("mailings.sending_now", "Count", p.Sending)
	}
	return note
}

// live are the parts of rows that change while they send, to be fetched again.
func (p *mailingListPage) live() string {
	var ids []string
	for i := range p.Rows {
		if s := p.Rows[i].Standing; s == sending || s == waiting {
			for _, part := range rowParts {
				ids = append(ids, "#"+p.Rows[i].id(part))
			}
		}
	}
	return strings.Join(ids, ",")
}

var rowParts = []string{"progress", "state", "recipients", "accepted", "failed", "last"}

func (r *mailingRow) id(part string) string { return fmt.Sprintf("m%d-%s", r.ID, part) }

// when is the line below a mailing's name.
func (p *mailingListPage) when(r *mailingRow) string {
	switch {
	case r.Disabled != nil:
		return p.T("mailings.disabled_because", "Reason", r.Disabled.Reason)
	case r.Standing == scheduled:
		return r.Sentence + " · " + p.T("mailings.next_at", "Time", p.DateTime(r.NextDueAt, p.Zone))
	case r.Standing == finished && r.LastRun != nil && !r.LastRun.FinishedAt.IsZero():
		return p.T("mailings.finished_at", "Time", p.DateTime(r.LastRun.FinishedAt, p.Zone))
	}
	return r.Sentence
}

// progress is the line above the bar of a mailing that sends.
func (p *mailingListPage) progress(r *mailingRow) string {
	c := r.LastRun.Counts
	if !r.LastRun.Planned {
		return p.T("report.planning", "Count", c.Recipients)
	}
	return p.T("common.done_of", "Done", c.Recipients-c.Remaining(), "Total", c.Recipients)
}

// counts are those of the last run; nil where there was none.
func (r *mailingRow) counts() *delivery.Counts {
	if r.LastRun == nil {
		return nil
	}
	return &r.LastRun.Counts
}

// number is a count that opens its rows.
type number struct{ Text, URL string }

func (p *mailingListPage) recipients(r *mailingRow) number {
	if r.counts() == nil {
		return number{Text: i18n.Dash}
	}
	return number{p.Number(r.counts().Recipients), runURL(r.LastRun.ID, "/deliveries")}
}

func (p *mailingListPage) accepted(r *mailingRow) number {
	c := r.counts()
	if c == nil || tried(*c) == 0 {
		return number{Text: i18n.Dash}
	}
	return number{p.Percent(c.Accepted, tried(*c)), runURL(r.LastRun.ID, "/deliveries?state=accepted")}
}

func (p *mailingListPage) failed(r *mailingRow) number {
	if r.counts() == nil {
		return number{Text: i18n.Dash}
	}
	return number{p.Number(r.counts().Failed), runURL(r.LastRun.ID, "/deliveries?state=failed")}
}

// tried are the recipients of a run about whom something is known: not those
// who are left, nor those who were skipped.
func tried(c delivery.Counts) int64 { return c.Recipients - c.Remaining() - c.Skipped }
