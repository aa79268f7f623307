package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/delivery"
	"gonets/internal/engine"
	"gonets/internal/httpd"
	"gonets/internal/i18n"
	"gonets/internal/mailing"
	"gonets/internal/mailserver"
	"gonets/internal/message"
	"gonets/internal/queue"
	"gonets/internal/recipient"
	"gonets/internal/sandbox"
	"gonets/internal/smtp"
	"gonets/internal/stats"
)

// world is a service without an engine: runs open, and nothing leaves.
type world struct {
	*API

	t      *testing.T
	server *httpd.Server
	inbox  *sandbox.Inbox
	tokens map[string]string // by the names of the users
	users  map[string]account.User
	log    *bytes.Buffer
	seen   map[string]map[int]bool // operations by the statuses they answered
}

func newWorld(t *testing.T, d *db.DB) *world {
	t.Helper()
	bundle, err := i18n.New()
	must(t, err)
	w := &world{
		t: t, tokens: map[string]string{}, users: map[string]account.User{}, log: &bytes.Buffer{}, seen: map[string]map[int]bool{},
	}
	log := slog.New(slog.NewTextHandler(w.log, nil))
	q := queue.New(d, log)
	var recipients *recipient.Recipients
	ledger := delivery.New(d, delivery.DefaultPolicy(), func(ctx context.Context, q db.Q, ids []int64) (map[int64]string, error) {
		found, err := recipients.ForSending(ctx, q, ids)
		emails := map[int64]string{}
		for id, r := range found {
			emails[id] = r.Email
		}
		return emails, err
	})
	recipients = recipient.New(d, q, ledger, recipient.Options{
		Secret: []byte("a secret of the test's own, long"), BaseURL: "http://gonets.example", ImportMax: 64 << 20,
	})
	recipients.Work()
	messages := message.New(d, bundle)
	mailings := mailing.New(d, q, recipients, messages, ledger, log, mailing.Options{})
	queue.Handle(q, queue.Options{Lane: queue.Work}, func(context.Context, mailing.PlanJob) error { return nil })
	mailings.Work()
	must(t, q.Open(nil))
	accounts := account.New(d, nil, account.Options{Argon: account.Argon{Memory: 8, Time: 1, Threads: 1}, OnBlock: mailings.PauseOwnerTx, OnDelete: mailings.EraseOwnerTx})
	w.server, err = httpd.New(httpd.Parts{DB: d, Accounts: accounts, Bundle: bundle, Log: log}, httpd.Options{BaseURL: "http://gonets.example"})
	must(t, err)
	w.API = New(Parts{
		DB: d, Accounts: accounts, Recipients: recipients, Messages: messages, Mailings: mailings, Ledger: ledger, Stats: stats.New(d, mailings),
		Engine: w.engine(d, engine.Parts{
			Ledger: ledger, Mailings: mailings, Recipients: recipients, Messages: messages, Queue: q, Store: d, Clock: db.SystemClock{}, Log: log,
		}),
		Bundle: bundle, Log: log, Version: "test",
	})
	must(t, w.Mount(w.server.Router()))
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var committer sync.WaitGroup
	committer.Go(func() { ledger.Run(ctx) })
	t.Cleanup(func() { stop(); committer.Wait() })
	for name, role := range map[string]account.Role{
		"anna": account.RoleUser, "boris": account.RoleUser, "mod": account.RoleModerator, "root": account.RoleAdmin,
	} {
		w.user(name, role)
	}
	return w
}

// engine is one that is not started: it knows a mail server, for tests alone.
func (w *world) engine(d *db.DB, p engine.Parts) *engine.Engine {
	w.t.Helper()
	w.inbox = sandbox.New(d, sandbox.Options{Log: p.Log})
	address, err := w.inbox.Start(w.t.Context())
	must(w.t, err)
	w.t.Cleanup(w.inbox.Stop)
	host, port, err := net.SplitHostPort(address)
	must(w.t, err)
	n, err := strconv.Atoi(port)
	must(w.t, err)
	config := smtp.Config{Host: host, Port: n, TLS: smtp.TLSNone}
	p.Servers = mailserver.Only(mailserver.FromConfig(config, 1, 0, false))
	return engine.New(p, engine.Options{Node: "test", Host: "gonets.example", From: "gonets@gonets.example"})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) user(name string, role account.Role) account.User {
	w.t.Helper()
	u, err := w.Accounts.Create(w.t.Context(), account.CommandLine(), account.NewUser{
		Email: name + "@users.example", Password: "correct horse battery staple", Role: role, Verified: true,
	})
	must(w.t, err)
	w.tokens[name], err = w.Accounts.CreateToken(w.t.Context(), account.CommandLine(), u.ID, "test")
	must(w.t, err)
	w.users[name] = u
	return u
}

// request is what is asked of the API.
type request struct {
	as   string // whose token; empty: none
	do   string // the operation: "PATCH /recipients/{id}"
	id   string // for {id}
	args string // the query
	body string
	typ  string // of the body; empty: JSON
	lang string
}

// answered is what came back.
type answered struct {
	status int
	header http.Header
	body   string
	json   map[string]any
}

// ask sends a request and holds the answer against the description.
func (w *world) ask(q request) answered {
	w.t.Helper()
	method, pattern, _ := strings.Cut(q.do, " ")
	target := Prefix + strings.ReplaceAll(pattern, "{id}", q.id) + q.args
	r := httptest.NewRequestWithContext(w.t.Context(), method, target, strings.NewReader(q.body))
	if q.as != "" {
		r.Header.Set("Authorization", "Bearer "+w.tokens[q.as])
	}
	if q.typ == "" {
		q.typ = "application/json"
	}
	r.Header.Set("Content-Type", q.typ)
	if q.lang != "" {
		r.Header.Set("Accept-Language", q.lang)
	}
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, r)
	a := answered{status: rec.Code, header: rec.Header(), body: rec.Body.String()}
	if err := json.Unmarshal(rec.Body.Bytes(), &a.json); err != nil {
		w.t.Errorf("%s: the answer %d %q is no JSON: %v", q.do, a.status, a.body, err)
	}
	w.check(q.do, a)
	return a
}

// check says that the description has the operation, the status, the type and
// the shape of an answer.
func (w *world) check(do string, a answered) {
	w.t.Helper()
	op := w.operations()[do]
	if op == nil {
		w.t.Errorf("%s is not described", do)
		return
	}
	if w.seen[do] == nil {
		w.seen[do] = map[int]bool{}
	}
	w.seen[do][a.status] = true
	described := op.Responses[strconv.Itoa(a.status)]
	if described == nil {
		w.t.Errorf("%s answers %d, which is not described: %s", do, a.status, a.body)
		return
	}
	media := described.Content[a.header.Get("Content-Type")]
	if media == nil {
		w.t.Errorf("%s answers %d as %q, which is not described", do, a.status, a.header.Get("Content-Type"))
		return
	}
	var result huma.ValidateResult
	huma.Validate(w.huma.OpenAPI().Components.Schemas, media.Schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, a.json, &result)
	for _, err := range result.Errors {
		w.t.Errorf("%s answers %d against its description: %v in %s", do, a.status, err, a.body)
	}
}

// operations are all that are described.
func (w *world) operations() map[string]*huma.Operation {
	all := map[string]*huma.Operation{}
	for path, item := range w.huma.OpenAPI().Paths {
		for method, op := range map[string]*huma.Operation{
			"GET": item.Get, "POST": item.Post, "PATCH": item.Patch, "DELETE": item.Delete, "PUT": item.Put,
		} {
			if op != nil {
				all[method+" "+path] = op
			}
		}
	}
	return all
}

// expect asks and wants a status, and of a 422 the names of the fields, in any
// order.
func (w *world) expect(status int, q request, fields ...string) answered {
	w.t.Helper()
	a := w.ask(q)
	if a.status != status {
		w.t.Errorf("%s as %q with %s: got %d %s, want %d", q.do, q.as, q.body, a.status, a.body, status)
	}
	slices.Sort(fields)
	if got := a.fields(); len(fields) > 0 && !slices.Equal(got, fields) {
		w.t.Errorf("%s with %s %s: got the fields %q, want %q", q.do, q.args, q.body, got, fields)
	}
	return a
}

// fields are the names of the failing fields, in alphabetical order.
func (a answered) fields() (names []string) {
	list, _ := a.json["errors"].([]any)
	for _, e := range list {
		name, _ := e.(map[string]any)["field"].(string)
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (a answered) text(name string) string {
	s, _ := a.json[name].(string)
	return s
}

func (a answered) items() []map[string]any {
	var items []map[string]any
	list, _ := a.json["items"].([]any)
	for _, item := range list {
		items = append(items, item.(map[string]any))
	}
	return items
}

// make creates an object and answers its id.
func (w *world) make(as, do, body string) string {
	w.t.Helper()
	a := w.expect(http.StatusCreated, request{as: as, do: do, body: body})
	if a.text("id") == "" {
		w.t.Fatalf("%s with %s made nothing: %s", do, body, a.body)
	}
	return a.text("id")
}

func (w *world) recipient(as, email string) string {
	w.t.Helper()
	return w.make(as, "POST /recipients", fmt.Sprintf(`{"email": %q, "name": "Ivan", "tags": ["news"]}`, email))
}

func (w *world) message(as string) string {
	w.t.Helper()
	return w.make(as, "POST /messages", `{"subject": "Hello, {{ recipient.name }}", "format": "text", "body": "Good day"}`)
}

// mailing makes one to all, with its message.
func (w *world) mailing(as string) string {
	w.t.Helper()
	return w.make(as, "POST /mailings", fmt.Sprintf(`{"name": "News", "message_id": %q, "audience": {"all": true},
		"schedule": {"frequency": "once"}, "sender": {"name": "Anna", "email": "anna@example.com"}}`, w.message(as)))
}

// run opens a run and plans it.
func (w *world) run(as, mailingID string) string {
	w.t.Helper()
	a := w.expect(http.StatusAccepted, request{as: as, do: "POST /mailings/{id}/send", id: mailingID})
	id, err := parseID(a.text("run_id"))
	must(w.t, err)
	for more := true; more; {
		more, err = w.Mailings.Plan(w.t.Context(), id)
		must(w.t, err)
	}
	return a.text("run_id")
}

// try marks the deliveries of a run and lets each end as told.
func (w *world) try(runID string, ends ...delivery.Result) {
	w.t.Helper()
	ctx := w.t.Context()
	id, err := parseID(runID)
	must(w.t, err)
	var batches []int64
	must(w.t, w.Ledger.Feed(ctx, []int64{id}, 10, func(_ context.Context, _ db.Tx, list []delivery.Batch) error {
		for _, b := range list {
			batches = append(batches, b.ID)
		}
		return nil
	}))
	b, ok, err := w.Ledger.Claim(ctx, "test", batches[0])
	must(w.t, err)
	if !ok {
		w.t.Fatal("the batch is not free")
	}
	for i, end := range ends {
		marked, err := w.Ledger.Commit(ctx, nil, b.Deliveries[i])
		must(w.t, err)
		if !marked {
			w.t.Fatal("the delivery is not to be sent")
		}
		end.Delivery, end.At = b.Deliveries[i], w.DB.Now()
		_, err = w.Ledger.Commit(ctx, []delivery.Result{end}, nil)
		must(w.t, err)
	}
}

// each runs a test in a world on either database.
func each(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { test(t, newWorld(t, d)) })
}
