package mailing

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gonets/internal/fault"
	"gonets/internal/mail"
	"gonets/internal/recipient"
	"gonets/internal/schedule"
)

// Input is what a person sets of a mailing.
type Input struct {
	Name        string
	MessageID   int64
	Audience    recipient.Audience
	Schedule    schedule.Schedule
	Sender      Sender
	OnUncertain OnUncertain // empty: Resend
}

const maxName = 200 // characters

// check puts an input in order and says everything that is wrong with it, as
// far as that can be said without the database.
func (in *Input) check(now time.Time) fault.Fields {
	var f fault.Fields
	in.Name = strings.TrimSpace(in.Name)
	in.Sender.Name = strings.TrimSpace(in.Sender.Name)
	in.Sender.Email = strings.TrimSpace(in.Sender.Email)
	line(&f, "name", in.Name, true)
	if in.MessageID == 0 {
		f.Add("message_id", "error.required", nil)
	}
	in.checkAudience(&f)
	line(&f, "sender.name", in.Sender.Name, false)
	if in.Sender.Email == "" {
		f.Add("sender.email", "error.required", nil)
	} else if a, err := mail.ParseAddress(in.Sender.Email); err != nil {
		f.Add("sender.email", "mail.address_invalid", nil)
	} else {
		in.Sender.Email = a.String()
	}
	if in.OnUncertain == "" {
		in.OnUncertain = Resend
	}
	if in.OnUncertain != Resend && in.OnUncertain != Hold {
		f.Add("on_uncertain", "error.choice", nil)
	}
	if in.Schedule.Zone == "" {
		in.Schedule.Zone = "UTC"
	}
	for _, p := range in.Schedule.Check(now) {
		f.Add("schedule."+p.Field, p.Key, p.Args)
	}
	return f
}

func (in *Input) checkAudience(f *fault.Fields) {
	a := &in.Audience
	switch {
	case a.All:
		a.Tags, a.RecipientIDs = nil, nil
	case len(a.Tags) == 0 && len(a.RecipientIDs) == 0:
		f.Add("audience", "mailing.audience_empty", nil)
	}
}

// line checks a text of one line, which may become part of a header.
func line(f *fault.Fields, name, value string, required bool) {
	switch {
	case required && value == "":
		f.Add(name, "error.required", nil)
	case !utf8.ValidString(value), strings.ContainsFunc(value, unicode.IsControl):
		f.Add(name, "error.control_characters", nil)
	case utf8.RuneCountInString(value) > maxName:
		f.Add(name, "error.too_long", fault.Args{"Max": maxName})
	}
}
