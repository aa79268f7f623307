package web

import (
	"net/http"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"

	"gonets/internal/account"
	"gonets/internal/fault"
	"gonets/internal/httpd"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// accountRoutes are the ways in and out, and one's own profile.
//
// What a letter links to (/verify/…, /password/reset/…) changes nothing when
// it is only opened: programs that look through mail open every link. Its page
// has a button, and the button acts.
func (s *Web) accountRoutes(r chi.Router) {
	r.Get("/register", s.open(s.registerForm))
	r.Post("/register", s.open(s.register))
	r.Get("/verify", s.open(s.verifySent))
	r.Post("/verify/resend", s.open(s.verifyResend))
	r.Get("/verify/{token}", s.open(s.verifyForm))
	r.Post("/verify/{token}", s.open(s.verify))

	r.Get("/login", s.open(s.loginForm))
	r.Post("/login", s.open(s.login))
	r.Post("/logout", s.open(s.logout))

	r.Get("/password/forgot", s.open(s.forgotForm))
	r.Post("/password/forgot", s.open(s.forgot))
	r.Get("/password/sent", s.open(s.resetSent))
	r.Get("/password/reset/{token}", s.open(s.resetForm))
	r.Post("/password/reset/{token}", s.open(s.reset))

	r.Get("/profile", s.member(s.profile))
	r.Post("/profile", s.member(s.saveProfile))
	r.Post("/profile/password", s.member(s.changePassword))
	r.Post("/profile/tokens", s.member(s.createToken))
	r.Post("/profile/tokens/{id}/revoke", s.member(s.revokeToken))
}

// afterLogin is where those go who log in without having been on the way
// somewhere.
const afterLogin = "/overview"

// guest is the frame of a page for those who are not in yet.
func (v *visit) guest(title string) layout.Page { return v.page(v.t(title), layout.NoItem) }

// enter logs a user in who has proven to be that user, and goes on.
func (v *visit) enter(u account.User, to string) error {
	if !u.BlockedAt.IsZero() {
		return fault.New(fault.Forbidden, "account.blocked", fault.Args{"Reason": u.BlockedReason})
	}
	v.forgetAddress()
	if err := v.web.Server.LogIn(v.Context(), u); err != nil {
		return err
	}
	return v.redirect(to)
}

// addressKey is where a session keeps the address that its visitor typed, so
// that the next form need not ask for it again.
const addressKey = "address"

func (v *visit) keepAddress(email string) {
	v.web.Server.Sessions().Put(v.Context(), addressKey, email)
}

func (v *visit) address() string {
	return v.web.Server.Sessions().GetString(v.Context(), addressKey)
}

func (v *visit) forgetAddress() { v.web.Server.Sessions().Remove(v.Context(), addressKey) }

// inbox is where the asker can read the letter that was just sent: the
// sandbox. Empty where it went out, or is not for the asker to see.
func (v *visit) inbox() string {
	if v.web.Inbox == nil || v.web.Server.Operator(v.Request) != nil {
		return ""
	}
	return "/sandbox"
}

// spent answers a link of a letter that is used up or too old, with the way to
// a new one; any other error is passed on.
func (v *visit) spent(err error, again ui.Link) error {
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	p := v.guest("verify.spent_title")
	return v.render(httpd.Status(err), spentPage(p, ui.Sentence(v.view, err), again))
}

// refused is invalid for forms that also say why somebody may not: who logs in
// or registers has no other page to read it on.
func (v *visit) refused(err error, form func(ui.Form) templ.Component) error {
	if fault.Is(err, fault.Forbidden) {
		return v.render(http.StatusForbidden, form(ui.NewForm(v.view, err)))
	}
	return v.invalid(err, form)
}
