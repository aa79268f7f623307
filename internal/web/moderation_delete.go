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

// userDeletePage says what goes with a user, and asks.
type userDeletePage struct {
	layout.Page

	User   account.User
	Has    mailing.Holdings
	Stops  int64 // mailings that are being sent
	Reason string
	Form   ui.Form
}

func (s *Web) userDelete(v *visit) error {
	p, err := s.userDeletePage(v)
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, userDeleteTempl(p))
}

func (s *Web) userDeletePage(v *visit) (p userDeletePage, err error) {
	id, err := v.id()
	if err != nil {
		return p, err
	}
	if err := account.Check(v.actor, account.UserDelete, account.Object{Kind: "user"}); err != nil {
		return p, err
	}
	u, err := s.Accounts.Get(v.Context(), v.actor, id)
	if err != nil {
		return p, err
	}
	if err := account.Check(v.actor, account.UserDelete, u.Object()); err != nil {
		return p, err
	}
	p = userDeletePage{
		Page: v.page(v.t("moderation.delete_title", "Email", u.Email), layout.ModerationUsers),
		User: u, Form: ui.NewForm(v.view, nil),
	}
	if p.Has, err = s.Mailings.Holdings(v.Context(), v.actor, id); err != nil {
		return p, err
	}
	stocks, err := s.Mailings.Stocks(v.Context(), v.actor, id)
	p.Stops = stocks[id].Sending
	return p, err
}

func (s *Web) userDeleted(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	reason := v.FormValue("reason")
	_, err = s.Accounts.Delete(v.Context(), v.actor, id, reason)
	switch {
	case fault.Is(err, fault.Invalid):
		p, err2 := s.userDeletePage(v)
		if err2 != nil {
			return err2
		}
		p.Reason = reason
		return v.invalid(err, func(f ui.Form) templ.Component { p.Form = f; return userDeleteTempl(p) })
	case err != nil:
		return v.did(err, "", userURL(id, ""))
	}
	return v.did(nil, "moderation.did.delete", moderationUsers)
}

// goes is what stops and what is deleted, in sentences.
func (p *userDeletePage) goes() []string {
	list := []string{p.T("moderation.goes_access")}
	for _, one := range []struct {
		key string
		n   int64
	}{
		{"moderation.goes_sending", p.Stops},
		{"moderation.goes_mailings", p.Has.Mailings},
		{"moderation.has_messages", p.Has.Messages},
		{"moderation.goes_recipients", p.Has.Recipients},
	} {
		if one.n > 0 {
			list = append(list, p.T(one.key, "Count", one.n))
		}
	}
	return list
}
