package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"

	"gonets/internal/fault"
	"gonets/internal/httpd"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// failure is what an error's page says.
type failure struct {
	Status  int
	Icon    ui.IconName
	Text    string
	Request string // its number in the log
	Back    string // the page of ours that led here; may be empty
	Again   string // where trying again may help; may be empty
	Login   string // where a guest logs in and comes back; empty where that would not help
}

// fail answers an error with its page. Internals are logged, never shown.
func (v *visit) fail(err error) {
	f := failure{Status: httpd.Status(err), Icon: iconOf(fault.KindOf(err)), Text: ui.Sentence(v.view, err)}
	if f.Status >= http.StatusInternalServerError && !errors.Is(err, v.Context().Err()) {
		v.web.Log.Error("request failed", "request", httpd.RequestID(v.Context()), "error", err)
	}
	v.sayWhen(err)
	v.showFailure("error.title."+string(fault.KindOf(err)), f)
}

// sayWhen tells programs, too, how long to wait after too many tries (RFC 6585,
// 4).
func (v *visit) sayWhen(err error) {
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Kind == fault.TooMany && e.Args["Seconds"] != nil {
		v.w.Header().Set("Retry-After", fmt.Sprint(e.Args["Seconds"]))
	}
}

// notAllowed answers a method that an address does not take, and names those
// that it does (RFC 9110, 15.5.6).
func (v *visit) notAllowed() error {
	routes := chi.RouteContext(v.Context()).Routes
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if routes.Match(chi.NewRouteContext(), method, v.URL.Path) {
			v.w.Header().Add("Allow", method)
		}
	}
	v.showFailure("error.title.not_found", failure{
		Status: http.StatusMethodNotAllowed, Icon: iconOf(fault.NotFound), Text: v.t("web.error_method"),
	})
	return nil
}

// showFailure answers with the page, or, where not even that can be made, in
// words alone.
func (v *visit) showFailure(title string, f failure) {
	p := v.page(v.t(title), layout.NoItem)
	if v.Method != http.MethodGet {
		p.Path = "/" // there is no way back to what was posted
	}
	f.Request, f.Back = httpd.RequestID(v.Context()), v.cameFrom()
	switch {
	case f.Status >= http.StatusInternalServerError && v.Method == http.MethodGet:
		f.Again = p.Path
	case v.actor.ID == 0 && (f.Status == http.StatusUnauthorized || f.Status == http.StatusForbidden || f.Status == http.StatusNotFound):
		f.Login = "/login?" + url.Values{"next": {p.Path}}.Encode()
	}
	if err := v.render(f.Status, errorPage(p, f)); err != nil {
		v.web.Log.Error("render an error", "error", err)
		http.Error(v.w, http.StatusText(f.Status), f.Status)
	}
}

// cameFrom is the page of ours that led here; empty where the browser does not
// say, or it was this very page.
func (v *visit) cameFrom() string {
	from, err := url.Parse(v.Referer())
	if err != nil || from.Host != v.Host {
		return ""
	}
	path := local(from.RequestURI(), "")
	if path == v.URL.RequestURI() && v.Method == http.MethodGet {
		return ""
	}
	return path
}

func iconOf(kind fault.Kind) ui.IconName {
	switch kind {
	case fault.Unauthenticated, fault.Forbidden:
		return ui.IconLock
	case fault.NotFound:
		return ui.IconSearch
	case fault.TooMany, fault.Unavailable:
		return ui.IconClock
	default:
		return ui.IconAlertTriangle
	}
}
