package smtp

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
)

// state is what a connection is ready for.
type state int

const (
	idle   state = iota // for the next Offer
	due                 // for content: the server said 354
	broken              // for nothing
)

var (
	errLost    = errors.New("the connection ended with the message before")
	errUnasked = errors.New("the server spoke unasked")
)

// past is a deadline that interrupts what is waiting.
var past = time.Unix(1, 0)

// Conn is one connection to a mail server, greeted and logged in. It is used by
// one goroutine at a time.
type Conn struct {
	cfg    Config
	nc     net.Conn
	br     *bufio.Reader
	out    []byte // kept between messages
	server string
	caps   Caps
	said   [2]string // the greeting and the last answer to EHLO

	state    state
	reset    bool // a refused transaction is still open: RSET goes first
	messages int  // offered so far

	lent      bool      // out of its pool
	idleSince time.Time // when it came back
}

// Caps returns what the server offers, as of its last EHLO.
func (c *Conn) Caps() Caps { return c.caps }

// Server returns how the server is named on record: the address dialled, and
// the name by which it greeted us, as in "smtp.example.org:587 (mx7.example.org)".
func (c *Conn) Server() string { return c.server }

// Said returns the server's own words before any message: its greeting and its
// last answer to EHLO, line by line.
func (c *Conn) Said() string { return c.said[0] + "\n" + c.said[1] }

// TLS returns the version by which the connection is encrypted, as in
// "TLS 1.3"; empty where it is not.
func (c *Conn) TLS() string {
	if encrypted, ok := c.nc.(*tls.Conn); ok {
		return tls.VersionName(encrypted.ConnectionState().Version)
	}
	return ""
}

// Healthy reports whether the connection is ready for another Offer, as far as
// can be known without asking the server.
func (c *Conn) Healthy() bool { return c.state == idle }

// Spent reports that the connection has carried Config.MaxMessages messages:
// offer it no more, and put it back.
func (c *Conn) Spent() bool { return c.messages >= c.cfg.MaxMessages }

// Noop asks the server for a sign of life (RFC 5321 4.1.1.9).
func (c *Conn) Noop(ctx context.Context) error {
	if c.state != idle {
		return c.misuse(StageConnect)
	}
	defer c.interruptible(ctx)()
	reply, err := c.command(ctx, StageConnect, c.cfg.Timeouts.Noop, "NOOP")
	if err != nil {
		return err
	}
	if !reply.positive() {
		return c.refusal(StageConnect, reply)
	}
	return nil
}

// Abandon closes the connection without another word: an offered message is
// not sent, for content without its dot is no message (RFC 5321 4.1.1.4).
func (c *Conn) Abandon() {
	c.state = broken
	_ = c.nc.Close() // nothing was left to be written
}

// Close takes leave with QUIT, for at most Timeouts.Quit. Where that is not
// possible it abandons the connection. It may be called twice.
func (c *Conn) Close() error {
	if c.state == idle {
		// The server may well close without an answer; nothing depends on it.
		_, _ = c.command(context.Background(), StageConnect, c.cfg.Timeouts.Quit, "QUIT")
	}
	c.state = broken
	if err := c.nc.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close connection to %s: %w", c.server, err)
	}
	return nil
}

// interruptible makes the end of ctx interrupt what waits on the connection,
// until the function it returns is called.
func (c *Conn) interruptible(ctx context.Context) (release func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	nc, fired := c.nc, make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = nc.SetDeadline(past) // fails on a closed connection only
		close(fired)
	})
	return func() {
		if !stop() {
			<-fired // else it could hit the deadline of a later call
		}
	}
}

// arm sets the time limit of the next read or write. The order matters: a ctx
// that ends after the check finds the deadline set and moves it.
func (c *Conn) arm(ctx context.Context, limit time.Duration) error {
	// Only a closed connection refuses, which the read or write will tell; what
	// the server said before may still lie in the buffer.
	_ = c.nc.SetDeadline(time.Now().Add(limit))
	return ctx.Err()
}

// write writes b in one go and returns how much of it was handed over.
func (c *Conn) write(ctx context.Context, limit time.Duration, b []byte) (int, error) {
	if err := c.arm(ctx, limit); err != nil {
		c.state = broken
		return 0, cause(ctx, err)
	}
	n, err := c.nc.Write(b)
	if err != nil {
		c.state = broken
	}
	return n, cause(ctx, err)
}

// read reads the answer to the command of a stage. 421 is an answer, but the
// last one.
func (c *Conn) read(ctx context.Context, stage Stage, limit time.Duration) (Reply, *Error) {
	err := ctx.Err()
	if c.br.Buffered() == 0 { // what came in one piece with the answer before needs no time
		err = c.arm(ctx, limit)
	}
	var reply Reply
	if err == nil {
		reply, err = readReply(c.br)
	}
	if err != nil {
		return Reply{}, c.lost(stage, cause(ctx, err))
	}
	if reply.Code == codeClosing {
		c.state = broken
	}
	return reply, nil
}

// command sends one line and reads the answer.
func (c *Conn) command(ctx context.Context, stage Stage, limit time.Duration, line string) (Reply, *Error) {
	if _, err := c.write(ctx, limit, []byte(line+"\r\n")); err != nil {
		return Reply{}, c.lost(stage, err)
	}
	return c.read(ctx, stage, limit)
}

// refusal makes the error of a reply that is not the one hoped for. A reply
// that is no refusal either makes no sense, and so does what would follow.
func (c *Conn) refusal(stage Stage, reply Reply) *Error {
	if !reply.negative() {
		return c.lost(stage, fmt.Errorf("%w: %q does not answer %s", errMalformed, reply, stage))
	}
	return &Error{Stage: stage, Reply: reply, Server: c.server}
}

// lost makes the error of a connection that is of no more use.
func (c *Conn) lost(stage Stage, err error) *Error {
	c.state = broken
	return &Error{Stage: stage, Server: c.server, Cause: err}
}

// misuse makes the error of a call that the connection is not ready for.
func (c *Conn) misuse(stage Stage) *Error {
	if c.state == broken {
		return c.lost(stage, net.ErrClosed)
	}
	return refuse(c.server, stage, 503, "5.5.1", "the connection is not ready for this step")
}

// cause prefers the reason for which ctx ended to the timeout that it forced.
// A server that closes before it has read everything resets the connection,
// which means the same.
func cause(ctx context.Context, err error) error {
	switch {
	case err != nil && ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return fmt.Errorf("%w: %w", errClosed, err)
	}
	return err
}
