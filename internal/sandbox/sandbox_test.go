package sandbox_test

import (
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"

	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/fault"
	"gonets/internal/sandbox"
)

const letter = "From: Shop <shop@example.com>\r\nTo: %s\r\n" +
	"Subject: =?utf-8?B?0J/RgNC40LLQtdGC?= %s\r\n\r\nHello\r\n.\r\nthere\r\n"

func TestKeepsWhatItAccepts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		inbox, address := start(t, d, sandbox.Options{})
		c := dial(t, address)
		for i := range 3 {
			to := fmt.Sprintf("ivan%d@example.org", i)
			if err := send(c, to, fmt.Sprintf(letter, to, fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
			// The 250 was read, so it is committed.
			if got, want := count(t, inbox), int64(i+1); got != want {
				t.Fatalf("mails after the 250: got %d, want %d", got, want)
			}
		}

		mails, next, err := inbox.List(t.Context(), sandbox.Filter{Limit: 2})
		if err != nil {
			t.Fatal(err)
		}
		if len(mails) != 2 || mails[0].Subject != "Привет 2" || mails[1].To != "ivan1@example.org" || next != mails[1].ID {
			t.Fatalf("first page: %+v, next %d", mails, next)
		}
		mails, next, err = inbox.List(t.Context(), sandbox.Filter{Limit: 2, After: next})
		if err != nil || len(mails) != 1 || mails[0].Subject != "Привет 0" || next != 0 {
			t.Fatalf("second page: %+v, next %d, %v", mails, next, err)
		}
		mails, _, err = inbox.List(t.Context(), sandbox.Filter{Search: "ПРИВЕТ 1"})
		if err != nil || len(mails) != 1 || mails[0].From != "bounces@example.com" {
			t.Fatalf("search: %+v, %v", mails, err)
		}
		mail, err := inbox.Get(t.Context(), mails[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := string(mail.Raw), fmt.Sprintf(letter, "ivan1@example.org", "1"); got != want {
			t.Errorf("raw: got %q, want %q", got, want)
		}
		if got, want := mail.Parsed.Text, "Hello\n.\nthere\n"; got != want {
			t.Errorf("text: got %q, want %q", got, want)
		}

		if removed, err := inbox.Clear(t.Context()); err != nil || removed != 3 {
			t.Errorf("clear: %d, %v", removed, err)
		}
		if got := count(t, inbox); got != 0 {
			t.Errorf("mails after Clear: %d", got)
		}
		if _, err := inbox.Get(t.Context(), mail.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a removed mail: %v", err)
		}
	})
}

func TestRules(t *testing.T) {
	inbox, address := start(t, dbtest.SQLite(t), sandbox.Options{})
	c := dial(t, address)
	for _, test := range []struct {
		to   string
		want string // "" is accepted
	}{
		{"bounce@example.org", "550 5.1.1"},
		{"Bounce+7@example.org", "550 5.1.1"},
		{"nouser.12@example.org", "550 5.1.1"},
		{"FULL3@example.org", "452 4.2.2"},
		{"full3@example.org", "452 4.2.2"}, // and again
		{"greylist@example.org", "451 4.7.1"},
		{"greylist2@example.org", "451 4.7.1"},
		{"Greylist@example.org", ""},
		{"greylist@example.org", "451 4.7.1"}, // the next message is put off anew
		{"reject-me@example.org", "554 5.7.1"},
		{"ivan.bounce@example.org", ""},
		{"иван@example.org", ""},
	} {
		err := send(c, test.to, fmt.Sprintf(letter, "x", "y"))
		if got := reply(err); got != test.want {
			t.Errorf("%s: got %q (%v), want %q", test.to, got, err, test.want)
		}
	}
	if got, want := count(t, inbox), int64(3); got != want {
		t.Errorf("kept: got %d, want %d", got, want)
	}
}

// The rules shown are the rules applied.
func TestRulesAreStated(t *testing.T) {
	_, address := start(t, dbtest.SQLite(t), sandbox.Options{})
	c := dial(t, address)
	for _, rule := range sandbox.Rules() {
		for _, prefix := range rule.Prefixes {
			err := send(c, prefix+"@example.org", fmt.Sprintf(letter, "x", "y"))
			if got, want := reply(err), fmt.Sprintf("%d %s", rule.Code, rule.Enhanced); got != want {
				t.Errorf("%s: got %q, want %q", prefix, got, want)
			}
			if err != nil && !strings.Contains(err.Error(), `"`+prefix+`"`) {
				t.Errorf("the reply does not name the rule: %v", err)
			}
		}
	}
}

func TestGreeting(t *testing.T) {
	_, address := start(t, dbtest.SQLite(t), sandbox.Options{MaxBytes: 1000})
	c, err := textproto.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, _, err := c.ReadResponse(220); err != nil {
		t.Fatal(err)
	}
	// In one flight, as PIPELINING allows; the last message is too large.
	text := "EHLO client.example\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n" +
		strings.Repeat("x\r\n", 1000) + ".\r\nNOOP\r\n"
	if err := c.PrintfLine("%s", strings.TrimSuffix(text, "\r\n")); err != nil {
		t.Fatal(err)
	}
	_, greeting, err := c.ReadResponse(250)
	if err != nil {
		t.Fatal(err)
	}
	for _, capability := range []string{"PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "SIZE 1000"} {
		if !slices.Contains(strings.Split(greeting, "\n"), capability) {
			t.Errorf("%s is not offered: %q", capability, greeting)
		}
	}
	for _, want := range []int{250, 250, 354, 552, 250} {
		if got, words, err := c.ReadResponse(want); err != nil {
			t.Fatalf("got %d %s, want %d", got, words, want)
		}
	}
}

func TestManyAtOnceAndTrim(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const connections, each, keep = 8, 80, 100
		inbox, address := start(t, d, sandbox.Options{Keep: keep})
		var wg sync.WaitGroup
		for n := range connections {
			c := dial(t, address)
			wg.Go(func() {
				for i := range each {
					to := fmt.Sprintf("r%d.%d@example.org", n, i)
					if err := send(c, to, fmt.Sprintf(letter, to, "")); err != nil {
						t.Errorf("%s: %v", to, err)
						return
					}
				}
			})
		}
		wg.Wait()
		inbox.Stop()
		inbox.Stop()
		if got := count(t, inbox); got < keep || got >= connections*each {
			t.Errorf("mails after trimming: %d", got)
		}

		// Started again, it trims to the point, and takes mail.
		address, err := inbox.Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := send(dial(t, address), "last@example.org", fmt.Sprintf(letter, "x", "the last")); err != nil {
			t.Fatal(err)
		}
		if got, want := count(t, inbox), int64(keep+1); got != want {
			t.Errorf("mails: got %d, want %d", got, want)
		}
		mails, _, err := inbox.List(t.Context(), sandbox.Filter{Limit: 1})
		if err != nil || len(mails) != 1 || mails[0].To != "last@example.org" {
			t.Errorf("the newest: %+v, %v", mails, err)
		}
	})
}

func TestStopCutsConnections(t *testing.T) {
	inbox, address := start(t, dbtest.SQLite(t), sandbox.Options{})
	c := dial(t, address)
	if err := c.Noop(); err != nil {
		t.Fatal(err)
	}
	inbox.Stop()
	if err := c.Noop(); err == nil {
		t.Error("a connection outlived Stop")
	}
	if _, err := net.Dial("tcp", address); err == nil {
		t.Error("the port is open after Stop")
	}
}

func BenchmarkKeep(b *testing.B) {
	inbox := sandbox.New(dbtest.SQLite(b), sandbox.Options{})
	address, err := inbox.Start(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(inbox.Stop)
	mail := fmt.Sprintf(letter, "x", "y") + strings.Repeat("A line of a typical letter.\r\n", 100)
	b.SetParallelism(10)
	b.RunParallel(func(pb *testing.PB) {
		c, err := smtp.Dial(address)
		if err != nil {
			b.Error(err)
			return
		}
		defer c.Close()
		for pb.Next() {
			if err := send(c, "ivan@example.org", mail); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func start(t *testing.T, d *db.DB, o sandbox.Options) (*sandbox.Inbox, string) {
	t.Helper()
	o.Log = dbtest.Log(t)
	inbox := sandbox.New(d, o)
	address, err := inbox.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(inbox.Stop)
	return inbox, address
}

func dial(t *testing.T, address string) *smtp.Client {
	t.Helper()
	c, err := smtp.Dial(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// send hands over one mail and leaves the connection ready for the next.
func send(c *smtp.Client, to, text string) error {
	err := c.SendMail("bounces@example.com", []string{to}, strings.NewReader(text))
	if err != nil {
		return errors.Join(err, c.Reset())
	}
	return nil
}

// reply is the code and enhanced code of a refusal.
func reply(err error) string {
	if err == nil {
		return ""
	}
	refused, ok := errors.AsType[*smtp.SMTPError](err)
	if !ok {
		return err.Error()
	}
	e := refused.EnhancedCode
	return fmt.Sprintf("%d %d.%d.%d", refused.Code, e[0], e[1], e[2])
}

func count(t *testing.T, inbox *sandbox.Inbox) int64 {
	t.Helper()
	mails, err := inbox.Count(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return mails
}

// TestStopAtOnce stops an inbox whose server may not have come to listen yet.
func TestStopAtOnce(t *testing.T) {
	inbox := sandbox.New(dbtest.SQLite(t), sandbox.Options{})
	for range 200 {
		if _, err := inbox.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		inbox.Stop()
	}
}
