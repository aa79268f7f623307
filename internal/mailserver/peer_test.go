package mailserver_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"
)

// peer is a real mail server, go-smtp, that says what a test wants it to say.
type peer struct {
	onMail, onRcpt, onData error
	tls                    *tls.Config // nil: none
	implicit               bool        // TLS from the first byte
	mail                   chan string // what it took
}

func newPeer() *peer { return &peer{mail: make(chan string, 100)} }

func (p *peer) NewSession(*gosmtp.Conn) (gosmtp.Session, error) { return &session{p}, nil }

type session struct{ *peer }

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func (s *session) Mail(string, *gosmtp.MailOptions) error { return s.onMail }
func (s *session) Rcpt(string, *gosmtp.RcptOptions) error { return s.onRcpt }

func (s *session) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	if err == nil {
		err = s.onData
	}
	if err == nil {
		s.mail <- string(content)
	}
	return err
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "gonets" || password != "secret" {
			return &gosmtp.SMTPError{Code: 535, EnhancedCode: gosmtp.EnhancedCode{5, 7, 8}, Message: "Bad <b>credentials</b>"}
		}
		return nil
	}), nil
}

// serve starts the peer and answers its port.
func (p *peer) serve(t *testing.T) (port int) {
	t.Helper()
	server := gosmtp.NewServer(p)
	server.Domain = "mx.test"
	server.AllowInsecureAuth = true
	server.ErrorLog = log.New(io.Discard, "", 0)
	l := listen(t)
	port = portOf(l)
	if p.implicit {
		l = tls.NewListener(l, p.tls)
	} else {
		server.TLSConfig = p.tls
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("close the peer: %v", err)
		}
		<-done
	})
	return port
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func portOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// speak starts a server that answers each line it hears with the next of its
// own, says the first of them unasked, and hangs up behind the last one; after
// "…" it is silent until the client goes.
func speak(t *testing.T, lines ...string) (port int) {
	t.Helper()
	l := listen(t)
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			utter(nc, lines)
		}
	}()
	return portOf(l)
}

func utter(nc net.Conn, lines []string) {
	defer nc.Close()
	heard := bufio.NewReader(nc)
	for i, line := range lines {
		if i > 0 {
			if _, err := heard.ReadString('\n'); err != nil {
				return
			}
		}
		if line == "…" {
			io.Copy(io.Discard, heard)
			return
		}
		if _, err := io.WriteString(nc, strings.ReplaceAll(line, "|", "\r\n")+"\r\n"); err != nil {
			return
		}
	}
}

// selfSigned is the certificate of a server that nobody has reason to trust.
func selfSigned(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"mx.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}
