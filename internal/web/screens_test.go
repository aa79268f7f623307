package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/go-chi/chi/v5"

	"gonets/internal/account"
	"gonets/internal/blog"
	"gonets/internal/db/dbtest"
	"gonets/internal/delivery"
	"gonets/internal/mailing"
	"gonets/internal/mailserver"
	"gonets/internal/message"
	"gonets/internal/recipient"
	"gonets/internal/schedule"
	"gonets/internal/web/browsertest"
)

// screen is a page as somebody comes to it.
type screen struct {
	name  string
	route string // of the router; empty: as the path is
	path  string
	who   account.Role // empty: a guest
}

// screens is every page that there is: a route that is neither here nor among
// notScreens fails TestEveryScreenIsLookedAt.
func screens(s scenery) []screen {
	const guest, user, moderator, admin = account.Role(""), account.RoleUser, account.RoleModerator, account.RoleAdmin
	of := func(format string, id any) string { return fmt.Sprintf(format, id) }
	list := []screen{
		{"home", "", "/", guest},
		{"home-user", "/", "/", user},
		{"register", "", "/register", guest},
		{"login", "", "/login", guest},
		{"verify-sent", "", "/verify", guest},
		{"verify", "/verify/{token}", "/verify/none", guest},
		{"password-forgot", "", "/password/forgot", guest},
		{"password-sent", "", "/password/sent", guest},
		{"password-reset", "/password/reset/{token}", "/password/reset/none", guest},
		{"unsubscribe", "/u/{token}", "/u/" + s.token, guest},
		{"not-found", "/mailings/{id}", "/mailings/999999", user},
		{"forbidden", "/admin/audit", "/admin/audit", user},
		{"overview", "", "/overview", user},
		{"profile", "", "/profile", user},
		{"recipients", "", "/recipients", user},
		{"recipients-none", "/recipients", "/recipients?q=zzz", user},
		{"recipient-new", "", "/recipients/new", user},
		{"recipient", "/recipients/{id}", of("/recipients/%d", s.recipient), user},
		{"recipient-edit", "/recipients/{id}/edit", of("/recipients/%d/edit", s.recipient), user},
		{"import", "", "/recipients/import", user},
		{"imports", "", "/recipients/imports", user},
		{"import-report", "/recipients/imports/{id}", of("/recipients/imports/%d", s.imported), user},
		{"change", "/recipients/changes/{id}", of("/recipients/changes/%d", s.change), user},
		{"change-running", "/recipients/changes/{id}", of("/recipients/changes/%d", s.changing), admin},
		{"recipients-changing", "/recipients", "/recipients", admin},
		{"messages", "", "/messages", user},
		{"message-new", "", "/messages/new", user},
		{"message", "/messages/{id}", of("/messages/%d", s.message), user},
		{"mailings", "", "/mailings", user},
		{"mailing-new", "", "/mailings/new", user},
		{"mailing-edit", "/mailings/{id}/edit", of("/mailings/%d/edit", s.draft), user},
		{"mailing-draft", "/mailings/{id}", of("/mailings/%d", s.draft), user},
		{"mailing-disabled", "/mailings/{id}", of("/mailings/%d", s.disabled), user},
		{"report", "/mailings/{id}", of("/mailings/%d", s.mailing), user},
		{"report-message", "/mailings/{id}/message", of("/mailings/%d/message", s.mailing), user},
		{"runs", "/mailings/{id}/runs", of("/mailings/%d/runs", s.mailing), user},
		{"run", "/runs/{id}", of("/runs/%d", s.run), user},
		{"run-message", "/runs/{id}/message", of("/runs/%d/message", s.run), user},
		{"deliveries", "/runs/{id}/deliveries", of("/runs/%d/deliveries", s.run), user},
		{"delivery", "/deliveries/{id}", of("/deliveries/%d", s.delivery), user},
		{"attempts", "", "/attempts", user},
		{"statistics", "", "/statistics", user},
		{"mailing-statistics", "/mailings/{id}/statistics", of("/mailings/%d/statistics", s.mailing), user},
		{"run-statistics", "/runs/{id}/statistics", of("/runs/%d/statistics", s.run), user},
		{"blog", "", "/blog", guest},
		{"article", "/blog/{slug}", "/blog/november", guest},
		{"articles", "", "/admin/articles", admin},
		{"article-edit", "/admin/articles/{id}", of("/admin/articles/%d", s.article), admin},
		{"sandbox", "", "/sandbox", admin},
		{"moderation-mailings", "", "/moderation/mailings", moderator},
		{"moderation-disable", "/moderation/mailings/{id}/disable", of("/moderation/mailings/%d/disable", s.mailing), moderator},
		{"moderation-enable", "/moderation/mailings/{id}/enable", of("/moderation/mailings/%d/enable", s.disabled), moderator},
		{"moderation-mailing", "/mailings/{id}", of("/mailings/%d", s.mailing), moderator},
		{"moderation-users", "", "/moderation/users", moderator},
		{"moderation-user", "/moderation/users/{id}", of("/moderation/users/%d", s.owner), moderator},
		{"moderation-user-admin", "/moderation/users/{id}", of("/moderation/users/%d", s.owner), admin},
		{"moderation-user-invited", "/moderation/users/{id}", of("/moderation/users/%d", s.invited), admin},
		{"moderation-user-delete", "/moderation/users/{id}/delete", of("/moderation/users/%d/delete", s.owner), admin},
		{"audit", "", "/admin/audit", admin},
		{"group", "/admin/groups/{name}/edit", "/admin/groups/moderators/edit", admin},
		{"server", "/admin/servers/{id}", of("/admin/servers/%d", s.server), admin},
	}
	for i := range list {
		if list[i].route == "" {
			list[i].route = list[i].path
		}
	}
	return list
}

// notScreens are routes that answer no whole page of their own.
var notScreens = []string{
	"/let-in", "/healthz", "/readyz", "/metrics", "/assets/", "/favicon", ".csv", ".xml", "/live", "/preview", "/export",
	"/html", "/blog/pictures/", "/mailings/schedule", "/mailings/audience", "/messages/readers", "/sandbox/{id}", "/images/",
}

// look is one way to see a screen.
type look struct {
	width, height int64
	theme, lang   string
}

func (l look) String() string { return fmt.Sprintf("%d-%s-%s", l.width, l.theme, l.lang) }

// looks are two of the eight ways, which between them have each size, theme
// and language.
var looks = []look{{1280, 900, "light", "ru"}, {390, 844, "dark", "en"}}

// TestScreens shows every screen: none may complain, be wider than its window,
// or hinder anyone.
func TestScreens(t *testing.T) { showScreens(t, looks) }

func showScreens(t *testing.T, looks []look) {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	b := browsertest.Open(t)
	s := newScenery(t)
	for _, l := range looks {
		t.Run(l.String(), func(t *testing.T) {
			for _, c := range append(screens(s), s.others()...) {
				t.Run(c.name, func(t *testing.T) { s.show(t, b, l, c) })
			}
		})
	}
}

// show looks at one screen in a tab of its own.
func (s scenery) show(t *testing.T, b *browsertest.Browser, l look, c screen) {
	t.Helper()
	tab := b.Tab(t, l.width, l.height)
	tab.Expect("the server responded with a status of 4") // some screens say that something is not there
	s.enter(t, tab, l, c.who)
	tab.Do(chromedp.Navigate(s.URL+c.path), chromedp.WaitReady("main"))
	tab.Shoot(c.name + "-" + l.String())
	tab.Axe()
	if over := browsertest.Run(tab, chromedp.Evaluate[int64](`document.documentElement.scrollWidth - document.documentElement.clientWidth`)); over > 0 {
		t.Errorf("%s is %d pixels wider than its window", c.path, over)
	}
	if title := browsertest.Run(tab, chromedp.Evaluate[string](`document.title`)); !strings.Contains(title, " · ") && c.path != "/" {
		t.Errorf("%s has the title %q", c.path, title)
	}
	if lang := browsertest.Run(tab, chromedp.Evaluate[string](`document.documentElement.lang`)); lang != l.lang {
		t.Errorf("%s is in %q", c.path, lang)
	}
}

// enter lets somebody in with their language and theme.
func (s scenery) enter(t *testing.T, tab *browsertest.Tab, l look, who account.Role) {
	t.Helper()
	_, err := chromedp.Call(tab.Context, network.ClearBrowserCookies, cdp.Empty{})
	s.must(err)
	for name, value := range map[string]string{langCookie: l.lang, themeCookie: l.theme} {
		_, err := chromedp.Call(tab.Context, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: s.URL})
		s.must(err)
	}
	if who == "" {
		return
	}
	p := s.people[who]
	_, err = s.Accounts.UpdateProfile(t.Context(), p.actor, l.lang, "Europe/Moscow")
	s.must(err)
	tab.Do(chromedp.Navigate(s.enterURL(p.actor.Email)))
}

// scenery is a service with something on each of its pages.
type scenery struct {
	*desk
	people                                                                          map[account.Role]*visitor
	owner, invited, recipient, imported, change, changing, message, draft, disabled int64
	mailing, run, delivery, article, server                                         int64
	token                                                                           string
}

func newScenery(t *testing.T) scenery {
	t.Helper()
	clock := &deskClock{now: time.Date(2026, 11, 22, 11, 26, 0, 0, time.UTC)}
	k := &desk{NewFixture(t, dbtest.Open(t, dbtest.SQLiteURL(t), clock), Wish{Sandbox: true, Work: true, Addr: "127.0.0.1:0"}), clock}
	anna := k.user("anna", account.RoleUser, "ru")
	s := scenery{desk: k, owner: anna.actor.ID, people: map[account.Role]*visitor{
		account.RoleUser: anna, account.RoleModerator: k.user("mod", account.RoleModerator, "ru"), account.RoleAdmin: k.user("root", account.RoleAdmin, "ru"),
	}}
	s.addresses(anna)
	u, err := k.Accounts.Invite(t.Context(), s.people[account.RoleAdmin].actor, account.Invitation{Email: "new@gonets.example", Locale: "ru"})
	s.must(err)
	s.invited = u.ID
	s.changing = stuck(t, k.DB, s.people[account.RoleAdmin].actor.ID)
	s.letters(anna)
	s.sendings(anna)
	s.judgements()
	return s
}

func (s *scenery) addresses(p *visitor) {
	ctx := s.t.Context()
	names := []string{"Анна Смирнова", "Борис Петров", "Вера Кузнецова", "Глеб Орлов", "Дарья Белова", "Александра Константинопольская-Преображенская"}
	for i := range 60 {
		r, err := p.Recipients.Create(ctx, p.actor, recipient.Draft{
			Email: fmt.Sprintf("client%02d@example.com", i+1), Name: names[i%len(names)],
			Tags:       []string{"клиент", []string{"vip", "новый"}[i%2]},
			Attributes: map[string]any{"город": []string{"Москва", "Казань", "Омск"}[i%3], "баланс": int64(100 * i)},
			Comment:    "Просил звонить после обеда.", TimeZone: "Europe/Samara", Locale: "ru",
		})
		s.must(err)
		s.recipient = r.ID
	}
	s.must(p.Recipients.Suppress(ctx, p.actor, s.recipient))
	job, err := p.Recipients.Upload(ctx, p.actor, strings.NewReader("email,name\nzoya@example.com,Зоя\nнет адреса,Никто\n@,Никто\n"),
		recipient.ImportOptions{Name: "клиенты.csv", Tags: []string{"импорт"}})
	for err == nil && job.State != recipient.ImportDone && job.State != recipient.ImportFailed {
		job, err = p.Recipients.Import(ctx, p.actor, job.ID)
	}
	s.must(err)
	s.imported = job.ID
	c, err := p.Recipients.BeginChange(ctx, p.actor, recipient.ActUntag, "старый", recipient.Filter{Tag: "клиент", Search: "example.com"})
	s.must(err)
	s.must(p.Recipients.CancelChange(ctx, p.actor, c.ID))
	s.change = c.ID
}

func (s *scenery) letters(p *visitor) {
	m, err := p.Messages.Create(s.t.Context(), p.actor, message.Draft{
		Subject: "Привет, {{ recipient.name }}!", Format: message.Markdown,
		Body: "# Новости ноября\n\nЗдравствуйте, **{{ recipient.name }}**!\n\n| Что | Сколько |\n|---|---:|\n| Чай | 120 |\n| Мёд | 450 |\n\n[Подробнее](https://example.com)\n",
	})
	s.must(err)
	s.message = m.ID
}

func (s *scenery) sendings(p *visitor) {
	ctx := s.t.Context()
	m := p.mailing("Ноябрьские скидки: всё для дома и сада")
	s.mailing, s.run = m.ID, p.start(m)
	ends := make([]delivery.End, 50)
	for i := range ends {
		ends[i] = delivery.Took
	}
	ends[7], ends[11], ends[12], ends[20] = delivery.RefusedForGood, delivery.RefusedForNow, delivery.RefusedForGood, delivery.Lost
	s.carry(s.run, ends...)
	s.must(s.DB.Read().QueryRow(ctx, `SELECT id FROM deliveries WHERE run_id = $1 ORDER BY id LIMIT 1`, s.run).Scan(&s.delivery))
	s.draft = p.mailing("Черновик письма о праздниках").ID
	weekly, err := p.Mailings.Create(ctx, p.actor, mailing.Input{
		Name: "Новости недели", MessageID: s.message, Audience: recipient.Audience{Tags: []string{"vip"}},
		Schedule: schedule.Schedule{Frequency: schedule.Weekly, Zone: "Europe/Moscow", Start: s.clock.Now().Add(time.Hour)},
		Sender:   mailing.Sender{Name: "Магазин", Email: "shop@shop.example"},
	})
	s.must(err)
	_, err = p.Mailings.Start(ctx, p.actor, weekly.ID)
	s.must(err)
	s.token = p.Recipients.UnsubscribeToken(s.recipient, s.mailing)
}

func (s *scenery) judgements() {
	ctx, owner, root := s.t.Context(), s.people[account.RoleUser], s.people[account.RoleAdmin]
	spam := owner.mailing("Быстрый заработок")
	owner.start(spam)
	_, err := s.Mailings.Disable(ctx, root.actor, spam.ID, "Получатели жалуются: они ни на что не подписывались.")
	s.must(err)
	s.disabled = spam.ID
	article, err := s.Articles.Create(ctx, root.actor, blog.Draft{
		Title: "Ноябрь: что нового", Slug: "november", Locale: "ru", Summary: "Коротко о главном.",
		Body: "## Раз\n\nТекст с [ссылкой](https://example.com).\n\n- раз\n- два\n", PublishedAt: s.clock.Now().Add(-time.Hour),
	})
	s.must(err)
	s.article = article.ID
	relay, err := s.Servers.Create(ctx, root.actor, mailserver.Draft{
		Name: "Запасной", Host: "mx.example.com", Port: 587, Security: mailserver.Required, Connections: 5,
	})
	s.must(err)
	s.server = relay.ID
	rogue := s.user("zloy", account.RoleUser, "ru")
	_, err = s.Accounts.Block(ctx, root.actor, rogue.actor.ID, "Рассылает чужие базы адресов")
	s.must(err)
}

// others are the pages without parameters that nobody listed: an administrator
// sees them all.
func (s scenery) others() (list []screen) {
	for _, route := range s.unlisted(s.t) {
		if !strings.Contains(route, "{") {
			list = append(list, screen{strings.Trim(strings.ReplaceAll(route, "/", "-"), "-"), route, route, account.RoleAdmin})
		}
	}
	return list
}

// unlisted are the routes of pages that are not in the list.
func (s scenery) unlisted(t *testing.T) (routes []string) {
	t.Helper()
	listed := map[string]bool{}
	for _, c := range screens(s) {
		listed[c.route] = true
	}
	err := chi.Walk(s.Server.Router(), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if method == http.MethodGet && !listed[route] && !strings.HasPrefix(route, "/api/") && !isNoScreen(route) {
			routes = append(routes, route)
		}
		return nil
	})
	s.must(err)
	return routes
}

func isNoScreen(route string) bool {
	for _, part := range notScreens {
		if strings.Contains(route, part) {
			return true
		}
	}
	return strings.HasSuffix(route, "*")
}

// TestEveryScreenIsLookedAt finds the pages that are not in the list. Those
// whose paths have no parameters are looked at all the same.
func TestEveryScreenIsLookedAt(t *testing.T) {
	for _, route := range newScenery(t).unlisted(t) {
		if strings.Contains(route, "{") {
			t.Errorf("%s is not among the screens", route)
		}
	}
}
