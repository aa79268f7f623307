package account_test

import (
	"context"
	"errors"
	"regexp"
	"sync"
	"testing"
	"time"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/fault"
	"gonets/internal/i18n"
	"gonets/internal/letter"
	"gonets/internal/mail"
	"gonets/internal/queue"
)

// cheap keeps the tests fast; only the tests of argon2id itself care.
var cheap = account.Argon{Memory: 64, Time: 1, Threads: 1}

const (
	password = "correct horse battery"
	another  = "staple of a new horse"
	home     = "192.0.2.7" // a client's address
)

// clock is a clock that the test winds.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) wind(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// sent is a letter as the mail server got it.
type sent struct {
	to, subject, text string
}

var linkToken = regexp.MustCompile(`https://mail\.example\.com/(?:verify|password/reset)/([A-Za-z0-9_-]{43})\b`)

// token is the one in the letter's link.
func (s sent) token(t *testing.T) string {
	t.Helper()
	found := linkToken.FindStringSubmatch(s.text)
	if found == nil {
		t.Fatalf("no token in %q:\n%s", s.subject, s.text)
	}
	return found[1]
}

// world is a service of accounts with a mailbox for all its letters.
type world struct {
	*account.Accounts
	t       *testing.T
	ctx     context.Context
	db      *db.DB
	clock   *clock
	letters *letter.Post
	mail    chan sent
	url     string
}

// each runs a test in a world on either database.
func each(t *testing.T, test func(w *world)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(newWorld(t, dbtest.SQLiteURL(t), account.Options{})) })
	t.Run("postgres", func(t *testing.T) { test(newWorld(t, dbtest.PostgresURL(t), account.Options{})) })
}

func newWorld(t *testing.T, url string, o account.Options) *world {
	t.Helper()
	c := &clock{now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
	w := &world{t: t, ctx: t.Context(), clock: c, db: dbtest.Open(t, url, c), mail: make(chan sent, 100), url: url}
	bundle, err := i18n.New()
	w.must(err)
	q := queue.New(w.db, dbtest.Log(t))
	w.letters, err = letter.New(w.db, q, bundle, letter.Options{
		From: "gonets@mail.example.com", BaseURL: "https://mail.example.com", Secret: make([]byte, 32),
		Send: func(_ context.Context, _, to string, raw []byte) (string, error) {
			m, err := mail.Read(raw)
			if err != nil {
				return "", err
			}
			w.mail <- sent{to: to, subject: m.Subject, text: m.Text}
			return "250 OK", nil
		},
	})
	w.must(err)
	w.must(q.Open(queue.Workers{queue.Letters: 4}))
	w.must(q.Start(w.ctx))
	t.Cleanup(func() { w.must(q.Stop(context.WithoutCancel(w.ctx))) })
	w.Accounts = w.with(o)
	return w
}

// with are accounts on the same database with other options: another node, or
// another configuration.
func (w *world) with(o account.Options) *account.Accounts {
	if o.Argon == (account.Argon{}) {
		o.Argon = cheap
	}
	o.Registration = func(context.Context) (bool, error) { return true, nil }
	return account.New(w.db, w.letters, o)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// wantKey asserts that err is an error for a person with the key.
func (w *world) wantKey(err error, kind fault.Kind, key string) {
	w.t.Helper()
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || e.Kind != kind || e.Key != key {
		w.t.Fatalf("got %v, want %s %s", err, kind, key)
	}
}

// wantFields asserts that exactly these fields failed, as "name key".
func (w *world) wantFields(err error, want ...string) {
	w.t.Helper()
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || e.Kind != fault.Invalid || len(e.Fields) != len(want) {
		w.t.Fatalf("got %v, want %v", err, want)
	}
	for i, f := range e.Fields {
		if got := f.Name + " " + f.Key; got != want[i] {
			w.t.Errorf("got %q, want %q", got, want[i])
		}
	}
}

// letter is the next one that was sent.
func (w *world) letter() sent {
	w.t.Helper()
	select {
	case s := <-w.mail:
		return s
	case <-time.After(20 * time.Second): // only where it is lost
		w.t.Fatal("no letter came")
		return sent{}
	}
}

func (w *world) register(email string) {
	w.t.Helper()
	w.must(w.Register(w.ctx, account.Registration{Email: email, Password: password, Locale: "en", TimeZone: "Europe/Moscow", Address: home}))
}

// user is a verified user.
func (w *world) user(email string, role account.Role) account.User {
	w.t.Helper()
	u, err := w.Create(w.ctx, account.CommandLine(), account.NewUser{Email: email, Password: password, Role: role, Verified: true})
	w.must(err)
	return u
}

func (w *world) count(query string, args ...any) int64 {
	w.t.Helper()
	var n int64
	w.must(w.db.Read().QueryRow(w.ctx, query, args...).Scan(&n))
	return n
}
