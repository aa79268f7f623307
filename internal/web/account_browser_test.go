package web_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"gonets/internal/db/dbtest"
	"gonets/internal/web/browsertest"
)

// TestAccountPagesInABrowser goes the whole way in with a real browser, on a
// desk and on a phone: no page may complain, be wider than its screen, or
// hinder anyone.
func TestAccountPagesInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	browser := browsertest.Open(t)
	for _, look := range []struct {
		width, height int64
		lang, theme   string
	}{{1280, 800, "ru", "light"}, {390, 844, "en", "dark"}} {
		t.Run(fmt.Sprint(look.width), func(t *testing.T) {
			s := newSite(t, dbtest.SQLite(t), settings{Sandbox: true, Addr: "127.0.0.1:0"})
			tab := browser.Tab(t, look.width, look.height)
			see := func(name string) {
				t.Helper()
				tab.Shoot(fmt.Sprintf("account-%s-%d", name, look.width))
				tab.Axe()
				if wider := browsertest.Run(tab, chromedp.Evaluate[int64](`document.documentElement.scrollWidth - document.documentElement.clientWidth`)); wider > 0 {
					t.Errorf("%s is %d pixels wider than its screen", name, wider)
				}
			}
			press := func(button, then string) {
				t.Helper()
				tab.Do(chromedp.Click(button), chromedp.WaitVisible(then))
			}

			tab.Do(chromedp.Navigate(s.url+"/login"), chromedp.Evaluate[chromedp.Void](fmt.Sprintf(
				`document.cookie = "gonets_lang=%s"; document.cookie = "gonets_theme=%s"; 0`, look.lang, look.theme)))
			tab.Do(chromedp.Navigate(s.url + "/login"))
			see("login")
			tab.Do(chromedp.Navigate(s.url+"/register"), chromedp.SendKeys("#field-email", "anna@example.org"), chromedp.SendKeys("#field-password", password))
			see("register")
			press(`form[action="/register"] button`, `form[action="/verify/resend"]`)
			see("sent")
			tab.Do(chromedp.Navigate(s.url + s.link(s.letter())))
			see("verify")
			press(`main button[type="submit"]`, `form[action="/login"]`)
			see("verified")
			tab.Do(chromedp.Navigate(s.url+"/login?next=/profile"), chromedp.SendKeys("#field-password", password))
			press(`form[action="/login"] button`, "#field-name")
			tab.Do(chromedp.SendKeys("#field-name", "the shop"))
			press(`form[action="/profile/tokens"] button`, ".alert-success")
			see("profile")
			press("button.btn-outline-danger", "dialog[open]")
			see("revoke")
		})
	}
}
