package web

import (
	"net/http"

	"github.com/a-h/templ"

	"gonets/internal/account"
	"gonets/internal/i18n"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// profilePage is one's own account: three forms, of which one at a time can
// have been refused.
type profilePage struct {
	Locale, TimeZone string
	TokenName        string
	NewToken         string // just made, shown this once; empty otherwise
	Tokens           []account.Token

	Settings, Password, Token ui.Form
}

// profilePage is the page as it is before anything was typed.
func (v *visit) profilePage() (profilePage, error) {
	tokens, err := v.web.Accounts.Tokens(v.Context(), v.actor, v.actor.ID)
	if err != nil {
		return profilePage{}, err
	}
	fine := ui.NewForm(v.view, nil)
	return profilePage{
		Locale: v.actor.Locale, TimeZone: v.actor.TimeZone, Tokens: tokens,
		Settings: fine, Password: fine, Token: fine,
	}, nil
}

func (v *visit) profileView(page profilePage) templ.Component {
	return profileView(v.page(v.t("layout.profile"), layout.Profile), page)
}

// profileRefused shows the page again after err, where put lays what was typed
// and what is wrong with it into the page.
func (v *visit) profileRefused(err error, put func(*profilePage, ui.Form)) error {
	page, broken := v.profilePage()
	if broken != nil {
		return broken
	}
	return v.invalid(err, func(f ui.Form) templ.Component {
		put(&page, f)
		return v.profileView(page)
	})
}

func (s *Web) profile(v *visit) error {
	page, err := v.profilePage()
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, v.profileView(page))
}

func (s *Web) saveProfile(v *visit) error {
	locale, zone := v.PostFormValue("locale"), v.PostFormValue("time_zone")
	u, err := s.Accounts.UpdateProfile(v.Context(), v.actor, locale, zone)
	if err != nil {
		return v.profileRefused(err, func(p *profilePage, f ui.Form) {
			p.Locale, p.TimeZone, p.Settings = locale, zone, f
		})
	}
	v.view.Localizer = s.Bundle.For(u.Locale) // the next page speaks it already
	v.flash(ui.Green, "common.saved")
	return v.redirect("/profile")
}

// changePassword ends every session but this one.
func (s *Web) changePassword(v *visit) error {
	u, err := s.Accounts.ChangePassword(v.Context(), v.actor, v.PostFormValue("current_password"), v.PostFormValue("password"))
	if err != nil {
		return v.profileRefused(err, func(p *profilePage, f ui.Form) { p.Password = f })
	}
	v.flash(ui.Green, "password.changed")
	return v.enter(u, "/profile")
}

func languages(v ui.View) []ui.Option {
	var options []ui.Option
	for _, lang := range i18n.Languages() {
		options = append(options, ui.Option{Value: lang, Label: v.T("common.language." + lang)})
	}
	return options
}
