package web

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/message"
	"gonets/internal/recipient"
	"gonets/internal/smtp"
)

// house is the pages on a database, behind a real listener.
type house struct {
	*Fixture
	tester *tester
}

// tester notes what it is told to send.
type tester struct {
	content message.Content
	reply   smtp.Reply
	err     error
}

func (t *tester) SendTest(_ context.Context, _ account.Actor, c message.Content) (smtp.Reply, error) {
	t.content = c
	return t.reply, t.err
}

func newHouse(t *testing.T, d *db.DB) *house {
	t.Helper()
	h := &house{tester: &tester{reply: smtp.Reply{Code: 250, Enhanced: "2.0.0", Text: "queued as 4711"}}}
	h.Fixture = NewFixture(t, d, Wish{BaseURL: "http://gonets.example", Work: true, Tester: h.tester})
	return h
}

// person is somebody with a browser.
type person struct {
	*house
	account.Actor
	client *http.Client
}

// person makes a user and logs them in.
func (h *house) person(name, locale string) *person {
	h.t.Helper()
	u, err := h.Accounts.Create(h.t.Context(), account.CommandLine(), account.NewUser{
		Email: name + "@gonets.example", Password: "correct horse battery staple", Role: account.RoleUser,
		Locale: locale, TimeZone: "Europe/Moscow", Verified: true,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	p := h.guest()
	p.Actor = u.Actor()
	p.get("/let-in?email=" + url.QueryEscape(u.Email)).is(http.StatusOK)
	return p
}

// guest is nobody.
func (h *house) guest() *person {
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return &person{house: h, client: &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is what came back.
type answer struct {
	t      *testing.T
	path   string
	status int
	header http.Header
	body   string
}

func (p *person) get(path string) *answer { return p.ask(http.MethodGet, path, "", nil) }

func (p *person) post(path string, form url.Values) *answer {
	return p.ask(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
}

// upload sends a file with the fields before it.
func (p *person) upload(name, content string, fields map[string]string) *answer {
	p.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for key, value := range fields {
		if err := w.WriteField(key, value); err != nil {
			p.t.Fatal(err)
		}
	}
	file, err := w.CreateFormFile("file", name)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := io.WriteString(file, content); err != nil {
		p.t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		p.t.Fatal(err)
	}
	return p.ask(http.MethodPost, "/recipients/import", w.FormDataContentType(), &b)
}

func (p *person) ask(method, path, contentType string, body io.Reader) *answer {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.server.URL+path, body)
	if err != nil {
		p.t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	response, err := p.client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return &answer{p.t, method + " " + path, response.StatusCode, response.Header, string(text)}
}

// is checks the status.
func (a *answer) is(status int) *answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s: got %d, want %d: %.2000s", a.path, a.status, status, a.body)
	}
	return a
}

// leads checks that the visitor is sent on, and where to.
func (a *answer) leads(to string) *answer {
	a.t.Helper()
	if got := a.is(http.StatusSeeOther).header.Get("Location"); got != to {
		a.t.Fatalf("%s: led to %q, want %q", a.path, got, to)
	}
	return a
}

// has checks that the page shows all of these.
func (a *answer) has(texts ...string) *answer {
	a.t.Helper()
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			_, main, _ := strings.Cut(a.body, "<main")
			a.t.Errorf("%s: lacks %q: %.6000s", a.path, text, main)
		}
	}
	return a
}

// lacks checks that the page shows none of these.
func (a *answer) lacks(texts ...string) *answer {
	a.t.Helper()
	for _, text := range texts {
		if strings.Contains(a.body, text) {
			a.t.Errorf("%s: has %q", a.path, text)
		}
	}
	return a
}

// recipient adds one to the person's.
func (p *person) recipient(d recipient.Draft) recipient.Recipient {
	p.t.Helper()
	r, err := p.Recipients.Create(p.t.Context(), p.Actor, d)
	if err != nil {
		p.t.Fatal(err)
	}
	return r
}

// recipients adds n to the person's, named after their number.
func (p *person) recipients(n int) (list []recipient.Recipient) {
	p.t.Helper()
	for i := 1; i <= n; i++ {
		list = append(list, p.recipient(recipient.Draft{Email: fmt.Sprintf("r%03d@example.com", i)}))
	}
	return list
}

// message adds one to the person's.
func (p *person) message(d message.Draft) message.Message {
	p.t.Helper()
	if d.Format == "" {
		d.Format = message.Text
	}
	m, err := p.Messages.Create(p.t.Context(), p.Actor, d)
	if err != nil {
		p.t.Fatal(err)
	}
	return m
}
