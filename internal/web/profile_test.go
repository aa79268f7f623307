package web_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"gonets/internal/account"
)

func TestProfile(t *testing.T) {
	each(t, settings{}, func(s *site) {
		s.user("anna@example.org", account.RoleUser)
		b := s.in("anna@example.org")
		b.post("/profile", "locale", "en", "time_zone", "Mars/Olympus").
			shows(422, `value="Mars/Olympus"`, "field-time-zone-problem", "There is no such time zone")
		b.post("/profile", "locale", "ru", "time_zone", "Asia/Omsk").
			at("/profile").shows(200, "Сохранено.", `<html lang="ru"`, `value="Asia/Omsk"`)
		b.get("/profile").lacks("Сохранено.")
	})
}

func TestChangeOfPasswordKeepsThisSessionAlone(t *testing.T) {
	each(t, settings{}, func(s *site) {
		s.user("anna@example.org", account.RoleUser)
		b, elsewhere := s.in("anna@example.org"), s.in("anna@example.org")
		b.post("/profile/password", "current_password", another, "password", another).
			shows(422, "field-current-password-problem").lacks(another)
		elsewhere.get("/profile").at("/profile")
		b.post("/profile/password", "current_password", password, "password", another).
			at("/profile").shows(200, "The password is changed.")
		b.get("/profile").at("/profile")
		elsewhere.get("/profile").at("/login?next=%2Fprofile")
	})
}

func TestTokens(t *testing.T) {
	each(t, settings{}, func(s *site) {
		s.user("anna@example.org", account.RoleUser)
		s.user("boris@example.org", account.RoleUser)
		b, stranger := s.in("anna@example.org"), s.in("boris@example.org")
		b.post("/profile/tokens", "name", strings.Repeat("x", 201)).shows(422, "field-name-problem")

		made := b.post("/profile/tokens", "name", "the shop").shows(http.StatusCreated, "the shop", "will not be shown again")
		token := regexp.MustCompile(`gonets_[A-Za-z0-9_-]{43}`).FindString(made.body)
		actor, err := s.accounts.ActorByToken(t.Context(), token)
		s.must(err)
		if actor.Email != "anna@example.org" {
			t.Errorf("the token is %s's", actor.Email)
		}
		b.get("/profile").shows(200, "the shop").lacks(token)
		stranger.get("/profile").shows(200).lacks("the shop")

		revoke := regexp.MustCompile(`/profile/tokens/\d+/revoke`).FindString(made.body)
		stranger.post(revoke).shows(404)
		if _, err := s.accounts.ActorByToken(t.Context(), token); err != nil {
			t.Errorf("a stranger ended it: %v", err)
		}
		b.post(revoke).at("/profile").shows(200, "The token is revoked.").lacks("the shop")
		if _, err := s.accounts.ActorByToken(t.Context(), token); err == nil {
			t.Error("a revoked token works")
		}
	})
}
