package httpd

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"gonets/internal/account"
)

// visit is what is known of a request besides itself.
type visit struct {
	id      string
	address string         // the client's
	userID  int64          // 0: nobody, or not known yet
	session *account.Found // as it was when the visit began; nil: none
}

type visitKey struct{}

func visitOf(ctx context.Context) *visit {
	v, _ := ctx.Value(visitKey{}).(*visit)
	return v
}

// RequestID is the name of the request in the log; empty outside of one.
func RequestID(ctx context.Context) string {
	if v := visitOf(ctx); v != nil {
		return v.id
	}
	return ""
}

// VersionsFrom are the versions of what the user sees who asks, read when the
// visit began; false for nobody.
func VersionsFrom(ctx context.Context) (account.Versions, bool) {
	v := visitOf(ctx)
	if v == nil || v.session == nil || v.userID == 0 || v.session.User.ID != v.userID {
		return account.Versions{}, false
	}
	return v.session.Versions, true
}

// NoteUser tells the access log who asks.
func NoteUser(ctx context.Context, userID int64) {
	if v := visitOf(ctx); v != nil {
		v.userID = userID
	}
}

// identify begins a visit.
func (s *Server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{id: rand.Text()[:16], address: clientAddress(r, s.o.TrustedProxies)}
		w.Header().Set("X-Request-Id", v.id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), visitKey{}, v)))
	})
}

// observe writes the access log and counts.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := s.parts.DB.Now()
		watched := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		defer func() {
			took := s.parts.DB.Now().Sub(begun)
			status := watched.Status()
			if status == 0 {
				status = http.StatusOK // nothing was written
			}
			v := visitOf(r.Context())
			s.metrics.note(r.Method, chi.RouteContext(r.Context()).RoutePattern(), status, took)
			s.parts.Log.LogAttrs(r.Context(), accessLevel(r.URL.Path, status), "request",
				slog.String("request", v.id),
				slog.String("method", r.Method),
				slog.String("path", maskPath(r.URL.Path)),
				slog.Int("status", status),
				slog.Int("bytes", watched.BytesWritten()),
				slog.Duration("took", took),
				slog.String("client", v.address),
				slog.Int64("user", v.userID),
			)
		}()
		next.ServeHTTP(watched, r)
	})
}

// accessLevel keeps the questions of machines, which come every few seconds,
// out of the log as long as the answer is good.
func accessLevel(path string, status int) slog.Level {
	switch {
	case status >= http.StatusInternalServerError:
		return slog.LevelWarn
	case path == "/healthz", path == "/readyz", path == "/metrics":
		return slog.LevelDebug
	default:
		return slog.LevelInfo
	}
}

// secretPaths are followed by a token that must not be in a log.
var secretPaths = []string{"/verify/", "/password/reset/", "/u/"}

// tokenPath says that the path carries a secret, behind the prefix.
func tokenPath(path string) (prefix string, ok bool) {
	for _, prefix := range secretPaths {
		if strings.HasPrefix(path, prefix) && len(path) > len(prefix) {
			return prefix, true
		}
	}
	return "", false
}

func maskPath(path string) string {
	if prefix, ok := tokenPath(path); ok {
		return prefix + "…"
	}
	return path
}

// Recover answers a panic below it, and logs it with where it happened. Each
// door may bring its own with its own words; the nearest one answers.
func Recover(log *slog.Logger, answer func(http.ResponseWriter, *http.Request, error)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				reason := recover()
				if reason == nil {
					return
				}
				if reason == http.ErrAbortHandler { //nolint:errorlint // net/http panics with it bare
					panic(reason)
				}
				log.ErrorContext(r.Context(), "panic in a request", "request", RequestID(r.Context()),
					"path", maskPath(r.URL.Path), "panic", fmt.Sprint(reason), "stack", string(debug.Stack()))
				answer(w, r, fmt.Errorf("panic: %v", reason))
			}()
			next.ServeHTTP(w, r)
		})
	}
}
