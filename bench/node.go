package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"gonets/internal/account"
	"gonets/internal/account/group"
	"gonets/internal/db"
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

// node is one process's worth of Gonets on a database, with one user.
type node struct {
	db         *db.DB
	log        *slog.Logger
	queue      *queue.Queue
	ledger     *delivery.Ledger
	recipients *recipient.Recipients
	messages   *message.Messages
	mailings   *mailing.Mailings
	owner      account.Actor
}

func open(ctx context.Context, url string) (*node, error) {
	d, err := db.Open(ctx, url, db.SystemClock{})
	if err != nil {
		return nil, err
	}
	bundle, err := i18n.New()
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	n := &node{db: d, log: log, queue: queue.New(d, log), owner: account.Actor{ID: 1, Role: account.RoleUser}}
	n.ledger = delivery.New(d, delivery.DefaultPolicy(), recipient.Addresses)
	n.recipients = recipient.New(d, n.queue, n.ledger, recipient.Options{Secret: []byte("secret"), BaseURL: baseURL})
	n.messages = message.New(d, bundle)
	n.mailings = mailing.New(d, n.queue, n.recipients, n.messages, n.ledger, log, mailing.Options{Grace: time.Hour})
	return n, nil
}

func (n *node) close() { n.db.Close() } // nothing is written any more

// furnish gives an empty database its user.
func (n *node) furnish(ctx context.Context) error {
	if err := n.db.Migrate(ctx, queue.Migrate(n.db), group.Migrate(n.db)); err != nil {
		return err
	}
	return n.db.Tx(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO users (email, email_key, password_hash, created_at)
			VALUES ('o@example.test', 'o@example.test', '', 1)`)
		return err
	})
}

// newMailing makes a mailing to all, not yet started.
func (n *node) newMailing(ctx context.Context, name string) (int64, error) {
	text, err := n.messages.Create(ctx, n.owner, draft)
	if err != nil {
		return 0, err
	}
	m, err := n.mailings.Create(ctx, n.owner, mailing.Input{
		Name: name, MessageID: text.ID, Audience: recipient.Audience{All: true},
		Schedule: schedule.Schedule{Frequency: schedule.Once, Zone: "UTC"},
		Sender:   mailing.Sender{Name: sender.Name, Email: senderEmail},
	})
	return m.ID, err
}

// start lets the node send to a mail server; stop ends that.
func (n *node) start(ctx context.Context, addr string, connections int) (stop func() error, err error) {
	config, err := smtp.ParseURL("smtp://" + addr)
	if err != nil {
		return nil, err
	}
	e := engine.New(engine.Parts{
		Ledger: n.ledger, Mailings: n.mailings, Recipients: n.recipients, Messages: n.messages,
		Queue: n.queue, Servers: mailserver.Only(mailserver.FromConfig(config, connections, 0, false)), Store: n.db, Clock: db.SystemClock{}, Log: n.log,
	}, engine.Options{Node: "bench", Host: host, Scheduler: true, Worker: true})
	e.Register()
	if err := n.queue.Open(e.Workers()); err != nil {
		return nil, err
	}
	if err := n.queue.Start(ctx); err != nil {
		return nil, err
	}
	if err := e.Start(ctx); err != nil {
		return nil, err
	}
	return func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
		defer cancel()
		return errors.Join(n.queue.Stop(ctx), e.Stop(ctx))
	}, nil
}

// untilDone waits for the run of a mailing to end.
func (n *node) untilDone(ctx context.Context, mailingID int64) (*mailing.Run, error) {
	for look := time.NewTicker(10 * time.Millisecond); ; {
		var done int64
		err := n.db.Read().QueryRow(ctx, `SELECT count(*) FROM runs WHERE mailing_id = $1 AND finished_at > 0`, mailingID).Scan(&done)
		if err != nil {
			return nil, err
		}
		if done > 0 {
			m, err := n.mailings.Get(ctx, n.owner, mailingID)
			return m.LastRun, err
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for mailing %d: %w", mailingID, ctx.Err())
		}
	}
}
