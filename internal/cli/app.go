package cli

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"gonets/internal/account"
	"gonets/internal/account/group"
	"gonets/internal/blog"
	"gonets/internal/config"
	"gonets/internal/db"
	"gonets/internal/delivery"
	"gonets/internal/engine"
	"gonets/internal/fault"
	"gonets/internal/letter"
	"gonets/internal/mailing"
	"gonets/internal/mailserver"
	"gonets/internal/message"
	"gonets/internal/queue"
	"gonets/internal/recipient"
	"gonets/internal/sandbox"
	"gonets/internal/setting"
	"gonets/internal/smtp"
	"gonets/internal/stats"
)

// duty is what a process does besides answering its own command.
type duty struct {
	node      string // its name in leases; unique among living processes
	scheduler bool   // open due runs
	worker    bool   // plan, send, import, carry letters
}

// app is everything, wired. Built from the bottom of the house to its top:
// nothing is in it that would stand beside the code paths of a server.
type app struct {
	duty
	db         *db.DB
	queue      *queue.Queue
	accounts   *account.Accounts
	recipients *recipient.Recipients
	messages   *message.Messages
	mailings   *mailing.Mailings
	ledger     *delivery.Ledger
	stats      *stats.Stats
	letters    *letter.Post
	articles   *blog.Articles
	inbox      *sandbox.Inbox
	settings   *setting.Settings
	servers    *mailserver.Servers
	engine     *engine.Engine

	post    *mailserver.Line // of letters, so that they wait behind no mailing
	log     *slog.Logger
	started bool
}

// open opens the database, brings its schema up to date and wires the
// packages. Nothing works yet: see start.
func (s *session) open(ctx context.Context, d duty) (*app, error) {
	store, err := s.openDB(ctx)
	if err != nil {
		return nil, err
	}
	a := &app{duty: d, db: store, log: s.log}
	if err := a.wire(ctx, s); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

// openDB opens the database with its schema up to date.
func (s *session) openDB(ctx context.Context) (*db.DB, error) {
	store, err := db.Open(ctx, s.config.DatabaseURL, s.clock)
	if err != nil {
		return nil, err
	}
	if err := store.Migrate(ctx, queue.Migrate(store), group.Migrate(store)); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return store, nil
}

func (a *app) wire(ctx context.Context, s *session) error {
	c := s.config
	secret, err := s.secret(ctx, a.db)
	if err != nil {
		return err
	}
	a.inbox = sandbox.New(a.db, sandbox.Options{Log: s.log})
	if err := a.wireServers(ctx, c, secret); err != nil {
		return err
	}
	a.settings = setting.New(a.db, c.Registration == config.Open)
	a.queue = queue.New(a.db, s.log)
	a.letters, err = letter.New(a.db, a.queue, s.bundle, letter.Options{
		From: c.MailFrom, BaseURL: c.BaseURL, Secret: secret, Send: a.sendLetter, Name: a.settings.Title, Log: s.log,
	})
	if err != nil {
		return fmt.Errorf("wire letters: %w", err)
	}
	a.ledger = delivery.New(a.db, policy(c), recipient.Addresses)
	a.recipients = recipient.New(a.db, a.queue, a.ledger, recipient.Options{
		Secret: secret, BaseURL: c.BaseURL, ImportMax: int64(c.ImportMax),
	})
	a.recipients.Work()
	a.messages = message.New(a.db, s.bundle)
	a.mailings = mailing.New(a.db, a.queue, a.recipients, a.messages, a.ledger, s.log, mailing.Options{
		Grace: c.Grace, Letters: a.letters, Settings: a.settings,
	})
	a.mailings.Work()
	a.stats = stats.New(a.db, a.mailings)
	a.accounts = account.New(a.db, a.letters, account.Options{
		Registration: a.settings.RegistrationOpen,
		Argon:        s.argon,
		OnBlock:      a.mailings.PauseOwnerTx,
		OnDelete:     a.mailings.EraseOwnerTx,
	})
	a.articles = blog.New(a.db)
	a.wireEngine(c, s.log)
	return a.queue.Open(a.workers())
}

// wireServers wires the mail servers, and the connection of letters to them.
func (a *app) wireServers(ctx context.Context, c *config.Config, secret []byte) error {
	first, err := a.mailServer(ctx, c)
	if err != nil {
		return err
	}
	a.servers, err = mailserver.New(a.db, mailserver.Options{
		Secret: secret, First: first, From: c.MailFrom, EnvelopeFrom: c.EnvelopeFrom, Host: hostOf(c),
	})
	if err != nil {
		return fmt.Errorf("wire mail servers: %w", err)
	}
	a.post = a.servers.Line(letterConnections, time.Minute)
	return nil
}

// serverName is the mail server in use, without its password.
func (a *app) serverName(ctx context.Context) string {
	server, err := a.servers.Current(ctx)
	if err != nil || !server.Usable() {
		return "none"
	}
	return server.SMTP().String()
}

// hostOf is the right side of Message-IDs.
func hostOf(c *config.Config) string {
	base, err := url.Parse(c.BaseURL)
	if err != nil { // checked at the start
		return "localhost"
	}
	return base.Hostname()
}

func (a *app) wireEngine(c *config.Config, log *slog.Logger) {
	a.engine = engine.New(engine.Parts{
		Ledger: a.ledger, Mailings: a.mailings, Recipients: a.recipients, Messages: a.messages,
		Queue: a.queue, Servers: a.servers, Store: a.db, Throttle: account.NewThrottle(a.db), Clock: db.SystemClock{}, Log: log,
	}, engine.Options{
		Node: a.node, EnvelopeFrom: c.EnvelopeFrom,
		From: c.MailFrom, Host: hostOf(c), Scheduler: a.scheduler, Worker: a.worker,
	})
	a.engine.Register()
}

// mailServer is the one of the settings, or, in a process that sends, a
// sandbox of its own.
func (a *app) mailServer(ctx context.Context, c *config.Config) (mailserver.Server, error) {
	raw := c.SMTPURL
	if raw == "" {
		if !a.worker {
			return mailserver.Server{}, nil // this process connects to none
		}
		address, err := a.inbox.Start(ctx)
		if err != nil {
			return mailserver.Server{}, err
		}
		raw = "smtp://" + address
	}
	server, err := smtp.ParseURL(raw)
	if err != nil {
		return mailserver.Server{}, fault.Because(err, fault.Invalid, "config.smtp_url", fault.Args{"Cause": err.Error()})
	}
	return mailserver.FromConfig(server, c.SMTPConnections, c.SMTPRate, c.SMTPURL == ""), nil
}

// secret is the service's secret, if it is the one that the database was first
// used with: with another, no session, link or sealed letter could be read.
func (s *session) secret(ctx context.Context, store *db.DB) ([]byte, error) {
	secret, err := s.config.Secret()
	if err != nil {
		return nil, fault.Because(err, fault.Unavailable, "cli.secret_file", fault.Args{"Path": s.config.SecretPath()})
	}
	mine := config.Fingerprint(secret)
	kept, err := store.Keep(ctx, "secret_fingerprint", mine)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare([]byte(kept), []byte(mine)) != 1 {
		return nil, fault.New(fault.Conflict, "cli.secret_differs", fault.Args{"Path": s.config.SecretPath()})
	}
	return secret, nil
}

func policy(c *config.Config) delivery.Policy {
	p := delivery.DefaultPolicy()
	p.Retries, p.RetryMax, p.GiveUp, p.Lease = c.Retries, c.RetryMax, c.GiveUp, c.Lease
	return p
}

// letterWorkers and letterConnections are for the service's own letters.
const (
	letterWorkers     = 2
	letterConnections = 2
)

func (a *app) workers() queue.Workers {
	workers := a.engine.Workers()
	if a.worker {
		workers[queue.Letters] = letterWorkers
	}
	return workers
}

// start begins to work what the duty says.
func (a *app) start(ctx context.Context) error {
	if !a.worker && !a.scheduler {
		return nil
	}
	a.started = true
	if err := a.engine.Start(ctx); err != nil {
		return err
	}
	return a.queue.Start(ctx)
}

// A process ends within 15 s, also where its database has fallen silent: its
// work within stopTime, the name of its node in another second, and its hold on
// everything else within closeTime.
const (
	stopTime  = 12 * time.Second // the engine cuts its connections at 11, and writes what became of them
	closeTime = 1500 * time.Millisecond
)

// stop ends the work: what is in flight is finished, everything else stays
// for others.
func (a *app) stop(ctx context.Context) error {
	if !a.started {
		return nil
	}
	a.started = false
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	queued := make(chan error, 1)
	go func() { queued <- a.queue.Stop(ctx) }()
	err := a.engine.Stop(ctx)
	if err = errors.Join(<-queued, err); err != nil {
		a.log.Error("stop", "error", err)
		return fault.Because(err, fault.Unavailable, "cli.stopped_short", nil)
	}
	return nil
}

// close gives everything back. Stop before, if it was started. What a silent
// database doesn't let go of ends with the process.
func (a *app) close() {
	closed := make(chan struct{})
	go func() { defer close(closed); a.letGo() }()
	patience := time.NewTimer(closeTime)
	defer patience.Stop()
	select {
	case <-closed:
	case <-patience.C:
		a.log.Warn("leave without a farewell: the database does not answer")
	}
}

func (a *app) letGo() {
	if a.articles != nil {
		a.keepViews()
	}
	if a.post != nil {
		a.post.Close() //nolint:errcheck // connections without a message
	}
	if a.inbox != nil {
		a.inbox.Stop()
	}
	closeDB(a.db, a.log)
}

// keepViews writes the views of articles that were counted last.
func (a *app) keepViews() {
	ctx, cancel := context.WithTimeout(context.Background(), closeTime/2)
	defer cancel()
	if err := a.articles.Flush(ctx); err != nil {
		a.log.Warn("the last views of articles are lost", "error", err)
	}
}

// closeDB logs a failure: what is committed is committed.
func closeDB(store *db.DB, log *slog.Logger) {
	if err := store.Close(); err != nil {
		log.Warn("close the database", "error", err)
	}
}
