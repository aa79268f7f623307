package web

import (
	"context"
	"strings"

	"github.com/go-chi/chi/v5"

	"gonets/internal/account"
	"gonets/internal/fault"
	"gonets/internal/mailing"
	"gonets/internal/web/ui"
)

// mailingActs are what an owner does to a mailing with one press.
func (s *Web) mailingActs(r chi.Router) {
	type change func(context.Context, account.Actor, int64) (mailing.Mailing, error)
	for name, do := range map[string]change{
		"start": s.Mailings.Start, "pause": s.Mailings.Pause, "resume": s.Mailings.Resume, "stop": s.Mailings.Stop,
	} {
		r.Post("/mailings/{id}/"+name, s.member(s.mailingAct("mailings.did."+name, func(v *visit, id int64) error {
			_, err := do(v.Context(), v.actor, id)
			return err
		})))
	}
	r.Post("/mailings/{id}/send", s.member(s.mailingAct("mailings.did.send", func(v *visit, id int64) error {
		_, err := s.Mailings.Send(v.Context(), v.actor, id)
		return err
	})))
	r.Post("/mailings/{id}/duplicate", s.member(s.mailingDuplicate))
	r.Post("/mailings/{id}/delete", s.member(s.mailingDelete))
}

// mailingAct does something to a mailing and shows its report, with the word
// that it is done, or why it is not.
func (s *Web) mailingAct(done string, do func(*visit, int64) error) handler {
	return func(v *visit) error {
		id, err := v.id()
		if err != nil {
			return err
		}
		return v.did(do(v, id), done, mailingURL(id, ""))
	}
}

// did goes on to a page that says what was done, or why the state of things
// forbade it. Other errors have pages of their own.
func (v *visit) did(err error, done, to string) error {
	switch fault.KindOf(err) {
	case fault.Conflict, fault.Invalid:
		v.flashText(ui.Red, problems(v.view, err))
	default:
		if err != nil {
			return err
		}
		v.flash(ui.Green, done)
	}
	return v.redirect(to)
}

// problems are all sentences of an error in one.
func problems(view ui.View, err error) string {
	form := ui.NewForm(view, err)
	if len(form.Problems) == 0 {
		return form.Summary
	}
	texts := make([]string, len(form.Problems))
	for i, p := range form.Problems {
		texts[i] = p.Text
	}
	return strings.Join(texts, " ")
}

// mailingDuplicate makes a draft like a mailing, and opens it to be changed.
func (s *Web) mailingDuplicate(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	m, err := s.Mailings.Get(v.Context(), v.actor, id)
	if err != nil {
		return err
	}
	twin, err := s.Mailings.Duplicate(v.Context(), v.actor, id, cutName(v.t("mailings.copy_of", "Name", m.Name)))
	if err != nil {
		return v.did(err, "", mailingURL(id, ""))
	}
	v.flash(ui.Green, "mailings.did.duplicate")
	return v.redirect(mailingURL(twin.ID, "/edit"))
}

// cutName is a name that is not too long.
func cutName(name string) string {
	if r := []rune(name); len(r) > 200 {
		return string(r[:199]) + "…"
	}
	return name
}

func (s *Web) mailingDelete(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	return v.did(s.Mailings.Delete(v.Context(), v.actor, id), "mailings.did.delete", "/mailings")
}

// runResend sends again to those to whom a run failed.
func (s *Web) runResend(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	run, err := s.Mailings.Run(v.Context(), v.actor, id)
	if err != nil {
		return err
	}
	_, err = s.Mailings.ResendFailed(v.Context(), v.actor, id, v.FormValue("uncertain") != "")
	return v.did(err, "mailings.did.resend", mailingURL(run.MailingID, ""))
}
