package web

import (
	"net/http"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"

	"gonets/internal/web/ui"
)

// forgotForm asks for a letter with the way to a new password.
func (s *Web) forgotForm(v *visit) error {
	return v.render(http.StatusOK, forgotView(v.guest("password.forgot_title"), v.address(), ui.NewForm(v.view, nil)))
}

func (s *Web) forgot(v *visit) error {
	email := v.PostFormValue("email")
	if err := s.Accounts.RequestReset(v.Context(), email, v.actor.Address); err != nil {
		return v.invalid(err, func(f ui.Form) templ.Component {
			return forgotView(v.guest("password.forgot_title"), email, f)
		})
	}
	v.keepAddress(email)
	return v.redirect("/password/sent")
}

// resetSent says the same of every address.
func (s *Web) resetSent(v *visit) error {
	return v.render(http.StatusOK, resetSentView(v.guest("verify.sent_title"), v.sentPage(v.address())))
}

// resetForm sets a new password; the link stays good until that is done.
func (s *Web) resetForm(v *visit) error {
	return v.resetView(nil)
}

func (s *Web) reset(v *visit) error {
	u, err := s.Accounts.Reset(v.Context(), chi.URLParam(v.Request, "token"), v.PostFormValue("password"))
	if err != nil {
		return v.resetView(err)
	}
	v.flash(ui.Green, "password.changed")
	return v.enter(u, afterLogin)
}

// resetView shows the form, with what was wrong with it; err is nil at first.
func (v *visit) resetView(err error) error {
	u, gone := v.web.Accounts.ResetUser(v.Context(), chi.URLParam(v.Request, "token"))
	if gone != nil {
		return v.spent(gone, ui.Link{URL: "/password/forgot", Label: v.t("password.forgot_submit")})
	}
	form := func(f ui.Form) templ.Component { return resetView(v.guest("password.reset_title"), u.Email, f) }
	if err != nil {
		return v.invalid(err, form)
	}
	return v.render(http.StatusOK, form(ui.NewForm(v.view, nil)))
}
