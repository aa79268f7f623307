package web

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/delivery"
	"gonets/internal/httpd"
	"gonets/internal/i18n"
	"gonets/internal/mailing"
	"gonets/internal/message"
	"gonets/internal/queue"
	"gonets/internal/recipient"
	"gonets/internal/smtp"
	"gonets/internal/stats"
	"gonets/internal/web/assets"
)

// house is the pages on a database, behind a real listener.
type house struct {
	*Web
	t      *testing.T
	server *httptest.Server
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
	bundle, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	log := dbtest.Log(t)
	q := queue.New(d, log)
	ledger := delivery.New(d, delivery.DefaultPolicy(), recipient.Addresses)
	recipients := recipient.New(d, q, ledger, recipient.Options{Secret: []byte("secret"), BaseURL: "http://gonets.example", ImportMax: 1 << 20})
	recipients.Work()
	messages := message.New(d, bundle)
	mailings := mailing.New(d, q, recipients, messages, ledger, log, mailing.Options{})
	queue.Handle(q, queue.Options{Lane: queue.Work}, func(ctx context.Context, job mailing.PlanJob) error {
		_, err := mailings.Plan(ctx, job.RunID)
		return err
	})
	if err := q.Open(queue.Workers{queue.Work: 2}); err != nil {
		t.Fatal(err)
	}
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	accounts := account.New(d, nil, account.Options{Argon: account.Argon{Memory: 8, Time: 1, Threads: 1}})
	server, err := httpd.New(httpd.Parts{DB: d, Accounts: accounts, Bundle: bundle, Log: log},
		httpd.Options{BaseURL: "http://gonets.example", CSP: assets.Policy})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, tester: &tester{reply: smtp.Reply{Code: 250, Enhanced: "2.0.0", Text: "queued as 4711"}}}
	server.Pages(func(r chi.Router) { r.Get("/let-in", h.letIn) })
	parts := Parts{
		Server: server, DB: d, Accounts: accounts, Recipients: recipients, Messages: messages, Mailings: mailings,
		Ledger: ledger, Stats: stats.New(d, mailings), Tester: h.tester, Bundle: bundle, Log: log,
	}
	if err := Mount(parts, Options{BaseURL: "http://gonets.example"}); err != nil {
		t.Fatal(err)
	}
	files, err := assets.New()
	if err != nil {
		t.Fatal(err)
	}
	h.Web = &Web{Parts: parts, assets: files}
	h.server = httptest.NewServer(server)
	t.Cleanup(h.server.Close)
	return h
}

// letIn logs a user in without a form.
func (h *house) letIn(w http.ResponseWriter, r *http.Request) {
	u, err := h.Accounts.ByEmail(r.Context(), account.CommandLine(), r.FormValue("email"))
	if err == nil {
		err = h.Server.LogIn(r.Context(), u)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html")
	_, _ = io.WriteString(w, `<link rel="icon" href="data:,">`) // browsers shall not ask for one
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
