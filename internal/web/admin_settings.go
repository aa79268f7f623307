package web

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"

	"gonets/internal/account"
	"gonets/internal/setting"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// serviceRoutes are the pages of those who run the service: its settings, its
// mail servers, and how it does.
func (s *Web) serviceRoutes(r chi.Router) {
	r.Get("/admin/settings", s.runner(s.settingsForm))
	r.Post("/admin/settings", s.runner(s.saveSettings))
	r.Get("/admin/servers", s.runner(s.serverList))
	r.Post("/admin/servers", s.runner(s.createServer))
	r.Get("/admin/servers/new", s.runner(s.newServer))
	r.Get("/admin/servers/{id}", s.runner(s.serverForm))
	r.Post("/admin/servers/{id}", s.runner(s.saveServer))
	r.Post("/admin/servers/{id}/check", s.runner(s.checkServer))
	r.Post("/admin/servers/{id}/test", s.runner(s.testServer))
	r.Post("/admin/servers/{id}/enable", s.runner(s.enableServer))
	r.Post("/admin/servers/{id}/disable", s.runner(s.disableServer))
	r.Post("/admin/servers/{id}/first", s.runner(s.promoteServer))
	r.Post("/admin/servers/{id}/delete", s.runner(s.deleteServer))
	r.Get("/admin/system", s.runner(s.system))
}

// runner is a page for those who may see how the service is run.
func (s *Web) runner(h handler) http.HandlerFunc {
	return s.member(func(v *visit) error {
		if err := account.Check(v.actor, account.ServiceView, account.Object{Kind: "service"}); err != nil {
			return err
		}
		return h(v)
	})
}

// settingsPage is what is set, as it was typed.
type settingsPage struct {
	Name, Registration   string
	RunLimit, DailyLimit string
	Senders              string
}

func (s *Web) settingsForm(v *visit) error {
	set, err := s.Settings.Get(v.Context())
	if err != nil {
		return err
	}
	page := settingsPage{
		Name: set.Name, Registration: string(set.Registration),
		RunLimit: strconv.FormatInt(set.RunLimit, 10), DailyLimit: strconv.FormatInt(set.DailyLimit, 10),
		Senders: strings.Join(set.Senders, "\n"),
	}
	return v.render(http.StatusOK, v.settingsView(page, ui.NewForm(v.view, nil)))
}

func (v *visit) settingsView(page settingsPage, form ui.Form) templ.Component {
	return settingsView(v.page(v.t("layout.admin_settings"), layout.AdminSettings), page, form)
}

func (s *Web) saveSettings(v *visit) error {
	page := settingsPage{
		Name: v.PostFormValue("name"), Registration: v.PostFormValue("registration"),
		RunLimit: v.PostFormValue("run_limit"), DailyLimit: v.PostFormValue("daily_limit"),
		Senders: v.PostFormValue("senders"),
	}
	_, err := s.Settings.Save(v.Context(), v.actor, setting.Service{
		Name: page.Name, Registration: setting.Registration(page.Registration),
		RunLimit: limitOf(page.RunLimit), DailyLimit: limitOf(page.DailyLimit),
		Senders: strings.FieldsFunc(page.Senders, func(r rune) bool { return strings.ContainsRune(" ,;\t\r\n", r) }),
	})
	if err != nil {
		return v.invalid(err, func(f ui.Form) templ.Component { return v.settingsView(page, f) })
	}
	v.flash(ui.Green, "common.saved")
	return v.redirect("/admin/settings")
}

// limitOf is a number that was typed: nothing is 0, and what is no number is
// less than any limit can be.
func limitOf(typed string) int64 {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		return 0
	}
	n, err := strconv.ParseInt(typed, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// registrations are the choices of who may have an account.
func registrations(v ui.View) []ui.Option {
	var list []ui.Option
	for _, r := range []setting.Registration{setting.AsConfigured, setting.Open, setting.Closed} {
		name := string(r)
		if r == setting.AsConfigured {
			name = "configured"
		}
		list = append(list, ui.Option{Value: string(r), Label: v.T("admin_settings.registration_" + name)})
	}
	return list
}
