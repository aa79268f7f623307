package mailing

import (
	"errors"
	"slices"
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
	Schedule    schedule.Schedule // without a zone: UTC
	Sender      Sender
	OnUncertain OnUncertain // empty: Resend
}

// Input is the mailing as a person would set it.
func (m *Mailing) Input() Input {
	return Input{
		Name: m.Name, MessageID: m.MessageID, Audience: m.Audience, Schedule: m.Schedule,
		Sender: m.Sender, OnUncertain: m.OnUncertain,
	}
}

// Bounds of texts, in characters.
const (
	maxName   = 200
	maxRRule  = 500
	maxReason = 500
)

// check puts an input in order and says everything that is wrong with it, as
// far as that can be said without the database. A start before now is wrong.
func (in *Input) check(now time.Time) fault.Fields {
	var f fault.Fields
	in.Name = strings.TrimSpace(in.Name)
	checkLine(&f, "name", in.Name, true)
	if in.MessageID == 0 {
		f.Add("message_id", "error.required", nil)
	}
	if a := &in.Audience; a.All {
		a.Tags, a.RecipientIDs = nil, nil
	} else if len(a.Tags) == 0 && len(a.RecipientIDs) == 0 {
		f.Add("audience", "mailing.audience_empty", nil)
	}
	in.checkSchedule(&f, now)
	in.checkSender(&f)
	if in.OnUncertain == "" {
		in.OnUncertain = Resend
	}
	if in.OnUncertain != Resend && in.OnUncertain != Hold {
		f.Add("on_uncertain", "error.choice", nil)
	}
	return f
}

// checkSchedule drops what belongs to other frequencies.
func (in *Input) checkSchedule(f *fault.Fields, now time.Time) {
	s := &in.Schedule
	if s.Zone == "" {
		s.Zone = "UTC"
	}
	s.Start, s.End = s.Start.Truncate(time.Microsecond), s.End.Truncate(time.Microsecond) // as they are stored
	if s.Frequency != schedule.Weekly {
		s.Weekdays = nil
	}
	if s.Frequency != schedule.Monthly {
		s.MonthDay = 0
	}
	if s.Frequency != schedule.RRule {
		s.RRule = ""
	}
	s.RRule = strings.TrimSpace(s.RRule)
	switch {
	case s.Frequency == "":
		f.Add("schedule.frequency", "error.required", nil)
		return
	case utf8.RuneCountInString(s.RRule) > maxRRule:
		f.Add("schedule.rrule", "error.too_long", fault.Args{"Max": maxRRule})
		return
	}
	for _, p := range s.Check(now) {
		f.Add("schedule."+p.Field, p.Key, p.Args)
	}
}

func (in *Input) checkSender(f *fault.Fields) {
	s := &in.Sender
	s.Name, s.Email = strings.TrimSpace(s.Name), strings.TrimSpace(s.Email)
	checkLine(f, "sender.name", s.Name, false)
	if s.Email == "" {
		f.Add("sender.email", "error.required", nil)
		return
	}
	address, err := mail.ParseAddress(s.Email)
	if e, ok := errors.AsType[*mail.AddressError](err); ok {
		f.Add("sender.email", e.Key, e.Args)
		return
	}
	s.Email = address.String()
}

// checkLine checks a text of one line, which may become part of a header.
func checkLine(f *fault.Fields, name, value string, required bool) {
	switch {
	case required && value == "":
		f.Add(name, "error.required", nil)
	case !utf8.ValidString(value):
		f.Add(name, "error.not_text", nil)
	case strings.ContainsFunc(value, unicode.IsControl):
		f.Add(name, "error.control_characters", nil)
	case utf8.RuneCountInString(value) > maxName:
		f.Add(name, "error.too_long", fault.Args{"Max": maxName})
	}
}

// inOrder sorts fields as the form shows them.
func inOrder(f fault.Fields) fault.Fields {
	form := []string{"name", "message_id", "audience", "schedule", "sender", "on_uncertain"}
	place := func(field fault.Field) int {
		part, _, _ := strings.Cut(field.Name, ".")
		return slices.Index(form, part)
	}
	slices.SortStableFunc(f, func(a, b fault.Field) int { return place(a) - place(b) })
	return f
}

// checkReason is the reason of a moderator's act, in order: text of several
// lines.
func checkReason(reason string, required bool) (string, error) {
	reason = strings.TrimSpace(strings.ReplaceAll(reason, "\r\n", "\n"))
	var f fault.Fields
	control := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }
	switch {
	case required && reason == "":
		f.Add("reason", "error.required", nil)
	case !utf8.ValidString(reason):
		f.Add("reason", "error.not_text", nil)
	case strings.ContainsFunc(reason, control):
		f.Add("reason", "error.control_characters", nil)
	case utf8.RuneCountInString(reason) > maxReason:
		f.Add("reason", "error.too_long", fault.Args{"Max": maxReason})
	}
	return reason, f.Err()
}
