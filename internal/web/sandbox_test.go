package web_test

import (
	"io"
	"net/http"
	"net/smtp"
	"strconv"
	"strings"
	"testing"

	"gonets/internal/account"
	"gonets/internal/db/dbtest"
	"gonets/internal/sandbox"
	"gonets/internal/web/browsertest"
)

const sandboxLetter = "From: =?utf-8?B?0JvQsNCy0LrQsA==?= <shop@example.com>\r\nTo: ivan@example.org\r\n" +
	"Subject: Prices <up> {{N}}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nConfirm: {{URL}}/verify/abc.\r\nOr https://evil.test/x <i>\r\n" +
	"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Hi <script>alert(1)</script></p>\r\n--b--\r\n"

// sandboxed runs a test on a site whose inbox was handed so many letters; it
// listens where the test's own requests are local.
func sandboxed(t *testing.T, letters int, test func(s *site)) {
	t.Helper()
	each(t, settings{Sandbox: true, Addr: "127.0.0.1:8080"}, func(s *site) {
		s.t.Helper()
		s.hand(letters)
		test(s)
	})
}

// hand gives so many letters to the inbox.
func (s *site) hand(letters int) {
	s.t.Helper()
	inbox := sandbox.New(s.db, sandbox.Options{})
	address, err := inbox.Start(s.t.Context())
	s.must(err)
	defer inbox.Stop()
	for n := range letters {
		text := strings.NewReplacer("{{URL}}", s.url, "{{N}}", strconv.Itoa(n+1)).Replace(sandboxLetter)
		s.must(smtp.SendMail(address, nil, "bounces@example.com", []string{"ivan@example.org"}, []byte(text)))
	}
}

// from asks as change has it, and says only the status.
func (b *browser) from(path string, change func(*http.Request)) int {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.url+path, nil)
	b.must(err)
	change(r)
	answer, err := b.client.Do(r)
	b.must(err)
	b.must(answer.Body.Close())
	return answer.StatusCode
}

func TestSandboxIsForOperators(t *testing.T) {
	sandboxed(t, 1, func(s *site) {
		s.user("anna@example.com", account.RoleUser)
		s.user("admin@example.com", account.RoleAdmin)
		away := func(r *http.Request) { r.Header.Set("X-Forwarded-For", "203.0.113.7") }
		for _, c := range []struct {
			name   string
			who    *browser
			change func(*http.Request)
			want   int
		}{
			{"guest at the machine", s.browser("en"), func(*http.Request) {}, http.StatusOK},
			{"guest by another name", s.browser("en"), func(r *http.Request) { r.Host = "mail.example.com" }, http.StatusUnauthorized},
			{"guest from elsewhere", s.browser("en"), away, http.StatusUnauthorized},
			{"user from elsewhere", s.in("anna@example.com"), away, http.StatusForbidden},
			{"admin from elsewhere", s.in("admin@example.com"), away, http.StatusOK},
		} {
			for _, path := range []string{"/sandbox", "/sandbox/1", "/sandbox/1/html"} {
				if got := c.who.from(path, c.change); got != c.want {
					s.t.Errorf("%s: %s: got %d, want %d", c.name, path, got, c.want)
				}
			}
		}
	})
}

func TestNoSandboxWithMailServer(t *testing.T) {
	each(t, settings{Addr: "127.0.0.1:8080"}, func(s *site) {
		s.browser("en").get("/sandbox").shows(http.StatusNotFound)
	})
}

func TestSandboxList(t *testing.T) {
	sandboxed(t, 51, func(s *site) {
		b := s.browser("en")
		first := b.get("/sandbox").shows(http.StatusOK, "51 letters", "Prices &lt;up&gt; 51", "ivan@example.org", "550 5.1.1", "452 4.2.2", "451 4.7.1", "554 5.7.1", "after=2")
		first.lacks("Prices &lt;up&gt; 1<", "<up>")
		b.get("/sandbox?after=2").shows(http.StatusOK, "Prices &lt;up&gt; 1<").lacks("Prices &lt;up&gt; 2<")
		b.get("/sandbox?q=UP%3E+17").shows(http.StatusOK, "Prices &lt;up&gt; 17<").lacks("Prices &lt;up&gt; 16<")
		b.get("/sandbox?q=nothing").shows(http.StatusOK, "Nothing was found")
		b.get("/sandbox/4711").shows(http.StatusNotFound)
		b.get("/sandbox/x").shows(http.StatusNotFound)
		b.post("/sandbox/clear").shows(http.StatusOK, "51 letters were removed.", "There are no letters yet").at("/sandbox")
		s.browser("ru").get("/sandbox").shows(http.StatusOK, "Писем пока нет")
	})
}

func TestSandboxMail(t *testing.T) {
	sandboxed(t, 1, func(s *site) {
		b := s.browser("en")
		b.get("/sandbox/1").shows(http.StatusOK, `<iframe`, `src="/sandbox/1/html"`, `sandbox=""`, "Лавка", "Content-Type").lacks("alert(1)")
		b.get("/sandbox/1?as=text").
			shows(http.StatusOK, `Confirm: <a href="`+s.url+`/verify/abc">`+s.url+`/verify/abc</a>.`, "Or https://evil.test/x &lt;i&gt;").
			lacks(`href="https://evil.test`)
		b.get("/sandbox/1?as=source").shows(http.StatusOK, "Subject: Prices &lt;up&gt; 1", "&lt;script&gt;").lacks("<script>alert")
	})
}

// The frame holds foreign HTML: whatever it says, nothing runs and nothing is
// fetched.
func TestSandboxFrame(t *testing.T) {
	sandboxed(t, 1, func(s *site) {
		r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+"/sandbox/1/html", nil)
		s.must(err)
		answer, err := http.DefaultClient.Do(r)
		s.must(err)
		defer func() { _ = answer.Body.Close() }()
		body, err := io.ReadAll(answer.Body)
		s.must(err)
		if !strings.Contains(string(body), "alert(1)") {
			s.t.Errorf("body: %q", body)
		}
		policy := answer.Header.Values("Content-Security-Policy")
		if len(policy) != 1 || !strings.HasPrefix(policy[0], "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; ") {
			s.t.Errorf("policy: %q", policy)
		}
		if got := answer.Header.Get("X-Frame-Options"); got != "SAMEORIGIN" {
			s.t.Errorf("X-Frame-Options: %q", got)
		}
	})
}

func TestHome(t *testing.T) {
	each(t, settings{}, func(s *site) {
		s.user("anna@example.com", account.RoleUser)
		s.browser("en").get("/").at("/").shows(http.StatusOK, `href="/login"`, `href="/register"`, "Create an account").lacks("/statistics", "/sandbox")
		s.browser("ru").get("/").shows(http.StatusOK, "Создать аккаунт", `lang="ru"`)
		s.in("anna@example.com").get("/").at("/").shows(http.StatusOK, `href="/overview"`, `href="/mailings"`).lacks("Log in", "Create an account")
	})
	each(t, settings{Closed: true}, func(s *site) {
		s.browser("en").get("/").shows(http.StatusOK, "Log in").lacks("Create an account")
	})
}

func TestSandboxInBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	browser := browsertest.Open(t)
	s := newSite(t, dbtest.SQLite(t), settings{Sandbox: true, Addr: "127.0.0.1:8080"})
	browser.Look(t, "home", s.url+"/login", s.url+"/")
	browser.Look(t, "sandbox-empty", s.url+"/login", s.url+"/sandbox")
	s.hand(3)
	browser.Look(t, "sandbox", s.url+"/login", s.url+"/sandbox")
	for _, way := range []string{"html", "text", "source"} {
		browser.Look(t, "sandbox-"+way, s.url+"/login", s.url+"/sandbox/3?as="+way, "Blocked script execution") // the mail brings one
	}
}
