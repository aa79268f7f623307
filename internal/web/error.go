package web

import (
	"errors"
	"net/http"
	"net/url"

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
	Request string // its number in the log; only where there is something in it
	Login   string // where a guest logs in and comes back; empty for users
}

// fail answers an error with its page. Internals are logged, never shown.
func (v *visit) fail(err error) {
	f := failure{Status: httpd.Status(err), Icon: iconOf(fault.KindOf(err)), Text: ui.Sentence(v.view, err)}
	if f.Status >= http.StatusInternalServerError && !errors.Is(err, v.Context().Err()) {
		f.Request = httpd.RequestID(v.Context())
		v.web.Log.Error("request failed", "request", f.Request, "error", err)
	}
	v.showFailure("error.title."+string(fault.KindOf(err)), f)
}

// notAllowed answers a method that an address does not take.
func (v *visit) notAllowed() error {
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
	if v.actor.ID == 0 && f.Status < http.StatusInternalServerError {
		f.Login = "/login?" + url.Values{"next": {p.Path}}.Encode()
	}
	if err := v.render(f.Status, errorPage(p, f)); err != nil {
		v.web.Log.Error("render an error", "error", err)
		http.Error(v.w, http.StatusText(f.Status), f.Status)
	}
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
