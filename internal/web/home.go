package web

import (
	"net/http"
	"strings"

	"gonets/internal/fault"
	"gonets/internal/i18n"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// homePage is what guests see first.
type homePage struct {
	layout.Page

	Open     bool // to strangers who register
	Features []feature
}

// feature is something that the service does, by the key of its name.
type feature struct {
	Icon ui.IconName
	Key  string
}

// home is the first page. Whoever is logged in has an overview instead.
func (s *Web) home(v *visit) error {
	if v.actor.ID != 0 {
		return v.redirect("/overview")
	}
	p := homePage{
		Page: v.page("", layout.NoItem),
		Open: s.Accounts.RegistrationOpen(),
		Features: []feature{
			{ui.IconUsers, "recipients"},
			{ui.IconCalendar, "schedule"},
			{ui.IconListCheck, "ledger"},
		},
	}
	p.Summary = p.T("home.text")
	return v.render(http.StatusOK, homeTempl(p))
}

func (s *Web) notFound(*visit) error { return fault.Missing() }

// setLanguage remembers in which language to show pages: in the profile of
// whoever is logged in, in a cookie otherwise.
func (s *Web) setLanguage(v *visit) error {
	lang := v.FormValue("lang")
	if !i18n.Known(lang) {
		return fault.Missing()
	}
	if v.actor.ID != 0 {
		if _, err := s.Accounts.UpdateProfile(v.Context(), v.actor, lang, v.actor.TimeZone); err != nil {
			return err
		}
	}
	v.remember(langCookie, lang)
	return v.redirect(v.back("/"))
}

// setTheme remembers the colours.
func (s *Web) setTheme(v *visit) error {
	v.remember(themeCookie, string(layout.ThemeOf(v.FormValue("theme"))))
	return v.redirect(v.back("/"))
}

func (v *visit) remember(cookie, value string) {
	http.SetCookie(v.w, &http.Cookie{ //nolint:gosec // Secure wherever the service is reached over TLS
		Name: cookie, Value: value, Path: "/", MaxAge: 365 * 24 * 60 * 60,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(v.web.o.BaseURL, "https://"),
	})
}
