package gallery_test

import (
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"gonets/internal/i18n"
	"gonets/internal/web/assets"
	"gonets/internal/web/browsertest"
	"gonets/internal/web/gallery"
)

func serve(t *testing.T) string {
	t.Helper()
	bundle, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	files, err := assets.New()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gallery.Handler(bundle, files))
	t.Cleanup(server.Close)
	return server.URL
}

// TestPages shows every page on a desk and on a phone, light and dark: none
// may complain, be wider than its screen, or hinder anyone.
func TestPages(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	url, browser := serve(t), browsertest.Open(t)
	for name := range gallery.Pages() {
		for _, size := range [][2]int64{{1280, 800}, {390, 844}} {
			for _, look := range []struct{ lang, theme string }{{"ru", "light"}, {"en", "dark"}} {
				t.Run(fmt.Sprintf("%s-%d-%s", name, size[0], look.theme), func(t *testing.T) {
					tab := browser.Tab(t, size[0], size[1])
					tab.Do(chromedp.Navigate(fmt.Sprintf("%s/%s?lang=%s&theme=%s", url, name, look.lang, look.theme)), chromedp.WaitReady("#toasts"))
					tab.Shoot(fmt.Sprintf("%s-%d-%s", name, size[0], look.theme))
					tab.Axe()
					overflow := browsertest.Run(tab, chromedp.Evaluate[int64](`document.documentElement.scrollWidth - document.documentElement.clientWidth`))
					if overflow > 0 {
						t.Errorf("the page is %d pixels wider than its screen", overflow)
					}
				})
			}
		}
	}
}

// open shows a page of the gallery in a tab.
func open(t *testing.T, tab *browsertest.Tab, url string) {
	t.Helper()
	tab.Do(chromedp.Navigate(url), chromedp.WaitReady("#toasts"))
}

// is waits until an expression holds in the page.
func is(t *testing.T, tab *browsertest.Tab, expression string) {
	t.Helper()
	if !browsertest.Run(tab, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(5*time.Second))) {
		t.Errorf("it doesn't come true: %s", expression)
	}
}

// TestComfort uses what a person may use, with scripts.
func TestComfort(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	url, browser := serve(t), browsertest.Open(t)

	t.Run("the slash leads to the search", func(t *testing.T) {
		tab := browser.Tab(t, 1280, 800)
		open(t, tab, url+"/list")
		tab.Do(chromedp.KeyEvent("/"))
		is(t, tab, `document.activeElement.type === "search"`)
	})
	t.Run("a menu of a row closes by Escape", func(t *testing.T) {
		tab := browser.Tab(t, 1280, 800)
		open(t, tab, url+"/list")
		tab.Do(chromedp.Click("details.dropdown summary"))
		is(t, tab, `document.querySelectorAll("details.dropdown[open]").length === 1`)
		tab.Axe()
		tab.Shoot("menu")
		tab.Do(chromedp.KeyEvent(kb.Escape))
		is(t, tab, `document.querySelectorAll("details.dropdown[open]").length === 0`)
	})
	t.Run("a question is modal", func(t *testing.T) {
		tab := browser.Tab(t, 1280, 800)
		open(t, tab, url+"/report?lang=ru")
		tab.Do(chromedp.Click(`.btn-list > button[popovertarget="stop"]`))
		is(t, tab, `document.querySelector("#stop:modal") !== null`)
		tab.Axe()
		tab.Shoot("confirm")
		tab.Do(chromedp.Click(`#stop button[popovertargetaction="hide"]`))
		is(t, tab, `document.querySelector("#stop:modal") === null`)
	})
	t.Run("a report lives", func(t *testing.T) {
		tab := browser.Tab(t, 1280, 800)
		open(t, tab, url+"/report")
		is(t, tab, `document.getElementById("run-pace").textContent === "live"`)
		is(t, tab, `document.querySelector("[data-live-lost]").hidden`)
	})
}

// TestWithoutScript uses the same where scripts are forbidden.
func TestWithoutScript(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	url, browser := serve(t), browsertest.Open(t)

	tab := browser.Tab(t, 390, 844)
	tab.WithoutScript()
	tab.Do(chromedp.Navigate(url + "/report?lang=ru"))
	tab.Do(chromedp.Click(`button[popovertarget="menu"]`), chromedp.WaitVisible(`#menu a[href="/recipients"]`))
	tab.Shoot("phone-menu")
	tab.Do(chromedp.Click(`button[popovertarget="menu"]`), chromedp.WaitNotVisible(`#menu a[href="/recipients"]`))
	tab.Do(chromedp.Click(`.btn-list > button[popovertarget="stop"]`), chromedp.WaitVisible(`#stop button[type="submit"]`))
	tab.Shoot("phone-confirm")
}
