package message

import (
	"bytes"
	"errors"
	"sync"
	"time"

	"gonets/internal/fault"
	"gonets/internal/liquid"
	"gonets/internal/recipient"
)

// Content is a message composed for one recipient.
type Content struct {
	Subject string // one line
	HTML    string // "": the message is plain text alone
	Text    string
}

// Input is whom a message is composed for, and by whom.
type Input struct {
	Recipient      recipient.Recipient
	MailingName    string
	SenderName     string
	UnsubscribeURL string
	Locale         string         // the owner's, for a recipient without one
	Now            time.Time      // what the filter date calls "now"
	Zone           *time.Location // in which times are shown; nil: UTC
}

// maxSubject bounds a composed subject, in bytes: servers refuse long headers.
const maxSubject = 4000

// scratch is the memory of one composing, used again for the next.
type scratch struct {
	buf                              []byte
	vars, recipient, mailing, sender map[string]any
}

var scratches = sync.Pool{New: func() any {
	s := &scratch{recipient: map[string]any{}, mailing: map[string]any{}, sender: map[string]any{}}
	s.vars = map[string]any{"recipient": s.recipient, "mailing": s.mailing, "sender": s.sender}
	return s
}}

// maxScratch is the largest buffer kept for the next composing, in bytes.
const maxScratch = 256 << 10

// Compose fills the message in for one recipient. Where the recipient's values
// do not fit the message, the error is Invalid with the key
// "message.render_failed": this recipient can't get it, others may.
func (c *Compiled) Compose(in Input) (Content, error) {
	s := scratches.Get().(*scratch) //nolint:forcetypeassert // New makes no other
	defer s.release()
	s.fill(&in, c.needsTags)

	var content Content
	var err error
	if content.Subject, err = c.composeSubject(s, &in); err != nil {
		return Content{}, err
	}
	if c.html.template != nil {
		if content.HTML, err = c.composeHTML(s, &in); err != nil {
			return Content{}, err
		}
	}
	if content.Text, err = c.composeText(s, &in); err != nil {
		return Content{}, err
	}
	return content, nil
}

func (c *Compiled) composeSubject(s *scratch, in *Input) (string, error) {
	limits := liquid.Limits{Output: maxSubject}
	if err := c.subject.render(s, limits, in); err != nil {
		return "", err
	}
	return string(bytes.TrimSpace(s.buf)), nil
}

func (c *Compiled) composeHTML(s *scratch, in *Input) (string, error) {
	if err := c.html.render(s, liquid.Limits{}, in); err != nil {
		return "", err
	}
	if c.footer == nil || in.UnsubscribeURL == "" {
		return string(s.buf), nil
	}
	return c.footer.html(s, c.hasBodyEnd, in), nil
}

func (c *Compiled) composeText(s *scratch, in *Input) (string, error) {
	if err := c.text.render(s, liquid.Limits{}, in); err != nil {
		return "", err
	}
	s.buf = append(bytes.TrimRight(s.buf, " \t\r\n"), '\n')
	if c.footer != nil && in.UnsubscribeURL != "" {
		c.footer.text(s, in)
	}
	return string(s.buf), nil
}

// render fills s.buf with the part.
func (p *part) render(s *scratch, limits liquid.Limits, in *Input) error {
	var err error
	s.buf, err = p.template.Render(s.buf[:0], p.mode, s.vars, limits, in.Now, in.Zone)
	if err == nil {
		return nil
	}
	place := err
	if p.typed != nil { // the same failure, by the lines that the person knows
		if _, typed := p.typed.Render(nil, p.mode, s.vars, limits, in.Now, in.Zone); typed != nil {
			place = typed
		}
	}
	return renderFailure(p.field, err, place)
}

func renderFailure(field string, cause, place error) error {
	e := fault.Because(cause, fault.Invalid, "message.render_failed", nil)
	if r, ok := errors.AsType[*liquid.RenderError](place); ok {
		e.Fields = []fault.Field{{Name: field, Key: templateKey(r.Key), Args: templateArgs(r.Line, r.Column, r.Args)}}
	}
	return e
}

func (in *Input) locale() string {
	if in.Recipient.Locale != "" {
		return in.Recipient.Locale
	}
	return in.Locale
}

// fill sets the variables. What the recipient is beats attributes of the same
// name.
func (s *scratch) fill(in *Input, tags bool) {
	r := &in.Recipient
	for name, value := range r.Attributes {
		s.recipient[name] = value
	}
	s.recipient["email"] = r.Email
	s.recipient["name"] = r.Name
	s.recipient["locale"] = in.locale()
	s.recipient["time_zone"] = r.TimeZone
	if tags {
		list := make([]any, len(r.Tags))
		for i, tag := range r.Tags {
			list[i] = tag
		}
		s.recipient["tags"] = list
	}
	s.mailing["name"] = in.MailingName
	s.sender["name"] = in.SenderName
	s.vars["unsubscribe_url"] = in.UnsubscribeURL
}

// release drops what belongs to the recipient.
func (s *scratch) release() {
	clear(s.recipient)
	if cap(s.buf) <= maxScratch {
		scratches.Put(s)
	}
}
