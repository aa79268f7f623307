package browsertest

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// Look shows a page on a desk and on a phone, light and dark: it may not
// complain, be wider than its screen, or hinder anyone. The tab goes to enter
// first, a page of the same site that lets it in or that anybody may see. What
// has one of the expected parts is no complaint.
func (b *Browser) Look(t *testing.T, name, enter, url string, expected ...string) {
	t.Helper()
	for _, size := range [][2]int64{{1280, 800}, {390, 844}} {
		for _, look := range []struct{ lang, theme string }{{"ru", "light"}, {"en", "dark"}} {
			shot := fmt.Sprintf("%s-%d-%s", name, size[0], look.theme)
			t.Run(shot, func(t *testing.T) {
				tab := b.Tab(t, size[0], size[1])
				for _, part := range expected {
					tab.Expect(part)
				}
				cookies := fmt.Sprintf(`document.cookie = "gonets_lang=%s;path=/"; document.cookie = "gonets_theme=%s;path=/"; 0`, look.lang, look.theme)
				tab.Do(chromedp.Navigate(enter))
				Run(tab, chromedp.Evaluate[int64](cookies))
				tab.Do(chromedp.Navigate(url), chromedp.WaitReady("#toasts"))
				tab.Shoot(shot)
				tab.Axe()
				if over := Run(tab, chromedp.Evaluate[int64](`document.documentElement.scrollWidth - document.documentElement.clientWidth`)); over > 0 {
					t.Errorf("the page is %d pixels wider than its screen", over)
				}
			})
		}
	}
}
