package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"

	"gonets/internal/account"
	"gonets/internal/fault"
	"gonets/internal/httpd"
	"gonets/internal/i18n"
	"gonets/internal/setting"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// visit is one request for a page, with what every handler needs of it.
type visit struct {
	*http.Request
	web   *Web
	w     http.ResponseWriter
	actor account.Actor // zero: nobody is logged in
	view  ui.View
	keep  pageKey // under which the answer is kept; zero: it is not

	common *common          // what everybody sees; nil: not known, see service
	set    *setting.Service // nil: not read yet
}

func (s *Web) visit(w http.ResponseWriter, r *http.Request) *visit {
	actor := httpd.ActorFrom(r.Context())
	preferred, zone := actor.Locale, time.UTC
	if c, err := r.Cookie(langCookie); err == nil && actor.ID == 0 {
		preferred = c.Value
	}
	if z := s.zones.find(actor.TimeZone); z != nil {
		zone = z
	}
	lang := i18n.Match(r.Header.Get("Accept-Language"), preferred)
	return &visit{
		Request: r, web: s, w: w, actor: actor,
		view: ui.View{Localizer: s.Bundle.For(lang), Zone: zone, Now: s.DB.Now()},
	}
}

// Cookies that hold a choice of how to see pages; neither says who it is.
const (
	langCookie  = "gonets_lang"
	themeCookie = "gonets_theme"
)

// handler answers a visit.
type handler func(*visit) error

// open is a page for everyone.
func (s *Web) open(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := s.visit(w, r)
		err := parse(w, r)
		if err == nil {
			err = h(v)
		}
		if err != nil {
			v.fail(err)
		}
	}
}

// parse reads the form of a request, so that one that is too large is refused
// instead of being taken for an empty one, and leaves nothing but text in it.
// What else may be wrong with it shows in the fields that are missing.
func parse(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost {
		return nil
	}
	if large, ok := errors.AsType[*http.MaxBytesError](r.ParseForm()); ok {
		w.Header().Set("Connection", "close") // the rest of the body is not read
		return fault.Because(large, fault.TooLarge, "error.too_large", nil)
	}
	httpd.Clean(r.Form)
	httpd.Clean(r.PostForm)
	return nil
}

// member is a page for those who are logged in; others are asked to, and come
// back.
func (s *Web) member(h handler) http.HandlerFunc {
	return s.open(func(v *visit) error {
		if v.actor.ID != 0 {
			return h(v)
		}
		back := "/login"
		if v.Method == http.MethodGet {
			back += "?" + url.Values{"next": {v.URL.RequestURI()}}.Encode()
		}
		return v.redirect(back)
	})
}

// page is the frame of a page: its translated title, and its place in the menu.
func (v *visit) page(title string, active layout.Item) layout.Page {
	p := v.blank()
	p.Title, p.Active, p.Flashes = title, active, v.flashes()
	return p
}

// blank is the frame without a page: what of it the visitor makes.
func (v *visit) blank() layout.Page {
	p := layout.Page{
		View:    v.view,
		User:    layout.User{Email: v.actor.Email, Role: string(v.actor.Role), Permissions: v.actor.Permissions},
		Theme:   layout.Auto,
		Path:    v.URL.RequestURI(),
		Sandbox: v.sandboxed(),
		Inbox:   v.web.Inbox != nil && v.web.Server.Operator(v.Request) == nil,
		Closed:  !v.service().RegistrationOpen(),
		Service: v.service().Title(),
		Version: v.web.o.Version,
		Assets:  v.web.assets,
	}
	if c, err := v.Cookie(themeCookie); err == nil {
		p.Theme = layout.ThemeOf(c.Value)
	}
	return p
}

// t is a sentence in the visitor's language.
func (v *visit) t(key string, args ...any) string { return v.view.T(key, args...) }

// render answers with a page. It is rendered whole before the first byte
// leaves, so that an error never leaves half a page.
func (v *visit) render(status int, page templ.Component) error {
	var body bytes.Buffer
	if err := page.Render(v.Context(), &body); err != nil {
		return fmt.Errorf("render a page: %w", err)
	}
	if v.keep != (pageKey{}) && status == http.StatusOK {
		return v.sendKept(v.web.pages.keep(v.keep, body.Bytes()))
	}
	header := v.w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Cache-Control", "no-store")
	v.w.WriteHeader(status)
	v.write(body.Bytes())
	return nil
}

const contentType = "text/html; charset=utf-8"

func (v *visit) write(body []byte) {
	if _, err := v.w.Write(body); err != nil { //nolint:gosec // templ has escaped what it holds
		v.web.Log.Debug("the visitor left", "error", err)
	}
}

// invalid answers with a form again if err says that its input was wrong (422)
// or at odds with the state of things (409, 429); any other error is passed on.
func (v *visit) invalid(err error, form func(ui.Form) templ.Component) error {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict, fault.TooMany, fault.TooLarge, fault.Unauthenticated:
		v.sayWhen(err)
		return v.render(httpd.Status(err), form(ui.NewForm(v.view, err)))
	default:
		return err
	}
}

// redirect sends the visitor on after an act, so that reloading repeats
// nothing.
func (v *visit) redirect(to string) error {
	http.Redirect(v.w, v.Request, to, http.StatusSeeOther) // a path of ours: what a visitor says goes through local
	return nil
}

// back is where a form says that the visitor came from, if that is a page of
// ours.
func (v *visit) back(otherwise string) string {
	return local(v.FormValue("back"), otherwise)
}

// local is the path if it is one of ours, and never an address elsewhere:
// "//evil.test" and "/\evil.test" are such to a browser.
func local(path, otherwise string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(path, "/") ||
		strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return otherwise
	}
	return path
}

// id is the id in the path; what is none is not there.
func (v *visit) id() (int64, error) {
	id, err := strconv.ParseInt(chi.URLParam(v.Request, "id"), 10, 64)
	if err != nil || id <= 0 {
		return 0, fault.Missing()
	}
	return id, nil
}

// after is the key behind which a page of a list begins: 0 is the start.
func (v *visit) after() int64 {
	after, err := strconv.ParseInt(v.URL.Query().Get("after"), 10, 64)
	if err != nil || after < 0 {
		return 0
	}
	return after
}

// pages are the addresses of a list's neighbours: with next 0 this is the last
// page. Filters stay in the address.
func (v *visit) pages(next int64) ui.Pages {
	var p ui.Pages
	if v.after() != 0 {
		p.First = v.from("")
	}
	if next != 0 {
		p.Next = v.from(strconv.FormatInt(next, 10))
	}
	return p
}

// from is the address of this page from another key on; an empty one is its
// start.
func (v *visit) from(after string) string {
	q := v.URL.Query()
	q.Set("after", after)
	if after == "" {
		q.Del("after")
	}
	if len(q) == 0 {
		return v.URL.Path
	}
	return v.URL.Path + "?" + q.Encode()
}

// flash says something on the next page: what was done.
func (v *visit) flash(tone ui.Tone, key string, args ...any) { v.flashText(tone, v.t(key, args...)) }

// flashText is flash with a sentence that is said already.
func (v *visit) flashText(tone ui.Tone, text string) {
	list := append(v.said(), layout.Flash{Tone: tone, Text: text})
	encoded, err := json.Marshal(list)
	if err != nil {
		return // two texts: they can't fail
	}
	v.web.Server.Sessions().Put(v.Context(), flashKey, string(encoded))
}

// said are the flashes that wait for the next page.
func (v *visit) said() (list []layout.Flash) {
	encoded := v.web.Server.Sessions().GetString(v.Context(), flashKey)
	if encoded != "" && json.Unmarshal([]byte(encoded), &list) != nil {
		return nil // written by another version
	}
	return list
}

// flashes are what waits, and waits no longer.
func (v *visit) flashes() []layout.Flash {
	if !v.flashed() {
		return nil
	}
	list := v.said()
	v.web.Server.Sessions().Remove(v.Context(), flashKey)
	return list
}

// flashed says that the next page has something to say.
func (v *visit) flashed() bool {
	return httpd.HasSession(v.Context()) && v.web.Server.Sessions().Exists(v.Context(), flashKey)
}

const flashKey = "flashes"
