package smtp

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"
)

// peer is a real server, go-smtp, that keeps what it is sent.
type peer struct {
	auth []string // mechanisms it offers

	mu   sync.Mutex
	mail []received
}

type received struct {
	user, from, to, content string
	opts                    gosmtp.MailOptions
}

type session struct {
	peer *peer
	now  received
}

func (p *peer) NewSession(*gosmtp.Conn) (gosmtp.Session, error) {
	if p.auth == nil {
		return &session{peer: p}, nil
	}
	return &authSession{session{peer: p}}, nil
}

func (s *session) Reset()        { s.now = received{user: s.now.user} }
func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, opts *gosmtp.MailOptions) error {
	s.now.from, s.now.opts = from, *opts
	return nil
}

func (s *session) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	if strings.HasPrefix(to, "nobody@") {
		return &gosmtp.SMTPError{Code: 550, EnhancedCode: gosmtp.EnhancedCode{5, 1, 1}, Message: "who?"}
	}
	s.now.to = to
	return nil
}

func (s *session) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.now.content = string(content)
	s.peer.mu.Lock()
	defer s.peer.mu.Unlock()
	s.peer.mail = append(s.peer.mail, s.now)
	return nil
}

type authSession struct{ session }

func (s *authSession) AuthMechanisms() []string { return s.peer.auth }

func (s *authSession) Auth(mechanism string) (sasl.Server, error) {
	if mechanism == sasl.Plain {
		return sasl.NewPlainServer(func(_, user, password string) error { return s.login(user, password) }), nil
	}
	return &loginServer{session: s}, nil
}

func (s *authSession) login(user, password string) error {
	if user != "user" || password != "secret" {
		return errors.New("wrong")
	}
	s.now.user = user
	return nil
}

// loginServer is the other side of LOGIN, which go-sasl does not have.
type loginServer struct {
	session *authSession
	heard   []string
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if response != nil {
		l.heard = append(l.heard, string(response))
	}
	switch len(l.heard) {
	case 0:
		return []byte("Username:"), false, nil
	case 1:
		return []byte("Password:"), false, nil
	}
	return nil, true, l.session.login(l.heard[0], l.heard[1])
}

// serve starts the peer and returns how to reach it.
func (p *peer) serve(t *testing.T, set func(*gosmtp.Server)) Config {
	t.Helper()
	server := gosmtp.NewServer(p)
	server.Domain = "mx.test"
	server.AllowInsecureAuth = true
	server.ErrorLog = log.New(io.Discard, "", 0)
	if set != nil {
		set(server)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("close server: %v", err)
		}
		<-done
	})
	return Config{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, LocalName: "client.test"}
}

// certificate makes a certificate for 127.0.0.1, and the configuration of a
// client that trusts it.
func certificate(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:   time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
		&tls.Config{RootCAs: roots}
}

func TestServer(t *testing.T) {
	serverTLS, clientTLS := certificate(t)
	login := func(c *Config) { c.Username, c.Password = "user", "secret" }
	trust := func(mode TLSMode) func(*Config) {
		return func(c *Config) { login(c); c.TLS, c.TLSConfig = mode, clientTLS }
	}
	starttls := func(s *gosmtp.Server) { s.TLSConfig = serverTLS }
	for name, tt := range map[string]struct {
		auth   []string
		server func(*gosmtp.Server)
		client func(*Config)
		user   string
	}{
		"plain":         {},
		"AUTH PLAIN":    {auth: []string{"LOGIN", "PLAIN"}, client: login, user: "user"},
		"AUTH LOGIN":    {auth: []string{"LOGIN"}, client: login, user: "user"},
		"STARTTLS":      {auth: []string{"PLAIN"}, server: starttls, client: trust(TLSOpportunistic), user: "user"},
		"STARTTLS must": {auth: []string{"PLAIN"}, server: starttls, client: trust(TLSRequired), user: "user"},
		"no TLS":        {auth: []string{"PLAIN"}, server: starttls, client: trust(TLSNone), user: "user"},
	} {
		t.Run(name, func(t *testing.T) {
			p := &peer{auth: tt.auth}
			cfg := p.serve(t, tt.server)
			if tt.client != nil {
				tt.client(&cfg)
			}
			p.converse(t, cfg, tt.user)
		})
	}
}

func TestServerImplicitTLS(t *testing.T) {
	serverTLS, clientTLS := certificate(t)
	p := &peer{}
	cfg := p.serve(t, nil)
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := gosmtp.NewServer(p)
	done := make(chan error, 1)
	go func() { done <- server.Serve(tls.NewListener(plain, serverTLS)) }()
	defer func() { _ = server.Close(); <-done }()
	cfg.Port, cfg.TLS, cfg.TLSConfig = plain.Addr().(*net.TCPAddr).Port, TLSImplicit, clientTLS
	p.converse(t, cfg, "")
}

// converse sends three messages over one connection, with a refused recipient
// between them.
func (p *peer) converse(t *testing.T, cfg Config, user string) {
	t.Helper()
	ctx := t.Context()
	c, err := Dial(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	contents := []string{"Subject: 1\r\n\r\none\r\n", "Subject: 2\r\n\r\n.\r\n..dots\r\n", strings.Repeat("привет мир\r\n", 10_000)}
	env := Envelope{From: "a@x.test", To: "b@y.test"}
	check(t, "offer", brief(c.Offer(ctx, env)), "ok")
	_, offered, err := c.Deliver(ctx, []byte(contents[0]), &Envelope{From: "a@x.test", To: "nobody@y.test"})
	check(t, "first", brief(err), "ok")
	check(t, "nobody", brief(offered), "rcpt 550 5.1.1")
	check(t, "offer", brief(c.Offer(ctx, env)), "ok")
	_, offered, err = c.Deliver(ctx, []byte(contents[1]), &Envelope{To: "c@y.test", EightBit: true, Size: len(contents[2])})
	check(t, "second", brief(err)+", "+brief(offered), "ok, ok")
	reply, _, err := c.Deliver(ctx, []byte(contents[2]), nil)
	check(t, "third", brief(err), "ok")
	check(t, "reply", reply.Enhanced, "2.0.0")
	check(t, "close", brief(c.Close()), "ok")

	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.mail) != len(contents) {
		t.Fatalf("server has %d messages, want %d", len(p.mail), len(contents))
	}
	for i, got := range p.mail {
		if got.content != contents[i] || got.user != user {
			t.Errorf("message %d: got %.40q from %q, want %.40q from %q", i, got.content, got.user, contents[i], user)
		}
	}
	if last := p.mail[2]; last.opts.Body != gosmtp.Body8BitMIME || last.opts.Size == 0 || last.from != "" || last.to != "c@y.test" {
		t.Errorf("envelope of the last: got %+v", last)
	}
}

func TestServerSMTPUTF8(t *testing.T) {
	p := &peer{}
	c, err := Dial(t.Context(), p.serve(t, func(s *gosmtp.Server) { s.EnableSMTPUTF8 = true }))
	if err != nil {
		t.Fatal(err)
	}
	check(t, "offer", brief(c.Offer(t.Context(), Envelope{From: "a@x.test", To: "иван@почта.рф"})), "ok")
	_, _, err = c.Deliver(t.Context(), []byte("Subject: привет\r\n\r\n"), nil)
	check(t, "deliver", brief(err), "ok")
	check(t, "close", brief(c.Close()), "ok")
	if len(p.mail) != 1 || p.mail[0].to != "иван@почта.рф" || !p.mail[0].opts.UTF8 {
		t.Errorf("got %+v", p.mail)
	}
}

func TestServerRefusesLogin(t *testing.T) {
	for _, mechanism := range []string{"PLAIN", "LOGIN"} {
		t.Run(mechanism, func(t *testing.T) {
			cfg := (&peer{auth: []string{mechanism}}).serve(t, nil)
			cfg.Username, cfg.Password = "user", "hunter2"
			_, err := Dial(t.Context(), cfg)
			var e *Error
			if !errors.As(err, &e) || e.Stage != StageAuth || e.Network() || e.Local {
				t.Errorf("got %v, want a refusal at auth", err)
			}
		})
	}
}

func TestServerWithUnknownCertificate(t *testing.T) {
	serverTLS, _ := certificate(t)
	cfg := (&peer{}).serve(t, func(s *gosmtp.Server) { s.TLSConfig = serverTLS })
	for name, tt := range map[string]struct {
		mode   TLSMode
		config *tls.Config
		want   string
	}{
		"required":       {TLSRequired, nil, "tls network"},
		"own roots":      {TLSOpportunistic, &tls.Config{}, "tls network"},
		"skipped":        {TLSRequired, &tls.Config{InsecureSkipVerify: true}, "ok"},
		"this machine's": {TLSOpportunistic, nil, "ok"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg.TLS, cfg.TLSConfig = tt.mode, tt.config
			c, err := Dial(t.Context(), cfg)
			check(t, "err", brief(err), tt.want)
			if err == nil {
				check(t, "close", brief(c.Close()), "ok")
			} else if unknown := new(x509.UnknownAuthorityError); !errors.As(err, unknown) {
				t.Errorf("got %v, want %T", err, *unknown)
			}
		})
	}
}

// Another machine's certificate is verified, whatever the mode.
func TestVerification(t *testing.T) {
	for _, mode := range []TLSMode{TLSOpportunistic, TLSRequired, TLSImplicit} {
		if (Config{Host: "mx.test", TLS: mode}).tls().InsecureSkipVerify {
			t.Errorf("mode %d does not verify mx.test", mode)
		}
	}
}

// EHLO names the near end of the connection where we have no full name.
func TestLocalName(t *testing.T) {
	near, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	nc, err := net.Dial("tcp", near.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	for name, want := range map[string]string{
		"client.test":          "client.test",
		"evil\r\nMAIL FROM:<>": "[127.0.0.1]",
		"почта.рф":             "[127.0.0.1]",
	} {
		c := &Conn{nc: nc, cfg: Config{LocalName: name}}
		check(t, "name", c.localName(), want)
	}
	if bytes.ContainsAny([]byte((&Conn{nc: nc}).localName()), " \r\n") {
		t.Error("the machine's name has a space")
	}
}
