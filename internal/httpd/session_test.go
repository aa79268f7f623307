package httpd

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"testing"

	"github.com/go-chi/chi/v5"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/db/dbtest"
)

func TestCrossOrigin(t *testing.T) {
	f := newFixture(t, dbtest.SQLite(t), Options{BaseURL: "https://gonets.example"})
	f.Pages(func(r chi.Router) {
		ok := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }
		r.Post("/mailings", ok)
		r.Get("/mailings", ok)
		r.Post("/u/{token}", ok)
	})
	for _, c := range []struct {
		method, path, origin, site string
		want                       int
	}{
		{"POST", "/mailings", "https://evil.example", "cross-site", 403},
		{"POST", "/mailings", "https://evil.example", "", 403},
		{"POST", "/mailings", "https://gonets.example", "", 204}, // the proxy changed the Host
		{"POST", "/mailings", "", "same-origin", 204},
		{"POST", "/mailings", "", "", 204}, // no browser
		{"GET", "/mailings", "https://evil.example", "cross-site", 204},
		{"POST", "/u/abc", "https://evil.example", "cross-site", 204},
	} {
		w := f.ask(t, c.method, c.path, func(r *http.Request) {
			r.Host = "internal:8080"
			if c.origin != "" {
				r.Header.Set("Origin", c.origin)
			}
			if c.site != "" {
				r.Header.Set("Sec-Fetch-Site", c.site)
			}
		})
		if w.Code != c.want {
			t.Errorf("%s %s from %q %q: got %d, want %d", c.method, c.path, c.origin, c.site, w.Code, c.want)
		}
	}
}

func TestSession(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, Options{})
		u := f.user(t, "anna@example.com", account.RoleUser)
		admin := f.user(t, "root@example.com", account.RoleAdmin)
		f.Pages(func(r chi.Router) {
			r.Post("/login", func(w http.ResponseWriter, r *http.Request) {
				if err := f.LogIn(r.Context(), u); err != nil {
					t.Error(err)
				}
			})
			r.Post("/logout", func(w http.ResponseWriter, r *http.Request) {
				if err := f.LogOut(r.Context()); err != nil {
					t.Error(err)
				}
			})
			r.Get("/who", func(w http.ResponseWriter, r *http.Request) {
				actor := ActorFrom(r.Context())
				fmt.Fprintf(w, "%s from %s", actor.Email, actor.Address)
			})
		})
		server := httptest.NewServer(f)
		defer server.Close()
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		client := &http.Client{Jar: jar}
		do := func(method, path string) (string, *http.Response) {
			t.Helper()
			r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			res, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			return string(body), res
		}
		who := func(want string) {
			t.Helper()
			if got, _ := do("GET", "/who"); got != want+" from 127.0.0.1" {
				t.Errorf("who: got %q, want %q", got, want)
			}
		}
		who("")
		_, res := do("POST", "/login")
		cookies := res.Cookies()
		if len(cookies) != 1 || cookies[0].Name != "gonets" || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteLaxMode {
			t.Errorf("cookies after login: %v", cookies)
		}
		who(u.Email)
		do("POST", "/logout")
		who("")
		do("POST", "/login")
		who(u.Email)
		if _, err := f.accounts.Block(t.Context(), admin.Actor(), u.ID, "spam"); err != nil {
			t.Fatal(err)
		}
		who("")
	})
}

// A stream began while its visitor was logged in, and asks in between.
func TestStreamSeesTheEndOfItsSession(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d, Options{})
		u := f.user(t, "anna@example.com", account.RoleUser)
		var during func()
		f.Pages(func(r chi.Router) {
			r.Post("/login", func(_ http.ResponseWriter, r *http.Request) {
				if err := f.LogIn(r.Context(), u); err != nil {
					t.Error(err)
				}
			})
			r.Post("/logout", func(_ http.ResponseWriter, r *http.Request) {
				if err := f.LogOut(r.Context()); err != nil {
					t.Error(err)
				}
			})
			r.Get("/stream", func(w http.ResponseWriter, r *http.Request) {
				during()
				in, err := f.StillIn(r.Context())
				fmt.Fprint(w, in, err)
			})
		})
		cookie := f.ask(t, "POST", "/login", nil).Result().Cookies()[0]
		with := func(r *http.Request) { r.AddCookie(cookie) }
		for name, c := range map[string]struct {
			during func()
			want   string
		}{
			"nothing":        {func() {}, "true <nil>"},
			"another logout": {func() { f.ask(t, "POST", "/logout", nil) }, "true <nil>"},
		} {
			during = c.during
			if got := f.ask(t, "GET", "/stream", with).Body.String(); got != c.want {
				t.Errorf("%s: got %s, want %s", name, got, c.want)
			}
		}
		during = func() { f.ask(t, "POST", "/logout", with) }
		if got := f.ask(t, "GET", "/stream", with).Body.String(); got != "false <nil>" {
			t.Errorf("a logout: got %s, want false", got)
		}
	})
}

func TestCookieOverHTTPS(t *testing.T) {
	f := newFixture(t, dbtest.SQLite(t), Options{BaseURL: "https://gonets.example"})
	u := f.user(t, "anna@example.com", account.RoleUser)
	f.Pages(func(r chi.Router) {
		r.Post("/login", func(_ http.ResponseWriter, r *http.Request) {
			if err := f.LogIn(r.Context(), u); err != nil {
				t.Error(err)
			}
		})
	})
	cookies := f.ask(t, "POST", "/login", nil).Result().Cookies()
	if len(cookies) != 1 {
		t.Fatalf("got %d cookies, want 1", len(cookies))
	}
	if c := cookies[0]; c.Name != "__Host-gonets" || !c.Secure || c.Path != "/" || c.Domain != "" {
		t.Errorf("got %v, want a secure __Host- cookie", c)
	}
}
