package httpd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"

	"gonets/internal/fault"
)

// Listen opens the address of the options. An address that is taken, or not
// this machine's, is an error with a sentence.
func (s *Server) Listen(ctx context.Context) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", s.o.Addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fault.Because(err, fault.Unavailable, "httpd.address_taken", fault.Args{"Addr": s.o.Addr})
	case err != nil:
		return nil, fault.Because(err, fault.Unavailable, "httpd.cannot_listen", fault.Args{"Addr": s.o.Addr, "Reason": reasonOf(err)})
	}
	return l, nil
}

// reasonOf is the system's own word for it.
func reasonOf(err error) string {
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}

// Run serves until ctx ends, then takes no new requests and waits for those at
// work, for as long as the options' patience.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       readTime,
		WriteTimeout:      writeTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    headerMax,
		ErrorLog:          slog.NewLogLogger(s.parts.Log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- serveWhole(server, l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve HTTP: %w", err)
	case <-ctx.Done():
	}
	close(s.stopping)
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.o.Patience)
	defer cancel()
	err := server.Shutdown(patience)
	if errors.Is(err, context.DeadlineExceeded) {
		s.parts.Log.Warn("cut requests that did not end in time", "patience", s.o.Patience)
		err = server.Close()
	}
	if err != nil {
		return fmt.Errorf("stop serving HTTP: %w", err)
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve HTTP: %w", err)
	}
	return nil
}
