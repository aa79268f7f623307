package web

import (
	"net/http"

	"github.com/a-h/templ"

	"gonets/internal/account"
	"gonets/internal/web/ui"
)

// registerPage is the form to register.
type registerPage struct {
	Email    string
	TimeZone string // the browser's own; without script it stays empty
	NoAdmin  bool   // nobody administers the service yet
}

func (s *Web) registerForm(v *visit) error {
	if v.actor.ID != 0 {
		return v.redirect(afterLogin)
	}
	page := registerPage{Email: v.address()}
	var err error
	if page.NoAdmin, err = v.noAdmin(); err != nil {
		return err
	}
	if !v.service().RegistrationOpen() {
		return v.render(http.StatusForbidden, registerClosedView(v.guest("register.closed_title"), page))
	}
	return v.render(http.StatusOK, registerView(v.guest("register.title"), page, ui.NewForm(v.view, nil)))
}

// register answers the same whether the address is known or not: the letter
// tells, to whoever reads it.
func (s *Web) register(v *visit) error {
	if !v.service().RegistrationOpen() {
		return v.render(http.StatusForbidden, registerClosedView(v.guest("register.closed_title"), registerPage{}))
	}
	page := registerPage{Email: v.PostFormValue("email"), TimeZone: v.PostFormValue("time_zone")}
	err := s.Accounts.Register(v.Context(), account.Registration{
		Email:    page.Email,
		Password: v.PostFormValue("password"),
		Locale:   v.view.Lang(),
		TimeZone: page.TimeZone,
		Address:  v.actor.Address,
	})
	if err != nil {
		return v.invalid(err, func(f ui.Form) templ.Component {
			return registerView(v.guest("register.title"), page, f)
		})
	}
	v.keepAddress(page.Email)
	return v.redirect("/verify")
}
