package account_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"gonets/internal/account"
	"gonets/internal/fault"
)

func TestGuessesAreLimitedPerAccount(t *testing.T) {
	each(t, func(w *world) {
		w.user("anna@example.org", account.RoleUser)
		node := w.with(account.Options{}) // another node on the same database
		guess := func(i int, password string) error {
			a := []*account.Accounts{w.Accounts, node}[i%2]
			_, err := a.Login(w.ctx, "anna@example.org", password, fmt.Sprintf("192.0.2.%d", i))
			return err
		}
		for i := range 10 {
			w.wantKey(guess(i, another), fault.Unauthenticated, "account.wrong_credentials")
		}
		w.clock.wind(5 * time.Minute)
		err := guess(10, password) // right, but too late
		w.wantKey(err, fault.TooMany, "account.throttled")
		e, _ := errors.AsType[*fault.Error](err)
		if e.Args["Seconds"] != int64(600) || e.Args["Count"] != int64(10) {
			t.Errorf("got %v, want 600 seconds, 10 minutes", e.Args)
		}
		_, err = w.Login(w.ctx, " Anna@EXAMPLE.org", password, "192.0.2.99")
		w.wantKey(err, fault.TooMany, "account.throttled") // no other spelling helps

		w.clock.wind(10 * time.Minute)
		w.must(guess(11, password))

		// A right password lets the count begin anew.
		for range 2 {
			for i := range 9 {
				w.wantKey(guess(i, another), fault.Unauthenticated, "account.wrong_credentials")
			}
			w.must(guess(9, password))
		}
	})
}

func TestGuessesAreLimitedPerAddress(t *testing.T) {
	each(t, func(w *world) {
		w.user("mallory@example.org", account.RoleUser)
		guess := func(i int, address string) error {
			_, err := w.Login(w.ctx, fmt.Sprintf("user%d@example.org", i), another, address)
			return err
		}
		// One's own right password in between is no licence for more.
		for i := range 100 {
			w.wantKey(guess(i, fmt.Sprintf("2001:db8::%x", i)), fault.Unauthenticated, "account.wrong_credentials")
			if i%50 == 0 {
				_, err := w.Login(w.ctx, "mallory@example.org", password, "2001:db8::1")
				w.must(err)
			}
		}
		w.wantKey(guess(100, "2001:db8::ffff"), fault.TooMany, "account.throttled")
		w.wantKey(guess(101, "2001:db8:0:1::1"), fault.Unauthenticated, "account.wrong_credentials")
	})
}

func TestLettersAreLimited(t *testing.T) {
	each(t, func(w *world) {
		for name, ask := range map[string]func() error{
			"register": func() error {
				return w.Register(w.ctx, account.Registration{Email: "anna@example.org", Password: password, Address: home})
			},
			"resend": func() error { return w.Resend(w.ctx, "anna@example.org", home) },
			"reset":  func() error { return w.RequestReset(w.ctx, "anna@example.org", home) },
		} {
			var err error
			var tries int
			for tries = 0; tries < 20 && err == nil; tries++ {
				err = ask()
			}
			w.wantKey(err, fault.TooMany, "account.throttled")
			if tries > 6 {
				t.Errorf("%s: %d letters an hour to one mailbox", name, tries-1)
			}
			w.clock.wind(time.Hour)
			w.must(ask())
		}
	})
}

// Tries at the same time must not slip through together.
func TestTriesAtOnceAreAllCounted(t *testing.T) {
	each(t, func(w *world) {
		w.user("anna@example.org", account.RoleUser)
		var wg sync.WaitGroup
		var mu sync.Mutex
		kinds := map[fault.Kind]int{}
		for range 30 {
			wg.Go(func() {
				_, err := w.Login(w.ctx, "anna@example.org", another, home)
				mu.Lock()
				defer mu.Unlock()
				kinds[fault.KindOf(err)]++
			})
		}
		wg.Wait()
		if kinds[fault.Unauthenticated] != 10 || kinds[fault.TooMany] != 20 {
			t.Errorf("got %v, want 10 unauthenticated and 20 too many", kinds)
		}
	})
}

func TestUnknownAddressIsAsWrongAsAPassword(t *testing.T) {
	each(t, func(w *world) {
		for _, email := range []string{"nobody@example.org", "no address at all", "", strings.Repeat("x", 10_000)} {
			_, err := w.Login(w.ctx, email, password, home)
			w.wantKey(err, fault.Unauthenticated, "account.wrong_credentials")
		}
	})
}

func TestHashIsRenewedAtLoginWhenItsCostChanges(t *testing.T) {
	each(t, func(w *world) {
		u := w.user("anna@example.org", account.RoleUser)
		dearer := w.with(account.Options{Argon: account.Argon{Memory: 128, Time: 2, Threads: 1}})
		hash := func() (s string) {
			w.must(w.db.Read().QueryRow(w.ctx, `SELECT password_hash FROM users WHERE id = $1`, u.ID).Scan(&s))
			return s
		}
		if got := hash(); !strings.HasPrefix(got, "$argon2id$v=19$m=64,t=1,p=1$") {
			t.Errorf("got %s", got)
		}
		_, err := dearer.Login(w.ctx, "anna@example.org", another, home)
		w.wantKey(err, fault.Unauthenticated, "account.wrong_credentials")
		if got := hash(); !strings.Contains(got, "m=64,") {
			t.Errorf("a wrong password renewed the hash: %s", got)
		}
		for range 2 {
			_, err := dearer.Login(w.ctx, "anna@example.org", password, home)
			w.must(err)
			if got := hash(); !strings.HasPrefix(got, "$argon2id$v=19$m=128,t=2,p=1$") {
				t.Errorf("got %s", got)
			}
		}
	})
}

// "й" may come as one character or as two; it is the same password.
func TestPasswordInEitherUnicodeForm(t *testing.T) {
	each(t, func(w *world) {
		const composed, decomposed = "дли\u043d\u043d\u044b\u0439 пароль", "дли\u043d\u043d\u044b\u0438\u0306 пароль"
		_, err := w.Create(w.ctx, account.CommandLine(), account.NewUser{Email: "anna@example.org", Password: composed, Verified: true})
		w.must(err)
		_, err = w.Login(w.ctx, "anna@example.org", decomposed, home)
		w.must(err)
	})
}

func TestForgottenPassword(t *testing.T) {
	each(t, func(w *world) {
		old := w.user("anna@example.org", account.RoleUser)
		w.must(w.RequestReset(w.ctx, "anna@example.org", home))
		first := w.letter().token(t)
		w.must(w.RequestReset(w.ctx, "anna@example.org", home))
		token := w.letter().token(t)

		who, err := w.ResetUser(w.ctx, token)
		w.must(err)
		if who.ID != old.ID {
			t.Errorf("got %+v", who)
		}
		_, err = w.Reset(w.ctx, token, "short")
		w.wantFields(err, "password error.too_short") // and the token is still good
		u, err := w.Reset(w.ctx, token, another)
		w.must(err)
		if got := w.letter(); got.subject != "Your password for Gonets was changed" {
			t.Errorf("got letter %q", got.subject)
		}

		for _, spent := range []string{token, first} {
			_, err = w.Reset(w.ctx, spent, password)
			w.wantKey(err, fault.NotFound, "account.link_spent")
			_, err = w.ResetUser(w.ctx, spent)
			w.wantKey(err, fault.NotFound, "account.link_spent")
		}
		_, err = w.ActorFor(w.ctx, old.ID, old.SessionEpoch)
		w.wantKey(err, fault.Unauthenticated, "error.unauthenticated") // every old session is over
		_, err = w.ActorFor(w.ctx, u.ID, u.SessionEpoch)
		w.must(err)
		_, err = w.Login(w.ctx, "anna@example.org", password, home)
		w.wantKey(err, fault.Unauthenticated, "account.wrong_credentials")
		_, err = w.Login(w.ctx, "anna@example.org", another, home)
		w.must(err)

		w.must(w.RequestReset(w.ctx, "anna@example.org", home))
		token = w.letter().token(t)
		w.clock.wind(time.Hour)
		_, err = w.Reset(w.ctx, token, password)
		w.wantKey(err, fault.NotFound, "account.link_spent")
	})
}

// A token that a thief made must not outlive the password that was stolen.
func TestForgottenPasswordRevokesTheTokens(t *testing.T) {
	each(t, func(w *world) {
		anna, boris := w.user("anna@example.org", account.RoleUser), w.user("boris@example.org", account.RoleUser)
		tokens := map[int64]string{}
		for _, u := range []account.User{anna, boris} {
			token, err := w.CreateToken(w.ctx, u.Actor(), u.ID, "script")
			w.must(err)
			tokens[u.ID] = token
		}
		_, err := w.ChangePassword(w.ctx, anna.Actor(), password, another)
		w.must(err)
		w.letter()
		_, err = w.ActorByToken(w.ctx, tokens[anna.ID])
		w.must(err) // who knows the password chooses what to revoke

		w.must(w.RequestReset(w.ctx, "anna@example.org", home))
		_, err = w.Reset(w.ctx, w.letter().token(t), password)
		w.must(err)
		_, err = w.ActorByToken(w.ctx, tokens[anna.ID])
		w.wantKey(err, fault.Unauthenticated, "error.unauthenticated")
		_, err = w.ActorByToken(w.ctx, tokens[boris.ID])
		w.must(err)
	})
}

func TestResetProvesTheAddress(t *testing.T) {
	each(t, func(w *world) {
		w.register("anna@example.org")
		verify := w.letter().token(t)
		w.must(w.RequestReset(w.ctx, "anna@example.org", home))
		u, err := w.Reset(w.ctx, w.letter().token(t), another)
		w.must(err)
		if u.VerifiedAt.IsZero() {
			t.Error("still unverified")
		}
		// The older link must not bring the older password back.
		_, err = w.Verify(w.ctx, verify)
		w.wantKey(err, fault.NotFound, "account.link_spent")
		_, err = w.Login(w.ctx, "anna@example.org", another, home)
		w.must(err)
	})
}

func TestChangePassword(t *testing.T) {
	each(t, func(w *world) {
		old := w.user("anna@example.org", account.RoleUser)
		actor := old.Actor()
		_, err := w.ChangePassword(w.ctx, actor, another, another)
		w.wantFields(err, "current_password account.password_wrong")
		_, err = w.ChangePassword(w.ctx, actor, password, "anna@example.org")
		w.wantFields(err, "password account.password_address")
		u, err := w.ChangePassword(w.ctx, actor, password, another)
		w.must(err)
		w.letter()
		_, err = w.ActorFor(w.ctx, old.ID, old.SessionEpoch)
		w.wantKey(err, fault.Unauthenticated, "error.unauthenticated")
		_, err = w.ActorFor(w.ctx, u.ID, u.SessionEpoch)
		w.must(err)
		for range 10 {
			_, err = w.ChangePassword(w.ctx, actor, password, another)
			w.wantFields(err, "current_password account.password_wrong")
		}
		_, err = w.ChangePassword(w.ctx, actor, another, password)
		w.wantKey(err, fault.TooMany, "account.throttled")
		_, err = w.ChangePassword(w.ctx, account.Actor{}, another, password)
		w.wantKey(err, fault.Unauthenticated, "error.unauthenticated")
	})
}
