package cli_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"gonets/internal/account"
	"gonets/internal/cli"
	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/delivery"
	"gonets/internal/i18n"
	"gonets/internal/mailing"
	"gonets/internal/message"
	"gonets/internal/queue"
	"gonets/internal/recipient"
	"gonets/internal/sandbox"
	"gonets/internal/schedule"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"gonets": func() { os.Exit(gonets()) },
		"seed":   func() { os.Exit(told(seed())) },
		"newer":  func() { os.Exit(told(newer())) },
	})
}

// gonets is the program's main.
func gonets() int {
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, release)
	return cli.Run(ctx, cli.Process{
		Args: os.Args[1:], In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.LookupEnv, Version: "v0-test",
	})
}

func told(err error) int {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// TestScripts types commands as people do, on both databases. A script in the
// folder of a database is for that one alone.
func TestScripts(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		run(t, "sqlite", func(*testing.T) string { return "sqlite:$WORK/data/gonets.db" })
	})
	t.Run("postgres", func(t *testing.T) {
		run(t, "postgres", func(t *testing.T) string { return dbtest.PostgresURL(t) })
	})
}

func run(t *testing.T, dialect string, database func(*testing.T) string) {
	for _, pattern := range []string{"testdata/script/*.txtar", "testdata/script/" + dialect + "/*.txtar"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no scripts (%v)", pattern, err)
		}
		for _, file := range files {
			t.Run(filepath.Base(file), func(t *testing.T) { script(t, file, database(t)) })
		}
	}
}

func script(t *testing.T, file, database string) {
	server, port := mailServer(t), freePort(t)
	testscript.Run(t, testscript.Params{
		Files:               []string{file},
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GONETS_DATABASE_URL", strings.ReplaceAll(database, "$WORK", env.WorkDir))
			env.Setenv("GONETS_DATA_DIR", filepath.Join(env.WorkDir, "data"))
			env.Setenv("GONETS_SMTP_CONNECTIONS", "2")
			env.Setenv("LANG", "C.UTF-8")
			env.Setenv("TZ", "UTC")
			env.Setenv("SMTP", server)
			env.Setenv("ADDR", "127.0.0.1:"+port)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"await": await, "status": status},
	})
}

// freePort is a port that nobody listens at just now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// mailServer is the address of a real mail server: another service's sandbox.
func mailServer(t *testing.T) string {
	t.Helper()
	inbox := sandbox.New(dbtest.SQLite(t), sandbox.Options{})
	address, err := inbox.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(inbox.Stop)
	return address
}

// await URL waits until the address answers 200.
func await(ts *testscript.TestScript, _ bool, args []string) {
	deadline := time.After(20 * time.Second)
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-deadline:
			ts.Fatalf("%s never answered", args[0])
		case <-look.C:
			response, err := http.Get(args[0])
			if err != nil {
				continue
			}
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
	}
}

// status CODE COMMAND… runs a command and compares its exit code; its streams
// can be looked at by stdout and stderr.
func status(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := err.(interface{ ExitCode() int }); ok {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// seed USER RECIPIENT… gives a user recipients, a message and a draft to all
// of them.
func seed() error {
	ctx := context.Background()
	d, err := db.Open(ctx, os.Getenv("GONETS_DATABASE_URL"), db.SystemClock{})
	if err != nil {
		return err
	}
	defer d.Close()
	bundle, err := i18n.New()
	if err != nil {
		return err
	}
	q := queue.New(d, dbtest.Log(&testing.T{}))
	ledger := delivery.New(d, delivery.DefaultPolicy(), recipient.Addresses)
	recipients := recipient.New(d, q, ledger, recipient.Options{Secret: []byte("not asked for")})
	messages := message.New(d, bundle)
	mailings := mailing.New(d, q, recipients, messages, ledger, nil, mailing.Options{})
	u, err := account.New(d, nil, account.Options{}).ByEmail(ctx, account.CommandLine(), os.Args[1])
	if err != nil {
		return err
	}
	for _, email := range os.Args[2:] {
		if _, err := recipients.Create(ctx, u.Actor(), recipient.Draft{Email: email}); err != nil {
			return err
		}
	}
	m, err := messages.Create(ctx, u.Actor(), message.Draft{Subject: "Hi", Format: message.Text, Body: "Hello {{ recipient.email }}"})
	if err != nil {
		return err
	}
	made, err := mailings.Create(ctx, u.Actor(), mailing.Input{
		Name: "News", MessageID: m.ID, Audience: recipient.Audience{All: true},
		Schedule: schedule.Schedule{Frequency: schedule.Once, Zone: "UTC"}, Sender: mailing.Sender{Name: "Us", Email: "us@example.com"},
	})
	fmt.Println(made.ID)
	return err
}

// newer makes the schema one that the program doesn't know yet.
func newer() error {
	ctx := context.Background()
	d, err := db.Open(ctx, os.Getenv("GONETS_DATABASE_URL"), db.SystemClock{})
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Tx(ctx, func(tx db.Tx) error {
		applied := "true"
		if tx.Dialect() == db.SQLite {
			applied = "1"
		}
		_, err := tx.Exec(ctx, strings.ReplaceAll(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, ?)`, "?", applied))
		return err
	})
}
