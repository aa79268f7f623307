package browsertest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestFramesAreHeard also where a frame has no origin, and a process of its own
// if the browser may choose.
func TestFramesAreHeard(t *testing.T) {
	pages := http.NewServeMux()
	page := func(path, policy, html string) {
		pages.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("Content-Security-Policy", policy)
			io.WriteString(w, "<!DOCTYPE html>"+html)
		})
	}
	page("/{$}", "default-src 'self'; style-src 'unsafe-inline'", `<p>page</p><iframe src="/frame"></iframe>`)
	page("/frame", "sandbox; default-src 'none'; img-src 'self'", `<link rel="stylesheet" href="/no.css"><iframe sandbox srcdoc="<p style='color:red'>letter</p><script>1</script>"></iframe>`)
	server := httptest.NewServer(pages)
	t.Cleanup(server.Close)

	tab := Open(t).Tab(t, 1280, 800)
	wanted := []string{"no.css", "Blocked script execution", "inline style"}
	tab.Expect("")
	tab.Do(chromedp.Navigate(server.URL), chromedp.Evaluate[chromedp.Void](`0`)) // what is said comes before an answer
	for _, part := range wanted {
		if !slices.ContainsFunc(tab.heard(), func(c string) bool { return strings.Contains(c, part) }) {
			t.Errorf("nothing was heard of %q, only %q", part, tab.heard())
		}
	}
}
