// Package layout is the frame of every page: what stands around its content.
//
// There are three frames. Shell is for those who are logged in: a menu beside
// the content, which on phones hides behind a button. Guest is for everyone:
// the blog, and the forms to log in and to register. Minimal is for pages that
// must work whatever else is broken: errors, unsubscribing.
//
// A handler fills a Page and hands it to its template:
//
//	templ recipientList(p layout.Page, …) {
//		@layout.Shell(p) {
//			@ui.Head(…)
//		}
//	}
//
// The language and the theme are switched by forms that post to /language and
// /theme with the fields lang or theme, and back: the page to return to.
package layout

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/i18n"
	"gonets/internal/web/assets"
	"gonets/internal/web/ui"
)

// Page is what a frame needs to know.
type Page struct {
	ui.View

	Title   string // the page's own; the frame adds the service's name
	Summary string // for search engines and previews; public pages only
	Picture string // for previews: its whole address; public pages only
	Feed    string // the page's RSS; may be empty
	Active  Item   // of the menu
	User    User   // zero: nobody is logged in
	Theme   Theme
	Path    string // of this page with its query: where the switches come back to
	Flashes []Flash
	Sandbox bool     // no mail server is set: say so
	Inbox   bool     // whoever looks may open the sandbox's
	Closed  bool     // nobody may register
	Service string   // what the service is called; empty: Gonets
	Version string   // of Gonets
	Scripts []string // beyond app.js: "chart.js"
	Refresh int      // seconds after which a browser without scripts loads it anew; 0: never
	Assets  *assets.Files
}

// Key is the same for two frames only if they look alike: a page that is kept
// for one visitor may be shown to another with the same key. It has every
// field but the moment and the assets, which are the program's own; a test
// knows of each field that is added.
func (p Page) Key() string {
	key := make([]byte, 0, 256)
	for _, text := range []string{
		p.Lang(), p.Zone.String(), p.Title, p.Summary, p.Picture, p.Feed, string(p.Active), p.User.Email, p.User.Role,
		string(p.Theme), p.Path, p.Service, p.Version, strings.Join(p.Scripts, " "),
	} {
		key = append(strconv.AppendInt(key, int64(len(text)), 10), ' ')
		key = append(key, text...)
	}
	for _, number := range []int64{
		int64(p.User.Permissions), db.Flag(p.Sandbox), db.Flag(p.Inbox), db.Flag(p.Closed), int64(p.Refresh),
	} {
		key = append(strconv.AppendInt(key, number, 10), ' ')
	}
	for _, said := range p.Flashes {
		key = strconv.AppendQuote(append(key, said.Tone...), said.Text)
	}
	return string(key)
}

// User is who is logged in.
type User struct {
	Email       string
	Role        string              // user, moderator, admin: to be shown
	Permissions account.Permissions // decide what the menu has
}

// Flash is a word about what was just done, shown once.
type Flash struct {
	Tone ui.Tone // Green for success, Red for failure
	Text string  // translated
}

// Theme is a person's choice of colours, kept in a cookie.
type Theme string

// The themes.
const (
	Auto  Theme = "auto" // as the system has it
	Light Theme = "light"
	Dark  Theme = "dark"
)

// ThemeOf reads a theme; whatever is none is Auto.
func ThemeOf(value string) Theme {
	switch t := Theme(value); t {
	case Light, Dark:
		return t
	default:
		return Auto
	}
}

// Item is an item of the menu.
type Item string

// The items.
const (
	NoItem             Item = ""
	Overview           Item = "overview"
	Recipients         Item = "recipients"
	Messages           Item = "messages"
	Mailings           Item = "mailings"
	Attempts           Item = "attempts"
	Statistics         Item = "statistics"
	ModerationMailings Item = "moderation_mailings"
	ModerationUsers    Item = "moderation_users"
	AdminArticles      Item = "admin_articles"
	AdminAudit         Item = "admin_audit"
	AdminSettings      Item = "admin_settings"
	AdminServers       Item = "admin_servers"
	AdminSystem        Item = "admin_system"
	AdminGroups        Item = "admin_groups"
	Sandbox            Item = "sandbox"
	Profile            Item = "profile"
)

// entry is an item as the menu shows it.
type entry struct {
	item Item
	url  string
	icon ui.IconName
}

// part is a part of the menu.
type part struct {
	title   string // translation key; empty: none
	entries []entry
}

// menu is what the menu has for whoever looks; a part without entries is left
// out.
func menu(p Page) []part {
	return slices.DeleteFunc([]part{
		{"", own()},
		{"layout.moderation", allowed(p, []guarded{
			{account.MailingView, entry{ModerationMailings, "/moderation/mailings", ui.IconListDetails}},
			{account.UserBlock, entry{ModerationUsers, "/moderation/users", ui.IconShield}},
		})},
		{"layout.admin", allowed(p, administration(p))},
	}, func(m part) bool { return len(m.entries) == 0 })
}

// own is everybody's part of the menu.
func own() []entry {
	return []entry{
		{Overview, "/overview", ui.IconHome},
		{Recipients, "/recipients", ui.IconUsers},
		{Messages, "/messages", ui.IconMail},
		{Mailings, "/mailings", ui.IconSend},
		{Attempts, "/attempts", ui.IconListCheck},
		{Statistics, "/statistics", ui.IconChartBar},
	}
}

// guarded is an entry for those who have a permission.
type guarded struct {
	permission account.Action
	entry      entry
}

// administration is the part of those who run the service.
func administration(p Page) []guarded {
	entries := []guarded{
		{account.GroupView, entry{AdminGroups, "/admin/groups", ui.IconShield}},
		{account.ArticleEdit, entry{AdminArticles, "/admin/articles", ui.IconArticle}},
		{account.ServiceView, entry{AdminSettings, "/admin/settings", ui.IconSettings}},
		{account.ServiceView, entry{AdminServers, "/admin/servers", ui.IconMail}},
		{account.AuditView, entry{AdminAudit, "/admin/audit", ui.IconHistory}},
		{account.ServiceView, entry{AdminSystem, "/admin/system", ui.IconInfoCircle}},
	}
	if p.Sandbox {
		entries = append(entries, guarded{account.ServiceView, entry{Sandbox, "/sandbox", ui.IconInbox}})
	}
	return entries
}

// allowed are the entries for which whoever looks has the permission.
func allowed(p Page, all []guarded) (entries []entry) {
	for _, g := range all {
		if p.User.Permissions.Has(g.permission) {
			entries = append(entries, g.entry)
		}
	}
	return entries
}

func (p Page) fullTitle() string {
	if p.Title == "" {
		return p.service()
	}
	return p.Title + " · " + p.service()
}

// service is what the service is called.
func (p Page) service() string { return cmp.Or(p.Service, p.T("common.app")) }

// home is where the service's name leads.
func (p Page) home() string {
	if p.User.Email != "" {
		return "/overview"
	}
	return "/"
}

// choice is one button of a switch.
type choice struct {
	value, label string
	icon         ui.IconName
}

func (p Page) themes() []choice {
	return []choice{
		{string(Light), p.T("layout.theme.light"), ui.IconSun},
		{string(Dark), p.T("layout.theme.dark"), ui.IconMoon},
		{string(Auto), p.T("layout.theme.auto"), ui.IconDeviceDesktop},
	}
}

func (p Page) languages() []choice {
	choices := make([]choice, 0, 2)
	for _, lang := range i18n.Languages() {
		choices = append(choices, choice{value: lang, label: p.T("common.language." + lang)})
	}
	return choices
}

// pressed is the value of aria-pressed.
func pressed(yes bool) string {
	if yes {
		return "true"
	}
	return "false"
}

// htmxConfig keeps htmx within the Content-Security-Policy: it adds no styles
// of its own, and speaks only with us.
const htmxConfig = `{"includeIndicatorCSS": false, "mode": "same-origin", "prefix": ""}`

func tone(f Flash) ui.Tone {
	if f.Tone == "" {
		return ui.Green
	}
	return f.Tone
}
