package account_test

import (
	"testing"
	"time"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/fault"
)

func TestSessionStore(t *testing.T) {
	each(t, func(w *world) {
		s := w.Sessions()
		expiry := w.clock.Now().Add(time.Hour)
		keep := func(token, data string, until time.Time) {
			t.Helper()
			w.must(s.Keep(w.ctx, token, account.Session{Data: []byte(data), Expiry: until}))
		}
		keep("a", "one", expiry)
		keep("a", "\x00\x02", expiry.Add(time.Hour))
		keep("b", "other", expiry)
		w.must(s.End(w.ctx, "none"))
		want := func(token, data string) {
			t.Helper()
			got, err := s.Find(w.ctx, token)
			w.must(err)
			if (got != nil) != (data != "") || got != nil && (string(got.Data) != data || got.User.ID != 0) {
				t.Errorf("%s: got %+v; want %q of nobody", token, got, data)
			}
		}
		want("a", "\x00\x02")
		want("b", "other")
		want("none", "")

		w.clock.wind(time.Hour)
		want("b", "") // expired, swept or not
		w.must(w.Sweep(w.ctx))
		if n := w.count(`SELECT count(*) FROM sessions`); n != 1 {
			t.Errorf("got %d sessions, want 1", n)
		}
		want("a", "\x00\x02")
		w.must(s.End(w.ctx, "a"))
		want("a", "")
	})
}

// A session is found with its user as they are now, by whichever node, though
// both are remembered.
func TestSessionHasItsUser(t *testing.T) {
	each(t, func(w *world) {
		admin, u := account.CommandLine(), w.user("anna@example.org", "")
		here, there := w.Sessions(), account.New(w.db, nil, account.Options{}).Sessions() // two nodes
		keep := account.Session{UserID: u.ID, Data: []byte("in"), Expiry: w.clock.Now().Add(time.Hour)}
		w.must(here.Keep(w.ctx, "a", keep))
		find := func(token string) *account.Found {
			t.Helper()
			var found *account.Found
			for _, node := range []*account.Sessions{here, there, there} {
				var err error
				found, err = node.Find(w.ctx, token)
				w.must(err)
			}
			return found
		}
		found := find("a")
		if found.UserID != u.ID || string(found.Data) != "in" || !found.Expiry.Equal(keep.Expiry) {
			t.Errorf("got %+v, want %+v", found.Session, keep)
		}
		if actor, err := found.User.ActorIn(u.SessionEpoch); err != nil || actor != u.Actor() {
			t.Errorf("got %+v, %v, want %+v", actor, err, u.Actor())
		}
		if _, err := found.User.ActorIn(u.SessionEpoch + 1); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("another epoch: got %v, want Unauthenticated", err)
		}

		keep.Data = []byte("more")
		w.must(here.Keep(w.ctx, "a", keep))
		if got := find("a"); string(got.Data) != "more" {
			t.Errorf("rewritten: got %q", got.Data)
		}
		_, err := w.Join(w.ctx, admin, u.ID, "moderators")
		w.must(err)
		if got := find("a").User; got.Role != account.RoleModerator || got.Permissions == 0 {
			t.Errorf("promoted: got %s, %b", got.Role, got.Permissions)
		}
		w.must(w.db.Tx(w.ctx, func(tx db.Tx) error {
			_, err := tx.Exec(w.ctx, `DELETE FROM group_permissions`)
			return err
		}))
		if got := find("a").User; got.Permissions != 0 {
			t.Errorf("of a group without permissions: got %b", got.Permissions)
		}
		_, err = w.Block(w.ctx, admin, u.ID, "spam")
		w.must(err)
		blocked := find("a").User
		if _, err := blocked.ActorIn(blocked.SessionEpoch); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("blocked: got %v, want Unauthenticated", err)
		}
		w.must(here.End(w.ctx, "a"))
		if got := find("a"); got != nil {
			t.Errorf("ended: got %+v", got)
		}

		w.must(here.Keep(w.ctx, "b", keep))
		find("b")
		w.clock.wind(time.Hour)
		if got := find("b"); got != nil {
			t.Errorf("expired: got %+v", got)
		}
		keep.UserID, keep.Expiry = u.ID+1000, w.clock.Now().Add(time.Hour) // gone
		w.must(here.Keep(w.ctx, "c", keep))
		if got := find("c"); got.UserID != keep.UserID || got.User.ID != 0 {
			t.Errorf("of a user who is gone: got %+v", got)
		}
	})
}

func TestSweepLeavesWhatIsAlive(t *testing.T) {
	each(t, func(w *world) {
		w.register("anna@example.org") // a link for a day, throttles for an hour
		w.letter()
		u := w.user("boris@example.org", "")
		_, err := w.CreateToken(w.ctx, u.Actor(), u.ID, "for ever")
		w.must(err)
		left := func() [2]int64 {
			w.must(w.Sweep(w.ctx))
			return [2]int64{w.count(`SELECT count(*) FROM tokens`), w.count(`SELECT count(*) FROM throttles`)}
		}
		if got, want := left(), [2]int64{2, 2}; got != want {
			t.Errorf("got %v, want %v", got, want)
		}
		w.clock.wind(time.Hour)
		if got, want := left(), [2]int64{2, 0}; got != want {
			t.Errorf("after an hour: got %v, want %v", got, want)
		}
		w.clock.wind(24 * time.Hour)
		if got, want := left(), [2]int64{1, 0}; got != want {
			t.Errorf("after a day: got %v, want %v", got, want)
		}
	})
}
