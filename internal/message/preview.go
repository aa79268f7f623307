package message

import (
	"context"
	"strings"
	"time"

	"gonets/internal/account"
	"gonets/internal/fault"
	"gonets/internal/recipient"
)

// Preview is what a recipient would get. Its HTML is the owner's own and not
// made safe: show it in a sandboxed frame.
type Preview struct {
	Content
	Warnings []Warning
}

// Warning is something that is allowed, and probably not meant.
type Warning struct {
	Key  string // translation key of the sentence
	Args fault.Args
}

// previewURL stands for the link to unsubscribe by, which is made only for
// letters that leave.
const previewURL = "https://example.com/unsubscribe"

// Preview composes a draft for a recipient of the actor's, or for a sample
// where r is nil. Errors are Invalid, with the fields whose Liquid fails; a
// field that is empty is none.
func (m *Messages) Preview(_ context.Context, actor account.Actor, d Draft, r *recipient.Recipient) (Preview, error) {
	for _, s := range []*string{&d.Body, &d.Text} {
		*s = strings.ReplaceAll(*s, "\r\n", "\n")
	}
	d.Subject = strings.TrimSpace(d.Subject)
	compiled, err := m.Compile(d)
	if err != nil {
		return Preview{}, err
	}
	to := m.SampleRecipient(actor.Locale)
	if r != nil {
		to = *r
	}
	content, err := compiled.Compose(Input{
		Recipient:      to,
		MailingName:    d.Subject,
		SenderName:     actor.Email,
		UnsubscribeURL: previewURL,
		Locale:         actor.Locale,
		Now:            m.db.Now(),
		Zone:           zoneOf(to.TimeZone, actor.TimeZone),
	})
	if err != nil {
		return Preview{}, err
	}
	return Preview{Content: content, Warnings: compiled.warnings(&to, r == nil)}, nil
}

// warnings tells variables that no recipient has, and those that this one does
// not have.
func (c *Compiled) warnings(r *recipient.Recipient, sample bool) (list []Warning) {
	for _, path := range c.Variables() {
		args := fault.Args{"Name": path}
		switch path {
		case "recipient", "recipient.email", "recipient.name", "recipient.locale", "recipient.time_zone",
			"recipient.tags", "mailing", "mailing.name", "sender", "sender.name", "unsubscribe_url":
			continue
		}
		name, ok := strings.CutPrefix(path, "recipient.")
		if !ok {
			list = append(list, Warning{"message.unknown_variable", args})
			continue
		}
		// An attribute's name may have dots only in brackets; a way into it
		// begins with its name.
		if _, ok := r.Attributes[strings.SplitN(name, ".", 2)[0]]; !ok && !sample {
			if _, ok := r.Attributes[name]; !ok {
				list = append(list, Warning{"message.empty_variable", args})
			}
		}
	}
	return list
}

// SampleRecipient is someone to preview for, named in a language.
func (m *Messages) SampleRecipient(locale string) recipient.Recipient {
	return recipient.Recipient{
		Email:  "anna@example.com",
		Name:   m.bundle.For(locale).T("message.sample_name"),
		Locale: locale,
		Status: recipient.Active,
	}
}

// zoneOf is the first time zone that there is, else UTC.
func zoneOf(names ...string) *time.Location {
	for _, name := range names {
		if name == "" {
			continue
		}
		if zone, err := time.LoadLocation(name); err == nil {
			return zone
		}
	}
	return time.UTC
}
