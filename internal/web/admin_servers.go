package web

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"

	"gonets/internal/fault"
	"gonets/internal/mailserver"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// serversPage is the list of mail servers.
type serversPage struct {
	layout.Page

	Servers []mailserver.Server
	Used    int64             // the id of the one in use; -1: none
	Sandbox bool              // there is no server at all
	Trial   *mailserver.Trial // what a server just said; nil: none was asked
	Refused string            // or why it did not
}

func (s *Web) serverList(v *visit) error { return v.servers(http.StatusOK, nil, "") }

// servers is the list, with what a server said when it was tried.
func (v *visit) servers(status int, trial *mailserver.Trial, refused string) error {
	list, err := v.web.Servers.List(v.Context(), v.actor)
	if err != nil {
		return err
	}
	current, err := v.web.Servers.Current(v.Context())
	if err != nil {
		return err
	}
	p := serversPage{
		Page: v.page(v.t("layout.admin_servers"), layout.AdminServers), Servers: list, Used: -1,
		Sandbox: len(list) == 0, Trial: trial, Refused: refused,
	}
	if current.Usable() && !current.Sandbox {
		p.Used = current.ID
	}
	return v.render(status, serversTempl(&p))
}

// serverID is the id in the path; 0 is the server of the configuration.
func (v *visit) serverID() (int64, error) {
	id, err := strconv.ParseInt(chi.URLParam(v.Request, "id"), 10, 64)
	if err != nil || id < 0 {
		return 0, fault.Missing()
	}
	return id, nil
}

// serverPage is the form of a server, as it was typed.
type serverPage struct {
	ID                                   int64 // 0: a new one
	Name, Host, Port, Security, Username string
	Connections, Rate                    string
	Enabled                              bool
	Kept                                 bool // it has a password
}

func (p *serverPage) url() string {
	if p.ID == 0 {
		return "/admin/servers"
	}
	return serverURL(p.ID, "")
}

func serverURL(id int64, rest string) string {
	return "/admin/servers/" + strconv.FormatInt(id, 10) + rest
}

func (s *Web) newServer(v *visit) error {
	page := serverPage{Port: "587", Security: string(mailserver.Auto), Connections: "10", Rate: "0", Enabled: true}
	return v.render(http.StatusOK, v.serverView(page, ui.NewForm(v.view, nil)))
}

func (v *visit) serverView(page serverPage, form ui.Form) templ.Component {
	title := v.t("admin_servers.new")
	if page.ID != 0 {
		title = v.t("admin_servers.edit")
	}
	return serverView(v.page(title, layout.AdminServers), page, form)
}

func (s *Web) serverForm(v *visit) error {
	server, err := s.added(v)
	if err != nil {
		return err
	}
	page := serverPage{
		ID: server.ID, Name: server.Name, Host: server.Host, Port: strconv.Itoa(server.Port), Security: string(server.Security),
		Username: server.Username, Connections: strconv.Itoa(server.Connections),
		Rate: strconv.FormatFloat(server.Rate, 'f', -1, 64), Enabled: server.Enabled, Kept: server.Username != "",
	}
	return v.render(http.StatusOK, v.serverView(page, ui.NewForm(v.view, nil)))
}

// added is the server of the path, if it is none of the configuration.
func (s *Web) added(v *visit) (mailserver.Server, error) {
	id, err := v.id()
	if err != nil {
		return mailserver.Server{}, err
	}
	return s.Servers.Get(v.Context(), v.actor, id)
}

// typedServer reads the form; what is no number is out of every range.
func (v *visit) typedServer() (serverPage, mailserver.Draft) {
	page := serverPage{
		Name: v.PostFormValue("name"), Host: v.PostFormValue("host"), Port: v.PostFormValue("port"),
		Security: v.PostFormValue("security"), Username: v.PostFormValue("username"),
		Connections: v.PostFormValue("connections"), Rate: v.PostFormValue("rate"), Enabled: v.PostFormValue("enabled") != "",
	}
	rate, err := strconv.ParseFloat(strings.Replace(strings.TrimSpace(page.Rate), ",", ".", 1), 64)
	if err != nil {
		rate = -1
		if strings.TrimSpace(page.Rate) == "" {
			rate = 0
		}
	}
	return page, mailserver.Draft{
		Name: page.Name, Host: page.Host, Port: int(limitOf(page.Port)), Security: mailserver.Security(page.Security),
		Username: page.Username, Password: v.PostFormValue("password"), Connections: int(limitOf(page.Connections)),
		Rate: rate, Enabled: page.Enabled,
	}
}

func (s *Web) createServer(v *visit) error {
	page, draft := v.typedServer()
	if _, err := s.Servers.Create(v.Context(), v.actor, draft); err != nil {
		return v.invalid(err, func(f ui.Form) templ.Component { return v.serverView(page, f) })
	}
	v.flash(ui.Green, "admin_servers.added")
	return v.redirect("/admin/servers")
}

func (s *Web) saveServer(v *visit) error {
	server, err := s.added(v)
	if err != nil {
		return err
	}
	page, draft := v.typedServer()
	page.ID, page.Kept = server.ID, server.Username != ""
	if _, err := s.Servers.Update(v.Context(), v.actor, server.ID, draft); err != nil {
		return v.invalid(err, func(f ui.Form) templ.Component { return v.serverView(page, f) })
	}
	v.flash(ui.Green, "common.saved")
	return v.redirect("/admin/servers")
}

// checkServer connects, and shows what the server said.
func (s *Web) checkServer(v *visit) error {
	return v.tried(func(id int64) (mailserver.Trial, error) { return s.Servers.Check(v.Context(), v.actor, id) })
}

// testServer sends a letter to whoever asks.
func (s *Web) testServer(v *visit) error {
	return v.tried(func(id int64) (mailserver.Trial, error) {
		service := v.service().Title()
		return s.Servers.SendTest(v.Context(), v.actor, id, mailserver.Letter{
			Service: service, Subject: v.t("admin_servers.test_subject", "Service", service),
			Text: v.t("admin_servers.test_text", "URL", s.o.BaseURL),
		})
	})
}

// tried shows what came of a try. That a server refuses is an answer too.
func (v *visit) tried(try func(id int64) (mailserver.Trial, error)) error {
	id, err := v.serverID()
	if err != nil {
		return err
	}
	trial, err := try(id)
	if fault.Is(err, fault.Unavailable) {
		return v.servers(http.StatusOK, nil, ui.Sentence(v.view, err))
	}
	if err != nil {
		return err
	}
	return v.servers(http.StatusOK, &trial, "")
}

func (s *Web) enableServer(v *visit) error {
	return v.serverAct("admin_servers.was_enabled", func(id int64) error { return s.Servers.Switch(v.Context(), v.actor, id, true) })
}

func (s *Web) disableServer(v *visit) error {
	return v.serverAct("admin_servers.was_disabled", func(id int64) error { return s.Servers.Switch(v.Context(), v.actor, id, false) })
}

func (s *Web) promoteServer(v *visit) error {
	return v.serverAct("admin_servers.was_promoted", func(id int64) error { return s.Servers.Promote(v.Context(), v.actor, id) })
}

func (s *Web) deleteServer(v *visit) error {
	return v.serverAct("admin_servers.was_deleted", func(id int64) error { return s.Servers.Delete(v.Context(), v.actor, id) })
}

// serverAct does something to the server of the path, says so, and goes back
// to the list.
func (v *visit) serverAct(done string, act func(id int64) error) error {
	id, err := v.serverID()
	if err == nil {
		err = act(id)
	}
	if err != nil {
		return err
	}
	v.flashText(ui.Green, v.t(done))
	return v.redirect("/admin/servers")
}

// name is what a server is called in the list.
func (p *serversPage) name(s mailserver.Server) string {
	switch {
	case s.Configured():
		return p.T("admin_servers.configured")
	case s.Name == "":
		return s.Address()
	}
	return s.Name
}

// rate is how fast a server is used at most.
func (p *serversPage) rate(s mailserver.Server) string {
	if s.Rate == 0 {
		return p.T("admin_servers.unlimited")
	}
	return p.T("admin_servers.per_second", "Rate", p.Decimal(s.Rate, 1))
}

func securities(v ui.View) []ui.Option {
	var list []ui.Option
	for _, s := range mailserver.Securities() {
		list = append(list, ui.Option{Value: string(s), Label: securityName(v, s)})
	}
	return list
}

func (p *serversPage) deleteAsk(s mailserver.Server) ui.Ask {
	return ui.Ask{
		ID: "delete-" + strconv.FormatInt(s.ID, 10), Action: serverURL(s.ID, "/delete"), Label: p.T("common.delete"), Icon: ui.IconTrash,
		Question: p.T("admin_servers.delete_question", "Name", p.name(s)), Text: p.T("admin_servers.delete_text"), Danger: true,
	}
}

func securityName(v ui.View, s mailserver.Security) string {
	return v.T("admin_servers.security_" + string(s))
}
