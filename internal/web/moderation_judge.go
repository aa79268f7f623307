package web

import (
	"net/http"

	"github.com/a-h/templ"

	"gonets/internal/account"
	"gonets/internal/fault"
	"gonets/internal/mailing"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// verdict is what a moderator does to a mailing.
type verdict string

const (
	disabling verdict = "disable"
	enabling  verdict = "enable"
)

// give does it.
func (d verdict) give(v *visit, id int64, reason string) (err error) {
	if d == disabling {
		_, err = v.web.Mailings.Disable(v.Context(), v.actor, id, reason)
	} else {
		_, err = v.web.Mailings.Enable(v.Context(), v.actor, id, reason)
	}
	return err
}

// judgePage asks a moderator for the reason, and says what will happen.
type judgePage struct {
	layout.Page

	Verdict verdict
	Mailing mailing.Mailing
	Owner   string
	Reason  string
	Form    ui.Form
}

func (s *Web) judge(d verdict) handler {
	return func(v *visit) error {
		p, err := s.judgePage(v, d)
		if err != nil {
			return err
		}
		return v.render(http.StatusOK, judgeTempl(p))
	}
}

func (s *Web) judged(d verdict) handler {
	return func(v *visit) error {
		id, err := v.id()
		if err != nil {
			return err
		}
		reason := v.FormValue("reason")
		err = d.give(v, id, reason)
		if fault.Is(err, fault.Invalid) {
			p, err2 := s.judgePage(v, d)
			if err2 != nil {
				return err2
			}
			p.Reason = reason
			return v.invalid(err, func(f ui.Form) templ.Component { p.Form = f; return judgeTempl(p) })
		}
		return v.did(err, "moderation.did."+string(d), mailingURL(id, ""))
	}
}

func (s *Web) judgePage(v *visit, d verdict) (p judgePage, err error) {
	id, err := v.id()
	if err != nil {
		return p, err
	}
	m, err := s.Mailings.Get(v.Context(), v.actor, id)
	if err != nil {
		return p, err
	}
	if err := account.Check(v.actor, account.MailingDisable, m.Object()); err != nil {
		return p, err
	}
	p = judgePage{
		Page:    v.page(v.t("moderation."+string(d)+"_title", "Name", m.Name), layout.ModerationMailings),
		Verdict: d, Mailing: m, Form: ui.NewForm(v.view, nil),
	}
	p.Owner, err = s.emailOf(v, m.UserID)
	return p, err
}

// outcome is what will happen to the mailing.
func (p *judgePage) outcome() string {
	m := &p.Mailing
	run := m.LastRun
	switch {
	case p.Verdict == enabling && m.State != mailing.Active:
		return p.T("moderation.enable_idle")
	case p.Verdict == enabling && run != nil && run.Open() && run.Counts.Remaining() > 0:
		return p.T("moderation.enable_run", "Count", run.Counts.Remaining())
	case p.Verdict == enabling:
		return p.T("moderation.enable_active")
	case run != nil && inFlight(run):
		return p.T("moderation.disable_run", "Done", p.Number(run.Counts.Recipients-run.Counts.Remaining()), "Total", p.Number(run.Counts.Recipients))
	case m.Going() && !m.NextDueAt.IsZero():
		return p.T("moderation.disable_due", "Time", p.DateTime(m.NextDueAt, p.Zone))
	}
	return p.T("moderation.disable_idle")
}

func (p *judgePage) standing() standing { return standingOf(&p.Mailing, false) }

// disabledHint says who can lift a disabling that the visitor can't.
func (p *report) disabledHint() string {
	if p.Judges {
		return "report.disabled_own"
	}
	return "report.disabled_hint"
}
