package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/delivery"
	"gonets/internal/mailing"
	"gonets/internal/message"
	"gonets/internal/recipient"
	"gonets/internal/schedule"
)

// desk is the pages of mailings on a database, whose runs the test sends by
// its own hand: it decides what servers answer.
type desk struct {
	*Fixture
	clock *deskClock
}

type deskClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *deskClock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }

func (c *deskClock) pass(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.now = c.now.Add(d) }

// eachDesk runs a test on both databases.
func eachDesk(t *testing.T, test func(*desk)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(newDesk(t, dbtest.SQLiteURL(t))) })
	t.Run("postgres", func(t *testing.T) { test(newDesk(t, dbtest.PostgresURL(t))) })
}

func newDesk(t *testing.T, database string) *desk {
	t.Helper()
	clock := &deskClock{now: time.Date(2026, 11, 22, 11, 26, 0, 0, time.UTC)}
	return &desk{NewFixture(t, dbtest.Open(t, database, clock), Wish{BaseURL: "http://gonets.example"}), clock}
}

// visitor is somebody with a browser.
type visitor struct {
	*desk
	actor  account.Actor
	client *http.Client
}

func (k *desk) guest() *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		k.t.Fatal(err)
	}
	return &visitor{desk: k, client: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// user makes a user and logs them in.
func (k *desk) user(name string, role account.Role, lang string) *visitor {
	k.t.Helper()
	u, err := k.Accounts.Create(k.t.Context(), account.CommandLine(), account.NewUser{
		Email: name + "@gonets.example", Password: "correct horse battery", Role: role,
		Locale: lang, TimeZone: "Europe/Moscow", Verified: true,
	})
	if err != nil {
		k.t.Fatal(err)
	}
	p := k.guest()
	p.actor = u.Actor()
	p.get("/let-in?email=" + url.QueryEscape(u.Email)).status(http.StatusOK)
	return p
}

var plain = strings.NewReplacer("\u00a0", " ", "\u202f", " ")

// page is what came back, its spaces all made plain.
type page struct {
	t      *testing.T
	path   string
	code   int
	header http.Header
	body   string
}

func (p *visitor) get(path string) *page { return p.ask(http.MethodGet, path, nil) }

func (p *visitor) post(path string, form url.Values) *page { return p.ask(http.MethodPost, path, form) }

func (p *visitor) ask(method, path string, form url.Values) *page {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.server.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w, err := p.client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer w.Body.Close()
	body, err := io.ReadAll(w.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return &page{t: p.t, path: method + " " + path, code: w.StatusCode, header: w.Header, body: plain.Replace(string(body))}
}

func (a *page) status(want int) *page {
	a.t.Helper()
	if a.code != want {
		a.t.Errorf("%s: got %d, want %d\n%s", a.path, a.code, want, a.body)
	}
	return a
}

// leads checks where a redirect goes.
func (a *page) leads(want string) *page {
	a.t.Helper()
	a.status(http.StatusSeeOther)
	if got := a.header.Get("Location"); got != want {
		a.t.Errorf("%s: leads to %q, want %q", a.path, got, want)
	}
	return a
}

func (a *page) shows(texts ...string) *page {
	a.t.Helper()
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			a.t.Errorf("%s: does not show %q:\n%s", a.path, text, a.body)
		}
	}
	return a
}

func (a *page) hides(texts ...string) *page {
	a.t.Helper()
	for _, text := range texts {
		if strings.Contains(a.body, text) {
			a.t.Errorf("%s: shows %q", a.path, text)
		}
	}
	return a
}

// recipients adds n recipients of a tag, r1@TAG.example to rN@TAG.example.
func (p *visitor) recipients(n int, tag string) []int64 {
	p.t.Helper()
	ids := make([]int64, n)
	for i := range n {
		r, err := p.Recipients.Create(p.t.Context(), p.actor, recipient.Draft{
			Email: fmt.Sprintf("r%d@%s.example", i+1, strings.ToLower(tag)), Name: "Name", Tags: []string{tag},
		})
		if err != nil {
			p.t.Fatal(err)
		}
		ids[i] = r.ID
	}
	return ids
}

func (p *visitor) message(subject string) int64 {
	p.t.Helper()
	m, err := p.Messages.Create(p.t.Context(), p.actor, message.Draft{Subject: subject, Format: message.Text, Body: "Hello"})
	if err != nil {
		p.t.Fatal(err)
	}
	return m.ID
}

// mailing makes a draft to everybody, sent once.
func (p *visitor) mailing(name string) mailing.Mailing {
	p.t.Helper()
	m, err := p.Mailings.Create(p.t.Context(), p.actor, mailing.Input{
		Name: name, MessageID: p.message("About " + name), Audience: recipient.Audience{All: true},
		Schedule: schedule.Schedule{Frequency: schedule.Once, Zone: "UTC"},
		Sender:   mailing.Sender{Name: "Shop", Email: "shop@shop.example"},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return m
}

// start starts a mailing and plans its run.
func (p *visitor) start(m mailing.Mailing) (runID int64) {
	p.t.Helper()
	m, err := p.Mailings.Start(p.t.Context(), p.actor, m.ID)
	if err == nil {
		_, err = p.Mailings.Plan(p.t.Context(), m.LastRun.ID)
	}
	if err == nil {
		err = p.Mailings.Begin(p.t.Context(), m.LastRun.ID)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return m.LastRun.ID
}

// carry sends to the first recipients of a run, whose servers answer as told.
func (k *desk) carry(runID int64, ends ...delivery.End) {
	k.t.Helper()
	ctx := k.t.Context()
	var batches []delivery.Batch
	err := k.Ledger.Feed(ctx, []int64{runID}, 4, func(_ context.Context, _ db.Tx, list []delivery.Batch) error {
		batches = list
		return nil
	})
	if err != nil || len(batches) != 1 {
		k.t.Fatalf("feed run %d: %d batches, %v", runID, len(batches), err)
	}
	b, ok, err := k.Ledger.Claim(ctx, "node", batches[0].ID)
	if err != nil || !ok {
		k.t.Fatalf("claim: %v, %v", ok, err)
	}
	addresses, err := recipient.Addresses(ctx, k.DB.Read(), recipientsOf(b.Deliveries))
	if err != nil {
		k.t.Fatal(err)
	}
	for i, end := range ends {
		d := b.Deliveries[i]
		_, err := k.Ledger.Commit(ctx, nil, d)
		if err == nil {
			_, err = k.Ledger.Commit(ctx, []delivery.Result{resultOf(d, end, addresses[d.RecipientID], k.clock.Now())}, nil)
		}
		if err != nil {
			k.t.Fatal(err)
		}
	}
	if err := k.Ledger.Release(ctx, b); err != nil && !errors.Is(err, delivery.ErrStopped) {
		k.t.Fatal(err)
	}
}

func recipientsOf(list []*delivery.Delivery) []int64 {
	ids := make([]int64, len(list))
	for i, d := range list {
		ids[i] = d.RecipientID
	}
	return ids
}

func resultOf(d *delivery.Delivery, end delivery.End, address string, at time.Time) delivery.Result {
	r := delivery.Result{Delivery: d, End: end, At: at, Address: address, Stage: "rcpt", Server: "mx.example"}
	switch end {
	case delivery.Took:
		r.Stage, r.Code, r.Enhanced, r.Response = delivery.StageEndOfData, 250, "2.0.0", "Ok: queued"
	case delivery.RefusedForGood:
		r.Code, r.Enhanced, r.Response = 550, "5.1.1", "<"+address+"> User unknown"
	case delivery.RefusedForNow:
		r.Code, r.Enhanced, r.Response = 452, "4.2.2", "Mailbox full"
	case delivery.Lost:
		r.Stage = delivery.StageEndOfData
	}
	return r
}

// finish lets a run that has nothing left end.
func (k *desk) finish(runID int64) {
	k.t.Helper()
	r, err := k.Mailings.ForSending(k.t.Context(), runID)
	if err == nil {
		_, err = k.Mailings.Advance(k.t.Context(), r)
	}
	if err != nil {
		k.t.Fatal(err)
	}
}
