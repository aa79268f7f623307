package web

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"gonets/internal/account"
	"gonets/internal/db/dbtest"
	"gonets/internal/mail"
	"gonets/internal/web/browsertest"
)

// walker is somebody who walks through the whole service by hand, with the
// real engine behind it.
type walker struct {
	*Fixture
	*browsertest.Tab
	t      *testing.T
	script bool // whether pages may run scripts
}

const walkPassword = "correct horse battery"

// TestWalkOfAUser goes the main way: in by a letter, recipients from a file, a
// message, a mailing, its start, and the report that ends by itself; then the
// same where scripts are forbidden.
func TestWalkOfAUser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	b := browsertest.Open(t)
	for name, script := range map[string]bool{"script": true, "no script": false} {
		t.Run(name, func(t *testing.T) {
			letters := make(chan string, 10)
			f := NewFixture(t, dbtest.SQLite(t), Wish{Engine: true, Rate: 60, Letters: func(_ context.Context, _, _ string, raw []byte) (string, error) {
				m, err := mail.Read(raw)
				letters <- m.Text
				return "250 OK", err
			}})
			k := walker{f, b.Tab(t, 1280, 900), t, script}
			if !script {
				k.WithoutScript()
			}
			k.arrive(letters)
			k.bring(200)
			k.write()
			k.compose()
			k.send(201)
		})
	}
}

// open goes to a page.
func (k *walker) open(path string) {
	k.t.Helper()
	k.Do(chromedp.Navigate(k.URL+path), chromedp.WaitReady("main"))
}

// fill types into the field of a name.
func (k *walker) fill(name, text string) {
	k.t.Helper()
	selector := fmt.Sprintf(`main [name="%s"]`, name)
	if k.script {
		typeInto(k.Tab, selector, text)
		return
	}
	k.Do(chromedp.SendKeys(selector, text))
}

// press clicks, and waits for what comes of it.
func (k *walker) press(selector, then string) {
	k.t.Helper()
	k.Do(chromedp.Click(selector))
	k.await(then, fmt.Sprintf(`document.readyState === "complete" && document.querySelector(%q) !== null`, then))
}

// reads waits until an element says something, loading the page anew where
// scripts can't.
func (k *walker) reads(selector, text string) {
	k.t.Helper()
	k.await(selector+" "+text, fmt.Sprintf(`(document.querySelector(%q)?.textContent ?? "").includes(%q)`, selector, text))
}

// await waits for a condition. Pages come and go meanwhile: a question to one
// that is gone is asked again.
func (k *walker) await(what, condition string) {
	k.t.Helper()
	for turn := 1; k.Err() == nil; turn++ {
		if is, err := chromedp.Run(k.Context, chromedp.Evaluate[bool](condition)); err == nil && is {
			return
		}
		if !k.script && turn%100 == 0 {
			_ = chromedp.Do(k.Context, chromedp.Reload())
		}
	}
	url, _ := chromedp.Run(k.Context, chromedp.Evaluate[string](`location.href`))
	k.t.Fatalf("%s never came, at %s", what, url)
}

// arrive registers, confirms the address and logs in.
func (k *walker) arrive(letters <-chan string) {
	k.t.Helper()
	k.open("/register")
	k.fill("email", "anna@example.org")
	k.fill("password", walkPassword)
	k.press(`form[action="/register"] [type=submit]`, `form[action="/verify/resend"]`)
	link := regexp.MustCompile(regexp.QuoteMeta(k.URL) + `(/verify/\S+)`).FindStringSubmatch(<-letters)
	if link == nil {
		k.t.Fatal("the letter has no link")
	}
	k.open(link[1])
	k.press(`main form [type=submit]`, `form[action="/login"]`)
	k.fill("password", walkPassword) // the address is there already
	k.press(`form[action="/login"] [type=submit]`, `form[action="/logout"]`)
}

// bring adds recipients: one by hand, and n from a file with some who are not
// there.
func (k *walker) bring(n int) {
	k.t.Helper()
	k.open("/recipients/new")
	k.fill("email", "ivan@example.com")
	k.fill("name", "Ivan")
	k.press(`main form [type=submit].btn-primary`, `a[href$="/edit"]`)
	var file strings.Builder
	file.WriteString("email,name\n")
	for i := range n {
		name := "client"
		if i%50 == 7 {
			name = "bounce"
		}
		fmt.Fprintf(&file, "%s%d@example.com,Client %d\n", name, i, i)
	}
	path := filepath.Join(k.t.TempDir(), "clients.csv")
	k.must(os.WriteFile(path, []byte(file.String()), 0o600))
	k.open("/recipients/import")
	k.Do(chromedp.SetUploadFiles("#field-file", []string{path}))
	k.press(`form[action="/recipients/import"] [type=submit].btn-primary`, "#import-report")
	k.reads("#import-report", "rows were read")
}

// write writes a message.
func (k *walker) write() {
	k.t.Helper()
	k.open("/messages/new")
	k.fill("subject", "Hello, {{ recipient.name }}")
	k.fill("body", "News for {{ recipient.name }}.")
	if k.script {
		press(k.Tab, "[data-save]")
	} else {
		k.Do(chromedp.Click("[data-save]"))
	}
	k.await("saved", `/^\/messages\/\d+$/.test(location.pathname)`)
}

// compose makes a mailing of it, looking at a daily one on the way.
func (k *walker) compose() {
	k.t.Helper()
	k.open("/mailings/new")
	k.fill("name", "November news")
	k.Do(chromedp.SetValue(`[name=message_id]`, "1"))
	if k.script {
		press(k.Tab, `[name="schedule.frequency"][value=daily]`)
		k.reads("#schedule-preview", "Say when the mailing first goes out.")
		k.Do(chromedp.Evaluate[chromedp.Void](`{
			const start = document.querySelector('[name="schedule.start_at"]')
			start.value = "2040-01-01T10:00"
			start.dispatchEvent(new Event("input", {bubbles: true}))
		}`))
		k.await("the next runs", `document.querySelector("#schedule-preview li") !== null`)
		press(k.Tab, `[name="schedule.frequency"][value=once]`)
		k.await("no next runs", `document.querySelector("#schedule-preview li") === null`)
		k.reads("#audience-picks [role=status]", "201")
	}
	k.press(`button[name=do][value=save]`, "#report-head")
}

// send starts the mailing and sees it through: with scripts the page itself
// must tell that it is done.
func (k *walker) send(n int) {
	k.t.Helper()
	k.press(`.btn-list > button[popovertarget^=start]`, `dialog[id^=start]:is([open], :popover-open)`)
	k.press(`dialog[id^=start] [type=submit]`, "#run-text")
	if k.script {
		k.Do(chromedp.Evaluate[chromedp.Void](`window.walked = true;0`))
	}
	k.reads("#run-text", fmt.Sprintf("Done: %d of %d", n, n))
	if k.script && !browsertest.Run(k.Tab, chromedp.Evaluate[bool](`window.walked === true`)) {
		k.t.Error("the report was loaded anew")
	}
	k.reads("#report-run", "4")
	k.Shoot(fmt.Sprintf("walk-done-%v", k.script))
	k.open("/attempts?outcome=failure")
	k.reads("main", "No such user here")
	k.reads("main", "bounce7@example.com")
}

// TestWalkOfAModerator disables a mailing that goes on and blocks its owner,
// who then sees why.
func TestWalkOfAModerator(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	b := browsertest.Open(t)
	d := newDesk(t, dbtest.SQLiteURL(t))
	anna, mod := d.user("anna", account.RoleUser, "en"), d.user("mod", account.RoleModerator, "en")
	anna.recipients(3, "vip")
	anna.start(anna.mailing("Quick money"))
	k := walker{d.Fixture, b.Tab(t, 1280, 900), t, true}
	k.Do(chromedp.Navigate(k.enterURL(mod.actor.Email)))
	k.open("/moderation/mailings")
	k.press(`main a[href="/mailings/1"]`, "#report-head")
	k.press(`a[href="/moderation/mailings/1/disable"]`, `[name=reason]`)
	k.fill("reason", "Nobody asked for it.")
	k.press(`main form .btn-danger`, ".alert-danger")
	k.reads("main", "Nobody asked for it.")

	owner := walker{d.Fixture, b.Tab(t, 390, 844), t, true}
	owner.Do(chromedp.Navigate(k.enterURL(anna.actor.Email)))
	owner.open("/mailings/1")
	owner.reads("main", "Nobody asked for it.")

	k.Do(chromedp.Navigate(k.enterURL(mod.actor.Email)))
	k.open(userURL(anna.actor.ID, ""))
	k.reads("main", "anna@gonets.example")
	k.fill("reason", "Mail to strangers.")
	k.press(`main form .btn-danger`, ".alert-danger")
	k.reads("main", "Mail to strangers.")
}

// TestWalkOfAnAdmin runs a service: its name, a mail server, an article, a
// user who becomes a moderator and then goes; and reads it all in the audit.
func TestWalkOfAnAdmin(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	d := newDesk(t, dbtest.SQLiteURL(t))
	anna, root := d.user("anna", account.RoleUser, "en"), d.user("root", account.RoleAdmin, "en")
	d.user("second", account.RoleAdmin, "en")
	anna.recipients(3, "vip")
	anna.start(anna.mailing("Quick money"))
	k := walker{d.Fixture, browsertest.Open(t).Tab(t, 1280, 900), t, true}
	k.Do(chromedp.Navigate(k.enterURL(root.actor.Email)))

	k.open("/admin/settings")
	k.fill("name", "Courier")
	k.press(`main form .btn-primary`, "#flashes > *")
	k.reads("title", "Courier")

	k.open("/admin/servers/new")
	k.fill("name", "Relay")
	k.fill("host", "mail.example.com")
	k.press(`main form .btn-primary`, "#flashes > *")
	k.open("/admin/servers")
	k.reads("main", "mail.example.com")

	k.open("/admin/articles/new")
	k.fill("title", "What is new")
	k.fill("body", "All of it.")
	k.press(`main [name="state"][value="published"]`, "main")
	k.press(`main [data-save]`, "#flashes > *")
	k.open("/blog")
	k.reads("main", "What is new")

	user := userURL(anna.actor.ID, "")
	k.open(user)
	k.press(`main form[action$="/groups"] [value="moderators"]`, "main")
	k.press(`main form[action$="/groups"] [type=submit]`, "#flashes > *")
	k.reads("main", "Moderator")
	k.press(`a[href="`+user+`/delete"]`, `[name=reason]`)
	k.reads("main", "1 mailing: what it sends stops at once")
	k.press(`main form .btn-danger`, `main table`)
	k.open("/admin/audit")
	for _, done := range []string{"Settings changed", "Mail server added", "Article created", "Groups of a user changed", "User deleted"} {
		k.reads("main", done)
	}
}
