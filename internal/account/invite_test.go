package account_test

import (
	"testing"
	"time"

	"gonets/internal/account"
	"gonets/internal/account/group"
	"gonets/internal/fault"
)

func TestInvite(t *testing.T) {
	each(t, func(w *world) {
		admin := w.user("admin@example.org", account.RoleAdmin).Actor()
		mod := w.user("mod@example.org", account.RoleModerator).Actor()
		invitation := account.Invitation{Email: "Anna@example.org", Groups: []string{group.Moderators}, Locale: "ru", TimeZone: "Nowhere/No"}

		_, err := w.Invite(w.ctx, mod, invitation)
		w.wantKey(err, fault.Forbidden, "error.forbidden")
		_, err = w.Invite(w.ctx, admin, account.Invitation{Email: "anna"})
		w.wantFields(err, "email mail.address_no_at")
		_, err = w.Invite(w.ctx, admin, account.Invitation{Email: "anna@example.org", Groups: []string{"kings"}})
		w.wantFields(err, "groups group.missing")

		u, err := w.Invite(w.ctx, admin, invitation)
		w.must(err)
		if u.State() != account.Unverified || u.Role != account.RoleModerator || u.Locale != "ru" || u.TimeZone != "UTC" {
			t.Errorf("got %+v", u)
		}
		_, err = w.Invite(w.ctx, admin, invitation)
		w.wantFields(err, "email account.email_taken")

		w.clock.wind(6 * 24 * time.Hour)
		u, err = w.Reset(w.ctx, w.letter().token(t), password)
		w.must(err)
		if u.State() != account.Active {
			t.Errorf("got %+v", u)
		}
		_, err = w.Login(w.ctx, "anna@example.org", password, home)
		w.must(err)
		var told int64
		w.must(w.db.Read().QueryRow(w.ctx, `SELECT count(*) FROM letters WHERE address = $1 AND kind <> 'invited'`, u.Email).Scan(&told))
		if told > 0 {
			t.Errorf("%d letters more about the first password", told)
		}
	})
}

func TestInviteAgain(t *testing.T) {
	each(t, func(w *world) {
		admin := w.user("admin@example.org", account.RoleAdmin).Actor()
		mod := w.user("mod@example.org", account.RoleModerator).Actor()
		u, err := w.Invite(w.ctx, admin, account.Invitation{Email: "anna@example.org"})
		w.must(err)
		first := w.letter().token(t)

		_, err = w.InviteAgain(w.ctx, mod, u.ID)
		w.wantKey(err, fault.Forbidden, "error.forbidden")
		_, err = w.InviteAgain(w.ctx, admin, 999_999)
		w.wantKey(err, fault.NotFound, "error.not_found")
		w.clock.wind(8 * 24 * time.Hour) // the first link is over
		_, err = w.InviteAgain(w.ctx, admin, u.ID)
		w.must(err)
		second := w.letter().token(t)
		_, err = w.Reset(w.ctx, first, password)
		w.wantKey(err, fault.NotFound, "account.link_spent")
		for range 2 {
			_, err = w.InviteAgain(w.ctx, admin, u.ID)
			w.must(err)
		}
		_, err = w.InviteAgain(w.ctx, admin, u.ID)
		if !fault.Is(err, fault.TooMany) {
			t.Errorf("a fourth letter in an hour: %v", err)
		}
		_, err = w.Reset(w.ctx, second, password)
		w.must(err)
		w.clock.wind(time.Hour)
		_, err = w.InviteAgain(w.ctx, admin, u.ID)
		w.wantKey(err, fault.Conflict, "account.already_verified")
		if n := w.count(`SELECT count(*) FROM audit WHERE action = 'user.invite' AND object_name = 'anna@example.org'`); n != 3 {
			t.Errorf("%d invitations in the audit, want the three that went out", n)
		}
	})
}

// A stranger who registers an invited address must not give it a password:
// whoever confirmed the letter would let the stranger in, with the groups.
func TestNobodyTakesAnInvitedPlace(t *testing.T) {
	each(t, func(w *world) {
		admin := w.user("admin@example.org", account.RoleAdmin).Actor()
		_, err := w.Invite(w.ctx, admin, account.Invitation{Email: "anna@example.org", Groups: []string{group.Administrators}})
		w.must(err)
		first := w.letter().token(t)

		w.must(w.Register(w.ctx, account.Registration{Email: "anna@example.org", Password: another, Address: home}))
		second := w.letter().token(t)
		_, err = w.Verify(w.ctx, second)
		w.wantKey(err, fault.NotFound, "account.link_spent")
		_, err = w.Reset(w.ctx, second, password)
		w.must(err)
		_, err = w.Login(w.ctx, "anna@example.org", another, home)
		w.wantKey(err, fault.Unauthenticated, "account.wrong_credentials")
		_, err = w.Reset(w.ctx, first, another) // the links of before are over
		w.wantKey(err, fault.NotFound, "account.link_spent")
	})
}
