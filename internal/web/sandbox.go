package web

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"gonets/internal/fault"
	"gonets/internal/mail"
	"gonets/internal/sandbox"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// sandboxRoutes are the inbox of a service without a mail server.
func (s *Web) sandboxRoutes(r chi.Router) {
	r.Get("/sandbox", s.operator(s.sandboxList))
	r.Post("/sandbox/clear", s.operator(s.sandboxClear))
	r.Get("/sandbox/{id}", s.operator(s.sandboxMail))
	r.Get("/sandbox/{id}/html", s.operator(s.sandboxHTML))
}

// operator is a page of the inbox. Letters that let somebody in lie there, so
// it is for admins, and for whoever sits at the machine itself, who needs no
// login. With a mail server there is no inbox.
func (s *Web) operator(h handler) http.HandlerFunc {
	return s.open(func(v *visit) error {
		if s.Inbox == nil {
			return fault.Missing()
		}
		if err := s.Server.Operator(v.Request); err != nil {
			return err
		}
		return h(v)
	})
}

// sandboxListPage is a page of the inbox.
type sandboxListPage struct {
	layout.Page

	Search string
	Total  int64
	Mails  []sandbox.Mail
	Rules  []sandbox.Rule
	Pages  ui.Pages
}

const mailsPerPage = 50

func (s *Web) sandboxList(v *visit) error {
	p := sandboxListPage{
		Page:   v.page(v.t("layout.sandbox"), layout.Sandbox),
		Search: strings.TrimSpace(v.URL.Query().Get("q")),
		Rules:  sandbox.Rules(),
	}
	mails, next, err := s.Inbox.List(v.Context(), sandbox.Filter{Search: p.Search, After: v.after(), Limit: mailsPerPage})
	if err != nil {
		return err
	}
	if p.Total, err = s.Inbox.Count(v.Context()); err != nil {
		return err
	}
	p.Mails, p.Pages = mails, v.pages(next)
	return v.render(http.StatusOK, sandboxListTempl(p))
}

// note is the line below the title.
func (p *sandboxListPage) note() string {
	if p.Total == 0 {
		return ""
	}
	return p.T("sandbox.count", "Count", p.Total)
}

func (s *Web) sandboxClear(v *visit) error {
	removed, err := s.Inbox.Clear(v.Context())
	if err != nil {
		return err
	}
	v.flash(ui.Green, "sandbox.cleared", "Count", removed)
	return v.redirect("/sandbox")
}

// The ways to look at a mail.
const (
	mailAsHTML   = "html"
	mailAsText   = "text"
	mailAsSource = "source"
)

// sandboxMailPage is one mail.
type sandboxMailPage struct {
	layout.Page
	sandbox.Mail

	As    string // one of the ways
	Tabs  []ui.Tab
	Words []words // of the text
}

func (s *Web) sandboxMail(v *visit) error {
	m, err := s.mail(v)
	if err != nil {
		return err
	}
	p := sandboxMailPage{
		Page: v.page(subjectOf(v.view, m), layout.Sandbox),
		Mail: m,
		As:   wayOf(m.Parsed, v.URL.Query().Get("as")),
	}
	p.Tabs = p.tabs()
	if p.As == mailAsText {
		p.Words = linked(m.Parsed.Text, s.o.BaseURL)
	}
	return v.render(http.StatusOK, sandboxMailTempl(p))
}

func (s *Web) mail(v *visit) (sandbox.Mail, error) {
	id, err := v.id()
	if err != nil {
		return sandbox.Mail{}, err
	}
	return s.Inbox.Get(v.Context(), id)
}

// wayOf is how a mail is shown: as asked, as far as it has that; otherwise as
// most readers would see it.
func wayOf(m *mail.Parsed, asked string) string {
	switch {
	case asked == mailAsSource, asked == mailAsText && m.Text != "", asked == mailAsHTML && m.HTML != "":
		return asked
	case m.HTML != "":
		return mailAsHTML
	case m.Text != "":
		return mailAsText
	}
	return mailAsSource
}

func (p *sandboxMailPage) tabs() []ui.Tab {
	var tabs []ui.Tab
	for _, way := range []string{mailAsHTML, mailAsText, mailAsSource} {
		if wayOf(p.Parsed, way) == way {
			tabs = append(tabs, ui.Tab{URL: sandboxURL(p.ID, "?as="+way), Label: p.T("sandbox.as." + way), Active: way == p.As})
		}
	}
	return tabs
}

// mailPolicy is the Content-Security-Policy of a mail's HTML, which is shown as
// it came: nothing of it runs, nothing is fetched, and it has no origin.
const mailPolicy = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; " +
	"frame-ancestors 'self'; form-action 'none'; base-uri 'none'"

// sandboxHTML is the inside of a mail's frame.
func (s *Web) sandboxHTML(v *visit) error {
	m, err := s.mail(v)
	if err != nil {
		return err
	}
	if m.Parsed.HTML == "" {
		return fault.Missing()
	}
	h := v.w.Header()
	h.Set("Content-Security-Policy", mailPolicy)
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	if _, err := v.w.Write([]byte(m.Parsed.HTML)); err != nil { // foreign HTML, on purpose: see mailPolicy
		s.Log.Debug("the visitor left", "error", err)
	}
	return nil
}

// words are a piece of a text: plain, or a link to a page of ours.
type words struct{ Text, URL string }

// linked finds the links to our own pages in a text. Others stay words: what
// lies in the inbox may come from anybody.
func linked(text, baseURL string) []words {
	var pieces []words
	for {
		at := strings.Index(text, baseURL+"/")
		if at < 0 {
			return append(pieces, words{Text: text})
		}
		end := at + len(baseURL)
		if n := strings.IndexAny(text[end:], " \t\r\n<>\"'()[]"); n >= 0 {
			end += n
		} else {
			end = len(text)
		}
		link := strings.TrimRight(text[at:end], ".,;:!?")
		end = at + len(link)
		pieces = append(pieces, words{Text: text[:at]}, words{Text: link, URL: link})
		text = text[end:]
	}
}

// subjectOf is what a mail is called.
func subjectOf(v ui.View, m sandbox.Mail) string {
	if m.Subject == "" {
		return v.T("sandbox.no_subject")
	}
	return m.Subject
}

func sandboxURL(id int64, rest string) string { return fmt.Sprintf("/sandbox/%d%s", id, rest) }
