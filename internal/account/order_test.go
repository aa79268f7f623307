package account_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"gonets/internal/account"
	"gonets/internal/audit"
	"gonets/internal/db"
	"gonets/internal/fault"
)

func TestBlockedUserIsKeptOutAndToldWhy(t *testing.T) {
	each(t, func(w *world) {
		u := w.user("anna@example.org", account.RoleUser)
		moderator := w.user("mod@example.org", account.RoleModerator).Actor()
		moderator.Address = home
		token, err := w.CreateToken(w.ctx, u.Actor(), u.ID, "")
		w.must(err)

		_, err = w.Block(w.ctx, moderator, u.ID, " ")
		w.wantFields(err, "reason error.required")
		_, err = w.Block(w.ctx, moderator, u.ID, strings.Repeat("я", 501))
		w.wantFields(err, "reason error.too_long")
		blocked, err := w.Block(w.ctx, moderator, u.ID, " Спам без согласия ")
		w.must(err)
		if !blocked.BlockedAt.Equal(w.clock.Now()) || blocked.BlockedReason != "Спам без согласия" {
			t.Errorf("got %+v", blocked)
		}
		_, err = w.Block(w.ctx, moderator, u.ID, "again")
		w.wantKey(err, fault.Conflict, "account.already_blocked")

		_, err = w.Login(w.ctx, "anna@example.org", another, home)
		w.wantKey(err, fault.Unauthenticated, "account.wrong_credentials")
		_, err = w.Login(w.ctx, "anna@example.org", password, home)
		w.wantKey(err, fault.Forbidden, "account.blocked")
		if e, _ := errors.AsType[*fault.Error](err); e.Args["Reason"] != "Спам без согласия" {
			t.Errorf("got %v", e.Args)
		}
		for _, epoch := range []int64{u.SessionEpoch, blocked.SessionEpoch} {
			_, err = w.ActorFor(w.ctx, u.ID, epoch)
			w.wantKey(err, fault.Unauthenticated, "error.unauthenticated")
		}
		_, err = w.ActorByToken(w.ctx, token)
		w.wantKey(err, fault.Unauthenticated, "error.unauthenticated")

		if l := w.letter(); l.to != u.Email || !strings.Contains(l.subject, "blocked") || !strings.Contains(l.text, "> Спам без согласия") {
			t.Errorf("got %+v", l)
		}

		_, err = w.Unblock(w.ctx, moderator, u.ID, "")
		w.must(err)
		if l := w.letter(); l.to != u.Email || !strings.Contains(l.text, "/login") || strings.Contains(l.text, "reason") {
			t.Errorf("got %+v", l)
		}
		_, err = w.Unblock(w.ctx, moderator, u.ID, "")
		w.wantKey(err, fault.Conflict, "account.not_blocked")
		_, err = w.ActorFor(w.ctx, u.ID, u.SessionEpoch)
		w.wantKey(err, fault.Unauthenticated, "error.unauthenticated") // the old session stays over
		_, err = w.ActorByToken(w.ctx, token)
		w.must(err)
		_, err = w.Login(w.ctx, "anna@example.org", password, home)
		w.must(err)

		entries, _, err := audit.List(w.ctx, w.db.Read(), audit.Filter{ObjectKind: "user", ObjectID: u.ID})
		w.must(err)
		if len(entries) != 3 || entries[0].Action != "user.unblock" || entries[2].Action != "user.create" {
			t.Fatalf("got %+v", entries)
		}
		got := entries[1]
		got.ID, got.At = 0, entries[1].At
		want := audit.Entry{
			At: got.At, ActorID: moderator.ID, ActorEmail: "mod@example.org", Action: "user.block",
			ObjectKind: "user", ObjectID: u.ID, ObjectName: u.Email, Reason: "Спам без согласия", Address: home,
		}
		if got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

// Who never confirmed the address gets no letter about it.
func TestBlockedStrangerGetsNoLetter(t *testing.T) {
	each(t, func(w *world) {
		w.register("anna@example.org")
		w.letter() // the link
		u, err := w.ByEmail(w.ctx, account.CommandLine(), "anna@example.org")
		w.must(err)
		_, err = w.Block(w.ctx, account.CommandLine(), u.ID, "Spam")
		w.must(err)
		if n := w.count(`SELECT count(*) FROM letters WHERE kind = 'blocked'`); n != 0 {
			t.Errorf("got %d letters", n)
		}
	})
}

func TestWhoMayBlockWhom(t *testing.T) {
	each(t, func(w *world) {
		user := w.user("anna@example.org", account.RoleUser)
		moderator := w.user("mod@example.org", account.RoleModerator)
		admin := w.user("admin@example.org", account.RoleAdmin)
		try := func(actor account.Actor, id int64) error {
			_, err := w.Block(w.ctx, actor, id, "reason")
			return err
		}
		// A plain user learns nothing about ids.
		for _, id := range []int64{moderator.ID, user.ID, 999} {
			w.wantKey(try(user.Actor(), id), fault.Forbidden, "error.forbidden")
		}
		w.wantKey(try(moderator.Actor(), 999), fault.NotFound, "error.not_found")
		w.wantKey(try(moderator.Actor(), moderator.ID), fault.Forbidden, "error.forbidden")
		w.wantKey(try(moderator.Actor(), admin.ID), fault.Forbidden, "error.forbidden")
		w.must(try(moderator.Actor(), user.ID))
		w.must(try(admin.Actor(), moderator.ID))
		w.wantKey(try(account.CommandLine(), admin.ID), fault.Conflict, "account.last_admin")
		w.must(try(w.user("root@example.org", account.RoleAdmin).Actor(), admin.ID))
	})
}

func TestHooksShareTheTransaction(t *testing.T) {
	each(t, func(w *world) {
		u := w.user("anna@example.org", account.RoleUser)
		var calls []string
		var broken error
		hook := func(name string) func(context.Context, db.Tx, int64) error {
			return func(ctx context.Context, tx db.Tx, id int64) error {
				calls = append(calls, name)
				if id != u.ID {
					t.Errorf("got user %d, want %d", id, u.ID)
				}
				var blocked int64
				w.must(tx.QueryRow(ctx, `SELECT count(*) FROM users WHERE blocked_at > 0`).Scan(&blocked))
				if (blocked == 1) != (name == "block") {
					t.Errorf("%s: the hook sees %d blocked users", name, blocked)
				}
				return broken
			}
		}
		a := w.with(account.Options{OnBlock: hook("block"), OnUnblock: hook("unblock")})
		broken = errors.New("broken")
		if _, err := a.Block(w.ctx, account.CommandLine(), u.ID, "reason"); !errors.Is(err, broken) {
			t.Fatalf("got %v, want %v", err, broken)
		}
		if w.count(`SELECT count(*) FROM users WHERE blocked_at > 0`) != 0 || w.count(`SELECT count(*) FROM audit WHERE action = 'user.block'`) != 0 {
			t.Error("the block outlived its hook")
		}
		broken = nil
		_, err := a.Block(w.ctx, account.CommandLine(), u.ID, "reason")
		w.must(err)
		_, err = a.Unblock(w.ctx, account.CommandLine(), u.ID, "reason")
		w.must(err)
		if got := strings.Join(calls, " "); got != "block block unblock" {
			t.Errorf("got %s", got)
		}
	})
}
