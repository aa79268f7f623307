package mailserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/fault"
	"gonets/internal/mail"
	"gonets/internal/smtp"
)

// patience is the default of Options.Patience: shorter than any browser's.
const patience = 20 * time.Second

// Trial is what a server said when it was tried.
type Trial struct {
	Server string        // as it is named on record
	Words  string        // its own: the greeting and what it offers, or what it said to a letter
	TLS    string        // "TLS 1.3"; empty: the connection is not encrypted
	Login  bool          // it took the login
	Took   time.Duration // to answer
}

// Check connects to a server and logs in. Errors: Denied, Missing; TooMany;
// Unavailable, with the stage and the server's words.
//
// What is tried is on record in the audit before the connection is: nobody
// looks through a network by this door unseen.
func (s *Servers) Check(ctx context.Context, actor account.Actor, id int64) (Trial, error) {
	return s.try(ctx, actor, id, serverCheck, func(_ context.Context, conn *smtp.Conn) (string, error) { return conn.Said(), nil })
}

// Letter is what a test letter says, in its reader's language.
type Letter struct{ Service, Subject, Text string }

// SendTest sends a letter to the actor through a server. Errors: as Check.
func (s *Servers) SendTest(ctx context.Context, actor account.Actor, id int64, l Letter) (Trial, error) {
	return s.try(ctx, actor, id, serverTest, func(ctx context.Context, conn *smtp.Conn) (string, error) {
		m, err := s.letter(actor, l)
		if err != nil {
			return "", err
		}
		reply, err := SendOver(ctx, conn, m, s.o.EnvelopeFrom)
		return reply.String(), err
	})
}

func (s *Servers) letter(actor account.Actor, l Letter) (*mail.Message, error) {
	to, err := mail.ParseAddress(actor.Email)
	if err != nil {
		return nil, err
	}
	from, err := mail.ParseAddress(s.o.From)
	if err != nil {
		return nil, err
	}
	now := s.db.Now()
	return &mail.Message{
		From: mail.Mailbox{Name: l.Service, Address: from}, To: mail.Mailbox{Address: to}, Subject: l.Subject, Text: l.Text,
		MessageID: mail.NewMessageID(fmt.Sprintf("server.%d.%d", actor.ID, now.UnixMicro()), s.o.Host),
		Date:      now, Language: actor.Locale,
	}, nil
}

func (s *Servers) try(ctx context.Context, actor account.Actor, id int64, doing account.Action, do func(context.Context, *smtp.Conn) (string, error)) (Trial, error) {
	server, err := s.mayTry(ctx, actor, id, doing)
	if err != nil {
		return Trial{}, err
	}
	limited, cancel := context.WithTimeout(ctx, s.o.Patience)
	defer cancel()
	began := s.db.Now()
	conn, err := server.Dial(limited)
	if err != nil {
		return Trial{}, s.refused(server, err)
	}
	defer conn.Close() //nolint:errcheck // it has answered by then
	trial := Trial{Server: conn.Server(), TLS: conn.TLS(), Login: server.Username != ""}
	if trial.Words, err = do(limited, conn); err != nil {
		return Trial{}, s.refused(server, err)
	}
	trial.Took = s.db.Now().Sub(began)
	return trial, nil
}

// mayTry is the server, once the try is allowed, counted and on record.
func (s *Servers) mayTry(ctx context.Context, actor account.Actor, id int64, doing account.Action) (Server, error) {
	if err := check(actor, account.ServiceEdit); err != nil {
		return Server{}, err
	}
	server, err := s.Get(ctx, actor, id)
	if err != nil {
		return Server{}, err
	}
	if err := s.throttle.Server(ctx, actor); err != nil {
		return Server{}, fmt.Errorf("try a mail server: %w", err)
	}
	err = s.db.Tx(ctx, func(tx db.Tx) error { return record(ctx, tx, actor, server, doing) })
	if err != nil {
		return Server{}, fmt.Errorf("try a mail server: %w", err)
	}
	return server, nil
}

// refused tells the stage and the server's own words, or the network's. What
// is not the server's but ours is said in the reader's language.
func (s *Servers) refused(server Server, err error) error {
	said := &smtp.Error{Stage: smtp.StageConnect, Cause: err}
	if e, ok := errors.AsType[*smtp.Error](err); ok {
		said = e
	}
	args := fault.Args{"Server": server.Address()}
	unavailable := func(key string) error { return fault.Because(err, fault.Unavailable, key, args) }
	late, _ := errors.AsType[net.Error](err)
	switch {
	case late != nil && late.Timeout():
		args["Seconds"] = s.o.Patience.Seconds()
		return unavailable("mailserver.silent")
	case said.Local && said.Stage == smtp.StageTLS:
		return unavailable("mailserver.no_starttls")
	case said.Local && said.Stage == smtp.StageAuth:
		return unavailable("mailserver.no_login")
	case said.Local:
		args["Words"] = said.Reply.Text // its code would pass for the server's
	case said.Reply.Code == 0 && said.Cause != nil:
		args["Words"] = said.Cause.Error()
	default:
		args["Words"] = said.Reply.String()
	}
	return unavailable("mailserver.refused." + string(said.Stage))
}

// SendOver sends one message over a connection, and returns the server's last
// words. envelopeFrom is the return path; empty: the sender.
func SendOver(ctx context.Context, conn *smtp.Conn, m *mail.Message, envelopeFrom string) (smtp.Reply, error) {
	caps := conn.Caps()
	utf8 := m.To.Address.NeedsUTF8() || m.From.Address.NeedsUTF8()
	content, err := mail.Append(nil, m, mail.Caps{EightBit: caps.EightBitMIME, UTF8: utf8 && caps.SMTPUTF8})
	if err != nil {
		return smtp.Reply{}, err
	}
	if envelopeFrom == "" {
		envelopeFrom = m.From.Address.OnTheWire()
	}
	err = conn.Offer(ctx, smtp.Envelope{
		From: envelopeFrom, To: m.To.Address.OnTheWire(), UTF8: utf8, EightBit: caps.EightBitMIME, Size: len(content),
	})
	if err != nil {
		return smtp.Reply{}, err
	}
	reply, _, err := conn.Deliver(ctx, content, nil)
	return reply, err
}
