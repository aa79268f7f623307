// Package sandbox is the inbox of a service that has no mail server: a real
// SMTP server on the loopback interface that delivers nothing, keeps the mail
// it is handed in the database, and refuses some addresses by stated rules, so
// that every way a mailing can go may be tried out before the first real letter
// leaves.
//
// To the engine it is a mail server like any other, with nothing stubbed: the
// same connections, pipelining, replies and retries. It answers 250 only once
// the mail is committed. What many connections hand over at the same time is
// written in one transaction, so the inbox keeps up with thousands of messages
// a second; only the newest mails are kept.
//
// Several processes may each have an inbox on the same database (a command
// that sends beside a running server): each listens on a port of its own, and
// all fill the one table.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"gonets/internal/db"
)

// Options of an Inbox; a zero field takes its default.
type Options struct {
	Address  string       // to listen on; "127.0.0.1:0": any free port of the loopback
	Keep     int          // mails kept, the newest; 5,000
	MaxBytes int64        // of one message; 25 MiB
	Log      *slog.Logger // nil: silent
}

func (o Options) orDefault() Options {
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	if o.Keep <= 0 {
		o.Keep = 5000
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 25 << 20
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Inbox keeps mail and shows it. It can be read without being started.
type Inbox struct {
	db    *db.DB
	o     Options
	rules *rules
	mails chan *mail // handed over, not yet kept

	mu       sync.Mutex
	server   *smtp.Server // nil: not started
	listener net.Listener
	address  string
	stop     chan struct{}  // closed by Stop
	running  sync.WaitGroup // the server's and the keeper's goroutine
}

// New is an inbox on the database; Start opens it for mail.
func New(d *db.DB, o Options) *Inbox {
	return &Inbox{db: d, o: o.orDefault(), rules: newRules(), mails: make(chan *mail)}
}

// Start listens, and answers the address (host:port) to send to. It takes mail
// until Stop; ctx bounds the start alone. Starting again changes nothing.
func (i *Inbox) Start(ctx context.Context) (address string, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.server != nil {
		return i.address, nil
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", i.o.Address)
	if err != nil {
		return "", fmt.Errorf("open the sandbox inbox: %w", err)
	}
	i.stop = make(chan struct{})
	i.server, i.listener, i.address = i.newServer(i.stop), listener, listener.Addr().String()
	server, stop := i.server, i.stop
	i.running.Go(func() { i.serve(server, listener) })
	i.running.Go(func() { i.keep(stop) })
	return i.address, nil
}

// newServer is the SMTP server. EHLO also offers PIPELINING, 8BITMIME and
// ENHANCEDSTATUSCODES, which the library always does.
func (i *Inbox) newServer(stop <-chan struct{}) *smtp.Server {
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &session{inbox: i, stop: stop}, nil
	}))
	server.Domain = "sandbox.localhost"
	server.EnableSMTPUTF8 = true
	server.MaxMessageBytes = i.o.MaxBytes
	server.MaxRecipients = 100
	server.ReadTimeout = 5 * time.Minute // RFC 5321, 4.5.3.2.7
	server.WriteTimeout = time.Minute
	server.ErrorLog = slog.NewLogLogger(i.o.Log.Handler(), slog.LevelDebug) // clients that hang up
	return server
}

func (i *Inbox) serve(server *smtp.Server, listener net.Listener) {
	if err := server.Serve(listener); err != nil && !errors.Is(err, net.ErrClosed) {
		i.o.Log.Error("the sandbox inbox takes no more mail", "error", err)
	}
}

// Stop cuts every connection and waits until what was handed over is kept.
// Stop whoever sends first. Stopping again changes nothing.
func (i *Inbox) Stop() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.server == nil {
		return
	}
	if err := i.server.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		i.o.Log.Warn("close the sandbox inbox", "error", err)
	}
	// A server that has not come to serve yet does not know its listener, and
	// would accept for ever.
	i.listener.Close()
	close(i.stop)
	i.running.Wait()
	i.server = nil
}
