package engine

import (
	"strconv"

	"gonets/internal/delivery"
	"gonets/internal/mail"
	"gonets/internal/message"
	"gonets/internal/smtp"
)

// letter is a parcel composed for the connection it will take.
type letter struct {
	parcel   *parcel
	address  string // as it goes on record
	envelope smtp.Envelope
	content  []byte
}

// compose makes the letter of a parcel. A recipient for whom that is not
// possible has failed, alone; the answer is nil then.
func (c *courier) compose(p *parcel) *letter {
	l, err := c.write(p)
	if err != nil {
		c.Log.Warn("a message can't be composed", "delivery", p.delivery.ID, "run", p.run.ID, "error", err)
		c.settleAs(p, delivery.Result{Delivery: p.delivery, End: delivery.CannotCompose, At: c.Clock.Now(), Address: p.to.Email})
		return nil
	}
	return l
}

func (c *courier) write(p *parcel) (*letter, error) {
	to, err := mail.ParseAddress(p.to.Email)
	if err != nil {
		return nil, err
	}
	unsubscribe := c.Recipients.UnsubscribeURL(p.to.ID, p.run.MailingID)
	now := c.Clock.Now()
	content, err := p.compiled.Compose(message.Input{
		Recipient:      p.to,
		MailingName:    p.run.MailingName,
		SenderName:     p.from.Name,
		UnsubscribeURL: unsubscribe,
		Locale:         p.run.OwnerLocale,
		Now:            now,
		Zone:           p.zones[p.to.TimeZone],
	})
	if err != nil {
		return nil, err
	}
	m := mail.Message{
		From:            p.from,
		To:              mail.Mailbox{Name: p.to.Name, Address: to},
		Subject:         content.Subject,
		Text:            content.Text,
		HTML:            content.HTML,
		MessageID:       c.MessageID(p.run.ID, p.delivery.ID),
		Date:            now,
		ListUnsubscribe: unsubscribe,
		Language:        p.to.Locale,
	}
	return c.pack(p, &m)
}

// pack writes the bytes into one of two buffers: one letter is on its way
// while the next one is offered.
func (c *courier) pack(p *parcel, m *mail.Message) (*letter, error) {
	caps := c.conn.Caps()
	utf8 := m.To.Address.NeedsUTF8() || m.From.Address.NeedsUTF8()
	c.turn = 1 - c.turn
	bytes, err := mail.Append(c.buffers[c.turn][:0], m, mail.Caps{EightBit: caps.EightBitMIME, UTF8: utf8 && caps.SMTPUTF8})
	if err != nil {
		return nil, err
	}
	c.buffers[c.turn] = bytes
	from := c.o.EnvelopeFrom
	if from == "" {
		from = m.From.Address.OnTheWire()
	}
	return &letter{
		parcel:  p,
		address: p.to.Email,
		content: bytes,
		envelope: smtp.Envelope{
			From:     from,
			To:       m.To.Address.OnTheWire(),
			UTF8:     utf8,
			EightBit: caps.EightBitMIME && !ascii(bytes),
			Size:     len(bytes),
		},
	}, nil
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// MessageID is the Message-ID of a delivery's letter, without brackets: the
// same in every copy, so that receivers can tell one.
func (e *Engine) MessageID(runID, deliveryID int64) string {
	return mail.NewMessageID(strconv.FormatInt(runID, 10)+"."+strconv.FormatInt(deliveryID, 10), e.o.Host)
}
