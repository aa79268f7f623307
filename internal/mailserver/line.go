package mailserver

import (
	"context"
	"sync"
	"time"

	"gonets/internal/smtp"
)

// Line keeps a few connections to the server in use, and follows when another
// one is to be used: for letters, which wait behind no mailing. It is safe for
// concurrent use.
type Line struct {
	servers *Servers
	size    int
	idle    time.Duration

	mu     sync.Mutex
	server Server
	pool   *smtp.Pool // nil: no server yet
}

// Line makes a line of at most size connections, which are closed when they
// were not used for the time idle.
func (s *Servers) Line(size int, idle time.Duration) *Line {
	return &Line{servers: s, size: size, idle: idle}
}

// Get lends a connection, and says how it goes back. ErrNone where there is no
// server.
func (l *Line) Get(ctx context.Context) (conn *smtp.Conn, put func(), err error) {
	server, err := l.servers.Current(ctx)
	if err != nil {
		return nil, nil, err
	}
	if !server.Usable() {
		return nil, nil, ErrNone
	}
	pool := l.follow(server)
	if conn, err = pool.Get(ctx); err != nil {
		return nil, nil, err
	}
	return conn, func() { pool.Put(conn) }, nil
}

// follow is the pool of a server; the one of the server before is closed once
// its connections are back.
func (l *Line) follow(server Server) *smtp.Pool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pool != nil && l.server.Same(server) {
		return l.pool
	}
	if old := l.pool; old != nil {
		go old.Close() //nolint:errcheck // connections without a message
	}
	l.server, l.pool = server, smtp.NewPool(server.config, l.size, l.idle)
	return l.pool
}

// Close closes the connections that nobody uses.
func (l *Line) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pool == nil {
		return nil
	}
	return l.pool.Close()
}
