// Package web is the front door for people: pages made on the server, which
// work without JavaScript and are quicker with it.
//
// One page is one file beside its templ. A handler parses, calls a method of a
// noun, and renders, in that order; what it returns as an error is answered in
// one place (see visit.fail). The routes stand in routes.go like a contents
// page.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"

	"github.com/maypok86/otter/v2"

	"gonets/internal/account"
	"gonets/internal/blog"
	"gonets/internal/db"
	"gonets/internal/delivery"
	"gonets/internal/httpd"
	"gonets/internal/i18n"
	"gonets/internal/mailing"
	"gonets/internal/mailserver"
	"gonets/internal/message"
	"gonets/internal/recipient"
	"gonets/internal/sandbox"
	"gonets/internal/setting"
	"gonets/internal/smtp"
	"gonets/internal/stats"
	"gonets/internal/web/assets"
)

// Parts are what the pages show and change.
type Parts struct {
	Server     *httpd.Server
	DB         *db.DB
	Accounts   *account.Accounts
	Recipients *recipient.Recipients
	Messages   *message.Messages
	Mailings   *mailing.Mailings
	Ledger     *delivery.Ledger
	Articles   *blog.Articles
	Stats      *stats.Stats
	Settings   *setting.Settings
	Servers    *mailserver.Servers
	Inbox      *sandbox.Inbox // nil where a mail server is configured
	Tester     Tester
	Bundle     *i18n.Bundle
	Log        *slog.Logger
}

// Tester sends a message to its own author, at once.
type Tester interface {
	SendTest(ctx context.Context, actor account.Actor, content message.Content) (smtp.Reply, error)
}

// Options of the pages.
type Options struct {
	BaseURL string // without a slash at its end
	Version string
}

// Web is the pages.
type Web struct {
	Parts
	o      Options
	assets *assets.Files
	hub    *hub // of live reports
	pages  *pages
	zones  atlas

	quiet        *otter.Cache[int64, int64] // by user: a version at which no run was open
	common       atomic.Pointer[common]     // what everybody sees; nil: not read yet
	administered atomic.Bool                // somebody administers the service; see noAdmin
}

// Mount puts the pages on the server.
func Mount(p Parts, o Options) error {
	files, err := assets.New()
	if err != nil {
		return err
	}
	s := &Web{Parts: p, o: o, assets: files, pages: newPages(), quiet: newQuiet()}
	s.hub = s.newHub()
	p.Server.OnError(s.answer)
	p.Server.Router().Handle(assets.Root+"*", files)
	s.routes()
	return nil
}

// answer is the page of an error that the server itself came to.
func (s *Web) answer(w http.ResponseWriter, r *http.Request, err error) {
	s.visit(w, r).fail(err)
}
