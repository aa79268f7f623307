package mailserver_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"gonets/internal/account"
	"gonets/internal/audit"
	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/fault"
	"gonets/internal/mailserver"
)

// admin is somebody with an address who may edit the service.
func admin() account.Actor {
	return account.Actor{ID: 7, Email: "root@example.com", Locale: "en", Permissions: account.Everything()}
}

func newServers(t *testing.T, d *db.DB, patience time.Duration) *mailserver.Servers {
	t.Helper()
	s, err := mailserver.New(d, mailserver.Options{
		Secret: make([]byte, 32), From: "gonets@example.com", Host: "gonets.example", Patience: patience,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// add makes a server on this machine.
func add(t *testing.T, s *mailserver.Servers, port int, security mailserver.Security, password string) mailserver.Server {
	t.Helper()
	d := mailserver.Draft{Host: "127.0.0.1", Port: port, Security: security, Connections: 1, Enabled: true}
	if password != "" {
		d.Username, d.Password = "gonets", password
	}
	made, err := s.Create(t.Context(), account.CommandLine(), d)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestTrialThatIsTaken(t *testing.T) {
	s := newServers(t, dbtest.SQLite(t), time.Minute)
	for name, tt := range map[string]struct {
		peer     func(*peer)
		security mailserver.Security
		password string
		tls      string
	}{
		"plain":                    {security: mailserver.Auto},
		"none":                     {security: mailserver.None},
		"STARTTLS":                 {peer: func(p *peer) { p.tls = selfSigned(t) }, security: mailserver.Auto, tls: "TLS 1.3"},
		"login":                    {security: mailserver.Auto, password: "secret"},
		"login behind STARTTLS":    {peer: func(p *peer) { p.tls = selfSigned(t) }, security: mailserver.Auto, password: "secret", tls: "TLS 1.3"},
		"STARTTLS that isn't used": {peer: func(p *peer) { p.tls = selfSigned(t) }, security: mailserver.None},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPeer()
			if tt.peer != nil {
				tt.peer(p)
			}
			server := add(t, s, p.serve(t), tt.security, tt.password)
			got, err := s.Check(t.Context(), admin(), server.ID)
			if err != nil {
				t.Fatal(err)
			}
			if got.TLS != tt.tls || got.Login != (tt.password != "") || !strings.Contains(got.Server, "mx.test") || !strings.HasPrefix(got.Words, "220 mx.test") {
				t.Errorf("check: got %+v", got)
			}
			if got, err = s.SendTest(t.Context(), admin(), server.ID, mailserver.Letter{Service: "Почта", Subject: "Проба", Text: "It works."}); err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(got.Words, "250 2.0.0") {
				t.Errorf("letter: got the words %q, want the answer to the final dot", got.Words)
			}
			content := <-p.mail
			for _, want := range []string{"To: root@example.com", "From: =?utf-8?B?0J/QvtGH0YLQsA==?= <gonets@example.com>", "It works."} {
				if !strings.Contains(content, want) {
					t.Errorf("the letter lacks %q:\n%s", want, content)
				}
			}
		})
	}
}

// TestTrialThatIsRefused shows at which stage, and in whose words; those of
// the server stand as they are.
func TestTrialThatIsRefused(t *testing.T) {
	says := func(code int, enhanced gosmtp.EnhancedCode, words string) error {
		return &gosmtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: words}
	}
	with := func(set func(*peer)) func(*testing.T) int {
		return func(t *testing.T) int { p := newPeer(); set(p); return p.serve(t) }
	}
	hello := []string{"220 mx.test", "250 mx.test"}
	script := func(lines ...string) func(*testing.T) int {
		return func(t *testing.T) int { t.Helper(); return speak(t, lines...) }
	}
	after := func(lines ...string) func(*testing.T) int {
		return func(t *testing.T) int { t.Helper(); return speak(t, append(hello, lines...)...) }
	}
	d := dbtest.SQLite(t)
	s, impatient := newServers(t, d, time.Minute), newServers(t, d, 300*time.Millisecond)
	for name, tt := range map[string]struct {
		serve    func(*testing.T) int
		security mailserver.Security
		password string
		letter   bool   // sends one; otherwise it is only looked at
		key      string // behind "mailserver."
		words    string // among those shown
	}{
		"nobody there": {
			serve: func(t *testing.T) int { l := listen(t); defer l.Close(); return portOf(l) },
			key:   "refused.connect", words: "connection refused",
		},
		"busy":             {serve: script("421 4.3.2 <i>Too busy</i>"), key: "refused.connect", words: "421 4.3.2 <i>Too busy</i>"},
		"no service":       {serve: script("554 5.3.2 Go away"), key: "refused.connect", words: "554 5.3.2 Go away"},
		"drops":            {serve: script("220 mx.test"), key: "refused.connect", words: "closed the connection"},
		"no mail server":   {serve: script("SSH-2.0-OpenSSH_9.2"), key: "refused.connect", words: "SSH-2.0"},
		"silent":           {serve: script("…"), key: "silent"},
		"silent to EHLO":   {serve: script("220 mx.test", "…"), key: "silent"},
		"no STARTTLS":      {serve: with(func(*peer) {}), security: mailserver.Required, key: "no_starttls"},
		"no TLS":           {serve: script("220 mx.test"), security: mailserver.Implicit, key: "refused.tls"},
		"silent to TLS":    {serve: script("…"), security: mailserver.Implicit, key: "silent"},
		"bad certificate":  {serve: with(func(p *peer) { p.tls, p.implicit = selfSigned(t), true }), security: mailserver.Implicit, key: "refused.tls", words: "certificate"},
		"bad, by STARTTLS": {serve: with(func(p *peer) { p.tls = selfSigned(t) }), security: mailserver.Required, key: "refused.tls", words: "certificate"},
		"wrong password":   {serve: with(func(*peer) {}), password: "hush-hush", key: "refused.auth", words: "535 5.7.8 Bad <b>credentials</b>"},
		"no login":         {serve: script(hello...), password: "hush-hush", key: "no_login"},
		"sender":           {serve: with(func(p *peer) { p.onMail = says(451, gosmtp.EnhancedCode{4, 7, 1}, "Not yet") }), letter: true, key: "refused.mail", words: "451 4.7.1 Not yet"},
		"recipient":        {serve: with(func(p *peer) { p.onRcpt = says(550, gosmtp.EnhancedCode{5, 1, 1}, "Who?") }), letter: true, key: "refused.rcpt", words: "550 5.1.1 Who?"},
		"letter":           {serve: with(func(p *peer) { p.onData = says(554, gosmtp.EnhancedCode{5, 7, 1}, "Spam") }), letter: true, key: "refused.end_of_data", words: "554 5.7.1 Spam"},
		"drops at MAIL":    {serve: after(), letter: true, key: "refused.mail", words: "closed the connection"},
		"silent at MAIL":   {serve: after("…"), letter: true, key: "silent"},
		"silent after dot": {serve: after("250 OK", "250 OK", "354 Go on", "…"), letter: true, key: "silent"},
		"taken elsewhere":  {serve: after("250 OK", "250 OK", "354 Go on"), letter: true, key: "refused.end_of_data"},
	} {
		t.Run(name, func(t *testing.T) {
			security := tt.security
			if security == "" {
				security = mailserver.Auto
			}
			server := add(t, s, tt.serve(t), security, tt.password)
			by := s
			if tt.key == "silent" {
				by = impatient
			}
			try := by.Check
			if tt.letter {
				if _, err := s.Check(t.Context(), admin(), server.ID); err != nil {
					t.Fatalf("check: %v", err)
				}
				try = func(ctx context.Context, actor account.Actor, id int64) (mailserver.Trial, error) {
					return by.SendTest(ctx, actor, id, mailserver.Letter{Subject: "Test", Text: "It works."})
				}
			}
			_, err := try(t.Context(), admin(), server.ID)
			said, ok := errors.AsType[*fault.Error](err)
			if !ok || said.Kind != fault.Unavailable {
				t.Fatalf("got %v, want Unavailable", err)
			}
			got := fmt.Sprint(said.Args["Words"])
			if said.Key != "mailserver."+tt.key || !strings.Contains(got, tt.words) {
				t.Errorf("got %s, %q; want %s, %q", said.Key, got, tt.key, tt.words)
			}
			if said.Args["Server"] != server.Address() {
				t.Errorf("got the server %v, want %s", said.Args["Server"], server.Address())
			}
			if strings.Contains(got+err.Error(), "hush") {
				t.Errorf("the password is told: %v", err)
			}
		})
	}
}

// TestTrialsAreCounted and on record, whether the server was there or not: the
// door is no way to look through a network.
func TestTrialsAreCounted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, s := t.Context(), newServers(t, d, time.Minute)
		l := listen(t)
		server := add(t, s, portOf(l), mailserver.None, "")
		l.Close()
		if _, err := s.Check(ctx, account.Actor{ID: 1}, server.ID); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a user: got %v, want Forbidden", err)
		}
		if _, err := s.Check(ctx, admin(), server.ID+1); !fault.Is(err, fault.NotFound) {
			t.Errorf("no server: got %v, want NotFound", err)
		}
		const allowed = 60
		for n := range allowed {
			var err error
			if n%2 == 0 {
				_, err = s.Check(ctx, admin(), server.ID)
			} else {
				_, err = s.SendTest(ctx, admin(), server.ID, mailserver.Letter{Subject: "Test", Text: "It works."})
			}
			if !fault.Is(err, fault.Unavailable) {
				t.Fatalf("try %d: got %v, want Unavailable", n+1, err)
			}
		}
		if _, err := s.Check(ctx, admin(), server.ID); !fault.Is(err, fault.TooMany) {
			t.Errorf("a check too many: got %v, want TooMany", err)
		}
		if _, err := s.SendTest(ctx, admin(), server.ID, mailserver.Letter{Subject: "Test", Text: "It works."}); !fault.Is(err, fault.TooMany) {
			t.Errorf("a letter too many: got %v, want TooMany", err)
		}

		got := map[string]int{}
		entries, _, err := audit.List(ctx, d.Read(), audit.Filter{ActorID: admin().ID, Limit: 500})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			got[e.Action]++
			if e.ObjectName != server.Address() {
				t.Errorf("audit: got the object %q, want %q", e.ObjectName, server.Address())
			}
		}
		if len(got) != 2 || got["mail_server.check"] != allowed/2 || got["mail_server.test"] != allowed/2 {
			t.Errorf("audit: got %v, want %d of each", got, allowed/2)
		}
	})
}
