// Package api is the JSON front door: /api/v1, described by its own
// /api/v1/openapi.json.
//
// # The rules of every operation
//
//   - Who asks is proven by a bearer token (RFC 6750), before anything else is
//     looked at: 401.
//   - Ids are strings, opaque to the caller. Times are RFC 3339 in UTC; one
//     that has not come is null.
//   - Lists are pages: ?limit= (50, at most 500) and ?after=, the next of the
//     page before; newest first. An empty next ends the list.
//   - PATCH changes the fields that are there. Lists and objects in it
//     (tags, attributes, audience, schedule, sender) are set as a whole.
//   - Errors are application/problem+json (RFC 9457), in the language of
//     Accept-Language. 422 names every failing field; a field or a query
//     parameter that there is not is one of them, so that a misspelt name is
//     no silence.
//   - Statuses: 201 made, 200 read or done, 202 goes on in the background, 403
//     the role may not, 404 not there or not yours, 409 the state forbids it.
//
// A handler parses, calls the method that the pages call too, and says what
// came of it. The library huma routes, reads the parameters and describes the
// operations; bodies are read here (see Payload), because a person should be
// told all that is wrong at once, in their language, and never be sent back a
// password.
package api

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/delivery"
	"gonets/internal/httpd"
	"gonets/internal/i18n"
	"gonets/internal/mailing"
	"gonets/internal/message"
	"gonets/internal/recipient"
	"gonets/internal/smtp"
	"gonets/internal/stats"
)

// Prefix is where the API lives.
const Prefix = "/api/v1"

// Parts are what the API opens the door to.
type Parts struct {
	DB         *db.DB
	Accounts   *account.Accounts
	Recipients *recipient.Recipients
	Messages   *message.Messages
	Mailings   *mailing.Mailings
	Ledger     *delivery.Ledger
	Stats      *stats.Stats
	Engine     Engine
	Bundle     *i18n.Bundle
	Log        *slog.Logger
	Version    string // of the program, for the description
}

// Engine is what the API asks of the engine.
type Engine interface {
	// MessageID is the Message-ID of a delivery's letter, without brackets.
	MessageID(runID, deliveryID int64) string
	// SendTest sends a message to the actor and returns the server's answer.
	SendTest(ctx context.Context, actor account.Actor, content message.Content) (smtp.Reply, error)
}

// API is the front door.
type API struct {
	Parts

	huma     huma.API
	document []byte
}

// New is the front door to the parts.
func New(p Parts) *API { return &API{Parts: p} }

// Mount adds the API's routes to a router that has no session middleware. Call
// it once.
func (a *API) Mount(r chi.Router) error {
	var err error
	r.Route(Prefix, func(r chi.Router) { err = a.mount(r) })
	return err
}

func (a *API) mount(r chi.Router) error {
	r.Use(uncached, httpd.Recover(a.Log, a.fail))
	r.NotFound(a.notFound)
	r.MethodNotAllowed(a.notAllowed)
	r.Get("/openapi.json", a.describe)
	r.Group(func(r chi.Router) {
		r.Use(a.authenticate)
		a.huma = humachi.New(r, a.config())
		a.me()
		a.recipients()
		a.imports()
		a.messages()
		a.mailings()
		a.runs()
		a.deliveries()
		a.attempts()
		a.users()
		a.statistics()
	})
	schemas := a.huma.OpenAPI().Components.Schemas.Map()
	delete(schemas, "ErrorModel") // huma's own, which translate replaces
	delete(schemas, "ErrorDetail")
	var err error
	if a.document, err = json.MarshalIndent(a.huma.OpenAPI(), "", "  "); err != nil {
		return fmt.Errorf("describe the API: %w", err)
	}
	return nil
}

// config is huma's, without what it would add of its own: links to schemas,
// pages of documentation that load scripts from elsewhere.
func (a *API) config() huma.Config {
	c := huma.DefaultConfig("Gonets", a.Version)
	c.Info.Description = "A self-hosted mailing service."
	c.Info.License = &huma.License{Name: "MIT", Identifier: "MIT"}
	c.Servers = []*huma.Server{{URL: Prefix}}
	c.CreateHooks = nil
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	c.RejectUnknownQueryParameters = true
	c.Transformers = []huma.Transformer{a.translate}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "A token made by “gonets token create” or in the profile."},
	}
	c.Security = []map[string][]string{{"token": {}}}
	return c
}

func (a *API) describe(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(a.document)
}

// uncached keeps answers out of every cache: they depend on who asks.
func uncached(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
