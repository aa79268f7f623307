package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"gonets/internal/account"
)

func TestFromStrangerToUser(t *testing.T) {
	each(t, settings{}, func(s *site) {
		b := s.browser("ru")
		b.get("/register").shows(200, "Регистрация", `name="time_zone"`)
		b.post("/register", "email", "anna@example.org", "password", password, "time_zone", "Europe/Moscow").
			at("/verify").shows(200, "anna@example.org", "24 часа").lacks("/sandbox", password)

		sent := s.letter()
		if sent.to != "anna@example.org" || sent.subject == "" {
			t.Errorf("got %+v", sent)
		}
		link := s.link(sent)
		// Whatever looks through the mail opens the link, more than once.
		scanner := s.browser("en")
		scanner.get(link).shows(200, "Confirm the address")
		scanner.get(link).shows(200, "Confirm the address")
		b.post("/login", "email", "anna@example.org", "password", password).
			shows(403, "ещё не подтверждён", `action="/verify/resend"`, `value="anna@example.org"`).lacks(password)

		b.post(link).at("/login").shows(200, "Адрес anna@example.org подтверждён", `value="anna@example.org"`)
		b.post(link).shows(404, "Ссылка больше не действует", `href="/verify"`)
		b.post("/login", "email", "anna@example.org", "password", password, "next", "/profile").
			at("/profile").shows(200, "Профиль", `value="Europe/Moscow"`)
	})
}

func TestRegistrationSaysTheSameOfEveryAddress(t *testing.T) {
	each(t, settings{}, func(s *site) {
		s.user("known@example.org", account.RoleUser)
		words := regexp.MustCompile(`(un)?known@example\.org`)
		answers := map[string]bool{}
		for _, email := range []string{"known@example.org", "unknown@example.org"} {
			b := s.browser("en")
			for _, p := range []shown{
				b.post("/register", "email", email, "password", password).at("/verify"),
				b.post("/verify/resend", "email", email).at("/verify"),
				b.post("/password/forgot", "email", email).at("/password/sent"),
			} {
				answers[words.ReplaceAllString(p.shows(200).body, "X")] = true
			}
		}
		if len(answers) != 3 {
			t.Errorf("got %d different pages, want 3", len(answers))
		}
	})
}

func TestFormsSayWhatIsWrong(t *testing.T) {
	each(t, settings{}, func(s *site) {
		for lang, want := range map[string]struct{ short, wrong string }{
			"en": {"at least 10", "The address or the password is wrong."},
			"ru": {"не меньше 10", "Неверный адрес или пароль."},
		} {
			b := s.browser(lang)
			b.post("/register", "email", "no address", "password", "secret-1").
				shows(422, `value="no address"`, "field-email-problem", "field-password-problem", want.short).lacks("secret-1")
			b.post("/login", "email", "anna@example.org", "password", "secret-1", "next", "/profile").
				shows(401, want.wrong, `value="anna@example.org"`, `value="/profile"`).lacks("secret-1")
			b.post("/password/forgot", "email", "no address").shows(422, `value="no address"`, "field-email-problem")
			b.post("/verify/resend", "email", "no address").shows(422, `value="no address"`, "field-email-problem")
		}
	})
}

func TestTooManyTries(t *testing.T) {
	each(t, settings{}, func(s *site) {
		b := s.browser("ru")
		for range 10 {
			b.post("/login", "email", "anna@example.org", "password", "not the password").shows(401)
		}
		b.post("/login", "email", "anna@example.org", "password", "not the password").
			shows(429, "Слишком много попыток. Повторите через 15 минут.", `value="anna@example.org"`)
	})
}

func TestBlockedUserIsToldWhy(t *testing.T) {
	each(t, settings{}, func(s *site) {
		u := s.user("anna@example.org", account.RoleUser)
		b := s.in("anna@example.org")
		_, err := s.accounts.Block(t.Context(), account.CommandLine(), u.ID, "sells umbrellas")
		s.must(err)
		b.get("/profile").at("/login?next=%2Fprofile")
		b.post("/login", "email", "anna@example.org", "password", password).shows(403, "Reason: sells umbrellas").lacks(password)
	})
}

func TestLoginGoesOnWithinTheSiteOnly(t *testing.T) {
	each(t, settings{}, func(s *site) {
		s.user("anna@example.org", account.RoleUser)
		for next, want := range map[string]string{
			"/profile":              "/profile",
			"/mailings?state=draft": "/mailings?state=draft",
			"https://evil.test/":    "/overview",
			"//evil.test/":          "/overview",
			`/\evil.test/`:          "/overview",
			"":                      "/overview",
		} {
			s.browser("en").post("/login", "email", "anna@example.org", "password", password, "next", next).at(want)
			s.in("anna@example.org").get("/login?" + url.Values{"next": {next}}.Encode()).at(want)
		}
		s.browser("en").get("/profile").at("/login?next=%2Fprofile").shows(200, `name="next" value="/profile"`)
	})
}

func TestLogout(t *testing.T) {
	each(t, settings{}, func(s *site) {
		s.user("anna@example.org", account.RoleUser)
		b := s.in("anna@example.org")
		b.post("/logout").at("/login").shows(200)
		b.get("/profile").at("/login?next=%2Fprofile")
	})
}

func TestForeignSitesChangeNothing(t *testing.T) {
	each(t, settings{}, func(s *site) {
		s.user("anna@example.org", account.RoleUser)
		b := s.in("anna@example.org")
		foreign := http.Header{"Origin": {"https://evil.test"}, "Sec-Fetch-Site": {"cross-site"}}
		form := url.Values{"email": {"anna@example.org"}, "password": {password}, "locale": {"ru"}, "time_zone": {"Asia/Tokyo"}}
		for _, path := range []string{"/logout", "/login", "/register", "/profile", "/profile/password", "/profile/tokens", "/verify/resend", "/password/forgot"} {
			b.ask(http.MethodPost, path, form, foreign).at(path).shows(403)
		}
		b.get("/profile").at("/profile").shows(200, "Time zone").lacks(`value="Asia/Tokyo" id`)
	})
}

func TestForgottenPassword(t *testing.T) {
	each(t, settings{}, func(s *site) {
		s.user("anna@example.org", account.RoleUser)
		elsewhere, b := s.in("anna@example.org"), s.browser("en")
		b.post("/password/forgot", "email", "anna@example.org").at("/password/sent")
		link := s.link(s.letter())
		b.get(link).shows(200, "anna@example.org", "New password")
		b.post(link, "password", "short").shows(422, "field-password-problem", "at least 10")
		elsewhere.get("/profile").at("/profile")

		b.post(link, "password", another).at("/overview")
		b.get("/profile").at("/profile").shows(200, "anna@example.org")
		elsewhere.get("/profile").at("/login?next=%2Fprofile")
		b.get(link).shows(404, "The link no longer works", `href="/password/forgot"`)
		b.post(link, "password", password).shows(404, "The link no longer works")
		s.browser("en").post("/login", "email", "anna@example.org", "password", another, "next", "/profile").at("/profile")
	})
}

func TestClosedRegistration(t *testing.T) {
	each(t, settings{Closed: true}, func(s *site) {
		b := s.browser("en")
		b.get("/register").shows(403, "Registration is closed").lacks(`type="password"`)
		b.post("/register", "email", "anna@example.org", "password", password).shows(403, "Registration is closed")
		b.get("/login").shows(200, "Log in").lacks("No account yet?")
	})
}

// The letter waits in the sandbox, which not everybody may open.
func TestSandboxIsShownToItsOperator(t *testing.T) {
	const note = "the letter waits in the sandbox"
	each(t, settings{Sandbox: true, Addr: "127.0.0.1:0"}, func(s *site) {
		s.browser("en").post("/register", "email", "anna@example.org", "password", password).at("/verify").shows(200, note)
	})
	each(t, settings{Sandbox: true, Addr: "0.0.0.0:0"}, func(s *site) {
		s.browser("en").post("/register", "email", "anna@example.org", "password", password).at("/verify").shows(200).lacks(note)
	})
}

// TestFirstAdministrator is asked for on every page that a first visitor may
// come to, from near or far, until there is one.
func TestFirstAdministrator(t *testing.T) {
	each(t, settings{Addr: "0.0.0.0:0"}, func(s *site) {
		s.user("anna@example.org", account.RoleModerator)
		pages := []string{"/", "/login", "/register"}
		for _, path := range pages {
			s.browser("ru").get(path).shows(200, "gonets createsuperuser", "пока нет администратора")
		}
		s.user("root@example.org", account.RoleAdmin)
		for _, path := range pages {
			s.browser("ru").get(path).shows(200).lacks("createsuperuser")
		}
	})
}

// PostgreSQL refuses what is no text; whoever sends it is answered as for any
// word that is nowhere.
func TestWhatIsNoTextIsFoundNowhere(t *testing.T) {
	each(t, settings{}, func(s *site) {
		s.user("admin@example.org", account.RoleAdmin)
		stranger, admin := s.browser("en"), s.in("admin@example.org")
		for _, bad := range []string{"\x00", "a\x00b", "a\xffb"} {
			stranger.post("/login", "email", bad, "password", password).shows(401)
			stranger.get("/blog/" + url.PathEscape(bad)).shows(404)
			typed := url.QueryEscape(bad)
			for _, page := range []string{
				"/recipients?q=", "/recipients?tag=", "/recipients/export?q=", "/messages?q=", "/messages/readers?to=", "/mailings?q=",
				"/moderation/users?q=", "/moderation/users?group=", "/moderation/mailings?q=", "/admin/audit?q=", "/admin/audit?action=",
			} {
				if got := admin.get(page + typed); got.status >= 500 {
					t.Errorf("%s%s: got %d", page, typed, got.status)
				}
			}
			if got := admin.post("/profile/tokens", "name", bad); got.status >= 500 {
				t.Errorf("a token called %q: got %d", bad, got.status)
			}
		}
	})
}
