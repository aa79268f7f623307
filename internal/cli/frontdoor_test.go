package cli

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"gonets/internal/account"
	"gonets/internal/api"
	"gonets/internal/db/dbtest"
)

// TestForeignSitesChangeNothing sends each form of the pages as another site's
// page would make the owner's browser send it. Only the one click of a mail
// program may come from elsewhere.
func TestForeignSitesChangeNothing(t *testing.T) {
	w := newMatrixWorld(t, dbtest.SQLiteURL(t))
	for _, route := range slices.Sorted(maps.Keys(w.routes())) {
		method, path, _ := strings.Cut(route, " ")
		if method == http.MethodGet || strings.HasPrefix(path, api.Prefix) || path == "/u/{}" {
			continue
		}
		for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
			r := httptest.NewRequestWithContext(t.Context(), method, strings.ReplaceAll(path, "{}", "1"), nil)
			r.Header.Set(name, value)
			r.AddCookie(&http.Cookie{Name: w.server.Sessions().Cookie.Name, Value: w.session("owner")})
			answer := httptest.NewRecorder()
			w.server.ServeHTTP(answer, r)
			if answer.Code != http.StatusForbidden || !strings.Contains(answer.Body.String(), "came from another site") {
				t.Errorf("%s with %s: got %d %s", route, name, answer.Code, words(answer.Body.String()))
			}
		}
	}
}

// TestSessionOpensNoAPI: the API, which foreign pages can send to, knows no
// cookies, and the pages no tokens.
func TestSessionOpensNoAPI(t *testing.T) {
	w := newMatrixWorld(t, dbtest.SQLiteURL(t))
	cookie := &http.Cookie{Name: w.server.Sessions().Cookie.Name, Value: w.session("admin")}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, api.Prefix+"/me", nil)
	r.AddCookie(cookie)
	answer := httptest.NewRecorder()
	w.server.ServeHTTP(answer, r)
	if answer.Code != http.StatusUnauthorized {
		t.Errorf("the API answers a session with %d, want 401", answer.Code)
	}
	r = httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/profile", nil)
	r.Header.Set("Authorization", "Bearer "+w.token("admin"))
	answer = httptest.NewRecorder()
	w.server.ServeHTTP(answer, r)
	if answer.Code != http.StatusSeeOther {
		t.Errorf("a page answers a token with %d, want 303", answer.Code)
	}
}

// TestUsersAreSlowedDown at what costs much: imports and tests, at either door.
func TestUsersAreSlowedDown(t *testing.T) {
	w := newMatrixWorld(t, dbtest.SQLiteURL(t))
	for _, costly := range []struct{ method, page, call, body, want string }{
		{http.MethodPost, "/recipients/import", api.Prefix + "/recipients/imports", `csv email\na@example.com`, "202"},
		{http.MethodPost, "/messages/test", api.Prefix + "/messages/{message}/test", "", "200"},
	} {
		path := w.fill(costly.call)
		answer := w.ask("owner", costly.method, path, costly.body)
		for tries := 1; answer.Code < http.StatusBadRequest && tries < 200; tries++ {
			answer = w.ask("owner", costly.method, path, costly.body)
		}
		if answer.Code != http.StatusTooManyRequests || answer.Header().Get("Retry-After") == "" {
			t.Errorf("%s without end: got %d after %q s, want 429", path, answer.Code, answer.Header().Get("Retry-After"))
		}
		body := `file email\na@example.com`
		if costly.page == "/messages/test" {
			body = "subject=Hello&format=text&body=Hello"
		}
		answer = w.ask("owner", costly.method, costly.page, body)
		if answer.Code != http.StatusTooManyRequests && !strings.Contains(answer.Body.String(), "Too many attempts") {
			t.Errorf("%s: got %d %s, want 429", costly.page, answer.Code, words(answer.Body.String()))
		}
		if answer := w.ask("other", costly.method, costly.page, body); answer.Code >= http.StatusBadRequest {
			t.Errorf("%s as another user: got %d", costly.page, answer.Code)
		}
	}
}

// TestNewRightsEndSessions: what somebody may do from now on, they do after a
// new login, under a new token (OWASP ASVS 5.0, 7.2.4).
func TestNewRightsEndSessions(t *testing.T) {
	w := newMatrixWorld(t, dbtest.SQLiteURL(t))
	if got := w.ask("other", http.MethodGet, "/profile", "").Code; got != http.StatusOK {
		t.Fatalf("before: got %d, want 200", got)
	}
	_, err := w.accounts.Join(t.Context(), account.CommandLine(), w.ids["other"], "moderators")
	w.must(err)
	if got := w.ask("other", http.MethodGet, "/profile", "").Code; got != http.StatusSeeOther {
		t.Errorf("after: got %d, want 303 to the login", got)
	}
}
