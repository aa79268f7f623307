package setting

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"gonets/internal/fault"
	"gonets/internal/mail"
)

// Bounds of what can be set.
const (
	maxName    = 60 // characters; it stands in every title
	maxLimit   = 1_000_000_000
	maxSenders = 200
)

// check puts what was typed in order, and says everything that is wrong.
func (s *Service) check() error {
	var f fault.Fields
	s.Name = strings.TrimSpace(s.Name)
	switch {
	case !utf8.ValidString(s.Name):
		f.Add("name", "error.not_text", nil)
	case strings.ContainsFunc(s.Name, unicode.IsControl):
		f.Add("name", "error.control_characters", nil)
	case utf8.RuneCountInString(s.Name) > maxName:
		f.Add("name", "error.too_long", fault.Args{"Max": maxName})
	}
	if !slices.Contains([]Registration{AsConfigured, Open, Closed}, s.Registration) {
		f.Add("registration", "error.choice", nil)
	}
	checkLimit(&f, "run_limit", s.RunLimit)
	checkLimit(&f, "daily_limit", s.DailyLimit)
	s.checkSenders(&f)
	return f.Err()
}

func checkLimit(f *fault.Fields, name string, limit int64) {
	if limit < 0 || limit > maxLimit {
		f.Add(name, "setting.limit_wrong", fault.Args{"Max": maxLimit})
	}
}

// checkSenders brings addresses and domains into one form, each once.
func (s *Service) checkSenders(f *fault.Fields) {
	var list []string
	for _, typed := range s.Senders {
		sender, ok := senderOf(typed)
		if !ok {
			f.Add("senders", "setting.sender_wrong", fault.Args{"Sender": typed})
			return
		}
		if !slices.Contains(list, sender) {
			list = append(list, sender)
		}
	}
	if len(list) > maxSenders {
		f.Add("senders", "setting.senders_many", fault.Args{"Max": maxSenders})
		return
	}
	s.Senders = list
}

// senderOf is an address, or a domain: "example.com", also as "@example.com".
func senderOf(typed string) (string, bool) {
	typed = strings.TrimSpace(typed)
	if local, domain, at := strings.Cut(typed, "@"); !at || local == "" {
		if !at {
			domain = typed
		}
		ascii, err := idna.Lookup.ToASCII(domain)
		if err != nil || !strings.Contains(ascii, ".") {
			return "", false
		}
		// As the domain of a mail.Address is written.
		address, err := mail.ParseAddress("a@" + domain)
		return address.Domain, err == nil
	}
	address, err := mail.ParseAddress(typed)
	return address.String(), err == nil
}

// differences are the changes from s to another setting, for the audit: in
// words of the database, since whoever reads it may speak any language. Empty
// where there are none.
func (s *Service) differences(to Service) string {
	var list []string
	note := func(name string, before, after any) {
		if was, is := fmt.Sprint(before), fmt.Sprint(after); was != is {
			list = append(list, fmt.Sprintf("%s: %q → %q", name, was, is))
		}
	}
	note("name", s.Name, to.Name)
	note("registration", s.Registration, to.Registration)
	note("run_limit", s.RunLimit, to.RunLimit)
	note("daily_limit", s.DailyLimit, to.DailyLimit)
	note("senders", s.AllowedSenders(), to.AllowedSenders())
	return strings.Join(list, "; ")
}
