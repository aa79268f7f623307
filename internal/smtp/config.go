package smtp

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// TLSMode says when a connection is encrypted.
type TLSMode int

const (
	// TLSOpportunistic uses STARTTLS whenever the server offers it. The
	// certificate must be good, except on this machine, where the password
	// may travel in the clear too: a local Postfix signs its own.
	TLSOpportunistic TLSMode = iota
	// TLSRequired uses STARTTLS, and refuses a server without it.
	TLSRequired
	// TLSImplicit speaks TLS from the first byte (RFC 8314 3.3).
	TLSImplicit
	// TLSNone never encrypts.
	TLSNone
)

// Dialer opens the connection to the server; *net.Dialer is one.
type Dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// Config says how to reach a mail server.
type Config struct {
	Host string // name or IP address
	Port int
	TLS  TLSMode

	// Username and Password log in; an empty Username means no login. They are
	// sent over TLS only, unless Host is this machine.
	Username string
	Password string `json:"-"`

	// LocalName is what EHLO calls us. Empty: the machine's name if it is a
	// full one, else the address of the connection's near end (RFC 5321 4.1.4).
	LocalName string

	// TLSConfig is the base of the TLS configuration; ServerName, if empty,
	// becomes Host, and TLS 1.2 is the least. nil: the default.
	TLSConfig *tls.Config

	// MaxMessages is how many messages one connection carries before it is
	// [Conn.Spent]; servers have such limits too. 0: 1,000.
	MaxMessages int

	Timeouts Timeouts
	Dialer   Dialer // nil: a net.Dialer
}

// defaultMaxMessages is the limit of Exim's default configuration
// (smtp_accept_max_per_connection), one of the lower ones.
const defaultMaxMessages = 1000

// Address returns "host:port".
func (c Config) Address() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }

// String returns the configuration as a URL without the password.
func (c Config) String() string {
	u := url.URL{Scheme: "smtp", Host: c.Address()}
	if c.TLS == TLSImplicit {
		u.Scheme = "smtps"
	}
	if c.Username != "" {
		u.User = url.User(c.Username)
	}
	return u.String()
}

// LogValue keeps the password out of structured logs.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// local reports whether the server is this machine.
func (c Config) local() bool {
	if strings.EqualFold(c.Host, "localhost") {
		return true
	}
	ip := net.ParseIP(c.Host)
	return ip != nil && ip.IsLoopback()
}

// tls returns the TLS configuration for this server.
func (c Config) tls() *tls.Config {
	t := &tls.Config{InsecureSkipVerify: c.TLS == TLSOpportunistic && c.local()} //nolint:gosec // see TLSOpportunistic
	if c.TLSConfig != nil {
		t = c.TLSConfig.Clone()
	}
	t.ServerName = cmp.Or(t.ServerName, c.Host)
	t.MinVersion = max(t.MinVersion, tls.VersionTLS12)
	return t
}

// withDefaults fills in what was left empty.
func (c Config) withDefaults() Config {
	c.MaxMessages = cmp.Or(c.MaxMessages, defaultMaxMessages)
	c.Timeouts = c.Timeouts.withDefaults()
	if c.Dialer == nil {
		c.Dialer = &net.Dialer{}
	}
	return c
}

// Timeouts bound each wait of the dialogue. 0 means the default, which is the
// least that RFC 5321 4.5.3.2 asks of a client where it speaks of that wait.
type Timeouts struct {
	Connect   time.Duration // TCP connection; 30 s
	TLS       time.Duration // TLS handshake; 30 s
	Greeting  time.Duration // 220; 5 min
	Command   time.Duration // EHLO, STARTTLS, AUTH, RSET; 5 min
	Mail      time.Duration // 5 min
	Rcpt      time.Duration // 5 min
	Data      time.Duration // 354; 2 min
	Block     time.Duration // each write of content; 3 min
	EndOfData time.Duration // the answer to the final dot; 10 min
	Noop      time.Duration // an idle connection's sign of life; 5 s
	Quit      time.Duration // the farewell; 3 s
}

func (t Timeouts) withDefaults() Timeouts {
	return Timeouts{
		Connect:   cmp.Or(t.Connect, 30*time.Second),
		TLS:       cmp.Or(t.TLS, 30*time.Second),
		Greeting:  cmp.Or(t.Greeting, 5*time.Minute),
		Command:   cmp.Or(t.Command, 5*time.Minute),
		Mail:      cmp.Or(t.Mail, 5*time.Minute),
		Rcpt:      cmp.Or(t.Rcpt, 5*time.Minute),
		Data:      cmp.Or(t.Data, 2*time.Minute),
		Block:     cmp.Or(t.Block, 3*time.Minute),
		EndOfData: cmp.Or(t.EndOfData, 10*time.Minute),
		Noop:      cmp.Or(t.Noop, 5*time.Second),
		Quit:      cmp.Or(t.Quit, 3*time.Second),
	}
}
