package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"gonets/internal/mail"
	"gonets/internal/message"
	"gonets/internal/recipient"
)

// person is the recipient of a number: every tenth has a tag.
type person struct{ email, name, city, tags string }

func personOf(i int) person {
	p := person{
		email: fmt.Sprintf("user%07d@example%d.test", i, i%100),
		name:  fmt.Sprintf("Иван Петров %d", i),
		city:  "Москва",
	}
	if i%10 == 0 {
		p.tags = "tenth"
	}
	return p
}

// people reads as the CSV file of n persons, made while it is read.
func people(n int) io.Reader {
	in, out := io.Pipe()
	go func() {
		_, err := io.WriteString(out, "email,name,city,tags\n")
		var line []byte
		for i := 0; i < n && err == nil; i++ {
			p := personOf(i)
			line = fmt.Appendf(line, "%s,%s,%s,%s\n", p.email, p.name, p.city, p.tags)
			if len(line) > 32<<10 || i == n-1 {
				_, err = out.Write(line)
				line = line[:0]
			}
		}
		out.CloseWithError(err)
	}()
	return in
}

// The letter that is sent: a short newsletter of some 3 kB in both parts.
var (
	draft = message.Draft{
		Subject: "{{ recipient.name }}, what is new",
		Format:  message.Markdown,
		Body: `# What is new

Dear {{ recipient.name }},

this month we have opened a **reading room** in {{ recipient.city | default: "your town" }}. It has forty seats,
silence, and tea. Come by from ten to ten; nobody asks for a ticket.

- [Opening hours](https://news.example.test/hours)
- [The new books](https://news.example.test/books)
- [Evenings with authors](https://news.example.test/evenings)

Until soon,
your library
`,
	}
	sender = mail.Mailbox{Name: "The Library"}
)

const (
	senderEmail = "news@news.example.test"
	host        = "news.example.test"
	baseURL     = "https://news.example.test"
)

// letters makes the messages of n recipients as the engine would.
func letters(ctx context.Context, n int) (envelopes, contents [][]byte, err error) {
	w, err := newLite(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer w.drop()
	node, err := open(ctx, w.url)
	if err != nil {
		return nil, nil, err
	}
	defer node.close()
	compiled, err := node.messages.Compile(draft)
	if err != nil {
		return nil, nil, err
	}
	from := sender
	if from.Address, err = mail.ParseAddress(senderEmail); err != nil {
		return nil, nil, err
	}
	for i := range n {
		p := personOf(i)
		to, err := mail.ParseAddress(p.email)
		if err != nil {
			return nil, nil, err
		}
		unsubscribe := node.recipients.UnsubscribeURL(int64(i), 1)
		content, err := compiled.Compose(message.Input{
			Recipient:   recipient.Recipient{ID: int64(i), Email: p.email, Name: p.name, Attributes: map[string]any{"city": p.city}},
			MailingName: "News", SenderName: from.Name, UnsubscribeURL: unsubscribe, Now: time.Now(), Zone: time.UTC,
		})
		if err != nil {
			return nil, nil, err
		}
		raw, err := mail.Append(nil, &mail.Message{
			From: from, To: mail.Mailbox{Name: p.name, Address: to},
			Subject: content.Subject, Text: content.Text, HTML: content.HTML,
			MessageID: mail.NewMessageID(fmt.Sprintf("1.%d", i), host), Date: time.Now(), ListUnsubscribe: unsubscribe,
		}, mail.Caps{EightBit: true})
		if err != nil {
			return nil, nil, err
		}
		envelopes = append(envelopes, fmt.Appendf(nil, "MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n", senderEmail, p.email))
		contents = append(contents, raw)
	}
	return envelopes, contents, nil
}
