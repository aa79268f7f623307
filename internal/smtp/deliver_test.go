package smtp

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const (
	begun   = hello + flight + taken
	content = "Subject: hi\r\n\r\nhello\r\n"
	wire    = "C: Subject: hi\nC: \nC: hello\nC: .\n"
)

func TestDeliver(t *testing.T) {
	tests := []struct {
		name    string
		script  script
		next    bool
		want    string
		reply   string
		offered string
		healthy bool // for another offer
	}{
		{"accepted", begun + wire + "S: 250 2.0.0 queued as 42\n", false, "ok", "250 2.0.0 queued as 42", "ok", true},
		{"refused", begun + wire + "S: 554-5.7.1 spam\nS: 554 5.7.1 go away\n", false, "end_of_data 554 5.7.1", "554 5.7.1 spam\ngo away", "ok", true},
		{"421", begun + wire + "S: 421 4.3.2 down\nX:\n", false, "end_of_data 421 4.3.2", "421 4.3.2 down", "ok", false},
		{"drop after the dot", begun + wire + "X:\n", false, "end_of_data network after-dot", "", "ok", false},
		{"garbage after the dot", begun + wire + "S: \x00\x01\n", false, "end_of_data network after-dot", "", "ok", false},
		{"senseless after the dot", begun + wire + "S: 354 go on\n", false, "end_of_data network after-dot", "", "ok", false},
		{"drop before the content", begun + "X:\n", false, "data network", "", "ok", false},
		{"421 before the content", hello + flight + "S: 250 ok|250 ok|354 go on|421 too slow\nX:\n", false, "data 421", "421 too slow", "ok", false},

		{"next", begun + wire + flight + "S: 250 queued\n" + taken, true, "ok", "250 queued", "ok", false},
		{"next without an answer", begun + wire + flight + "S: 250 queued\nX:\n", true, "ok", "250 queued", "mail network", false},
		{"next with half an answer", begun + wire + flight + "S: 250 queued\nS: 250 ok\nX:\n", true, "ok", "250 queued", "rcpt network", false},
		{"next refused", begun + wire + flight + "S: 250 queued\nS: 250 ok\nS: 550 5.1.1 who?\nS: 503 no\n", true, "ok", "250 queued", "rcpt 550 5.1.1", true},
		{
			"next refused, yet 354", begun + wire + flight + "S: 250 queued\nS: 250 ok\nS: 550 5.1.1 who?\nS: 354 go\nC: .\nS: 554 none\n",
			true, "ok", "250 queued", "rcpt 550 5.1.1", true,
		},
		{"next refused by 421", begun + wire + flight + "S: 250 queued\nS: 421 enough\nX:\n", true, "ok", "250 queued", "mail 421", false},
		{"refused, next taken", begun + wire + flight + "S: 550 spam\n" + taken, true, "end_of_data 550", "550 spam", "ok", false},
		{
			"both refused", begun + wire + flight + "S: 451 later\nS: 550 5.7.1 no\nS: 503 no\nS: 503 no\n", true,
			"end_of_data 451", "451 later", "mail 550 5.7.1", true,
		},
		{"421, and next is lost", begun + wire + flight + "S: 421 down\nX:\n", true, "end_of_data 421", "421 down", "connect network", false},
		{"drop, and next is lost", begun + wire + flight + "X:\n", true, "end_of_data network after-dot", "", "connect network", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			converse(t, tt.script, func(t *testing.T, ctx context.Context, c *Conn) {
				check(t, "offer", brief(c.Offer(ctx, letter)), "ok")
				var next *Envelope
				if tt.next {
					next = &letter
				}
				reply, offered, err := c.Deliver(ctx, []byte(content), next)
				check(t, "err", brief(err), tt.want)
				check(t, "reply", reply.String(), tt.reply)
				check(t, "offered", brief(offered), tt.offered)
				if got := c.Healthy(); got != tt.healthy {
					t.Errorf("healthy: got %v, want %v", got, tt.healthy)
				}
			})
		})
	}
}

func TestDeliverWithoutPipelining(t *testing.T) {
	offer := mailLine + "S: 250 ok\n" + rcptLine + "S: 250 ok\n" + dataLine + "S: 354 go on\n"
	converse(t, script(plainHello+offer+wire+"S: 250 queued\n"+offer+wire+"S: 250 queued\n"+mailLine+"S: 550 no\n"),
		func(t *testing.T, ctx context.Context, c *Conn) {
			check(t, "offer", brief(c.Offer(ctx, letter)), "ok")
			_, offered, err := c.Deliver(ctx, []byte(content), &letter)
			check(t, "first", brief(err), "ok")
			check(t, "second offered", brief(offered), "ok")
			_, offered, err = c.Deliver(ctx, []byte(content), &letter)
			check(t, "second", brief(err), "ok")
			check(t, "third offered", brief(offered), "mail 550")
		})
}

func TestDeliverNextRefusedLocally(t *testing.T) {
	converse(t, begun+wire+"S: 250 queued\nW:\n", func(t *testing.T, ctx context.Context, c *Conn) {
		check(t, "offer", brief(c.Offer(ctx, letter)), "ok")
		_, offered, err := c.Deliver(ctx, []byte(content), &Envelope{To: "no one"})
		check(t, "err", brief(err), "ok")
		check(t, "offered", brief(offered), "rcpt 553 5.1.3 local")
		if !c.Healthy() {
			t.Error("connection is not healthy")
		}
	})
}

func TestDeliverUnoffered(t *testing.T) {
	converse(t, hello+"W:\n", func(t *testing.T, ctx context.Context, c *Conn) {
		_, _, err := c.Deliver(ctx, []byte(content), nil)
		check(t, "deliver", brief(err), "data 503 5.5.1 local")
		c.Abandon()
		_, _, err = c.Deliver(ctx, []byte(content), nil)
		check(t, "deliver on an abandoned connection", brief(err), "data network")
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v, want net.ErrClosed", err)
		}
	})
}

// A connection that is abandoned, or closed, with a message due says nothing
// more: neither a dot nor a QUIT that would become content.
func TestLeaveWithMessageDue(t *testing.T) {
	for name, leave := range map[string]func(*Conn) error{
		"abandon": func(c *Conn) error { c.Abandon(); return nil },
		"close":   (*Conn).Close,
	} {
		t.Run(name, func(t *testing.T) {
			converse(t, begun+"W:\n", func(t *testing.T, ctx context.Context, c *Conn) {
				check(t, "offer", brief(c.Offer(ctx, letter)), "ok")
				check(t, name, brief(leave(c)), "ok")
			})
		})
	}
}

// choking takes only so many bytes more once told so, and then fails.
type choking struct {
	net.Conn
	left int // -1: no limit
}

func (c *choking) Write(b []byte) (int, error) {
	if c.left < 0 || len(b) <= c.left {
		return c.Conn.Write(b)
	}
	n, _ := c.Conn.Write(b[:c.left])
	return n, io.ErrClosedPipe
}

// Whether a message whose write failed is uncertain hangs on one byte.
func TestDeliverChokes(t *testing.T) {
	dot := len(content)
	for _, tt := range []struct {
		name string
		left int
		said string // by the server in reply
		want string
	}{
		{"nothing left", 0, "", "data network"},
		{"up to the dot", dot, "", "data network"},
		{"with the dot", dot + 1, "", "end_of_data network after-dot"},
		{"refused in between", dot, "S: 552 5.3.4 too big\n", "data 552 5.3.4"},
		{"refused with the dot", dot + 3, "S: 552 5.3.4 too big\n", "end_of_data 552 5.3.4"},
		{"accepted with the dot", dot + 3, "S: 250 ok\n", "ok"},
		{"accepted too early", dot, "S: 250 ok\n", "data network"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				nc := &choking{Conn: near, left: -1}
				go func() {
					script(begun).play(t, struct{ net.Conn }{noClose{far}})
					buf := make([]byte, 4096)
					for n := 0; n < tt.left; {
						k, err := far.Read(buf)
						if n += k; err != nil {
							break
						}
					}
					script(tt.said+"W:\n").play(t, far)
				}()
				c, err := Dial(t.Context(), Config{
					Host: "localhost", LocalName: "client.test",
					Dialer: dialed(func() (net.Conn, error) { return nc, nil }),
				})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Abandon()
				check(t, "offer", brief(c.Offer(t.Context(), letter)), "ok")
				nc.left = tt.left
				_, offered, err := c.Deliver(t.Context(), []byte(content), &letter)
				check(t, "deliver", brief(err), tt.want)
				check(t, "offered", brief(offered), "connect network")
			})
		})
	}
}

// noClose keeps a script's end from hanging up.
type noClose struct{ net.Conn }

func (noClose) Close() error { return nil }

func TestDeliverTimeouts(t *testing.T) {
	const limit = 7 * time.Minute
	for name, tt := range map[string]struct {
		script   script
		timeouts Timeouts
		want     string
	}{
		"offer":       {hello + mailLine + rcptLine + dataLine + "W:\n", Timeouts{Mail: limit}, "mail network"},
		"recipient":   {hello + flight + "S: 250 ok\nW:\n", Timeouts{Rcpt: limit}, "rcpt network"},
		"data":        {hello + flight + "S: 250 ok\nS: 250 ok\nW:\n", Timeouts{Data: limit}, "data network"},
		"end of data": {begun + wire + "W:\n", Timeouts{EndOfData: limit}, "end_of_data network after-dot"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := play(t, tt.script)
				cfg.Timeouts = tt.timeouts
				c, err := Dial(t.Context(), cfg)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Abandon()
				start := time.Now()
				if err = c.Offer(t.Context(), letter); err == nil {
					_, _, err = c.Deliver(t.Context(), []byte(content), nil)
				}
				check(t, "err", brief(err), tt.want)
				if got := time.Since(start); got != limit {
					t.Errorf("waited %v, want %v", got, limit)
				}
			})
		})
	}
}

func TestDeliverCancelled(t *testing.T) {
	reason := errors.New("the node shuts down")
	converse(t, begun+wire+"W:\n", func(t *testing.T, ctx context.Context, c *Conn) {
		check(t, "offer", brief(c.Offer(ctx, letter)), "ok")
		ctx, cancel := context.WithCancelCause(ctx)
		time.AfterFunc(time.Second, func() { cancel(reason) })
		start := time.Now()
		_, _, err := c.Deliver(ctx, []byte(content), nil)
		check(t, "err", brief(err), "end_of_data network after-dot")
		if !errors.Is(err, reason) {
			t.Errorf("got %v, want %v", err, reason)
		}
		if got := time.Since(start); got != time.Second {
			t.Errorf("took %v, want 1s", got)
		}
	})
}

// A ctx that is over before the content leaves never makes a message uncertain.
func TestDeliverCancelledBefore(t *testing.T) {
	converse(t, begun+"W:\n", func(t *testing.T, ctx context.Context, c *Conn) {
		check(t, "offer", brief(c.Offer(ctx, letter)), "ok")
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		_, _, err := c.Deliver(ctx, []byte(content), nil)
		check(t, "err", brief(err), "data network")
	})
}

func TestDeliverLargeContent(t *testing.T) {
	line := strings.Repeat("x", 70) + "\r\n"
	large := strings.Repeat(line, 10*flushSize/len(line))
	converse(t, script(begun+"D:\nC: MAIL FROM:<a@x.test>\n"+rcptLine+dataLine+"S: 250 ok\n"+taken),
		func(t *testing.T, ctx context.Context, c *Conn) {
			check(t, "offer", brief(c.Offer(ctx, letter)), "ok")
			_, offered, err := c.Deliver(ctx, []byte(large), &letter)
			check(t, "err", brief(err), "ok")
			check(t, "offered", brief(offered), "ok")
		})
}
