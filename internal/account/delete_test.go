package account_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/fault"
)

func TestDeletedUserIsGone(t *testing.T) {
	each(t, func(w *world) {
		u := w.user("anna@example.org", account.RoleModerator)
		admin := w.user("root@example.org", account.RoleAdmin)
		token, err := w.CreateToken(w.ctx, u.Actor(), u.ID, "")
		w.must(err)
		var gone int64
		a := w.with(account.Options{OnDelete: func(_ context.Context, _ db.Tx, id int64) error { gone = id; return nil }})

		_, err = a.Delete(w.ctx, admin.Actor(), u.ID, strings.Repeat("я", 501))
		w.wantFields(err, "reason error.too_long")
		_, err = a.Delete(w.ctx, u.Actor(), admin.ID, "")
		w.wantKey(err, fault.Forbidden, "error.forbidden")
		_, err = a.Delete(w.ctx, admin.Actor(), admin.ID, "")
		w.wantKey(err, fault.Forbidden, "error.forbidden")
		_, err = a.Delete(w.ctx, account.CommandLine(), admin.ID, "")
		w.wantKey(err, fault.Conflict, "account.last_admin")

		w.must(w.Sessions().Keep(w.ctx, "cookie", account.Session{UserID: u.ID, Data: []byte("in"), Expiry: w.clock.Now().Add(time.Hour)}))
		if found, err := w.Sessions().Find(w.ctx, "cookie"); err != nil || found.User.ID != u.ID {
			t.Fatalf("got %+v, %v", found, err)
		}
		was, err := a.Delete(w.ctx, admin.Actor(), u.ID, "По просьбе")
		w.must(err)
		if found, err := w.Sessions().Find(w.ctx, "cookie"); err != nil || found != nil {
			t.Errorf("the session lives: %+v, %v", found, err)
		}
		if was.Email != u.Email || gone != u.ID {
			t.Errorf("got %+v, and %d for OnDelete", was, gone)
		}
		if l := w.letter(); l.to != u.Email || !strings.Contains(l.subject, "deleted") || !strings.Contains(l.text, "> По просьбе") {
			t.Errorf("got %+v", l)
		}
		_, err = w.Login(w.ctx, "anna@example.org", password, home)
		w.wantKey(err, fault.Unauthenticated, "account.wrong_credentials")
		_, err = w.ActorFor(w.ctx, u.ID, u.SessionEpoch)
		w.wantKey(err, fault.Unauthenticated, "error.unauthenticated")
		_, err = w.ActorByToken(w.ctx, token)
		w.wantKey(err, fault.Unauthenticated, "error.unauthenticated")
		_, err = w.Get(w.ctx, admin.Actor(), u.ID)
		w.wantKey(err, fault.NotFound, "error.not_found")
		_, err = a.Delete(w.ctx, admin.Actor(), u.ID, "")
		w.wantKey(err, fault.NotFound, "error.not_found")
		list, _, err := w.List(w.ctx, admin.Actor(), account.Filter{})
		if err != nil || len(list) != 1 {
			t.Errorf("listed: %+v, %v", list, err)
		}
		if anew := w.user("anna@example.org", account.RoleUser); anew.ID == u.ID {
			t.Error("the address got the old account back")
		}
	})
}
