package smtp

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"strings"
)

// Dial connects to the server, encrypts, and logs in. The error is an [*Error]
// of a stage before MAIL.
func Dial(ctx context.Context, cfg Config) (*Conn, error) {
	c := &Conn{cfg: cfg.withDefaults(), server: cfg.Address()}
	if err := c.connect(ctx); err != nil {
		return nil, err
	}
	if err := c.open(ctx); err != nil {
		c.Abandon()
		return nil, err
	}
	return c, nil
}

func (c *Conn) connect(ctx context.Context) error {
	dialCtx, cancel := context.WithTimeout(ctx, c.cfg.Timeouts.Connect)
	defer cancel()
	nc, err := c.cfg.Dialer.DialContext(dialCtx, "tcp", c.cfg.Address())
	if err != nil {
		return c.lost(StageConnect, cause(ctx, err))
	}
	c.use(nc)
	return nil
}

// open goes from the first byte to the login.
func (c *Conn) open(ctx context.Context) error {
	defer c.interruptible(ctx)()
	if c.cfg.TLS == TLSImplicit {
		if err := c.encrypt(ctx); err != nil {
			return err
		}
	}
	if err := c.greet(ctx); err != nil {
		return err
	}
	if err := c.hello(ctx); err != nil {
		return err
	}
	if err := c.startTLS(ctx); err != nil {
		return err
	}
	return c.login(ctx)
}

// use makes nc the connection to speak on; what the old one had buffered is
// forgotten.
func (c *Conn) use(nc net.Conn) {
	c.nc = nc
	c.br = bufio.NewReaderSize(nc, maxReplyLine)
}

// greet reads the greeting, whose first word is the server's name
// (RFC 5321 4.2).
func (c *Conn) greet(ctx context.Context) error {
	reply, err := c.read(ctx, StageConnect, c.cfg.Timeouts.Greeting)
	if err != nil {
		return err
	}
	if reply.Code != 220 {
		return c.refusal(StageConnect, reply)
	}
	c.said[0] = reply.String()
	if words := strings.Fields(reply.Text); len(words) > 0 && words[0] != c.cfg.Host {
		name := words[0]
		c.server += " (" + name[:min(len(name), 255)] + ")"
	}
	return nil
}

// hello sends EHLO, or HELO to a server that does not know it.
func (c *Conn) hello(ctx context.Context) error {
	c.caps = Caps{}
	name := c.localName()
	reply, err := c.command(ctx, StageConnect, c.cfg.Timeouts.Command, "EHLO "+name)
	if err != nil {
		return err
	}
	if reply.positive() {
		c.caps, c.said[1] = parseCaps(reply.Text), reply.String()
		return nil
	}
	if reply.Code/100 != 5 {
		return c.refusal(StageConnect, reply)
	}
	if reply, err = c.command(ctx, StageConnect, c.cfg.Timeouts.Command, "HELO "+name); err != nil {
		return err
	}
	if !reply.positive() {
		return c.refusal(StageConnect, reply)
	}
	return nil
}

// localName is our name in EHLO: a full name, or an address literal
// (RFC 5321 4.1.3, 4.1.4).
func (c *Conn) localName() string {
	name := c.cfg.LocalName
	if name == "" {
		name, _ = os.Hostname()
		if !strings.Contains(name, ".") {
			name = ""
		}
	}
	if name != "" && isASCII(name) && !strings.ContainsFunc(name, forbidden) {
		return name
	}
	addr, ok := c.nc.LocalAddr().(*net.TCPAddr)
	switch {
	case !ok:
		return "localhost"
	case addr.IP.To4() != nil:
		return "[" + addr.IP.To4().String() + "]"
	default:
		return "[IPv6:" + addr.IP.String() + "]"
	}
}

// startTLS encrypts the connection as the configuration wants it. A server that
// offers STARTTLS and then refuses is no reason to go on in the clear.
func (c *Conn) startTLS(ctx context.Context) error {
	switch c.cfg.TLS {
	case TLSImplicit, TLSNone:
		return nil
	case TLSOpportunistic, TLSRequired:
	}
	if !c.caps.STARTTLS {
		if c.cfg.TLS == TLSRequired {
			return refuse(c.server, StageTLS, 530, "5.7.10", "the server offers no STARTTLS, and TLS is required")
		}
		return nil
	}
	reply, err := c.command(ctx, StageTLS, c.cfg.Timeouts.Command, "STARTTLS")
	if err != nil {
		return err
	}
	if !reply.positive() {
		return c.refusal(StageTLS, reply)
	}
	if c.br.Buffered() > 0 { // CVE-2011-0411, seen from the client
		return c.lost(StageTLS, errors.New("the server sent plain text behind its answer to STARTTLS"))
	}
	if err := c.encrypt(ctx); err != nil {
		return err
	}
	return c.hello(ctx) // what was offered in the clear is void (RFC 3207 4.2)
}

func (c *Conn) encrypt(ctx context.Context) error {
	tc := tls.Client(c.nc, c.cfg.tls())
	if err := c.arm(ctx, c.cfg.Timeouts.TLS); err != nil {
		return c.lost(StageTLS, cause(ctx, err))
	}
	if err := tc.HandshakeContext(ctx); err != nil {
		return c.lost(StageTLS, cause(ctx, err))
	}
	c.use(tc)
	return nil
}
