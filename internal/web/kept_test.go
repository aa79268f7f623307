package web

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"gonets/internal/account"
	"gonets/internal/blog"
	"gonets/internal/db/dbtest"
	"gonets/internal/delivery"
	"gonets/internal/fault"
	"gonets/internal/httpd"
	"gonets/internal/mailing"
	"gonets/internal/message"
	"gonets/internal/web/assets"
)

// asks gets a page of which the browser has a version.
func (p *visitor) asks(path, etag string) *page {
	p.t.Helper()
	client := *p.client
	client.Transport = headers{"If-None-Match": {etag}}
	return (&visitor{desk: p.desk, actor: p.actor, client: &client}).get(path)
}

// headers are sent with every request.
type headers http.Header

func (h headers) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for name, values := range h {
		r.Header[name] = values
	}
	return http.DefaultTransport.RoundTrip(r)
}

func (a *page) etag() string {
	a.t.Helper()
	if a.status(http.StatusOK); a.header.Get("ETag") == "" || a.header.Get("Cache-Control") != "private, no-cache" {
		a.t.Errorf("%s is not kept: ETag %q, Cache-Control %q", a.path, a.header.Get("ETag"), a.header.Get("Cache-Control"))
	}
	return a.header.Get("ETag")
}

// unkept checks that neither we nor the browser keep a page.
func (a *page) unkept() *page {
	a.t.Helper()
	if a.header.Get("ETag") != "" || a.header.Get("Cache-Control") != "no-store" {
		a.t.Errorf("%s is kept: ETag %q, Cache-Control %q", a.path, a.header.Get("ETag"), a.header.Get("Cache-Control"))
	}
	return a
}

func TestKeptPageIsSentAgainUntilItChanges(t *testing.T) {
	eachDesk(t, func(k *desk) {
		k.user("root", account.RoleAdmin, "en") // else the home page says how to make one
		anna := k.user("anna", account.RoleUser, "en")
		m := anna.mailing("Spring")
		for _, path := range []string{"/", "/mailings", "/mailings?q=spr", fmt.Sprintf("/mailings/%d", m.ID), fmt.Sprintf("/mailings/%d/runs", m.ID)} {
			first := anna.get(path).etag()
			if second := anna.get(path).etag(); second != first {
				t.Errorf("%s: got ETag %s, then %s", path, first, second)
			}
			if got := anna.asks(path, first); got.code != http.StatusNotModified || got.body != "" || got.header.Get("ETag") != first {
				t.Errorf("%s: got %d with %d bytes and ETag %q, want 304 and nothing else", path, got.code, len(got.body), got.header.Get("ETag"))
			}
			anna.asks(path, `W/"other"`).status(http.StatusOK)
		}
		list := anna.get("/mailings").etag()
		anna.post(fmt.Sprintf("/mailings/%d/duplicate", m.ID), nil).status(http.StatusSeeOther)
		anna.get("/overview") // takes the word about it
		anna.asks("/mailings", list).status(http.StatusOK)
		if got := anna.get("/mailings").shows("2 mailings").etag(); got == list {
			t.Errorf("the list has the ETag %s still", got)
		}
		anna.get("/").shows("Mailings", `>2<`)
	})
}

// The articles on the home page follow the blog at once, and are drawn by lot.
func TestHomeShowsArticles(t *testing.T) {
	eachDesk(t, func(k *desk) {
		k.user("root", account.RoleAdmin, "en") // else the home page says how to make one
		guest, admin := k.guest(), account.CommandLine()
		guest.get("/").hides("From the blog").etag()
		var ids []int64
		for i := range 5 {
			a, err := k.Articles.Create(t.Context(), admin, blog.Draft{
				Title: fmt.Sprintf("Article %d", i), Locale: "en", Body: "Text", PublishedAt: k.clock.Now(),
			})
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, a.ID)
		}
		page := guest.get("/").shows("From the blog", `href="/blog"`, `href="/blog/article-`)
		if n := strings.Count(page.body, "Article "); n != 3 {
			t.Errorf("got %d articles, want 3", n)
		}
		if page.etag() != guest.get("/").etag() {
			t.Error("within a minute other articles were drawn")
		}
		for _, id := range ids {
			if err := k.Articles.Delete(t.Context(), admin, id); err != nil {
				t.Fatal(err)
			}
		}
		guest.get("/").hides("From the blog", "Article ").etag()
	})
}

// What another process writes, a command or another node, shows at once.
func TestKeptPageKnowsOfOtherProcesses(t *testing.T) {
	eachDesk(t, func(k *desk) {
		k.user("root", account.RoleAdmin, "en") // else the home page says how to make one
		anna := k.user("anna", account.RoleUser, "en")
		m := anna.mailing("Spring")
		there := &visitor{desk: k.anew(), actor: anna.actor, client: anna.client}
		there.get("/mailings").shows("Spring")
		in := m.Input()
		in.Name = "Autumn"
		if _, err := k.Mailings.Update(t.Context(), anna.actor, m.ID, in); err != nil {
			t.Fatal(err)
		}
		for _, v := range []*visitor{anna, there} {
			v.get("/mailings").shows("Autumn").hides("Spring").etag()
		}
	})
}

func TestKeptPageReachesNobodyElse(t *testing.T) {
	eachDesk(t, func(k *desk) {
		k.user("root", account.RoleAdmin, "en") // else the home page says how to make one
		anna, boris := k.user("anna", account.RoleUser, "en"), k.user("boris", account.RoleUser, "en")
		mod := k.user("mod", account.RoleModerator, "en")
		m := anna.mailing("Secret plans")
		anna.recipients(1, "vip")
		run := anna.start(m)
		k.carry(run, delivery.RefusedForGood)
		k.advance(run)
		report := fmt.Sprintf("/mailings/%d", m.ID)
		for _, path := range []string{"/mailings", report, report + "/runs"} {
			etag := anna.get(path).shows("anna@gonets.example").etag()
			want := http.StatusNotFound
			if path == "/mailings" {
				want = http.StatusOK
			}
			for _, got := range []*page{boris.get(path), boris.asks(path, etag)} {
				got.status(want).hides("Secret plans", "anna@gonets.example", "vip.example")
			}
			k.guest().get(path).status(http.StatusSeeOther).hides("Secret plans")
			k.guest().asks(path, etag).status(http.StatusSeeOther).hides("Secret plans")
		}
		// Whoever sees another's mailing sees it masked, whoever looked before;
		// that page is not kept, since its edition would be of their own things.
		anna.get(report).shows("r1@vip.example")
		mod.get(report).status(http.StatusOK).hides("r1@vip.example").unkept()
		mod.get(report + "/runs").status(http.StatusOK).unkept()
		anna.get(report).shows("r1@vip.example").etag()
		// The home page is for everyone, and yet has a name on it.
		anna.get("/").shows(`href="/overview"`).etag()
		k.guest().get("/").shows(`href="/login"`).hides(`href="/overview"`).etag()
		boris.get("/").hides("anna@gonets.example")
		// A session that has ended opens no kept page.
		etag := anna.get("/mailings").etag()
		if _, err := k.Accounts.Block(t.Context(), mod.actor, anna.actor.ID, "spam"); err != nil {
			t.Fatal(err)
		}
		anna.asks("/mailings", etag).status(http.StatusSeeOther).hides("Secret plans")
		boris.post("/logout", url.Values{}).leads("/login")
		boris.get("/mailings").status(http.StatusSeeOther)
	})
}

func TestKeptPageVariesByItsVisitor(t *testing.T) {
	k := newDesk(t, dbtest.SQLiteURL(t))
	k.user("root", account.RoleAdmin, "en")
	anna := k.user("anna", account.RoleUser, "en")
	anna.mailing("Spring")
	anna.get("/mailings").shows("Mailings", `data-bs-theme="auto"`).etag()
	anna.post("/theme", url.Values{"theme": {"dark"}, "back": {"/mailings"}}).leads("/mailings")
	anna.get("/mailings").shows(`data-bs-theme="dark"`).etag()
	anna.post("/language", url.Values{"lang": {"ru"}, "back": {"/mailings"}}).leads("/mailings")
	anna.get("/mailings").shows("Рассылки", `lang="ru"`).hides("Log out").etag()
	guest := k.guest()
	guest.get("/").shows(`lang="en"`).etag()
	guest.post("/language", url.Values{"lang": {"ru"}, "back": {"/"}})
	guest.get("/").shows(`lang="ru"`).etag()
	k.guest().get("/").shows(`lang="en"`).etag()
}

// A word about what was done is shown once, to whom it is meant.
func TestKeptPageHasNoFlash(t *testing.T) {
	k := newDesk(t, dbtest.SQLiteURL(t))
	k.user("root", account.RoleAdmin, "en")
	anna := k.user("anna", account.RoleUser, "en")
	m := anna.mailing("Spring")
	path := fmt.Sprintf("/mailings/%d", m.ID)
	anna.post(path+"/delete", nil).leads("/mailings")
	said := anna.get("/mailings").unkept()
	if again := anna.get("/mailings"); again.etag() == "" || len(again.body) >= len(said.body) {
		t.Errorf("the page with a flash has %d bytes, the next one %d", len(said.body), len(again.body))
	}
}

// While a run sends, its numbers differ from one moment to the next.
func TestMovingPageIsNotKept(t *testing.T) {
	k := newDesk(t, dbtest.SQLiteURL(t))
	k.user("root", account.RoleAdmin, "en")
	anna := k.user("anna", account.RoleUser, "en")
	anna.recipients(2, "all")
	m := anna.mailing("Spring")
	run := anna.start(m)
	report := fmt.Sprintf("/mailings/%d", m.ID)
	anna.get("/mailings").unkept()
	anna.get(report).unkept()
	k.carry(run, delivery.Took, delivery.Took)
	k.advance(run)
	anna.get("/mailings").etag()
	anna.get(report).etag()
}

// Whatever two users and a moderator do, a kept page says what one would say
// that was made now.
func TestKeptPageIsNeverStale(t *testing.T) {
	eachDesk(t, func(k *desk) {
		k.user("root", account.RoleAdmin, "en") // else the home page says how to make one
		r := rand.New(rand.NewPCG(3, 14))
		users := []*visitor{k.user("anna", account.RoleUser, "en"), k.user("boris", account.RoleUser, "ru")}
		mod := k.user("mod", account.RoleModerator, "en")
		for _, u := range users {
			u.recipients(8, "all")
			u.mailing("First")
		}
		for step := range 40 {
			u := users[r.IntN(len(users))]
			k.compare(step, users)
			if act, err := u.act(r, mod.actor); err != nil && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Invalid) {
				t.Fatalf("step %d, %s: %v", step, act, err)
			}
		}
		k.compare(40, users)
	})
}

// compare gets the pages from the service, which has kept some, and from one
// that has just been started.
func (k *desk) compare(step int, users []*visitor) {
	k.t.Helper()
	fresh := k.anew()
	for _, u := range users {
		now := &visitor{desk: fresh, actor: u.actor, client: u.client}
		list, _, err := k.Mailings.List(k.t.Context(), u.actor, mailing.Filter{Owner: u.actor.ID, Limit: 2})
		if err != nil {
			k.t.Fatal(err)
		}
		paths := []string{"/", "/mailings", "/mailings?state=active"}
		for i := range list {
			paths = append(paths, fmt.Sprintf("/mailings/%d", list[i].ID), fmt.Sprintf("/mailings/%d/runs", list[i].ID))
		}
		for _, path := range paths {
			got, want := u.get(path), now.get(path)
			if got.code != want.code || got.body != want.body {
				k.t.Errorf("step %d: %s of %s is stale (%d and %d bytes)", step, path, u.actor.Email, len(got.body), len(want.body))
			}
		}
	}
}

// act does something that a page may show, if the state of things allows it.
func (p *visitor) act(r *rand.Rand, mod account.Actor) (name string, err error) {
	ctx := p.t.Context()
	list, _, err := p.Mailings.List(ctx, p.actor, mailing.Filter{Owner: p.actor.ID, Limit: 4})
	if err != nil {
		return "list", err
	}
	if len(list) == 0 {
		p.mailing("Again")
		return "create", nil
	}
	m := list[r.IntN(len(list))]
	acts := []struct {
		name string
		do   func() error
	}{
		{"create", func() error { p.mailing("Another"); return nil }},
		{"rename", func() error {
			full, err := p.Mailings.Get(ctx, p.actor, m.ID)
			if err != nil {
				return err
			}
			in := full.Input()
			in.Name = fmt.Sprint("Name ", r.IntN(1000))
			_, err = p.Mailings.Update(ctx, p.actor, m.ID, in)
			return err
		}},
		{"start", func() error { _, err := p.Mailings.Start(ctx, p.actor, m.ID); return err }},
		{"plan", func() error {
			return p.eachRun(func(id int64) error { _, err := p.Mailings.Plan(ctx, id); return err })
		}},
		{"count", func() error { return p.eachRun(func(id int64) error { return p.count(id, r) }) }},
		{"advance", func() error { return p.eachRun(func(id int64) error { p.advance(id); return nil }) }},
		{"pause", func() error { _, err := p.Mailings.Pause(ctx, p.actor, m.ID); return err }},
		{"resume", func() error { _, err := p.Mailings.Resume(ctx, p.actor, m.ID); return err }},
		{"stop", func() error { _, err := p.Mailings.Stop(ctx, p.actor, m.ID); return err }},
		{"disable", func() error { _, err := p.Mailings.Disable(ctx, mod, m.ID, "spam"); return err }},
		{"enable", func() error { _, err := p.Mailings.Enable(ctx, mod, m.ID, ""); return err }},
		{"delete", func() error { return p.Mailings.Delete(ctx, p.actor, m.ID) }},
		{"rewrite", func() error {
			_, err := p.Messages.Update(ctx, p.actor, m.MessageID, message.Draft{Subject: fmt.Sprint("Subject ", r.IntN(1000)), Format: message.Text, Body: "Hello"})
			return err
		}},
		{"wait", func() error { p.clock.pass(time.Minute); return nil }},
	}
	a := acts[r.IntN(len(acts))]
	return a.name, a.do()
}

// eachRun does something with every open run of the visitor's.
func (p *visitor) eachRun(do func(id int64) error) error {
	runs, err := p.Mailings.OpenRuns(p.t.Context())
	for i := range runs {
		if err == nil && runs[i].UserID == p.actor.ID {
			err = do(runs[i].ID)
		}
	}
	return err
}

// count lets a server answer one of a run's deliveries, as the ledger writes
// it, if the run is sending.
func (p *visitor) count(runID int64, r *rand.Rand) error {
	run, err := p.Mailings.Run(p.t.Context(), p.actor, runID)
	if err != nil || run.State != mailing.RunSending || run.Counts.Remaining() == 0 {
		return err
	}
	ends := []delivery.End{delivery.Took, delivery.RefusedForGood, delivery.RefusedForNow}
	p.carry(runID, ends[r.IntN(len(ends))])
	return nil
}

// advance finishes a run, if it is done.
func (k *desk) advance(runID int64) {
	k.t.Helper()
	runs, err := k.Mailings.OpenRuns(k.t.Context())
	for i := range runs {
		if err == nil && runs[i].ID == runID {
			_, err = k.Mailings.Advance(k.t.Context(), runs[i])
		}
	}
	if err != nil {
		k.t.Fatal(err)
	}
}

// anew is another process with the pages of the same service.
func (k *desk) anew() *desk {
	k.t.Helper()
	parts := k.Parts
	var err error
	parts.Server, err = httpd.New(httpd.Parts{DB: k.DB, Accounts: k.Accounts, Bundle: k.Bundle, Log: k.Log},
		httpd.Options{BaseURL: "http://gonets.example", CSP: assets.Policy})
	if err == nil {
		err = Mount(parts, Options{BaseURL: "http://gonets.example", Version: "test"})
	}
	if err != nil {
		k.t.Fatal(err)
	}
	other := *k.Fixture
	other.server = httptest.NewServer(parts.Server)
	other.URL = other.server.URL
	k.t.Cleanup(other.server.Close)
	return &desk{&other, k.clock}
}
