package smtp

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/emersion/go-sasl"
)

// maxCommand is the longest command line, in bytes with its line end
// (RFC 5321 4.5.3.1.4).
const maxCommand = 512

// login authenticates with PLAIN, or with LOGIN where the server knows no
// better (RFC 4954).
func (c *Conn) login(ctx context.Context) error {
	if c.cfg.Username == "" {
		return nil
	}
	if _, encrypted := c.nc.(*tls.Conn); !encrypted && !c.cfg.local() {
		return refuse(c.server, StageAuth, 538, "5.7.11",
			"the server offers no TLS, and the password is not sent in the clear")
	}
	switch {
	case slices.Contains(c.caps.Auth, sasl.Plain):
		return c.authenticate(ctx, sasl.NewPlainClient("", c.cfg.Username, c.cfg.Password))
	case slices.Contains(c.caps.Auth, sasl.Login):
		return c.authenticate(ctx, &loginClient{answers: []string{c.cfg.Username, c.cfg.Password}})
	default:
		return refuse(c.server, StageAuth, 504, "5.5.4", "the server offers neither AUTH PLAIN nor AUTH LOGIN")
	}
}

// authenticate leads the dialogue of a mechanism (RFC 4954 4).
func (c *Conn) authenticate(ctx context.Context, client sasl.Client) error {
	mechanism, initial, err := client.Start()
	if err != nil {
		return c.lost(StageAuth, err)
	}
	line := "AUTH " + mechanism
	if initial != nil {
		with := line + " " + base64.StdEncoding.EncodeToString(initial)
		if len(with)+len("\r\n") <= maxCommand {
			line, initial = with, nil
		}
	}
	for {
		reply, failed := c.command(ctx, StageAuth, c.cfg.Timeouts.Command, line)
		switch {
		case failed != nil:
			return failed
		case reply.positive():
			return nil
		case reply.Code != 334:
			return c.refusal(StageAuth, reply)
		}
		response := initial // asked for by an empty challenge
		if initial = nil; response == nil {
			if response, err = respond(client, reply.Text); err != nil {
				return c.lost(StageAuth, fmt.Errorf("AUTH %s: %w", mechanism, err))
			}
		}
		line = base64.StdEncoding.EncodeToString(response)
	}
}

func respond(client sasl.Client, challenge string) ([]byte, error) {
	decoded, err := base64.StdEncoding.DecodeString(challenge)
	if err != nil {
		return nil, errors.New("the server's challenge is not base64")
	}
	return client.Next(decoded)
}

// loginClient speaks LOGIN: two questions, whose wording differs from server to
// server (go-sasl knows only one), and two answers.
type loginClient struct{ answers []string }

func (l *loginClient) Start() (mechanism string, initial []byte, err error) {
	return sasl.Login, nil, nil
}

func (l *loginClient) Next([]byte) ([]byte, error) {
	if len(l.answers) == 0 {
		return nil, sasl.ErrUnexpectedServerChallenge
	}
	answer := l.answers[0]
	l.answers = l.answers[1:]
	return []byte(answer), nil
}
