package smtp

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

const (
	authHello  = "S: 220 mx.test\nC: EHLO client.test\nS: 250-mx.test\nS: 250 AUTH PLAIN LOGIN\n"
	loginHello = "S: 220 mx.test\nC: EHLO client.test\nS: 250-mx.test\nS: 250 AUTH=LOGIN CRAM-MD5\n"
	tlsHello   = "S: 220 mx.test\nC: EHLO client.test\nS: 250-mx.test\nS: 250 STARTTLS\n"
)

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func TestDialFails(t *testing.T) {
	login := func(c *Config) { c.Username, c.Password = "user", "secret" }
	required := func(c *Config) { c.TLS = TLSRequired }
	plain := "C: AUTH PLAIN " + b64("\x00user\x00secret") + "\n"
	tests := []struct {
		name   string
		script script
		set    func(*Config)
		want   string
	}{
		{"drop at once", "X:\n", nil, "connect network"},
		{"no SMTP", "S: SSH-2.0-OpenSSH_9.6\nX:\n", nil, "connect network"},
		{"greeting 554", "S: 554 5.3.2 no service here\nX:\n", nil, "connect 554 5.3.2"},
		{"greeting 421", "S: 421 busy\nX:\n", nil, "connect 421"},
		{"greeting 250", "S: 250 ok\nX:\n", nil, "connect network"},
		{"drop at EHLO", "S: 220 mx.test\nC: EHLO client.test\nX:\n", nil, "connect network"},
		{"EHLO 421", "S: 220 mx.test\nC: EHLO client.test\nS: 421 busy\nX:\n", nil, "connect 421"},
		{"EHLO 450", "S: 220 mx.test\nC: EHLO client.test\nS: 450 later\nW:\n", nil, "connect 450"},
		{"HELO 550", "S: 220 mx.test\nC: EHLO client.test\nS: 502 no\nC: HELO client.test\nS: 550 5.7.1 not you\nW:\n", nil, "connect 550 5.7.1"},
		{"no STARTTLS", plainHello + "W:\n", required, "tls 530 5.7.10 local"},
		{"STARTTLS 454", tlsHello + "C: STARTTLS\nS: 454 4.7.0 not now\nW:\n", nil, "tls 454 4.7.0"},
		{"STARTTLS with plain text behind it", tlsHello + "C: STARTTLS\nS: 220 go|250 smuggled\nW:\n", nil, "tls network"},
		{"STARTTLS without TLS", tlsHello + "C: STARTTLS\nS: 220 go\nX:\n", nil, "tls network"},
		{"TLS with a server that has none", "X:\n", func(c *Config) { c.TLS = TLSImplicit }, "tls network"},
		{"AUTH 535", script(authHello + plain + "S: 535 5.7.8 wrong password\nW:\n"), login, "auth 535 5.7.8"},
		{"AUTH 454", script(authHello + plain + "S: 454 4.7.0 later\nW:\n"), login, "auth 454 4.7.0"},
		{"AUTH drop", script(authHello + plain + "X:\n"), login, "auth network"},
		{"AUTH not offered", plainHello + "W:\n", login, "auth 504 5.5.4 local"},
		{"AUTH in the clear", authHello + "W:\n", func(c *Config) { login(c); c.Host = "mx.test" }, "auth 538 5.7.11 local"},
		{"LOGIN asks on", script(loginHello + "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: " + b64("user") + "\nS: 334 UGFzc3dvcmQ6\nC: " +
			b64("secret") + "\nS: 334 UGFzc3dvcmQ6\nW:\n"), login, "auth network"},
		{"LOGIN asks nonsense", loginHello + "C: AUTH LOGIN\nS: 334 User name?\nW:\n", login, "auth network"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := play(t, tt.script)
				if tt.name == "TLS with a server that has none" || tt.name == "STARTTLS without TLS" {
					cfg.Timeouts.TLS = time.Minute
				}
				if tt.set != nil {
					tt.set(&cfg)
				}
				_, err := Dial(t.Context(), cfg)
				check(t, "err", brief(err), tt.want)
				var e *Error
				if errors.As(err, &e) && !e.Stage.BeforeMail() {
					t.Errorf("stage %s is not before MAIL", e.Stage)
				}
				if err != nil && (strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), b64("secret"))) {
					t.Errorf("the password stands in %q", err)
				}
				synctest.Wait()
			})
		})
	}
}

func TestDialLogin(t *testing.T) {
	long := strings.Repeat("p", 400)
	for name, tt := range map[string]struct {
		script   string
		password string
	}{
		"PLAIN": {authHello + "C: AUTH PLAIN " + b64("\x00user\x00secret") + "\nS: 235 2.7.0 welcome\n", "secret"},
		"PLAIN, too long for one line": {authHello + "C: AUTH PLAIN\nS: 334 \nC: " + b64("\x00user\x00"+long) +
			"\nS: 235 welcome\n", long},
		"LOGIN": {loginHello + "C: AUTH LOGIN\nS: 334 " + b64("User Name\x00") + "\nC: " + b64("user") + "\nS: 334 " +
			b64("Password\x00") + "\nC: " + b64("secret") + "\nS: 235 welcome\n", "secret"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := play(t, script(tt.script+"C: QUIT\nS: 221 bye\nX:\n"))
				cfg.Username, cfg.Password = "user", tt.password
				c, err := Dial(t.Context(), cfg)
				if err != nil {
					t.Fatal(err)
				}
				check(t, "close", brief(c.Close()), "ok")
				check(t, "close again", brief(c.Close()), "ok")
				synctest.Wait()
			})
		})
	}
}

func TestDialCaps(t *testing.T) {
	s := "S: 220 mx7.test ready\nC: EHLO client.test\nS: 250-mx7.test PIPELINING\nS: 250-pipelining\nS: 250-SIZE 35882577\n" +
		"S: 250-8BITMIME\nS: 250-AUTH LOGIN PLAIN\nS: 250-AUTH=LOGIN XOAUTH2\nS: 250-SMTPUTF8\nS: 250-\nS: 250 DSN\nW:\n"
	converse(t, script(s), func(t *testing.T, _ context.Context, c *Conn) {
		want := Caps{
			Pipelining: true, EightBitMIME: true, SMTPUTF8: true, SizeParam: true, Size: 35882577,
			Auth: []string{"LOGIN", "PLAIN", "XOAUTH2"},
		}
		if got := c.Caps(); !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		check(t, "server", c.Server(), "localhost:25 (mx7.test)")
	})
}

// The server's own words in the first line, its name, are no keyword.
func TestDialHELO(t *testing.T) {
	s := "S: 220-mx.test\nS: 220 PIPELINING\nC: EHLO client.test\nS: 500 5.5.1 what?\nC: HELO client.test\nS: 250 PIPELINING\nW:\n"
	converse(t, script(s), func(t *testing.T, _ context.Context, c *Conn) {
		if got := c.Caps(); !reflect.DeepEqual(got, Caps{}) {
			t.Errorf("got %+v, want none", got)
		}
	})
}

func TestDialTimeouts(t *testing.T) {
	const limit = 3 * time.Minute
	for name, tt := range map[string]struct {
		script   script
		timeouts Timeouts
		want     string
	}{
		"greeting": {"W:\n", Timeouts{Greeting: limit}, "connect network"},
		"half":     {"S: 220-mx.test\nW:\n", Timeouts{Greeting: limit}, "connect network"},
		"EHLO":     {"S: 220 mx.test\nC: EHLO client.test\nW:\n", Timeouts{Command: limit}, "connect network"},
		"STARTTLS": {tlsHello + "C: STARTTLS\nW:\n", Timeouts{Command: limit}, "tls network"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := play(t, tt.script)
				cfg.Timeouts = tt.timeouts
				start := time.Now()
				_, err := Dial(t.Context(), cfg)
				check(t, "err", brief(err), tt.want)
				if got := time.Since(start); got != limit {
					t.Errorf("waited %v, want %v", got, limit)
				}
				synctest.Wait()
			})
		})
	}
}

func TestDialCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := Dial(ctx, play(t, "W:\n"))
		check(t, "err", brief(err), "connect network")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
		synctest.Wait()
	})
}

func TestDialNobody(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = Dial(t.Context(), Config{Host: "127.0.0.1", Port: port})
	check(t, "err", brief(err), "connect network")
}

// A handshake that never ends is bounded by its own limit.
func TestDialSlowTLS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		go io.Copy(io.Discard, far)
		start := time.Now()
		_, err := Dial(t.Context(), Config{
			Host: "mx.test", TLS: TLSImplicit, TLSConfig: &tls.Config{},
			Dialer: dialed(func() (net.Conn, error) { return near, nil }),
		})
		check(t, "err", brief(err), "tls network")
		if got, want := time.Since(start), 30*time.Second; got != want {
			t.Errorf("waited %v, want %v", got, want)
		}
	})
}

// TestAReset: a server that closes with something unread resets the
// connection; that is no other end than a plain one.
func TestAReset(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		io.WriteString(nc, "220 mx.test\r\n")
		if tcp, ok := nc.(*net.TCPConn); ok {
			tcp.Read(make([]byte, 1)) // of the EHLO; the rest stays unread
			tcp.SetLinger(0)          // a plain end would fail the test
		}
	}()
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := ParseURL("smtp://" + net.JoinHostPort(host, port))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Dial(t.Context(), cfg)
	if !errors.Is(err, errClosed) || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, want %v by a reset", err, errClosed)
	}
}
