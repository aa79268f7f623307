package account_test

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/fault"
)

func TestFromStrangerToUser(t *testing.T) {
	each(t, func(w *world) {
		w.must(w.Register(w.ctx, account.Registration{
			Email: " Anna@Example.org ", Password: password, Locale: "ru", TimeZone: "Europe/Moscow", Address: home,
		}))
		got := w.letter()
		if got.to != "Anna@example.org" || got.subject != "Подтвердите адрес для сервиса «Gonets»" {
			t.Errorf("got letter %q to %s", got.subject, got.to)
		}

		// Nobody before the link is opened, and the reason is told to none but
		// who knows the password.
		_, err := w.Login(w.ctx, "anna@example.org", password, home)
		w.wantKey(err, fault.Forbidden, "account.unverified")
		_, err = w.Login(w.ctx, "anna@example.org", another, home)
		w.wantKey(err, fault.Unauthenticated, "account.wrong_credentials")

		u, err := w.Verify(w.ctx, got.token(t))
		w.must(err)
		if u.Email != "Anna@example.org" || u.Role != account.RoleUser || u.Locale != "ru" || u.TimeZone != "Europe/Moscow" || !u.VerifiedAt.Equal(w.clock.Now()) {
			t.Errorf("got %+v", u)
		}
		in, err := w.Login(w.ctx, "ANNA@EXAMPLE.ORG", password, home)
		w.must(err)
		if !reflect.DeepEqual(in, u) {
			t.Errorf("got %+v, want %+v", in, u)
		}
		actor, err := w.ActorFor(w.ctx, in.ID, in.SessionEpoch)
		w.must(err)
		if want := (account.Actor{ID: u.ID, Email: u.Email, Role: u.Role, Locale: "ru", TimeZone: "Europe/Moscow"}); actor != want {
			t.Errorf("got %+v, want %+v", actor, want)
		}
	})
}

func TestVerifyWorksOnceAndForADay(t *testing.T) {
	each(t, func(w *world) {
		w.register("anna@example.org")
		token := w.letter().token(t)
		_, err := w.Verify(w.ctx, token[1:]+"A")
		w.wantKey(err, fault.NotFound, "account.link_spent")
		_, err = w.Verify(w.ctx, token)
		w.must(err)
		_, err = w.Verify(w.ctx, token)
		w.wantKey(err, fault.NotFound, "account.link_spent")

		w.register("boris@example.org")
		token = w.letter().token(t)
		w.clock.wind(24 * time.Hour)
		_, err = w.Verify(w.ctx, token)
		w.wantKey(err, fault.NotFound, "account.link_spent")
		_, err = w.Reset(w.ctx, token, another)
		w.wantKey(err, fault.NotFound, "account.link_spent")

		w.must(w.Resend(w.ctx, "boris@example.org", home))
		token = w.letter().token(t)
		w.clock.wind(23 * time.Hour)
		_, err = w.Reset(w.ctx, token, password)
		w.must(err)
	})
}

func TestKnownAndUnknownAddressesGetTheSameAnswer(t *testing.T) {
	each(t, func(w *world) {
		w.user("known@example.org", account.RoleUser)
		jobs := func() int64 { return w.count(`SELECT count(*) FROM letters`) }

		// Register: a letter to both; only its words differ.
		w.register("known@example.org")
		if got := w.letter(); got.to != "known@example.org" || !strings.Contains(got.text, "/password/forgot") || strings.Contains(got.text, "/verify/") {
			t.Errorf("got letter %+v", got)
		}
		if w.count(`SELECT count(*) FROM users`) != 1 {
			t.Error("a second user was made")
		}
		_, err := w.Login(w.ctx, "known@example.org", password, home)
		w.must(err) // the password that was brought changed nothing

		// Resend and reset: the unknown address costs a letter that is never sent.
		before := jobs()
		w.must(w.Resend(w.ctx, "unknown@example.org", home))
		w.must(w.RequestReset(w.ctx, "unknown@example.org", home))
		w.must(w.Resend(w.ctx, "known@example.org", home))
		if got := w.letter(); got.to != "known@example.org" || got.subject != "You already have an account at Gonets" {
			t.Errorf("got letter %+v", got)
		}
		w.must(w.RequestReset(w.ctx, "known@example.org", home))
		if got := w.letter(); got.to != "known@example.org" {
			t.Errorf("got letter %+v", got)
		}
		if got := jobs() - before; got != 4 {
			t.Errorf("got %d letters, want 4: as many for the unknown as for the known", got)
		}
		if n := w.count(`SELECT count(*) FROM letters WHERE address = 'unknown@example.org'`); n != 0 {
			t.Error("the unknown address was written down")
		}
		w.wantFields(w.Resend(w.ctx, "nobody", home), "email mail.address_no_at")
	})
}

// Mallory registers the address of another, hoping that its owner will bring
// Mallory's password to life.
func TestLinkConfirmsTheRegistrationItWasSentFor(t *testing.T) {
	each(t, func(w *world) {
		evil := account.Registration{Email: "anna@example.org", Password: another, Address: "203.0.113.9"}
		w.must(w.Register(w.ctx, evil))
		w.letter()
		w.register("anna@example.org")
		own := w.letter()
		w.must(w.Register(w.ctx, evil))
		w.letter()

		_, err := w.Verify(w.ctx, own.token(t))
		w.must(err)
		_, err = w.Login(w.ctx, "anna@example.org", another, home)
		w.wantKey(err, fault.Unauthenticated, "account.wrong_credentials")
		_, err = w.Login(w.ctx, "anna@example.org", password, home)
		w.must(err)
	})
}

// Who asks for another link gets none of the passwords that were brought,
// whoever registered last.
func TestLinkAskedForAnewBringsNoPassword(t *testing.T) {
	each(t, func(w *world) {
		w.register("anna@example.org")
		w.letter()
		w.must(w.Register(w.ctx, account.Registration{Email: "anna@example.org", Password: another, Address: "203.0.113.9"}))
		w.letter()

		w.must(w.Resend(w.ctx, "anna@example.org", home))
		again := w.letter()
		if again.to != "anna@example.org" || again.subject != "Confirm your address for Gonets" {
			t.Errorf("got letter %q to %s", again.subject, again.to)
		}
		_, err := w.Verify(w.ctx, again.token(t))
		w.wantKey(err, fault.NotFound, "account.link_spent")
		u, err := w.Reset(w.ctx, again.token(t), password)
		w.must(err)
		if u.State() != account.Active {
			t.Errorf("got %+v", u)
		}
		_, err = w.Login(w.ctx, "anna@example.org", another, home)
		w.wantKey(err, fault.Unauthenticated, "account.wrong_credentials")
		_, err = w.Login(w.ctx, "anna@example.org", password, home)
		w.must(err)
	})
}

func TestOneUserOfManyRegistrationsAtOnce(t *testing.T) {
	each(t, func(w *world) {
		const n = 5
		var wg sync.WaitGroup
		errs := make(chan error, n)
		for range n {
			wg.Go(func() {
				errs <- w.Register(w.ctx, account.Registration{Email: "anna@example.org", Password: password, Address: home})
			})
		}
		wg.Wait()
		var tokens []string
		for range n {
			w.must(<-errs)
			tokens = append(tokens, w.letter().token(t))
		}
		if got := w.count(`SELECT count(*) FROM users`); got != 1 {
			t.Fatalf("got %d users, want 1", got)
		}

		// All links at once: one of them is the first.
		verified := make(chan bool, n)
		for _, token := range tokens {
			wg.Go(func() {
				_, err := w.Verify(w.ctx, token)
				verified <- err == nil
			})
		}
		wg.Wait()
		close(verified)
		var good int
		for ok := range verified {
			if ok {
				good++
			}
		}
		if good == 0 || w.count(`SELECT count(*) FROM tokens`) != 0 {
			t.Errorf("%d links worked, %d are left", good, w.count(`SELECT count(*) FROM tokens`))
		}
		_, err := w.Login(w.ctx, "anna@example.org", password, home)
		w.must(err)
	})
}

func TestRegisterTellsEveryFieldAtOnce(t *testing.T) {
	each(t, func(w *world) {
		try := func(email, password string) error {
			return w.Register(w.ctx, account.Registration{Email: email, Password: password, Address: home})
		}
		w.wantFields(try("", ""), "email mail.address_empty", "password error.required")
		w.wantFields(try("anna@", "short"), "email mail.address_domain_empty", "password error.too_short")
		w.wantFields(try("anna@example.org", "девять зн"), "password error.too_short")
		w.wantFields(try("anna@example.org", strings.Repeat("я", 201)), "password error.too_long")
		w.wantFields(try("anna@example.org", "ANNA@example.org"), "password account.password_address")
		w.wantFields(try("anna.petrova@example.org", "Anna.Petrova"), "password account.password_address")
		w.wantFields(try("anna@example.org", "QWERTYuiop"), "password account.password_common")
		w.wantFields(try("anna@example.org", "пароль12345"), "password account.password_common")
		w.wantFields(try("anna@example.org", "not\xffUTF-8 at all"), "password error.not_text")
		if n := w.count(`SELECT count(*) FROM throttles`); n != 0 {
			t.Error("a slip of the pen was counted as a try")
		}
		w.must(try("anna@example.org", strings.Repeat("я", 200)))
	})
}

func TestClosedRegistration(t *testing.T) {
	each(t, func(w *world) {
		closed := account.New(w.db, w.letters, account.Options{Argon: cheap})
		err := closed.Register(w.ctx, account.Registration{Email: "anna@example.org", Password: password})
		w.wantKey(err, fault.Forbidden, "account.registration_closed")
	})
}

func TestUnknownLocaleAndZoneOfABrowser(t *testing.T) {
	each(t, func(w *world) {
		w.must(w.Register(w.ctx, account.Registration{Email: "anna@example.org", Password: password, Locale: "tlh", TimeZone: "Moon/Base"}))
		u, err := w.Verify(w.ctx, w.letter().token(t))
		w.must(err)
		if u.Locale != "en" || u.TimeZone != "UTC" {
			t.Errorf("got %s, %s; want en, UTC", u.Locale, u.TimeZone)
		}
	})
}

// Whoever reads the database, or a backup of it, can open nothing.
func TestNoSecretLiesInTheDatabase(t *testing.T) {
	each(t, func(w *world) {
		u := w.user("anna@example.org", account.RoleUser)
		w.must(w.RequestReset(w.ctx, "anna@example.org", home))
		w.register("boris@example.org")
		secrets := map[string]string{"password": password}
		for range 2 {
			l := w.letter()
			secrets[l.subject] = l.token(t)
		}
		api, err := w.CreateToken(w.ctx, u.Actor(), u.ID, "script")
		w.must(err)
		secrets["API token"] = strings.TrimPrefix(api, "gonets_")
		const cookie = "a-session-token-as-the-cookie-has-it"
		w.must(w.Sessions().Keep(w.ctx, cookie, account.Session{Data: []byte("data"), Expiry: w.clock.Now().Add(time.Hour)}))
		secrets["session"] = cookie

		dump := w.dump()
		if !bytes.Contains(dump, []byte("boris@example.org")) {
			t.Fatal("the dump is not the database")
		}
		for name, secret := range secrets {
			if bytes.Contains(dump, []byte(secret)) {
				t.Errorf("%s lies in the database", name)
			}
		}
	})
}

// dump is all that the database holds.
func (w *world) dump() []byte {
	w.t.Helper()
	var all bytes.Buffer
	if w.db.Dialect() == db.SQLite {
		path := strings.TrimPrefix(w.url, "sqlite:")
		for _, file := range []string{path, path + "-wal"} {
			data, err := os.ReadFile(file)
			w.must(err)
			all.Write(data)
		}
		return all.Bytes()
	}
	for _, table := range []string{"users", "tokens", "sessions", "throttles", "letters", "audit", "river_job"} {
		rows, err := w.db.Pool().Query(w.ctx, fmt.Sprintf(`SELECT t::text FROM %s t`, table))
		w.must(err)
		texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
		w.must(err)
		for _, text := range texts {
			all.WriteString(text)
		}
	}
	return all.Bytes()
}
