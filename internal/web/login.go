package web

import (
	"errors"

	"github.com/a-h/templ"

	"gonets/internal/fault"
	"gonets/internal/web/ui"
)

// loginPage is the form to log in.
type loginPage struct {
	Email      string
	Next       string // where to go then: a path of ours; may be empty
	Open       bool   // strangers may register
	NoAdmin    bool   // nobody administers the service yet
	Unverified bool   // the password was right, but the address is not confirmed
}

func (v *visit) loginPage(email string) (loginPage, error) {
	noAdmin, err := v.noAdmin()
	return loginPage{
		Email:   email,
		Next:    local(v.FormValue("next"), ""),
		Open:    v.service().RegistrationOpen(),
		NoAdmin: noAdmin,
	}, err
}

func (s *Web) loginForm(v *visit) error {
	if v.actor.ID != 0 {
		return v.redirect(local(v.FormValue("next"), afterLogin))
	}
	page, err := v.loginPage(v.address())
	if err != nil {
		return err
	}
	return v.render(200, loginView(v.guest("login.title"), page, ui.NewForm(v.view, nil)))
}

func (s *Web) login(v *visit) error {
	email := v.PostFormValue("email")
	u, err := s.Accounts.Login(v.Context(), email, v.PostFormValue("password"), v.actor.Address)
	if err == nil {
		return v.enter(u, local(v.FormValue("next"), afterLogin))
	}
	page, broken := v.loginPage(email)
	if broken != nil {
		return broken
	}
	if e, ok := errors.AsType[*fault.Error](err); ok {
		page.Unverified = e.Key == "account.unverified"
	}
	return v.refused(err, func(f ui.Form) templ.Component {
		return loginView(v.guest("login.title"), page, f)
	})
}

func (s *Web) logout(v *visit) error {
	if err := s.Server.LogOut(v.Context()); err != nil {
		return err
	}
	v.w.Header().Set("Clear-Site-Data", `"cache"`) // pages that the browser keeps, for its "back"
	return v.redirect("/login")
}
