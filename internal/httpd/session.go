package httpd

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/alexedwards/scs/v2"

	"gonets/internal/account"
	"gonets/internal/fault"
)

// sessionLife is how long a login lasts.
const sessionLife = 30 * 24 * time.Hour

// What a session holds of its user.
const (
	sessionUser  = "user"
	sessionEpoch = "epoch"
)

// newSessions keeps sessions in the accounts' store. Over HTTPS the cookie is
// bound to this very host by its name (RFC 6265bis, 4.1.3.2).
func newSessions(accounts *account.Accounts, base *url.URL) *scs.SessionManager {
	m := scs.New()
	m.Store = sessionStore{accounts.Sessions()}
	m.Codec = plainCodec{}
	m.Lifetime = sessionLife
	m.Cookie.Name = "gonets"
	m.Cookie.HttpOnly = true
	m.Cookie.SameSite = http.SameSiteLaxMode
	if base.Scheme == "https" {
		m.Cookie.Name = "__Host-gonets"
		m.Cookie.Secure = true
	}
	return m
}

// Sessions is the manager of the pages' sessions, for what else a page keeps
// in one.
func (s *Server) Sessions() *scs.SessionManager { return s.sessions }

// LogIn makes the session the user's, under a new token: one that was planted
// before is of no use. Call it again after a new password, whose epoch ended
// every session, to keep this one.
func (s *Server) LogIn(ctx context.Context, u account.User) error {
	if err := s.sessions.RenewToken(ctx); err != nil {
		return fmt.Errorf("begin session: %w", err)
	}
	s.sessions.Put(ctx, sessionUser, u.ID)
	s.sessions.Put(ctx, sessionEpoch, u.SessionEpoch)
	return nil
}

// LogOut ends the session.
func (s *Server) LogOut(ctx context.Context) error {
	if err := s.sessions.Destroy(ctx); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

type actorKey struct{}

// ActorFrom is who asks for a page; the zero Actor for nobody. Handlers pass
// it on as an argument.
func ActorFrom(ctx context.Context) account.Actor {
	actor, _ := ctx.Value(actorKey{}).(account.Actor)
	return actor
}

// HasSession reports whether the request came as far as its session. One that
// failed before (a refused origin, a database that is away) has nothing to read
// from it.
func HasSession(ctx context.Context) bool {
	_, ok := ctx.Value(actorKey{}).(account.Actor)
	return ok
}

// StillIn says whether the session of a request still is its user's: a stream
// outlives the moment at which that was asked first. A logout ends the stored
// session alone, so that is looked for anew.
func (s *Server) StillIn(ctx context.Context) (bool, error) {
	found, err := s.parts.Accounts.Sessions().Find(ctx, s.sessions.Token(ctx))
	if err != nil || found == nil || found.User.ID != s.sessions.GetInt64(ctx, sessionUser) {
		return false, err
	}
	_, err = found.User.ActorIn(s.sessions.GetInt64(ctx, sessionEpoch))
	if fault.Is(err, fault.Unauthenticated) {
		return false, nil
	}
	return err == nil, err
}

// actorOf is the session's user, who was read with the session.
func (s *Server) actorOf(ctx context.Context, id int64) (account.Actor, error) {
	epoch := s.sessions.GetInt64(ctx, sessionEpoch)
	if v := visitOf(ctx); v != nil && v.session != nil && v.session.User.ID == id {
		return v.session.User.ActorIn(epoch)
	}
	return s.parts.Accounts.ActorFor(ctx, id, epoch)
}

// resolveActor finds the session's user. A session that has ended (the user is
// blocked, or has a new password) is nobody's.
func (s *Server) resolveActor(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		actor := account.Actor{Address: ClientAddress(ctx)}
		if id := s.sessions.GetInt64(ctx, sessionUser); id != 0 {
			found, err := s.actorOf(ctx, id)
			switch {
			case err == nil:
				found.Address = actor.Address
				actor = found
			case fault.Is(err, fault.Unauthenticated):
				s.sessions.Remove(ctx, sessionUser)
				s.sessions.Remove(ctx, sessionEpoch)
			default:
				s.fail(w, r, err)
				return
			}
		}
		NoteUser(ctx, actor.ID)
		next.ServeHTTP(w, r.WithContext(context.WithValue(ctx, actorKey{}, actor)))
	})
}
