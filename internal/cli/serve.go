package cli

import (
	"context"
	"errors"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"gonets/internal/config"
	"gonets/internal/httpd"
	"gonets/internal/node"
	"gonets/internal/web/assets"
)

type serveCommand struct{}

func (serveCommand) Run(ctx context.Context, s *session) error {
	s.logSettings()
	a, err := s.open(ctx, s.serving())
	if err != nil {
		return err
	}
	defer a.close()
	var door *door
	if s.config.Web == config.On {
		// Before anything works: an address that is taken ends it all.
		if door, err = s.openDoor(ctx, a, nil); err != nil {
			return err
		}
	}
	if err := a.start(ctx); err != nil {
		return errors.Join(err, a.stop(ctx))
	}
	s.log.Info("gonets is up", "version", s.version, "url", s.config.BaseURL, "node", s.config.Node,
		"database", a.db.Dialect(), "mail server", a.serverName(ctx))
	return s.serve(ctx, a, door)
}

// serving is what a server does by its settings.
func (s *session) serving() duty {
	return duty{node: s.config.Node, scheduler: s.config.Scheduler == config.On, worker: s.config.Worker == config.On}
}

// serve works until ctx ends or something breaks, and then ends everything at
// the same time: requests and messages at work have until stopTime.
func (s *session) serve(ctx context.Context, a *app, d *door) error {
	group, ctx := errgroup.WithContext(ctx)
	if d != nil {
		group.Go(func() error { return d.server.Run(ctx, d.listener) })
	}
	group.Go(func() error { s.tidy(ctx, a); return nil })
	group.Go(func() error { s.signOfLife(ctx, a, d != nil); return nil })
	group.Go(func() error { <-ctx.Done(); return a.stop(ctx) })
	err := group.Wait()
	s.log.Info("gonets is down")
	return err
}

// door is the server behind its listener.
type door struct {
	server   *httpd.Server
	listener net.Listener
}

// openDoor wires what answers over HTTP; listener is nil where it is to listen
// at the address of the settings.
func (s *session) openDoor(ctx context.Context, a *app, listener net.Listener) (*door, error) {
	server, err := httpd.New(httpd.Parts{DB: a.db, Accounts: a.accounts, Bundle: s.bundle, Log: s.log}, httpd.Options{
		Addr: s.config.Addr, BaseURL: s.config.BaseURL, TrustedProxies: s.config.TrustedProxies, CSP: assets.Policy,
		Patience: requestTime,
	})
	if err != nil {
		return nil, err
	}
	if err := s.mount(a, server); err != nil {
		return nil, err
	}
	if listener == nil {
		if listener, err = server.Listen(ctx); err != nil {
			return nil, err
		}
	}
	return &door{server: server, listener: listener}, nil
}

// requestTime is how long requests at work may take when the process ends.
const requestTime = 10 * time.Second

// signOfLife says now and then that this process serves.
func (s *session) signOfLife(ctx context.Context, a *app, web bool) {
	self := node.Node{
		Name: s.config.Node, Version: s.version, Web: web, Scheduler: a.scheduler, Worker: a.worker, StartedAt: s.clock.Now(),
	}
	clock := time.NewTicker(node.Every)
	defer clock.Stop()
	for {
		s.attempt(ctx, "say that the node lives", func(ctx context.Context) error { return node.Report(ctx, a.db, self) })
		select {
		case <-ctx.Done():
			return
		case <-clock.C:
		}
	}
}

const (
	// tidyEvery is how often what nobody needs any more is deleted.
	tidyEvery = time.Hour
	// orphansEvery is how often imports and changes are looked for that stand
	// still: two questions to an index.
	orphansEvery = 10 * time.Second
)

// tidy deletes finished letters, expired sessions and the like, and takes up
// imports and changes whose process died.
func (s *session) tidy(ctx context.Context, a *app) {
	clock := time.NewTicker(tidyEvery)
	defer clock.Stop()
	orphans := time.NewTicker(orphansEvery)
	defer orphans.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-orphans.C:
			s.attempt(ctx, "sweep imports", a.recipients.SweepImports)
			s.attempt(ctx, "sweep changes", a.recipients.SweepChanges)
		case <-clock.C:
			s.attempt(ctx, "sweep letters", a.letters.Sweep)
			s.attempt(ctx, "sweep accounts", a.accounts.Sweep)
		}
	}
}

// attempt logs a failure: the next turn tries again.
func (s *session) attempt(ctx context.Context, doing string, do func(context.Context) error) {
	if err := do(ctx); err != nil && ctx.Err() == nil {
		s.log.Error("tidy up", "doing", doing, "error", err)
	}
}

// logSettings says what holds and from where, secrets masked.
func (s *session) logSettings() {
	var attributes []any
	for _, setting := range s.loader.Settings(s.config) {
		if setting.Value == "" && setting.From == config.Default {
			continue
		}
		attributes = append(attributes, setting.Name, setting)
	}
	s.log.Info("settings", attributes...)
}
