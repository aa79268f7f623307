package cli

import (
	"context"

	"gonets/internal/mail"
	"gonets/internal/smtp"
)

// sendLetter hands one of the service's own letters to the mail server.
func (a *app) sendLetter(ctx context.Context, from, to string, raw []byte) (response string, err error) {
	conn, put, err := a.post.Get(ctx)
	if err != nil {
		return "", err
	}
	defer put()
	sender, senderUTF8 := wire(from)
	recipient, recipientUTF8 := wire(to)
	err = conn.Offer(ctx, smtp.Envelope{
		From:     sender,
		To:       recipient,
		UTF8:     senderUTF8 || recipientUTF8,
		EightBit: eightBit(raw),
		Size:     len(raw),
	})
	if err != nil {
		return "", err
	}
	reply, _, err := conn.Deliver(ctx, raw, nil)
	return reply.String(), err
}

// wire is an address as servers are told it, and whether that takes SMTPUTF8.
func wire(address string) (plain string, utf8 bool) {
	parsed, err := mail.ParseAddress(address)
	if err != nil {
		return address, false // the server will say what it thinks
	}
	if plain, ok := parsed.ASCII(); ok {
		return plain, false
	}
	return parsed.String(), true
}

func eightBit(b []byte) bool {
	for _, c := range b {
		if c > 127 {
			return true
		}
	}
	return false
}
