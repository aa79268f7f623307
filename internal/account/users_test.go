package account_test

import (
	"fmt"
	"maps"
	"reflect"
	"testing"

	"gonets/internal/account"
	"gonets/internal/fault"
)

func TestCreate(t *testing.T) {
	each(t, func(w *world) {
		admin := w.user("admin@example.org", account.RoleAdmin)
		if _, err := w.Login(w.ctx, "admin@example.org", password, home); err != nil {
			t.Errorf("a verified user can't log in: %v", err)
		}
		_, err := w.Create(w.ctx, admin.Actor(), account.NewUser{Email: "ADMIN@example.org", Password: password})
		w.wantFields(err, "email account.email_taken")
		_, err = w.Create(w.ctx, admin.Actor(), account.NewUser{Email: "anna", Password: "short", Role: "emperor", TimeZone: "Local"})
		w.wantFields(err, "email mail.address_no_at", "password error.too_short", "role error.choice", "time_zone error.time_zone")

		// Without Verified a link is sent, as at a registration.
		u, err := w.Create(w.ctx, admin.Actor(), account.NewUser{Email: "anna@example.org", Password: password, Locale: "ru"})
		w.must(err)
		if u.Role != account.RoleUser || !u.VerifiedAt.IsZero() {
			t.Errorf("got %+v", u)
		}
		_, err = w.Verify(w.ctx, w.letter().token(t))
		w.must(err)
		_, err = w.Login(w.ctx, "anna@example.org", password, home)
		w.must(err)

		_, err = w.Create(w.ctx, u.Actor(), account.NewUser{Email: "boris@example.org", Password: password})
		w.wantKey(err, fault.Forbidden, "error.forbidden")
	})
}

func TestGetAndByEmail(t *testing.T) {
	each(t, func(w *world) {
		anna := w.user("Anna@example.org", account.RoleUser)
		boris := w.user("boris@example.org", account.RoleUser)
		moderator := w.user("mod@example.org", account.RoleModerator)
		for _, tt := range []struct {
			actor account.User
			seen  bool
		}{{anna, true}, {boris, false}, {moderator, true}} {
			byID, errID := w.Get(w.ctx, tt.actor.Actor(), anna.ID)
			byEmail, errEmail := w.ByEmail(w.ctx, tt.actor.Actor(), "anna@EXAMPLE.org")
			if tt.seen {
				w.must(errID)
				w.must(errEmail)
				if !reflect.DeepEqual(byID, anna) || !reflect.DeepEqual(byEmail, anna) {
					t.Errorf("got %+v and %+v, want %+v", byID, byEmail, anna)
				}
				continue
			}
			w.wantKey(errID, fault.NotFound, "error.not_found")
			w.wantKey(errEmail, fault.NotFound, "error.not_found")
		}
		_, err := w.Get(w.ctx, moderator.Actor(), 999)
		w.wantKey(err, fault.NotFound, "error.not_found")
		_, err = w.ByEmail(w.ctx, moderator.Actor(), "nobody@example.org")
		w.wantKey(err, fault.NotFound, "error.not_found")
	})
}

func TestList(t *testing.T) {
	each(t, func(w *world) {
		for i := range 5 {
			w.user(fmt.Sprintf("user%d@example.org", i), account.RoleUser)
		}
		w.user("иван@почта.рф", account.RoleUser)
		moderator := w.user("mod@example.org", account.RoleModerator)
		list := func(f account.Filter) (emails []string, next int64) {
			t.Helper()
			users, next, err := w.List(w.ctx, moderator.Actor(), f)
			w.must(err)
			for _, u := range users {
				emails = append(emails, u.Email)
			}
			return emails, next
		}
		for search, want := range map[string]string{
			"USER3":    "[user3@example.org]",
			"ИВАН":     "[иван@почта.рф]",
			"почта.рф": "[иван@почта.рф]",
			"_ser":     "[]",
			"%":        "[]",
			"mod@":     "[mod@example.org]",
		} {
			if got, _ := list(account.Filter{Search: search}); fmt.Sprint(got) != want {
				t.Errorf("search %q: got %v, want %s", search, got, want)
			}
		}
		w.register("new@example.org")
		stranger, err := w.ByEmail(w.ctx, account.CommandLine(), "new@example.org")
		w.must(err)
		rogue := w.user("rogue@example.org", account.RoleUser)
		_, err = w.Block(w.ctx, moderator.Actor(), rogue.ID, "Spam")
		w.must(err)
		for state, want := range map[account.State]string{
			account.Unverified: "[new@example.org]",
			account.Blocked:    "[rogue@example.org]",
			account.Active:     "[mod@example.org иван@почта.рф user4@example.org user3@example.org user2@example.org user1@example.org user0@example.org]",
		} {
			if got, _ := list(account.Filter{State: state}); fmt.Sprint(got) != want {
				t.Errorf("%s: got %v, want %s", state, got, want)
			}
		}
		emails, err := w.Emails(w.ctx, moderator.Actor(), []int64{rogue.ID, moderator.ID, 999})
		w.must(err)
		if want := map[int64]string{rogue.ID: "rogue@example.org", moderator.ID: "mod@example.org"}; !maps.Equal(emails, want) {
			t.Errorf("addresses: got %v, want %v", emails, want)
		}
		_, err = w.Emails(w.ctx, stranger.Actor(), []int64{rogue.ID})
		w.wantKey(err, fault.Forbidden, "error.forbidden")

		var pages []string
		f := account.Filter{Limit: 3, State: account.Active}
		for {
			page, next := list(f)
			pages = append(pages, fmt.Sprint(page))
			if next == 0 {
				break
			}
			f.After = next
		}
		want := "[[mod@example.org иван@почта.рф user4@example.org] [user3@example.org user2@example.org user1@example.org] [user0@example.org]]"
		if got := fmt.Sprint(pages); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		_, _, err = w.List(w.ctx, account.Actor{ID: 1, Role: account.RoleUser}, account.Filter{})
		w.wantKey(err, fault.Forbidden, "error.forbidden")
	})
}

func TestUpdateProfile(t *testing.T) {
	each(t, func(w *world) {
		u := w.user("anna@example.org", account.RoleUser)
		_, err := w.UpdateProfile(w.ctx, u.Actor(), "tlh", "Moon/Base")
		w.wantFields(err, "locale error.language", "time_zone error.time_zone")
		got, err := w.UpdateProfile(w.ctx, u.Actor(), "ru", "Asia/Yekaterinburg")
		w.must(err)
		if got.Locale != "ru" || got.TimeZone != "Asia/Yekaterinburg" {
			t.Errorf("got %+v", got)
		}
	})
}

func TestTokens(t *testing.T) {
	each(t, func(w *world) {
		anna := w.user("anna@example.org", account.RoleUser)
		boris := w.user("boris@example.org", account.RoleUser)
		token, err := w.CreateToken(w.ctx, anna.Actor(), anna.ID, " cron ")
		w.must(err)
		if len(token) != len("gonets_")+43 || token[:7] != "gonets_" {
			t.Errorf("got %q", token)
		}
		actor, err := w.ActorByToken(w.ctx, token)
		w.must(err)
		if actor != anna.Actor() {
			t.Errorf("got %+v, want %+v", actor, anna.Actor())
		}
		for _, bad := range []string{"", "gonets_", token + "x", token[7:], "Bearer " + token} {
			_, err := w.ActorByToken(w.ctx, bad)
			w.wantKey(err, fault.Unauthenticated, "error.unauthenticated")
		}

		_, err = w.CreateToken(w.ctx, boris.Actor(), anna.ID, "")
		w.wantKey(err, fault.NotFound, "error.not_found")
		_, err = w.CreateToken(w.ctx, account.CommandLine(), 999, "")
		w.wantKey(err, fault.NotFound, "error.not_found")
		_, err = w.CreateToken(w.ctx, anna.Actor(), anna.ID, "two\nlines")
		w.wantFields(err, "name error.control_characters")
		_, err = w.Tokens(w.ctx, boris.Actor(), anna.ID)
		w.wantKey(err, fault.NotFound, "error.not_found")

		tokens, err := w.Tokens(w.ctx, anna.Actor(), anna.ID)
		w.must(err)
		if len(tokens) != 1 || tokens[0].Name != "cron" || !tokens[0].CreatedAt.Equal(w.clock.Now()) {
			t.Fatalf("got %+v", tokens)
		}
		w.wantKey(w.RevokeToken(w.ctx, boris.Actor(), tokens[0].ID), fault.NotFound, "error.not_found")
		w.must(w.RevokeToken(w.ctx, anna.Actor(), tokens[0].ID))
		_, err = w.ActorByToken(w.ctx, token)
		w.wantKey(err, fault.Unauthenticated, "error.unauthenticated")
		if n := w.count(`SELECT count(*) FROM audit WHERE action IN ('token.create', 'token.revoke')`); n != 2 {
			t.Errorf("got %d entries of the audit, want 2", n)
		}

		for range 100 {
			_, err = w.CreateToken(w.ctx, account.CommandLine(), boris.ID, "")
			w.must(err)
		}
		_, err = w.CreateToken(w.ctx, boris.Actor(), boris.ID, "")
		w.wantKey(err, fault.Conflict, "account.tokens_many")
	})
}
