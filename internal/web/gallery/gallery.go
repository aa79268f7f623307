// Package gallery shows every component of package ui in the frames of package
// layout, as pages of a made-up service. Tests look at them with a browser, in
// both themes and on a phone; the product doesn't contain them.
package gallery

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/a-h/templ"

	"gonets/internal/account"
	"gonets/internal/fault"
	"gonets/internal/i18n"
	"gonets/internal/web/assets"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// Handler serves the pages at their names, in the language and theme of the
// query: /list?lang=ru&theme=dark.
func Handler(bundle *i18n.Bundle, files *assets.Files) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(assets.Root, files)
	mux.HandleFunc("GET /live", live)
	for name, page := range Pages() {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", assets.Policy)
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			p := frame(bundle.For(r.FormValue("lang")), layout.ThemeOf(r.FormValue("theme")), files)
			if err := page(p).Render(r.Context(), w); err != nil {
				panic(err) // a test's own page
			}
		})
	}
	return mux
}

// live is the stream of a running report: a fragment, then a chart, then
// silence until the browser goes.
func live(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	if _, err := io.WriteString(w, "data: <span class=\"text-secondary\" id=\"run-pace\" hx-swap-oob=\"true\">live</span>\n\n"); err != nil {
		return // the browser went
	}
	more := series()
	more.Values[0][37] = 40
	points, err := json.Marshal(more)
	if err != nil {
		panic(err) // numbers always are JSON
	}
	if _, err := fmt.Fprintf(w, "event: chart\ndata: %s\n\n", points); err != nil {
		return
	}
	if err := http.NewResponseController(w).Flush(); err == nil {
		<-r.Context().Done()
	}
}

// Pages are the pages by name.
func Pages() map[string]func(layout.Page) templ.Component {
	return map[string]func(layout.Page) templ.Component{
		"list":    List,
		"form":    Form,
		"report":  Report,
		"parts":   Parts,
		"login":   Login,
		"minimal": Minimal,
	}
}

// now is a moment that doesn't pass, so that pictures can be compared.
func now() time.Time { return time.Date(2026, 11, 22, 11, 32, 8, 0, time.UTC) }

func frame(l *i18n.Localizer, theme layout.Theme, files *assets.Files) layout.Page {
	return layout.Page{
		View:    ui.View{Localizer: l, Zone: time.FixedZone("Europe/Moscow", 3*60*60), Now: now()},
		Theme:   theme,
		User:    layout.User{Email: "courier@example.test", Role: "admin", Permissions: account.Everything()},
		Path:    "/list",
		Version: "1.0",
		Sandbox: true,
		Assets:  files,
	}
}

// mailing is a row of the list.
type mailing struct {
	name, note                 string
	tone                       ui.Tone
	state                      string
	recipients, accepted, fail int64
}

func mailings() []mailing {
	return []mailing{
		{"Ноябрьские новости", "Сейчас", ui.Blue, "active", 1248, 768, 11},
		{"Еженедельный дайджест", "каждый понедельник в 09:00, далее: 23 ноя 2026", ui.Blue, "active", 842, 829, 13},
		{"Напоминание об оплате", "1-го числа каждого месяца в 10:00", ui.Yellow, "paused", 310, 298, 12},
		{"Приглашение на вебинар", "19 ноя 2026, 14:02, за 3 мин", ui.Green, "finished", 2014, 1995, 19},
		{"Опрос клиентов", "сервер отклонил вход (535), никто не потерян", ui.Red, "waiting", 640, 0, 0},
		{"Распродажа", "жалобы получателей", ui.Red, "disabled", 99, 50, 0},
		{"Зимнее предложение", "изменён 2 часа назад", ui.Grey, "draft", 0, 0, 0},
	}
}

func states(v ui.View) []ui.Option {
	options := []ui.Option{{Label: v.T("common.all")}}
	for _, state := range []string{"draft", "active", "paused", "finished", "disabled"} {
		options = append(options, ui.Option{Value: state, Label: v.T("mailing.state." + state)})
	}
	return options
}

// attempt is a row of the report.
type attempt struct {
	address, outcome, words string
	ago                     time.Duration
}

func attempts() []attempt {
	return []attempt{
		{"bounce31@example.test", "failure", "550 5.1.1 User unknown in virtual mailbox table", 0},
		{"full27@example.test", "failure", "452 4.2.2 Mailbox full", time.Second},
		{"anna12@example.test", "success", "250 2.0.0 Ok: queued as 4f9c1b", time.Second},
		{"slow8@example.test", "unknown", "", 3 * time.Second},
	}
}

func series() ui.Series {
	s := ui.Series{Values: make([][]int64, 2)}
	for i := range int64(38) {
		s.At = append(s.At, now().Unix()-380+i*10)
		s.Values[0] = append(s.Values[0], 18+(i*37%11)-(i%5))
		s.Values[1] = append(s.Values[1], i*7%3)
	}
	return s
}

// refused is what a noun answers to a bad form.
func refused() error {
	var f fault.Fields
	f.Add("email", "mail.address_no_at", nil)
	f.Add("frequency", "error.choice", nil)
	f.Add("comment", "error.too_long", fault.Args{"Max": 2000})
	return f.Err()
}
