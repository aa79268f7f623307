package web

import (
	"net/http"
	"strings"

	"gonets/internal/blog"
	"gonets/internal/fault"
	"gonets/internal/i18n"
	"gonets/internal/mailing"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// homePage is what everybody sees first.
type homePage struct {
	layout.Page

	Open     bool // to strangers who register
	NoAdmin  bool // nobody administers the service yet
	Census   mailing.Census
	Articles []blog.Article // some of the published ones, drawn by lot
	Features []feature
}

// articlesOnHome is how many articles are drawn.
const articlesOnHome = 3

// feature is something that the service does, by the key of its name.
type feature struct {
	Icon ui.IconName
	Key  string
}

// home is the first page, of guests and users alike.
func (s *Web) home(v *visit) error {
	census, err := s.Mailings.Census(v.Context())
	if err != nil {
		return err
	}
	drawn, err := s.Articles.Random(v.Context(), articlesOnHome)
	if err != nil {
		return err
	}
	noAdmin, err := v.noAdmin()
	if err != nil {
		return err
	}
	p := homePage{
		Page:     v.page("", layout.NoItem),
		NoAdmin:  noAdmin,
		Open:     v.service().RegistrationOpen(),
		Census:   census,
		Articles: drawn,
		Features: []feature{
			{ui.IconUsers, "recipients"},
			{ui.IconCalendar, "schedule"},
			{ui.IconListCheck, "ledger"},
		},
	}
	p.Summary = p.T("home.text", "Service", v.service().Title())
	return v.render(http.StatusOK, homeTempl(p))
}

// tiles are what the service holds, over all users: they open no rows, since
// the rows are other people's.
func (p *homePage) tiles() []ui.Tile {
	return []ui.Tile{
		{Label: p.T("home.count.mailings"), Value: p.Number(p.Census.Mailings)},
		{Label: p.T("home.count.active"), Value: p.Number(p.Census.Active)},
		{Label: p.T("home.count.recipients"), Value: p.Number(p.Census.Recipients), Note: p.T("home.count.recipients_note")},
	}
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
