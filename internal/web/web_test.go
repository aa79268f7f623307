package web_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/mail"
	"gonets/internal/web"
)

const (
	password = "correct horse battery"
	another  = "staple of a new horse"
)

// settings are what tests want otherwise than usual.
type settings struct {
	Closed  bool // no registration
	Sandbox bool
	Addr    string // that the server believes to listen on
}

// site is the whole service behind its pages, with a mailbox for its letters.
type site struct {
	t        *testing.T
	db       *db.DB
	url      string
	accounts *account.Accounts
	mail     chan posted

	closeDatabase func()
}

// posted is a letter as the mail server got it.
type posted struct{ to, subject, text string }

// each runs a test on a site on either database.
func each(t *testing.T, o settings, test func(s *site)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		t.Helper()
		test(newSite(t, d, o))
	})
}

func newSite(t *testing.T, d *db.DB, o settings) *site {
	t.Helper()
	s := &site{t: t, db: d, mail: make(chan posted, 100)}
	f := web.NewFixture(t, d, web.Wish{Closed: o.Closed, Sandbox: o.Sandbox, Addr: o.Addr, Letters: s.take, Pages: breakDown})
	s.url, s.accounts, s.closeDatabase = f.URL, f.Accounts, f.CloseDatabase
	return s
}

// take is the mail server.
func (s *site) take(_ context.Context, _, to string, raw []byte) (string, error) {
	m, err := mail.Read(raw)
	if err != nil {
		return "", err
	}
	s.mail <- posted{to: to, subject: m.Subject, text: m.Text}
	return "250 OK", nil
}

// letter is the next one that was sent.
func (s *site) letter() posted {
	s.t.Helper()
	select {
	case p := <-s.mail:
		return p
	case <-time.After(20 * time.Second): // only where it is lost
		s.t.Fatal("no letter came")
		return posted{}
	}
}

// link is the path of the link in the letter.
func (s *site) link(p posted) string {
	s.t.Helper()
	found := regexp.MustCompile(regexp.QuoteMeta(s.url) + `(/\S+)`).FindStringSubmatch(p.text)
	if found == nil {
		s.t.Fatalf("no link in %q:\n%s", p.subject, p.text)
	}
	return found[1]
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// user is somebody with a confirmed address and the usual password.
func (s *site) user(email string, role account.Role) account.User {
	s.t.Helper()
	u, err := s.accounts.Create(s.t.Context(), account.CommandLine(), account.NewUser{
		Email: email, Password: password, Role: role, Locale: "en", Verified: true,
	})
	s.must(err)
	return u
}

// browser keeps cookies and follows redirects, as one person's does.
type browser struct {
	*site
	client *http.Client
	lang   string // of Accept-Language
}

func (s *site) browser(lang string) *browser {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	s.must(err)
	return &browser{site: s, client: &http.Client{Jar: jar}, lang: lang}
}

// in is a browser of a user who has logged in.
func (s *site) in(email string) *browser {
	s.t.Helper()
	b := s.browser("en")
	b.post("/login", "email", email, "password", password, "next", "/profile").shows(http.StatusOK, email)
	return b
}

// shown is the page that a browser ended up on.
type shown struct {
	t      *testing.T
	path   string // with its query
	status int
	body   string
}

func (b *browser) get(path string) shown {
	b.t.Helper()
	return b.ask(http.MethodGet, path, nil, nil)
}

// post sends a form of names and values.
func (b *browser) post(path string, form ...string) shown {
	b.t.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Add(form[i], form[i+1])
	}
	return b.ask(http.MethodPost, path, values, nil)
}

func (b *browser) ask(method, path string, form url.Values, header http.Header) shown {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, strings.NewReader(form.Encode()))
	b.must(err)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Accept-Language", b.lang)
	for name := range header {
		r.Header.Set(name, header.Get(name))
	}
	answer, err := b.client.Do(r)
	b.must(err)
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	b.must(err)
	return shown{t: b.t, path: answer.Request.URL.RequestURI(), status: answer.StatusCode, body: string(body)}
}

// shows asserts the status and that the page has all these texts.
func (p shown) shows(status int, texts ...string) shown {
	p.t.Helper()
	if p.status != status {
		p.t.Errorf("%s: got %d, want %d", p.path, p.status, status)
	}
	for _, text := range texts {
		if !strings.Contains(p.body, text) {
			p.t.Errorf("%s lacks %q:\n%s", p.path, text, p.body)
		}
	}
	return p
}

// lacks asserts that the page has none of these texts.
func (p shown) lacks(texts ...string) shown {
	p.t.Helper()
	for _, text := range texts {
		if strings.Contains(p.body, text) {
			p.t.Errorf("%s has %q", p.path, text)
		}
	}
	return p
}

// at asserts where the browser ended up.
func (p shown) at(path string) shown {
	p.t.Helper()
	if p.path != path {
		p.t.Errorf("got to %s, want %s", p.path, path)
	}
	return p
}
