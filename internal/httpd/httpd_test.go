package httpd

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/go-chi/chi/v5"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/fault"
	"gonets/internal/i18n"
)

// fixture is a server on a database, with what it logs.
type fixture struct {
	*Server
	accounts *account.Accounts
	log      *logbook
}

// logbook is a log that may be read while it is written.
type logbook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newFixture(t *testing.T, d *db.DB, o Options) *fixture {
	t.Helper()
	bundle, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{log: &logbook{}}
	f.accounts = account.New(d, nil, account.Options{Argon: account.Argon{Memory: 8, Time: 1, Threads: 1}})
	if o.BaseURL == "" {
		o.BaseURL = "http://gonets.example"
	}
	f.Server, err = New(Parts{DB: d, Accounts: f.accounts, Bundle: bundle, Log: slog.New(slog.NewTextHandler(f.log, nil))}, o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) user(t *testing.T, email string, role account.Role) account.User {
	t.Helper()
	u, err := f.accounts.Create(t.Context(), account.CommandLine(), account.NewUser{
		Email: email, Password: "correct horse battery staple", Role: role, Verified: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// ask sends a request straight to the handler.
func (f *fixture) ask(t *testing.T, method, target string, set func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	if set != nil {
		set(r)
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w
}

func TestStatus(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 200},
		{fault.Fields{{Name: "email"}}.Err(), 422},
		{fault.New(fault.Unauthenticated, "k", nil), 401},
		{fault.Denied(), 403},
		{fmt.Errorf("get: %w", fault.Missing()), 404},
		{fault.New(fault.Conflict, "k", nil), 409},
		{fault.New(fault.TooLarge, "k", nil), 413},
		{&http.MaxBytesError{Limit: 1}, 413},
		{fault.New(fault.TooMany, "k", nil), 429},
		{fault.Because(context.Canceled, fault.Unavailable, "k", nil), 503},
		{context.Canceled, 499},
		{errors.New("broken"), 500},
	} {
		if got := Status(c.err); got != c.want {
			t.Errorf("Status(%v) = %d, want %d", c.err, got, c.want)
		}
	}
}

func TestAccessLogKeepsSecretsOut(t *testing.T) {
	f := newFixture(t, dbtest.SQLite(t), Options{})
	f.Pages(func(r chi.Router) {
		answer := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }
		for _, path := range []string{"/verify/{token}", "/password/reset/{token}", "/u/{token}", "/recipients"} {
			r.Get(path, answer)
		}
	})
	for _, path := range []string{"/verify/", "/password/reset/", "/u/"} {
		w := f.ask(t, "GET", path+"s3cret?token=s3cret", func(r *http.Request) { r.Header.Set("Authorization", "Bearer s3cret") })
		if got := w.Header().Get("Referrer-Policy"); got != "no-referrer" {
			t.Errorf("%s: Referrer-Policy is %q, want no-referrer", path, got)
		}
		if !strings.Contains(f.log.String(), "path="+path+"…") {
			t.Errorf("%s is not in the log:\n%s", path, f.log)
		}
	}
	w := f.ask(t, "GET", "/recipients?search=s3cret", nil)
	if strings.Contains(f.log.String(), "s3cret") {
		t.Errorf("a secret is in the log:\n%s", f.log)
	}
	id := w.Header().Get("X-Request-Id")
	if id == "" || !strings.Contains(f.log.String(), "request="+id+" method=GET path=/recipients status=418") {
		t.Errorf("request %q is not in the log:\n%s", id, f.log)
	}
}

func TestPanic(t *testing.T) {
	f := newFixture(t, dbtest.SQLite(t), Options{})
	f.Pages(func(r chi.Router) {
		r.Get("/broken", func(http.ResponseWriter, *http.Request) { panic("out of cheese") })
	})
	w := f.ask(t, "GET", "/broken", func(r *http.Request) { r.Header.Set("Accept-Language", "ru") })
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "cheese") || !strings.Contains(w.Body.String(), "Сбой") {
		t.Errorf("got %d %q, want a sentence in Russian without the cause", w.Code, w.Body)
	}
	if log := f.log.String(); !strings.Contains(log, "out of cheese") || !strings.Contains(log, "status=500") {
		t.Errorf("the panic is not in the log:\n%s", log)
	}
}

func TestHeaders(t *testing.T) {
	f := newFixture(t, dbtest.SQLite(t), Options{BaseURL: "https://gonets.example", CSP: "default-src 'self'"})
	got := f.ask(t, "GET", "/healthz", nil).Header()
	for name, want := range map[string]string{
		"Content-Security-Policy":    "default-src 'self'",
		"X-Content-Type-Options":     "nosniff",
		"Referrer-Policy":            "same-origin",
		"Cross-Origin-Opener-Policy": "same-origin",
		"Strict-Transport-Security":  "max-age=31536000",
	} {
		if got.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.Get(name), want)
		}
	}
}

func TestMetrics(t *testing.T) {
	f := newFixture(t, dbtest.SQLite(t), Options{Addr: "127.0.0.1:8080"})
	local := func(r *http.Request) { r.RemoteAddr, r.Host = "127.0.0.1:5000", "localhost:8080" }
	f.ask(t, "GET", "/invented/path", nil)
	f.ask(t, "GET", "/healthz", nil)
	w := f.ask(t, "GET", "/metrics", local)
	for _, want := range []string{`gonets_http_requests_total{method="GET",route="/healthz",status="200"} 1`, `route="none"`, "go_goroutines"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	if strings.Contains(w.Body.String(), "invented") {
		t.Error("metrics hold a path that a client invented")
	}
	if got := f.ask(t, "GET", "/metrics", nil).Code; got != http.StatusUnauthorized {
		t.Errorf("metrics for a stranger: got %d, want 401", got)
	}
}

func TestReady(t *testing.T) {
	d := dbtest.SQLite(t)
	f := newFixture(t, d, Options{})
	for _, path := range []string{"/healthz", "/readyz"} {
		if w := f.ask(t, "HEAD", path, nil); w.Code != http.StatusOK {
			t.Errorf("HEAD %s: got %d, want 200", path, w.Code)
		}
		if w := f.ask(t, "GET", path, nil); w.Code != http.StatusOK {
			t.Errorf("%s: got %d, want 200", path, w.Code)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if w := f.ask(t, "GET", "/readyz", nil); w.Code != http.StatusServiceUnavailable {
		t.Errorf("/readyz without a database: got %d, want 503", w.Code)
	}
}

func TestCompression(t *testing.T) {
	f := newFixture(t, dbtest.SQLite(t), Options{})
	f.Pages(func(r chi.Router) {
		r.Get("/long", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, strings.Repeat("gonets ", 1000))
		})
	})
	w := f.ask(t, "GET", "/long", func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip") })
	if w.Header().Get("Content-Encoding") != "gzip" || w.Body.Len() > 1000 {
		t.Errorf("got %q, %d bytes; want gzip", w.Header().Get("Content-Encoding"), w.Body.Len())
	}
}

// TestLive reads the first event while the handler still waits for the test:
// nothing on the way may hold it back.
func TestLive(t *testing.T) {
	f := newFixture(t, dbtest.SQLite(t), Options{})
	seen := make(chan struct{})
	f.Pages(func(r chi.Router) {
		r.Get("/live", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, "data: 1\n\n")
			if err := Live(w); err != nil {
				t.Error(err)
			}
			<-seen
		})
	})
	server := httptest.NewServer(f)
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Accept-Encoding", "gzip")
	res, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	line, err := bufio.NewReader(res.Body).ReadString('\n')
	close(seen)
	if line != "data: 1\n" || err != nil {
		t.Errorf("got %q, %v", line, err)
	}
}

func TestBodyLimit(t *testing.T) {
	f := newFixture(t, dbtest.SQLite(t), Options{BodyMax: 10})
	read := func(w http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		w.WriteHeader(Status(err))
	}
	f.Pages(func(r chi.Router) { r.Post("/form", read) })
	f.Uploads(func(r chi.Router) {
		r.Post("/upload", func(w http.ResponseWriter, r *http.Request) {
			_, err := io.Copy(io.Discard, Upload(w, r))
			w.WriteHeader(Status(err))
		})
	})
	for path, want := range map[string]int{"/form": 413, "/upload": 200} {
		w := f.ask(t, "POST", path, func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("eleven bytes")) })
		if w.Code != want {
			t.Errorf("%s: got %d, want %d", path, w.Code, want)
		}
	}
}

func TestRun(t *testing.T) {
	f := newFixture(t, dbtest.SQLite(t), Options{Addr: "127.0.0.1:0"})
	begun, goOn := make(chan struct{}), make(chan struct{})
	f.Pages(func(r chi.Router) {
		r.Get("/slow", func(w http.ResponseWriter, _ *http.Request) {
			close(begun)
			<-goOn
			_, _ = io.WriteString(w, "done")
		})
	})
	l, err := f.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	taken := newFixture(t, dbtest.SQLite(t), Options{Addr: l.Addr().String()})
	if _, err := taken.Listen(t.Context()); !strings.Contains(fmt.Sprint(err), "httpd.address_taken") {
		t.Errorf("listen on a taken address: got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx, l) }()
	answer := make(chan string, 1)
	go func() {
		r, _ := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodGet, "http://"+l.Addr().String()+"/slow", nil)
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			answer <- err.Error()
			return
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		answer <- string(body)
	}()
	<-begun
	cancel()
	<-f.Stopping()
	close(goOn)
	if got := <-answer; got != "done" {
		t.Errorf("a request at work got %q, want to be finished", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
}
