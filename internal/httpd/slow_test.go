package httpd

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-chi/chi/v5"

	"gonets/internal/db/dbtest"
)

// pipes is a network in the memory, on which time passes as the test has it.
type pipes struct {
	calls chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.calls:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	select {
	case <-p.done:
	default:
		close(p.done)
	}
	return nil
}

func (*pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial() net.Conn {
	near, far := net.Pipe()
	p.calls <- far
	return near
}

// drip writes text byte by byte, one each second, and answers when the other
// end has had enough of it.
func drip(c net.Conn, text string) error {
	go func() { _, _ = io.Copy(io.Discard, c) }()
	for i := range len(text) {
		if _, err := c.Write([]byte{text[i]}); err != nil {
			return err
		}
		time.Sleep(time.Second)
	}
	return nil
}

// TestSlowClients hold no connection for longer than the limits say, however
// little they send or take.
func TestSlowClients(t *testing.T) {
	f := newFixture(t, dbtest.SQLite(t), Options{})
	var taken chan error
	f.Pages(func(r chi.Router) {
		r.Post("/form", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(Status(r.ParseForm())) })
		r.Get("/long", func(w http.ResponseWriter, _ *http.Request) {
			_, err := io.WriteString(w, strings.Repeat("long ", 1<<20))
			taken <- err
		})
	})
	f.Uploads(func(r chi.Router) {
		r.Post("/upload", func(w http.ResponseWriter, r *http.Request) {
			n, err := io.Copy(io.Discard, Upload(w, r))
			w.WriteHeader(Status(err))
			if err == nil {
				_, _ = io.WriteString(w, strings.Repeat("x", int(n>>16)))
			}
		})
	})
	const host = "Host: gonets.example\r\n"
	synctest.Test(t, func(t *testing.T) {
		taken = make(chan error, 1)
		network := &pipes{make(chan net.Conn), make(chan struct{})}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- f.Run(ctx, network) }()
		for _, slow := range []struct {
			name  string
			limit time.Duration
			do    func(net.Conn) error
		}{
			{"says nothing", headerTime, func(c net.Conn) error {
				_, err := c.Read(make([]byte, 1))
				return err
			}},
			{"drips the head", headerTime, func(c net.Conn) error {
				return drip(c, "GET /healthz HTTP/1.1\r\n"+host+strings.Repeat("X: y\r\n", 100))
			}},
			{"drips the body", readTime, func(c net.Conn) error {
				_, err := io.WriteString(c, "POST /form HTTP/1.1\r\n"+host+"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\n")
				return errors.Join(err, drip(c, strings.Repeat("a", 1000)))
			}},
			{"stalls in an upload", uploadTime, func(c net.Conn) error {
				_, err := io.WriteString(c, "POST /upload HTTP/1.1\r\n"+host+"Content-Length: 1000\r\n\r\n")
				return errors.Join(err, drip(c, strings.Repeat("a", 1000)))
			}},
			{"takes nothing", writeTime, func(c net.Conn) error {
				_, err := io.WriteString(c, "GET /long HTTP/1.1\r\n"+host+"\r\n")
				return errors.Join(err, <-taken)
			}},
			{"idles", idleTime, func(c net.Conn) error {
				if _, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\n"+host+"\r\n"); err != nil {
					return err
				}
				_, err := io.Copy(io.Discard, c)
				if err == nil {
					return io.EOF
				}
				return err
			}},
		} {
			c, begun := network.dial(), time.Now()
			if err := slow.do(c); err == nil {
				t.Errorf("who %s is never cut off", slow.name)
			}
			if took := time.Since(begun); took < slow.limit || took > slow.limit+2*time.Second {
				t.Errorf("who %s is cut off after %v, want %v", slow.name, took, slow.limit)
			}
			_ = c.Close()
		}
		// An upload that moves may take its time.
		c, begun := network.dial(), time.Now()
		go func() {
			_, _ = io.WriteString(c, "POST /upload HTTP/1.1\r\n"+host+"Connection: close\r\nContent-Length: 1310720\r\n\r\n")
			for range 20 {
				time.Sleep(uploadTime - 10*time.Second)
				_, _ = c.Write(make([]byte, uploadStep))
			}
		}()
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Errorf("an upload that moves: got %v, %v after %v", answer, err, time.Since(begun))
		} else {
			_ = answer.Body.Close()
		}
		_ = c.Close()
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// TestLargeHead is refused before anybody reads it.
func TestLargeHead(t *testing.T) {
	f := newFixture(t, dbtest.SQLite(t), Options{})
	synctest.Test(t, func(t *testing.T) {
		network := &pipes{make(chan net.Conn), make(chan struct{})}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- f.Run(ctx, network) }()
		c := network.dial()
		go func() {
			_, _ = io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("y", 2*headerMax)+"\r\n\r\n")
		}()
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("got %v, %v, want 431", answer, err)
		}
		_ = c.Close()
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}
