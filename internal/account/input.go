package account

import (
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gonets/internal/fault"
	"gonets/internal/mail"
)

// checkEmail reads the address that a person typed as their e-mail, adding to
// fields what is wrong with it.
func checkEmail(fields *fault.Fields, typed string) mail.Address {
	address, err := mail.ParseAddress(strings.TrimSpace(typed))
	if e, ok := errors.AsType[*mail.AddressError](err); ok {
		fields.Add("email", e.Key, e.Args)
	}
	return address
}

// emailKey is the folded form of a typed address, under which its user would
// be; false where no user can have it.
func emailKey(typed string) (string, bool) {
	address, err := mail.ParseAddress(strings.TrimSpace(typed))
	return address.Key(), err == nil
}

// checkText trims one line or, where multiline, a text, and adds to fields
// what is wrong with it.
func checkText(fields *fault.Fields, name, typed string, maxLength int, multiline bool) string {
	text := strings.TrimSpace(strings.ReplaceAll(typed, "\r\n", "\n"))
	bad := func(r rune) bool {
		return unicode.IsControl(r) && (!multiline || r != '\n' && r != '\t')
	}
	switch {
	case !utf8.ValidString(text):
		fields.Add(name, "error.not_text", nil)
	case strings.ContainsFunc(text, bad):
		fields.Add(name, "error.control_characters", nil)
	case utf8.RuneCountInString(text) > maxLength:
		fields.Add(name, "error.too_long", fault.Args{"Max": maxLength})
	}
	return text
}

// checkTimeZone adds to fields where the zone is none of the IANA database.
// Empty is UTC; "Local" would be the server's own.
func checkTimeZone(fields *fault.Fields, name, typed string) string {
	if typed == "" {
		return "UTC"
	}
	if _, err := time.LoadLocation(typed); err != nil || typed == "Local" {
		fields.Add(name, "error.time_zone", nil)
	}
	return typed
}

// timeZone is the wanted zone if there is one of that name, and UTC otherwise:
// at registration the browser names it, not the person.
func timeZone(wanted string) string {
	var fields fault.Fields
	if zone := checkTimeZone(&fields, "", wanted); fields.Err() == nil {
		return zone
	}
	return "UTC"
}
