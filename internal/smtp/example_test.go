package smtp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"gonets/internal/smtp"
)

// One connection carries one message after another: each flight ends one
// message and offers the next.
func ExampleConn_Deliver() {
	ctx := context.Background()
	cfg, stop := mailServer()
	defer stop()

	pool := smtp.NewPool(cfg, 10, time.Minute)
	defer pool.Close()
	conn, err := pool.Get(ctx)
	if err != nil {
		log.Fatal(err) // the server's trouble: nobody's message has failed
	}
	defer pool.Put(conn)

	recipients := []string{"anna@example.org", "nobody@example.org", "boris@example.org"}
	envelopes := make([]smtp.Envelope, len(recipients))
	for i, to := range recipients {
		envelopes[i] = smtp.Envelope{From: "news@example.com", To: to}
	}
	offered := conn.Offer(ctx, envelopes[0])
	for i, env := range envelopes {
		var next *smtp.Envelope
		if i+1 < len(envelopes) {
			next = &envelopes[i+1]
		}
		if refused := new(smtp.Error); errors.As(offered, &refused) {
			fmt.Printf("%s: refused at %s: %s\n", env.To, refused.Stage, refused.Reply)
			if next != nil {
				offered = conn.Offer(ctx, *next)
			}
			continue
		}
		// Here the ledger writes that the message is leaving.
		reply, nextOffered, err := conn.Deliver(ctx, []byte("Subject: News\r\n\r\nHello!\r\n"), next)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: accepted: %s\n", env.To, reply)
		offered = nextOffered
	}
	// Output:
	// anna@example.org: accepted: 250 2.0.0 OK: queued
	// nobody@example.org: refused at rcpt: 550 5.1.1 No such user
	// boris@example.org: accepted: 250 2.0.0 OK: queued
}

func ExampleParseURL() {
	cfg, err := smtp.ParseURL("smtps://user:secret@mail.example.org")
	fmt.Println(cfg, err)
	_, err = smtp.ParseURL("smtp://user:secret@mail.example.org?tls=none")
	fmt.Println(err)
	// Output:
	// smtps://user@mail.example.org:465 <nil>
	// tls=none would send the password to mail.example.org in the clear
}

// mailServer starts a server on this machine that knows everybody but nobody.
func mailServer() (cfg smtp.Config, stop func()) {
	server := gosmtp.NewServer(gosmtp.BackendFunc(func(*gosmtp.Conn) (gosmtp.Session, error) {
		return mailbox{}, nil
	}))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go server.Serve(listener)
	return smtp.Config{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port}, func() { server.Close() }
}

type mailbox struct{}

func (mailbox) Mail(string, *gosmtp.MailOptions) error { return nil }
func (mailbox) Reset()                                 {}
func (mailbox) Logout() error                          { return nil }

func (mailbox) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	if to == "nobody@example.org" {
		return &gosmtp.SMTPError{Code: 550, EnhancedCode: gosmtp.EnhancedCode{5, 1, 1}, Message: "No such user"}
	}
	return nil
}

func (mailbox) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}
