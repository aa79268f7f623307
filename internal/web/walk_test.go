package web

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"gonets/internal/account"
	"gonets/internal/db/dbtest"
	"gonets/internal/web/browsertest"
)

// walker is somebody who walks through the service by hand.
type walker struct {
	*Fixture
	*browsertest.Tab
	t      *testing.T
	script bool // whether pages may run scripts
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
		if is, err := chromedp.Run(k.Tab.Context, chromedp.Evaluate[bool](condition)); err == nil && is {
			return
		}
		if !k.script && turn%100 == 0 {
			_ = chromedp.Do(k.Tab.Context, chromedp.Reload()) //nolint:errcheck // it will be tried again
		}
	}
	url, _ := chromedp.Run(k.Tab.Context, chromedp.Evaluate[string](`location.href`)) //nolint:errcheck // for the message alone
	k.t.Fatalf("%s never came, at %s", what, url)
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
}
