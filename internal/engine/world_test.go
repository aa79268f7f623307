package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/delivery"
	"gonets/internal/engine"
	"gonets/internal/i18n"
	"gonets/internal/mailing"
	"gonets/internal/mailserver"
	"gonets/internal/message"
	"gonets/internal/queue"
	"gonets/internal/recipient"
	"gonets/internal/schedule"
	"gonets/internal/smtp"
)

// each runs a test on both databases.
func each(t *testing.T, test func(*testing.T, string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, dbtest.SQLiteURL(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, dbtest.PostgresURL(t)) })
}

// peer is a real SMTP server that does what the test says.
type peer struct {
	mu       sync.Mutex
	accepted map[string]int                 // address → how often
	rcpt     func(to string) error          // nil: accept
	data     func(to, content string) error // nil: accept
	mailed   []string                       // contents
	server   *gosmtp.Server
	addr     string
}

func newPeer(t *testing.T) *peer {
	p := &peer{accepted: map[string]int{}}
	p.start(t, "127.0.0.1:0")
	t.Cleanup(p.stop)
	return p
}

func (p *peer) start(t *testing.T, addr string) {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	p.addr = l.Addr().String()
	p.server = gosmtp.NewServer(p)
	p.server.Domain = "mx.example.test"
	p.server.AllowInsecureAuth = true
	p.server.EnableSMTPUTF8 = true
	go p.server.Serve(l) // ends with stop
}

func (p *peer) stop() { p.server.Close() } // a test's server

func (p *peer) NewSession(*gosmtp.Conn) (gosmtp.Session, error) { return &session{peer: p}, nil }

func (p *peer) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, times := range p.accepted {
		n += times
	}
	return n
}

type session struct {
	*peer
	to string
}

func (s *session) Mail(string, *gosmtp.MailOptions) error { return nil }
func (s *session) Reset()                                 {}
func (s *session) Logout() error                          { return nil }

func (s *session) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	s.to = to
	s.mu.Lock()
	rcpt := s.rcpt
	s.mu.Unlock()
	if rcpt != nil {
		return rcpt(to)
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	data := s.data
	s.mu.Unlock()
	if data != nil {
		if err := data(s.to, string(content)); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accepted[s.to]++
	s.mailed = append(s.mailed, string(content))
	return nil
}

// freeAddress is one where nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// node is one process's worth of Gonets, on a database.
type node struct {
	t          *testing.T
	db         *db.DB
	queue      *queue.Queue
	ledger     *delivery.Ledger
	recipients *recipient.Recipients
	messages   *message.Messages
	mailings   *mailing.Mailings
	engine     *engine.Engine
	owner      account.Actor
	stopped    bool
}

func quickly() delivery.Policy {
	p := delivery.DefaultPolicy()
	p.Retries, p.RetryMax = []time.Duration{50 * time.Millisecond}, 100*time.Millisecond
	p.GiveUp = time.Second
	return p
}

func newNode(t *testing.T, url, name, server string, policy delivery.Policy) *node {
	t.Helper()
	config, err := smtp.ParseURL("smtp://" + server)
	if err != nil {
		t.Fatal(err)
	}
	return newNodeOf(t, url, name, mailserver.Only(mailserver.FromConfig(config, 4, 0, false)), policy)
}

func newNodeOf(t *testing.T, url, name string, servers engine.Servers, policy delivery.Policy) *node {
	t.Helper()
	d := dbtest.Open(t, url, db.SystemClock{})
	bundle, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	log := dbtest.Log(t)
	n := &node{t: t, db: d, queue: queue.New(d, log)}
	n.ledger = delivery.New(d, policy, recipient.Addresses)
	n.recipients = recipient.New(d, n.queue, n.ledger, recipient.Options{Secret: []byte("secret"), BaseURL: "https://news.example.test"})
	n.messages = message.New(d, bundle)
	n.mailings = mailing.New(d, n.queue, n.recipients, n.messages, n.ledger, log, mailing.Options{Grace: time.Hour})
	n.engine = engine.New(engine.Parts{
		Ledger: n.ledger, Mailings: n.mailings, Recipients: n.recipients, Messages: n.messages,
		Queue: n.queue, Servers: servers, Store: d, Clock: db.SystemClock{}, Log: log,
	}, engine.Options{Node: name, Host: "news.example.test", From: "gonets@example.test", Scheduler: true, Worker: true})
	n.engine.Register()
	if err := n.queue.Open(n.engine.Workers()); err != nil {
		t.Fatal(err)
	}
	n.owner = account.Actor{ID: n.user(), Role: account.RoleUser}
	return n
}

// user is the only user of the database, made by whoever comes first.
func (n *node) user() (id int64) {
	n.t.Helper()
	ctx := n.t.Context()
	err := n.db.Tx(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO users (email, email_key, password_hash, created_at)
			VALUES ('o@example.test', 'o@example.test', '', 1) ON CONFLICT DO NOTHING`)
		if err != nil {
			return err
		}
		return tx.QueryRow(ctx, `SELECT id FROM users`).Scan(&id)
	})
	if err != nil {
		n.t.Fatal(err)
	}
	return id
}

func (n *node) start() *node {
	n.t.Helper()
	ctx := n.t.Context()
	if err := n.engine.Start(ctx); err != nil {
		n.t.Fatal(err)
	}
	if err := n.queue.Start(ctx); err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(n.stop)
	return n
}

func (n *node) stop() {
	if n.stopped {
		return
	}
	n.stopped = true
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	if err := errors.Join(n.queue.Stop(ctx), n.engine.Stop(ctx)); err != nil {
		n.t.Error(err)
	}
}

// people makes recipients with these local parts.
func (n *node) people(locals ...string) {
	n.t.Helper()
	for _, local := range locals {
		_, err := n.recipients.Create(n.t.Context(), n.owner, recipient.Draft{Email: local + "@example.test", Name: strings.ToUpper(local)})
		if err != nil {
			n.t.Fatal(err)
		}
	}
}

func crowd(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("r%03d", i)
	}
	return list
}

// mailing makes a mailing to all, and starts it.
func (n *node) mailing(change func(*mailing.Input)) mailing.Mailing {
	n.t.Helper()
	ctx := n.t.Context()
	m, err := n.messages.Create(ctx, n.owner, message.Draft{
		Subject: "Hello, {{ recipient.name }}", Format: message.Markdown, Body: "Dear *{{ recipient.name }}*\n\nПривет!\n",
	})
	if err != nil {
		n.t.Fatal(err)
	}
	in := mailing.Input{
		Name: "News", MessageID: m.ID, Audience: recipient.Audience{All: true},
		Schedule: schedule.Schedule{Frequency: schedule.Once, Zone: "UTC"},
		Sender:   mailing.Sender{Name: "Отправитель", Email: "news@example.test"},
	}
	if change != nil {
		change(&in)
	}
	made, err := n.mailings.Create(ctx, n.owner, in)
	if err != nil {
		n.t.Fatal(err)
	}
	started, err := n.mailings.Start(ctx, n.owner, made.ID)
	if err != nil {
		n.t.Fatal(err)
	}
	return started
}

// until waits for a condition on the newest run of a mailing.
func (n *node) until(mailingID int64, what string, is func(*mailing.Run) bool) *mailing.Run {
	n.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		m, err := n.mailings.Get(context.Background(), n.owner, mailingID)
		if err != nil {
			n.t.Fatal(err)
		}
		if m.LastRun != nil && is(m.LastRun) {
			return m.LastRun
		}
		if time.Now().After(deadline) {
			n.t.Fatalf("never %s: %+v", what, m.LastRun)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (n *node) untilDone(mailingID int64) *mailing.Run {
	n.t.Helper()
	return n.until(mailingID, "done", func(r *mailing.Run) bool { return !r.Open() })
}

func (n *node) attempts(f delivery.Filter) []delivery.Attempt {
	n.t.Helper()
	f.UserID, f.Limit = n.owner.ID, 500
	list, err := n.ledger.Attempts(n.t.Context(), f)
	if err != nil {
		n.t.Fatal(err)
	}
	return list
}
