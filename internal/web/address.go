package web

import (
	"regexp"

	"gonets/internal/delivery"
	"gonets/internal/mail"
)

// masked is how the visitor sees the addresses of an owner's recipients: the
// owner as they are, moderators without the part that says who it is.
func (v *visit) masked(owner int64) func(address string) string {
	if v.owns(owner) {
		return func(address string) string { return address }
	}
	return func(address string) string {
		if address == "" {
			return ""
		}
		return mail.Mask(address)
	}
}

// maskAttempt masks an attempt's address, also where the server repeats it, as
// most do when they refuse one.
func maskAttempt(a delivery.Attempt, mask func(string) string) delivery.Attempt {
	shown := mask(a.Address)
	if shown != a.Address {
		a.Response = regexp.MustCompile(`(?i)`+regexp.QuoteMeta(a.Address)).ReplaceAllLiteralString(a.Response, shown)
	}
	a.Address = shown
	return a
}
