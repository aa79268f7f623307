// Package httpd is the HTTP server under both front doors, the pages and the
// API: what is the same for every request whoever answers it.
//
// # The way of a request
//
//  1. It gets an id (X-Request-Id, and on every line of the log about it), a
//     line in the access log, and its place in the metrics. Paths that carry
//     a secret are logged without it, queries not at all.
//  2. The client's address is found out, through the proxies that the operator
//     trusts and no others.
//  3. A panic below becomes an answer of 500 and an error in the log.
//  4. What is no text in the address, NUL or broken UTF-8, becomes U+FFFD: no
//     page is found by it, and no database refuses it.
//  5. Answers get the security headers, and are compressed where that helps.
//  6. Pages only: the session's user becomes an account.Actor (see ActorFrom);
//     a request from a foreign site that would change something is refused.
//
// # Time
//
// A client has 30 seconds to send a request and a minute to take the answer,
// so that slow ones can't hold the connections. Two things may take longer and
// say so: an upload ([Upload]), as long as it moves, and a live page ([Live]),
// as long as somebody reads it.
package httpd

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/fault"
	"gonets/internal/i18n"
)

// Parts are what the server stands on.
type Parts struct {
	DB       *db.DB
	Accounts *account.Accounts
	Bundle   *i18n.Bundle
	Log      *slog.Logger
}

// Options of a server.
type Options struct {
	Addr           string         // to listen on: "127.0.0.1:8080"
	BaseURL        string         // as the world knows the service
	TrustedProxies []netip.Prefix // whose forwarding headers are believed
	// CSP is the Content-Security-Policy of pages; empty: nothing may load.
	CSP string
	// BodyMax bounds the body of a page's form in bytes; 0: 4 MiB.
	BodyMax int64
	// Patience is how long Run waits for requests at work when it ends; 0: 10
	// seconds.
	Patience time.Duration
}

const (
	defaultBodyMax  = 4 << 20
	defaultPatience = 10 * time.Second
	defaultCSP      = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

// Server serves what its doors have mounted.
type Server struct {
	parts    Parts
	o        Options
	base     *url.URL
	router   *chi.Mux
	sessions *scs.SessionManager
	metrics  *metrics
	local    bool // the listening address is loopback
	fail     func(http.ResponseWriter, *http.Request, error)
	stopping chan struct{}
}

// New is a server with its middleware, /healthz, /readyz and /metrics, and
// nothing else: mount the doors with Router, Pages and Uploads, then Run it.
func New(p Parts, o Options) (*Server, error) {
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, fault.Because(err, fault.Invalid, "httpd.base_url", fault.Args{"URL": o.BaseURL})
	}
	if o.BodyMax <= 0 {
		o.BodyMax = defaultBodyMax
	}
	if o.Patience <= 0 {
		o.Patience = defaultPatience
	}
	if o.CSP == "" {
		o.CSP = defaultCSP
	}
	s := &Server{
		parts: p, o: o, base: base, router: chi.NewRouter(), metrics: newMetrics(),
		sessions: newSessions(p.Accounts, base), local: loopbackAddr(o.Addr), stopping: make(chan struct{}),
	}
	s.fail = s.failPlain
	s.sessions.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
		s.fail(w, r, fmt.Errorf("session: %w", err))
	}
	compress, err := compressor()
	if err != nil {
		return nil, err
	}
	s.router.Use(s.identify, s.observe, Recover(p.Log, s.failAny), textOnly, s.headers, compress, middleware.GetHead)
	s.router.Get("/healthz", s.healthz)
	s.router.Get("/readyz", s.readyz)
	s.Pages(func(r chi.Router) { r.Get("/metrics", s.serveMetrics) })
	return s, nil
}

// Router mounts what brings its own authentication: the API.
func (s *Server) Router() chi.Router { return s.router }

// Pages mounts what a browser's session sees: forms of up to BodyMax bytes.
func (s *Server) Pages(mount func(chi.Router)) {
	s.pages(mount, func(next http.Handler) http.Handler { return http.MaxBytesHandler(next, s.o.BodyMax) })
}

// Uploads is Pages without a bound on the body: handlers read it with Upload.
func (s *Server) Uploads(mount func(chi.Router)) { s.pages(mount) }

func (s *Server) pages(mount func(chi.Router), more ...func(http.Handler) http.Handler) {
	s.router.Group(func(r chi.Router) {
		r.Use(s.sessions.LoadAndSave, s.sameOrigin().Handler, s.resolveActor, Recover(s.parts.Log, s.failAny))
		r.Use(more...)
		mount(r)
	})
}

// OnError sets how failures of the server itself are answered on pages: a
// refused origin, a database that is away, a panic. Call it before Run.
func (s *Server) OnError(answer func(http.ResponseWriter, *http.Request, error)) { s.fail = answer }

// ServeHTTP serves without a listener, for tests and for embedding.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.router.ServeHTTP(w, r) }

// Stopping is closed when the server begins to end: live pages let go then.
func (s *Server) Stopping() <-chan struct{} { return s.stopping }

// sameOrigin refuses requests that change something and that another site's
// page sent. One-click unsubscription comes from mail providers (RFC 8058),
// and what it may do its token says.
func (s *Server) sameOrigin() *http.CrossOriginProtection {
	p := http.NewCrossOriginProtection()
	if err := p.AddTrustedOrigin(s.base.Scheme + "://" + s.base.Host); err != nil {
		s.parts.Log.Warn("base URL is no origin", "error", err)
	}
	p.AddInsecureBypassPattern("POST /u/{token}")
	p.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, fault.New(fault.Forbidden, "httpd.cross_origin", nil))
	}))
	return p
}

// failAny answers a panic by what failures of pages are answered by.
func (s *Server) failAny(w http.ResponseWriter, r *http.Request, err error) { s.fail(w, r, err) }

// failPlain answers in words alone: the doors have better ways.
func (s *Server) failPlain(w http.ResponseWriter, r *http.Request, err error) {
	key, args := "error.internal", fault.Args(nil)
	if e, ok := errors.AsType[*fault.Error](err); ok {
		key, args = e.Key, e.Args
	} else {
		s.parts.Log.ErrorContext(r.Context(), "request failed", "request", RequestID(r.Context()), "error", err)
	}
	words := s.parts.Bundle.For(i18n.Match(r.Header.Get("Accept-Language"), ""))
	http.Error(w, words.Sentence(key, args), Status(err))
}
