package engine

import (
	"context"
	"fmt"

	"gonets/internal/account"
	"gonets/internal/fault"
	"gonets/internal/mail"
	"gonets/internal/mailserver"
	"gonets/internal/message"
	"gonets/internal/smtp"
)

// SendTest sends a composed message to its own author, at once and over a
// connection of its own, and returns what the server said. It is no delivery
// and leaves no attempt. A refusal is Unavailable, with the server's words;
// too many tests of one user are TooMany.
func (e *Engine) SendTest(ctx context.Context, actor account.Actor, content message.Content) (smtp.Reply, error) {
	if e.Throttle != nil {
		if err := e.Throttle.Test(ctx, actor); err != nil {
			return smtp.Reply{}, fmt.Errorf("send a test: %w", err)
		}
	}
	server, err := e.Servers.Current(ctx)
	if err != nil {
		return smtp.Reply{}, fmt.Errorf("send a test: %w", err)
	}
	reply, err := e.sendTest(ctx, server, actor, content)
	if err == nil {
		return reply, nil
	}
	refusal := asError(err)
	said := refusal.Reply.String()
	if refusal.Reply.Code == 0 {
		said = words(refusal)
	}
	return reply, fault.Because(fmt.Errorf("send a test: %w", err), fault.Unavailable, "engine.test_refused", fault.Args{"Server": server.Address(), "Words": said})
}

func (e *Engine) sendTest(ctx context.Context, server mailserver.Server, actor account.Actor, content message.Content) (smtp.Reply, error) {
	to, err := mail.ParseAddress(actor.Email)
	if err != nil {
		return smtp.Reply{}, err
	}
	from, err := mail.ParseAddress(e.o.From)
	if err != nil {
		return smtp.Reply{}, err
	}
	conn, err := server.Dial(ctx)
	if err != nil {
		return smtp.Reply{}, err
	}
	defer conn.Close() //nolint:errcheck // it has answered by then
	now := e.Clock.Now()
	m := mail.Message{
		From: mail.Mailbox{Address: from}, To: mail.Mailbox{Address: to},
		Subject: content.Subject, Text: content.Text, HTML: content.HTML,
		MessageID: mail.NewMessageID(fmt.Sprintf("test.%d.%d", actor.ID, now.UnixMicro()), e.o.Host),
		Date:      now, Language: actor.Locale,
	}
	return mailserver.SendOver(ctx, conn, &m, e.o.EnvelopeFrom)
}
