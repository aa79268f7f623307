package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"gonets/internal/account"
	"gonets/internal/db/dbtest"
)

// TestErrorPages walks into every way a page can fail.
func TestErrorPages(t *testing.T) {
	each(t, settings{}, func(s *site) {
		s.user("anna@example.org", account.RoleUser)
		for lang, want := range map[string]struct{ missing, large, foreign, method, broken string }{
			"en": {"Not found", "Too large", "Not allowed", "This address takes no such request.", "Something broke"},
			"ru": {"Не найдено", "Слишком много данных", "Нет доступа", "По этому адресу такой запрос не принимается.", "Произошёл сбой"},
		} {
			b := s.browser(lang)
			p := b.get("/no/such/page?q=1").shows(404, want.missing, `href="/login?next=`, `value="/no/such/page?q=1"`)
			if got := strings.Count(p.body, "<h1"); got != 1 {
				t.Errorf("%s has %d headings, want 1", p.path, got)
			}
			b.post("/overview/nothing").shows(404, want.missing).lacks(`value="/overview/nothing"`)
			b.post("/profile/password/x").shows(404)
			b.ask(http.MethodPut, "/login", url.Values{}, nil).shows(405, want.method)
			b.post("/login", "email", "anna@example.org", "password", strings.Repeat("x", 5<<20)).shows(413, want.large)
			b.ask(http.MethodPost, "/login", url.Values{}, http.Header{"Sec-Fetch-Site": {"cross-site"}}).shows(403, want.foreign)
			b.get("/panic").shows(500, want.broken, `<html lang="`+lang+`"`).lacks("what a test says")
		}
		b := s.in("anna@example.org")
		b.get("/no/such/page").shows(404, `href="/overview"`).lacks("/login?next=")
		b.get("/panic").shows(500, `href="/panic"`, "Try again")
		b.get("/profile").at("/profile")
	})
}

// TestWayBack leads to the page of ours that the visitor came from, and to no
// other.
func TestWayBack(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t), settings{})
	b := s.browser("en")
	for from, want := range map[string]bool{
		s.url + "/blog?tag=a":       true,
		s.url + "/no/such/page":     false, // itself
		"https://evil.example/blog": false,
		s.url + "//evil.example":    false,
		"javascript:alert(1)//":     false,
		"/blog":                     false,
	} {
		p := b.ask(http.MethodGet, "/no/such/page", nil, http.Header{"Referer": {from}}).shows(404, "Request number")
		if got := strings.Contains(p.body, "Back"); got != want {
			t.Errorf("from %s: back is offered: %v, want %v", from, got, want)
		}
		p.lacks("evil", "alert")
	}
}

// TestNotAllowed names what the address does take.
func TestNotAllowed(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t), settings{})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.url+"/login", nil)
	s.must(err)
	answer, err := http.DefaultClient.Do(r)
	s.must(err)
	defer answer.Body.Close()
	if got := strings.Join(answer.Header.Values("Allow"), ", "); answer.StatusCode != http.StatusMethodNotAllowed || got != "GET, POST" {
		t.Errorf("got %d, Allow: %q; want 405, GET, POST", answer.StatusCode, got)
	}
}

// TestDatabaseAway is told with a page, too.
func TestDatabaseAway(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t), settings{})
	s.user("anna@example.org", account.RoleUser)
	b := s.in("anna@example.org")
	s.closeDatabase()
	p := b.get("/profile").shows(500, "Something broke", `<html lang="en"`).lacks("sql", "closed", "anna@example.org")
	if !strings.Contains(p.body, "Request number") {
		t.Errorf("the page names no request:\n%s", p.body)
	}
}

// breakDown is a page with a bug.
func breakDown(r chi.Router) {
	r.Get("/panic", func(http.ResponseWriter, *http.Request) { panic("what a test says") })
}

// TestNoWayToRegister where registration is closed: not on any page.
func TestNoWayToRegister(t *testing.T) {
	each(t, settings{Closed: true}, func(s *site) {
		b := s.browser("en")
		for _, path := range []string{"/", "/login", "/password/forgot", "/verify"} {
			b.get(path).at(path).shows(http.StatusOK).lacks(`href="/register"`)
		}
		b.get("/register").shows(http.StatusForbidden, "closed").lacks(`name="password"`)
	})
}
