package cli

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gonets/internal/config"
	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/i18n"
)

// newSession is a session with settings of its own, as Run makes it.
func newSession(t *testing.T, database string) *session {
	t.Helper()
	bundle, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	p := Process{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}
	c := &config.Config{
		Addr: "127.0.0.1:0", DataDir: t.TempDir(), DatabaseURL: database, SMTPConnections: 4, Node: t.Name(),
		Scheduler: config.On, Worker: config.On, Web: config.On, Registration: config.Open,
		Retries: config.Durations{time.Minute}, RetryMax: time.Hour, GiveUp: time.Hour, Lease: time.Second,
	}
	c.Complete()
	return &session{
		terminal: newTerminal(p, bundle.For(i18n.English)), config: c, loader: config.NewLoader(nil, ""),
		log: slog.New(slog.DiscardHandler), bundle: bundle, clock: db.SystemClock{}, version: "test",
	}
}

// TestNothingIsLeftRunning starts the whole program and ends it.
func TestNothingIsLeftRunning(t *testing.T) {
	for _, test := range []struct {
		name     string
		database func(*testing.T) string
	}{
		{"sqlite", func(t *testing.T) string { return dbtest.SQLiteURL(t) }},
		{"postgres", func(t *testing.T) string { return dbtest.PostgresURL(t) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSession(t, test.database(t))
			before := goleak.IgnoreCurrent()
			ctx, cancel := context.WithCancel(t.Context())
			a, err := s.open(ctx, s.serving())
			if err != nil {
				t.Fatal(err)
			}
			door, err := s.openDoor(ctx, a, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := a.start(ctx); err != nil {
				t.Fatal(err)
			}
			cancel()
			if err := s.serve(ctx, a, door); err != nil {
				t.Errorf("serve ended with %v", err)
			}
			a.close()
			// scs makes a store in memory before it is given ours, and cleans it for ever.
			goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("github.com/alexedwards/scs/v2/memstore.(*MemStore).startCleanup"))
		})
	}
}

func TestLanguage(t *testing.T) {
	for _, test := range []struct {
		env  map[string]string
		want string
	}{
		{nil, "en"},
		{map[string]string{"LANG": "ru_RU.UTF-8"}, "ru"},
		{map[string]string{"LANG": "ru_RU.UTF-8", "LC_ALL": "C"}, "en"},
		{map[string]string{"LANG": "de_DE.UTF-8", "LC_MESSAGES": "ru"}, "ru"},
		{map[string]string{"LANG": "ru_RU.UTF-8", "LC_ALL": ""}, "ru"},
		{map[string]string{"LANG": "run"}, "en"},
	} {
		got := language(func(name string) (string, bool) { value, ok := test.env[name]; return value, ok })
		if got != test.want {
			t.Errorf("%v: got %s, want %s", test.env, got, test.want)
		}
	}
}

// TestExample has a person in each row, and about three refused in a hundred.
func TestExample(t *testing.T) {
	file, err := exampleFile(1000)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	seen := map[string]bool{}
	for line := range bytes.Lines(file) {
		email, _, _ := strings.Cut(string(line), ",")
		if seen[email] {
			t.Errorf("%s is there twice", email)
		}
		seen[email] = true
		for _, beginning := range refusals {
			if strings.HasPrefix(email, beginning) {
				refused++
			}
		}
	}
	if len(seen) != 1001 || refused != 30 {
		t.Errorf("got %d rows with the header, %d of them refused; want 1001, 30", len(seen), refused)
	}
}
