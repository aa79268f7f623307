package letter

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/i18n"
	"gonets/internal/mail"
	"gonets/internal/queue"
	"gonets/internal/smtp"
)

const token = "tOkEn-0123456789-abcdefghijklmnopqrstuvwxyz"

// clock is a clock that the test winds.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) wind(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// sent is a message as the mail server got it.
type sent struct {
	from, to string
	raw      []byte
}

// office is a Post whose mail server the test plays.
type office struct {
	*Post
	db     *db.DB
	clock  *clock
	sent   chan sent
	answer error // of the mail server; nil: accepted
	logged *bytes.Buffer
}

func each(t *testing.T, test func(t *testing.T, o *office)) {
	t.Run("sqlite", func(t *testing.T) { test(t, open(t, dbtest.SQLiteURL(t))) })
	t.Run("postgres", func(t *testing.T) { test(t, open(t, dbtest.PostgresURL(t))) })
}

func open(t *testing.T, url string) *office {
	t.Helper()
	c := &clock{now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
	o := &office{clock: c, db: dbtest.Open(t, url, c), sent: make(chan sent, 10), logged: &bytes.Buffer{}}
	bundle, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	q := queue.New(o.db, dbtest.Log(t))
	o.Post, err = New(o.db, q, bundle, Options{
		From:    "gonets@mail.example.com",
		BaseURL: "https://mail.example.com/",
		Secret:  []byte("a secret of the service"),
		Name:    func(context.Context) (string, error) { return "Почта Ромашки", nil },
		Log:     slog.New(slog.NewTextHandler(o.logged, nil)),
		Send: func(_ context.Context, from, to string, raw []byte) (string, error) {
			if o.answer != nil {
				return "", o.answer
			}
			o.sent <- sent{from, to, raw}
			return "250 2.0.0 queued as 42", nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Open(queue.Workers{queue.Letters: 2}); err != nil {
		t.Fatal(err)
	}
	o.queue = q
	return o
}

// post enqueues a letter and returns its id.
func (o *office) post(t *testing.T, l Letter) int64 {
	t.Helper()
	err := o.db.Tx(t.Context(), func(tx db.Tx) error { return o.EnqueueTx(t.Context(), tx, l) })
	if err != nil {
		t.Fatal(err)
	}
	var id int64
	if err := o.db.Read().QueryRow(t.Context(), `SELECT max(id) FROM letters`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

// state is what a letter's row says.
type state struct {
	sealed       []byte
	sent, failed bool
	tries        int64
	response     string
}

func (o *office) state(t *testing.T, id int64) state {
	t.Helper()
	var s state
	var sentAt, failedAt db.Time
	err := o.db.Read().QueryRow(t.Context(), `SELECT sealed, sent_at, failed_at, tries, response FROM letters WHERE id = $1`, id).
		Scan(&s.sealed, &sentAt, &failedAt, &s.tries, &s.response)
	if err != nil {
		t.Fatal(err)
	}
	s.sent, s.failed = sentAt != 0, failedAt != 0
	return s
}

func verify(locale string) Letter {
	return Letter{Kind: Verify, To: "anna@example.org", Locale: locale, Args: map[string]string{"token": token}}
}

func TestLetterLeavesThroughTheQueue(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		if err := o.queue.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		o.post(t, verify("ru"))
		got := <-o.sent
		if err := o.queue.Stop(context.WithoutCancel(t.Context())); err != nil { // waits for the worker's note
			t.Fatal(err)
		}
		if got.from != "gonets@mail.example.com" || got.to != "anna@example.org" {
			t.Errorf("got envelope %s → %s", got.from, got.to)
		}
		m, err := mail.Read(got.raw)
		if err != nil {
			t.Fatal(err)
		}
		if want := "Подтвердите адрес для сервиса «Почта Ромашки»"; m.Subject != want {
			t.Errorf("got subject %q, want %q", m.Subject, want)
		}
		link := "https://mail.example.com/verify/" + token
		for name, body := range map[string]string{"text": m.Text, "HTML": m.HTML} {
			if !strings.Contains(body, link) || !strings.Contains(body, "anna@example.org") {
				t.Errorf("%s lacks the link or the address:\n%s", name, body)
			}
			if strings.Contains(body, "letter.") || strings.Contains(body, "<no value>") {
				t.Errorf("%s has a sentence missing:\n%s", name, body)
			}
		}
		if s := o.state(t, 1); !s.sent || s.tries != 1 || len(s.sealed) != 0 || s.response != "250 2.0.0 queued as 42" {
			t.Errorf("got %+v", s)
		}
	})
}

func TestEveryKindInEveryLanguage(t *testing.T) {
	o := open(t, dbtest.SQLiteURL(t))
	for kind, plan := range plans {
		for _, lang := range i18n.Languages() {
			if kind == Nothing {
				continue
			}
			l := verify(lang)
			l.Kind = kind
			m, err := o.compose(7, l, "Daisy <Mail>", o.db.Now())
			if err != nil {
				t.Fatal(err)
			}
			all := m.Subject + m.Text + m.HTML
			if strings.Contains(all, "letter.") || strings.Contains(all, "{{") || strings.Contains(all, "<no value>") {
				t.Errorf("%s in %s: a sentence is missing:\n%s", kind, lang, all)
			}
			if m.From.Name != "Daisy <Mail>" || !strings.Contains(m.Text, "Daisy <Mail>") || !strings.Contains(m.HTML, "Daisy &lt;Mail&gt;") {
				t.Errorf("%s in %s lacks the service's name:\n%s", kind, lang, all)
			}
			if got, want := strings.Contains(all, token), strings.Contains(plan.path, "{token}"); got != want {
				t.Errorf("%s in %s: token shown %v, want %v", kind, lang, got, want)
			}
			if _, err := mail.Append(nil, m, mail.Caps{}); err != nil {
				t.Errorf("%s in %s: %v", kind, lang, err)
			}
		}
	}
}

func TestOutcomes(t *testing.T) {
	reply := func(stage smtp.Stage, code int) error {
		return &smtp.Error{Stage: stage, Reply: smtp.Reply{Code: code, Text: "no"}}
	}
	each(t, func(t *testing.T, o *office) {
		for _, tt := range []struct {
			name   string
			answer error
			again  bool
		}{
			{"no such mailbox", reply(smtp.StageRcpt, 550), false},
			{"greylisted", reply(smtp.StageRcpt, 451), true},
			{"wrong password of ours", reply(smtp.StageAuth, 535), true},
			{"nobody there", &smtp.Error{Stage: smtp.StageConnect, Cause: errors.New("connection refused")}, true},
			{"some other error", errors.New("broken"), true},
		} {
			id := o.post(t, verify("en"))
			o.answer = tt.answer
			again, err := o.deliver(t.Context(), id)
			if err != nil || (again > 0) != tt.again {
				t.Errorf("%s: got again %v, %v; want %v", tt.name, again, err, tt.again)
			}
			s := o.state(t, id)
			if s.failed == tt.again || s.sent || s.tries != 1 || s.response != tt.answer.Error() || (len(s.sealed) > 0) != tt.again {
				t.Errorf("%s: got %+v", tt.name, s)
			}
		}
		if strings.Contains(o.logged.String(), token) {
			t.Error("the log has the token")
		}
	})
}

func TestGivesUpWhenTheLinkIsDead(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		for kind, life := range map[Kind]time.Duration{Verify: 24 * time.Hour, Reset: time.Hour} {
			l := verify("en")
			l.Kind = kind
			id := o.post(t, l)
			o.answer = errors.New("away")
			var waited time.Duration
			for {
				again, err := o.deliver(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				if again == 0 {
					break
				}
				waited += again
				o.clock.wind(again)
			}
			if s := o.state(t, id); !s.failed || len(s.sealed) != 0 || waited > life || waited < life-maxPause {
				t.Errorf("%s: gave up after %v with %+v", kind, waited, s)
			}
			o.answer = nil
			if again, err := o.deliver(t.Context(), id); again != 0 || err != nil || len(o.sent) != 0 {
				t.Errorf("%s: sent after it was given up (%v, %v)", kind, again, err)
			}
		}
	})
}

func TestJobThatRunsTwiceSendsOnce(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		id := o.post(t, verify("en"))
		for range 2 {
			if again, err := o.deliver(t.Context(), id); again != 0 || err != nil {
				t.Fatalf("got %v, %v", again, err)
			}
		}
		if len(o.sent) != 1 {
			t.Errorf("sent %d times, want 1", len(o.sent))
		}
		if _, err := o.deliver(t.Context(), id+1); err != nil {
			t.Errorf("a letter that is gone: %v", err)
		}
	})
}

func TestNothingIsNeverSent(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		id := o.post(t, Letter{Kind: Nothing})
		if again, err := o.deliver(t.Context(), id); again != 0 || err != nil || len(o.sent) != 0 {
			t.Errorf("got %v, %v, %d sent", again, err, len(o.sent))
		}
		if !o.state(t, id).sent {
			t.Error("it is not finished")
		}
	})
}

func TestRolledBackLetterIsNone(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		undone := errors.New("undone")
		err := o.db.Tx(t.Context(), func(tx db.Tx) error {
			if err := o.EnqueueTx(t.Context(), tx, verify("en")); err != nil {
				return err
			}
			return undone
		})
		if !errors.Is(err, undone) {
			t.Fatal(err)
		}
		var letters, jobs int64
		if err := o.db.Read().QueryRow(t.Context(), `SELECT (SELECT count(*) FROM letters), (SELECT count(*) FROM river_job)`).Scan(&letters, &jobs); err != nil {
			t.Fatal(err)
		}
		if letters != 0 || jobs != 0 {
			t.Errorf("got %d letters and %d jobs, want none", letters, jobs)
		}
	})
}

func TestSweepKeepsWhatIsOpenOrNew(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.post(t, verify("en")) // stays open
		old := o.post(t, Letter{Kind: Nothing})
		if _, err := o.deliver(t.Context(), old); err != nil {
			t.Fatal(err)
		}
		o.clock.wind(keep + time.Hour)
		fresh := o.post(t, Letter{Kind: Nothing})
		if _, err := o.deliver(t.Context(), fresh); err != nil {
			t.Fatal(err)
		}
		if err := o.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		var got, gone int64
		if err := o.db.Read().QueryRow(t.Context(), `SELECT count(*), sum(CASE WHEN id = $1 THEN 1 ELSE 0 END) FROM letters`, old).Scan(&got, &gone); err != nil {
			t.Fatal(err)
		}
		if got != 2 || gone != 0 {
			t.Errorf("got %d letters, %d of them old; want 2, 0", got, gone)
		}
	})
}

func TestSealIsBoundToTheLetter(t *testing.T) {
	s, err := newSealer([]byte("a secret of the service"))
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := s.seal(Verify, "anna@example.org", map[string]string{"token": token})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte(token)) {
		t.Error("sealed text shows the token")
	}
	args, err := s.open(Verify, "anna@example.org", sealed)
	if err != nil || args["token"] != token {
		t.Errorf("got %v, %v", args, err)
	}
	other, err := newSealer([]byte("another secret of the service"))
	if err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func() (map[string]string, error){
		"another address": func() (map[string]string, error) { return s.open(Verify, "mallory@example.org", sealed) },
		"another kind":    func() (map[string]string, error) { return s.open(Reset, "anna@example.org", sealed) },
		"another secret":  func() (map[string]string, error) { return other.open(Verify, "anna@example.org", sealed) },
		"a changed byte": func() (map[string]string, error) {
			changed := bytes.Clone(sealed)
			changed[len(changed)-1] ^= 1
			return s.open(Verify, "anna@example.org", changed)
		},
	} {
		if args, err := open(); err == nil {
			t.Errorf("%s opened it: %v", name, args)
		}
	}
}

func TestBackoff(t *testing.T) {
	for tries, want := range map[int64]time.Duration{
		1: 5 * time.Second, 2: 15 * time.Second, 3: 45 * time.Second,
		6: 1215 * time.Second, 7: 30 * time.Minute, 100: 30 * time.Minute,
	} {
		if got := backoff(tries); got != want {
			t.Errorf("backoff(%d) = %v, want %v", tries, got, want)
		}
	}
}

func TestWordsAreCutAndClean(t *testing.T) {
	for in, want := range map[string]string{
		"250 ok":                  "250 ok",
		"a\x00b\xff":              "a?b?",
		strings.Repeat("я", 1000): strings.Repeat("я", maxWords/2),
	} {
		if got := words(in); got != want {
			t.Errorf("words(%.10q) = %.10q (%d bytes), want %d", in, got, len(got), len(want))
		}
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	good := Options{
		From: "a@example.com", BaseURL: "http://127.0.0.1:8080", Secret: make([]byte, 32),
		Send: func(context.Context, string, string, []byte) (string, error) { return "", nil },
	}
	d := dbtest.SQLite(t)
	for name, spoil := range map[string]func(*Options){
		"sender":        func(o *Options) { o.From = "nobody" },
		"relative base": func(o *Options) { o.BaseURL = "/app" },
		"short secret":  func(o *Options) { o.Secret = []byte("short") },
		"no way":        func(o *Options) { o.Send = nil },
	} {
		o := good
		spoil(&o)
		if _, err := New(d, queue.New(d, dbtest.Log(t)), nil, o); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, err := New(d, queue.New(d, dbtest.Log(t)), nil, good); err != nil {
		t.Errorf("got %v", err)
	}
}
