package web

import (
	"net/http"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"

	"gonets/internal/web/ui"
)

// sentPage says that a letter is on its way, if the address deserves one.
type sentPage struct {
	Email string // where to; empty where we don't know any more
	Inbox string // where the asker can read it here; may be empty
}

func (v *visit) sentPage(email string) sentPage { return sentPage{Email: email, Inbox: v.inbox()} }

// verifySent is the page after a registration. It says the same of every
// address.
func (s *Web) verifySent(v *visit) error {
	return v.render(http.StatusOK, verifySentView(v.guest("verify.sent_title"), v.sentPage(v.address()), ui.NewForm(v.view, nil)))
}

func (s *Web) verifyResend(v *visit) error {
	email := v.PostFormValue("email")
	if err := s.Accounts.Resend(v.Context(), email, v.actor.Address); err != nil {
		return v.invalid(err, func(f ui.Form) templ.Component {
			return verifySentView(v.guest("verify.sent_title"), v.sentPage(email), f)
		})
	}
	v.keepAddress(email)
	v.flash(ui.Green, "verify.resent")
	return v.redirect("/verify")
}

func (s *Web) verifyForm(v *visit) error {
	return v.render(http.StatusOK, verifyView(v.guest("verify.title")))
}

// verify confirms an address, and asks for the password instead of logging in:
// a link that somebody else's registration brought here must not lead into an
// account whose password that somebody knows.
func (s *Web) verify(v *visit) error {
	u, err := s.Accounts.Verify(v.Context(), chi.URLParam(v.Request, "token"))
	if err != nil {
		return v.spent(err, ui.Link{URL: "/verify", Label: v.t("verify.resend")})
	}
	v.keepAddress(u.Email)
	v.flash(ui.Green, "verify.done", "Email", u.Email)
	return v.redirect("/login")
}
