package web

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"gonets/internal/account"
	"gonets/internal/blog"
	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/delivery"
	"gonets/internal/engine"
	"gonets/internal/httpd"
	"gonets/internal/i18n"
	"gonets/internal/letter"
	"gonets/internal/mailing"
	"gonets/internal/mailserver"
	"gonets/internal/message"
	"gonets/internal/queue"
	"gonets/internal/recipient"
	"gonets/internal/sandbox"
	"gonets/internal/setting"
	"gonets/internal/smtp"
	"gonets/internal/stats"
	"gonets/internal/web/assets"
)

// Fixture is the whole service behind a real listener, wired in one place for
// every test of pages. What tests want of it otherwise is in Wish; how they
// speak with it is theirs: see site, house and desk.
type Fixture struct {
	*Web
	t      *testing.T
	server *httptest.Server
	URL    string // without a slash at its end
	queue  *queue.Queue
}

// Wish is what a test wants otherwise than usual: by default nothing works by
// itself, letters wait, and the mail server is nobody.
type Wish struct {
	Closed  bool                                                                             // no registration
	Sandbox bool                                                                             // shows the inbox
	Addr    string                                                                           // that the server believes to listen on
	BaseURL string                                                                           // in links; empty: the server's own
	Work    bool                                                                             // imports and plans go on in the background
	Engine  bool                                                                             // mailings are sent by the real engine to the sandbox
	Letters func(ctx context.Context, from, to string, raw []byte) (reply string, err error) // nil: none leave
	Rate    float64                                                                          // of the engine, in messages per second; 0: as fast as it goes
	Tester  Tester                                                                           // nil: the engine, if any
	Pages   func(chi.Router)                                                                 // more of them
}

// carry takes letters from the queue, whose workers are not there without
// somebody to give them to.
func (w Wish) carry(ctx context.Context, from, to string, raw []byte) (reply string, err error) {
	return w.Letters(ctx, from, to, raw)
}

// NewFixture wires every part of the service, as "gonets serve" does.
func NewFixture(t *testing.T, d *db.DB, w Wish) *Fixture {
	t.Helper()
	f := &Fixture{t: t, server: httptest.NewUnstartedServer(nil)}
	f.URL = "http://" + f.server.Listener.Addr().String()
	if w.BaseURL == "" {
		w.BaseURL = f.URL
	}
	log, secret := dbtest.Log(t), make([]byte, 32)
	bundle, err := i18n.New()
	f.must(err)
	f.queue = queue.New(d, log)
	letters, err := letter.New(d, f.queue, bundle, letter.Options{From: "gonets@example.com", BaseURL: w.BaseURL, Secret: secret, Send: w.carry})
	f.must(err)
	p := Parts{DB: d, Bundle: bundle, Log: log, Tester: w.Tester}
	p.Ledger = delivery.New(d, delivery.DefaultPolicy(), recipient.Addresses)
	p.Recipients = recipient.New(d, f.queue, p.Ledger, recipient.Options{Secret: secret, BaseURL: w.BaseURL, ImportMax: 1 << 20})
	p.Recipients.Work()
	p.Messages = message.New(d, bundle)
	p.Settings = setting.New(d, !w.Closed)
	p.Servers, err = mailserver.New(d, mailserver.Options{Secret: secret, From: "gonets@example.com", Host: "gonets.example"})
	f.must(err)
	p.Mailings = mailing.New(d, f.queue, p.Recipients, p.Messages, p.Ledger, log, mailing.Options{Grace: time.Hour, Letters: letters, Settings: p.Settings})
	p.Mailings.Work()
	p.Stats = stats.New(d, p.Mailings)
	p.Articles = blog.New(d)
	p.Accounts = account.New(d, letters, account.Options{
		Registration: p.Settings.RegistrationOpen, Argon: account.Argon{Memory: 8, Time: 1, Threads: 1}, OnBlock: p.Mailings.PauseOwnerTx, OnDelete: p.Mailings.EraseOwnerTx,
	})
	if w.Sandbox || w.Engine {
		p.Inbox = sandbox.New(d, sandbox.Options{Log: log})
	}
	f.work(&p, w)
	p.Server, err = httpd.New(httpd.Parts{DB: d, Accounts: p.Accounts, Bundle: bundle, Log: log},
		httpd.Options{Addr: w.Addr, BaseURL: w.BaseURL, CSP: assets.Policy})
	f.must(err)
	files, err := assets.New()
	f.must(err)
	f.Web = &Web{Parts: p, assets: files}
	p.Server.Pages(func(r chi.Router) { r.Get("/let-in", f.letIn) })
	if w.Pages != nil {
		p.Server.Pages(w.Pages)
	}
	f.must(Mount(p, Options{BaseURL: w.BaseURL, Version: "test"}))
	f.server.Config.Handler = p.Server
	f.server.Start()
	t.Cleanup(f.server.Close)
	return f
}

// work starts what is to go on by itself; what was started ends with the test.
func (f *Fixture) work(p *Parts, w Wish) {
	f.t.Helper()
	ctx, end := f.t.Context(), context.WithoutCancel(f.t.Context())
	workers := queue.Workers{}
	var sender *engine.Engine
	switch {
	case w.Engine:
		sender = f.engine(p, w.Rate)
		workers = sender.Workers()
	default:
		queue.Handle(f.queue, queue.Options{Lane: queue.Work}, func(ctx context.Context, job mailing.PlanJob) error {
			_, err := p.Mailings.Plan(ctx, job.RunID)
			return err
		})
		if w.Work {
			workers[queue.Work] = 2
		}
		f.commit(p.Ledger)
	}
	if w.Letters != nil {
		workers[queue.Letters] = 2
	}
	f.must(f.queue.Open(workers))
	if len(workers) == 0 {
		return
	}
	if sender != nil {
		f.must(sender.Start(ctx))
	}
	f.must(f.queue.Start(ctx))
	f.t.Cleanup(func() {
		f.must(f.queue.Stop(end))
		if sender != nil {
			f.must(sender.Stop(end))
			p.Inbox.Stop()
		}
	})
}

// CloseDatabase takes the database away from beneath the pages. The queue is
// stopped before: it would try for seconds to say farewell.
func (f *Fixture) CloseDatabase() {
	f.t.Helper()
	f.must(f.queue.Stop(f.t.Context()))
	f.must(f.DB.Close())
}

// engine is the real one, whose mail server is the sandbox.
func (f *Fixture) engine(p *Parts, rate float64) *engine.Engine {
	f.t.Helper()
	address, err := p.Inbox.Start(f.t.Context())
	f.must(err)
	server, err := smtp.ParseURL("smtp://" + address)
	f.must(err)
	e := engine.New(engine.Parts{
		Ledger: p.Ledger, Mailings: p.Mailings, Recipients: p.Recipients, Messages: p.Messages,
		Queue: f.queue, Store: p.DB, Servers: mailserver.Only(mailserver.FromConfig(server, 4, rate, true)), Clock: db.SystemClock{}, Log: p.Log,
	}, engine.Options{
		Node: "test", From: "gonets@gonets.example", Host: "gonets.example", Scheduler: true, Worker: true,
	})
	e.Register()
	if p.Tester == nil {
		p.Tester = e
	}
	return e
}

// commit runs the ledger's committer, for a test that sends by its own hand.
func (f *Fixture) commit(ledger *delivery.Ledger) {
	ctx, stop := context.WithCancel(context.Background())
	var committer sync.WaitGroup
	committer.Go(func() { ledger.Run(ctx) })
	f.t.Cleanup(func() { stop(); committer.Wait() })
}

// letIn logs a user in without a form.
func (f *Fixture) letIn(w http.ResponseWriter, r *http.Request) {
	u, err := f.Accounts.ByEmail(r.Context(), account.CommandLine(), r.FormValue("email"))
	if err == nil {
		err = f.Server.LogIn(r.Context(), u)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html")
	_, _ = io.WriteString(w, `<link rel="icon" href="data:,">`) // browsers shall not ask for one
}

// enterURL is the page that lets a user in.
func (f *Fixture) enterURL(email string) string {
	return f.URL + "/let-in?email=" + url.QueryEscape(email)
}

func (f *Fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}
