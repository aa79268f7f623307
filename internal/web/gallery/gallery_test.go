package gallery_test

import (
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"

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
