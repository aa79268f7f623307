package httpd

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// net/http hands an answer to the network in pieces of 4 KiB, and each costs
// about as much as the request. A page that is there as a whole leaves as one.

// Whole says, before an answer is written, that its body has so many bytes. It
// is a hint: an answer that turns out shorter leaves at its end.
func Whole(ctx context.Context, body int) {
	if conn, ok := ctx.Value(connKey{}).(*wholeConn); ok {
		conn.mu.Lock()
		conn.owed = body
		conn.mu.Unlock()
	}
}

type connKey struct{}

// serveWhole is server.Serve, on connections that know of Whole.
func serveWhole(server *http.Server, l net.Listener) error {
	server.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, conn)
	}
	server.ConnState = func(conn net.Conn, state http.ConnState) {
		if whole, ok := conn.(*wholeConn); ok && state == http.StateIdle { // an answer has ended
			whole.end()
		}
	}
	return server.Serve(wholeListener{l})
}

type wholeListener struct{ net.Listener }

func (l wholeListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &wholeConn{Conn: conn}, nil
}

// wholeConn keeps what is written until it is as long as the body that is owed:
// with its head, the answer is longer.
type wholeConn struct {
	net.Conn
	mu   sync.Mutex // an end of the server closes a connection that is being written
	owed int
	kept []byte
}

func (c *wholeConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.owed == 0 {
		return c.Conn.Write(p)
	}
	c.kept = append(c.kept, p...)
	if len(c.kept) < c.owed {
		return len(p), nil
	}
	return len(p), c.release()
}

// release writes what is kept. The lock is held.
func (c *wholeConn) release() error {
	kept := c.kept
	c.owed, c.kept = 0, nil
	if len(kept) == 0 {
		return nil
	}
	_, err := c.Conn.Write(kept)
	return err
}

// end releases what the last answer left, unless it is being written.
func (c *wholeConn) end() {
	if c.mu.TryLock() {
		c.release() //nolint:errcheck // whoever is gone learns nothing
		c.mu.Unlock()
	}
}

func (c *wholeConn) Close() error {
	c.end()
	return c.Conn.Close()
}

// CloseWrite lets net/http end a connection softly whose request it did not
// read to its end, so that the client can read the answer.
func (c *wholeConn) CloseWrite() error {
	c.end()
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
