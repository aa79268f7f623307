package cli

import (
	"fmt"

	"gonets/internal/api"
	"gonets/internal/httpd"
	"gonets/internal/sandbox"
	"gonets/internal/web"
)

// mount puts the front doors on the server.
func (s *session) mount(a *app, server *httpd.Server) error {
	err := api.New(api.Parts{
		DB: a.db, Accounts: a.accounts, Recipients: a.recipients, Messages: a.messages, Mailings: a.mailings,
		Ledger: a.ledger, Stats: a.stats, Engine: a.engine, Bundle: s.bundle, Log: s.log, Version: s.version,
	}).Mount(server.Router())
	if err != nil {
		return fmt.Errorf("mount the API: %w", err)
	}
	var inbox *sandbox.Inbox
	if s.config.SMTPURL == "" {
		inbox = a.inbox
	}
	err = web.Mount(web.Parts{
		Server: server, DB: a.db, Accounts: a.accounts, Recipients: a.recipients, Messages: a.messages, Mailings: a.mailings,
		Ledger: a.ledger, Settings: a.settings, Servers: a.servers, Stats: a.stats, Articles: a.articles, Inbox: inbox, Tester: a.engine, Bundle: s.bundle, Log: s.log,
	}, web.Options{BaseURL: s.config.BaseURL, Version: s.version})
	if err != nil {
		return fmt.Errorf("mount the pages: %w", err)
	}
	return nil
}
