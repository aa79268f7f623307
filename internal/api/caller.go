package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"gonets/internal/account"
	"gonets/internal/fault"
	"gonets/internal/httpd"
	"gonets/internal/i18n"
)

// caller is who asks, and in which language.
type caller struct {
	account.Actor

	words *i18n.Localizer
}

type callerKey struct{}

// callerOf is the caller whom authenticate has found.
func callerOf(ctx context.Context) caller { return ctx.Value(callerKey{}).(caller) }

// wordsFor is the language of a request: what it asks for, else the user's.
func (a *API) wordsFor(r *http.Request, locale string) *i18n.Localizer {
	if wanted := r.Header.Get("Accept-Language"); wanted != "" {
		locale = i18n.Match(wanted, "")
	}
	return a.Bundle.For(locale)
}

// authenticate finds the caller by the bearer token.
func (a *API) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, given := bearer(r.Header.Get("Authorization"))
		if !given {
			a.challenge(w, r, "")
			return
		}
		actor, err := a.Accounts.ActorByToken(r.Context(), token)
		switch {
		case fault.Is(err, fault.Unauthenticated):
			a.challenge(w, r, `, error="invalid_token"`)
			return
		case err != nil:
			a.fail(w, r, err)
			return
		}
		actor.Address = httpd.ClientAddress(r.Context())
		httpd.NoteUser(r.Context(), actor.ID)
		c := caller{actor, a.wordsFor(r, actor.Locale)}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
	})
}

// challenge asks for a token (RFC 6750, 3).
func (a *API) challenge(w http.ResponseWriter, r *http.Request, reason string) {
	w.Header().Set("WWW-Authenticate", `Bearer realm="gonets"`+reason)
	a.fail(w, r, fault.New(fault.Unauthenticated, "api.token", nil))
}

// bearer reads an Authorization header; the scheme's case is of no matter.
func bearer(header string) (token string, given bool) {
	scheme, token, _ := strings.Cut(header, " ")
	token = strings.TrimSpace(token)
	return token, strings.EqualFold(scheme, "Bearer") && token != ""
}

// allowed are the methods that the path does know.
func allowed(r *http.Request) []string {
	routes := chi.RouteContext(r.Context()).Routes
	var methods []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete} {
		if routes.Match(chi.NewRouteContext(), method, r.URL.Path) {
			methods = append(methods, method)
		}
	}
	return methods
}
