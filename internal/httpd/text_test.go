package httpd

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/go-chi/chi/v5"

	"gonets/internal/db/dbtest"
)

func TestAddressIsText(t *testing.T) {
	f := newFixture(t, dbtest.SQLite(t), Options{})
	f.Pages(func(r chi.Router) {
		r.Get("/echo/{word}", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "%s %s", chi.URLParam(r, "word"), r.URL.Query().Encode())
		})
	})
	for target, want := range map[string]string{
		"/echo/plain?q=%D1%8F&q=2": "plain q=%D1%8F&q=2",
		"/echo/%00":                "\ufffd ",
		"/echo/a%ffb":              "a\ufffdb ",
		"/echo/a%2Fb?q=%ff&p=1":    "a%2Fb p=1&q=%EF%BF%BD",
		"/echo/a?q=%00&%00=1":      "a q=%EF%BF%BD",
	} {
		if got := f.ask(t, "GET", target, nil).Body.String(); got != want {
			t.Errorf("%s: got %q, want %q", target, got, want)
		}
	}
}
