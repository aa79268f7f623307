package web

import (
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

// maskAttempt masks an attempt's address, and whoever the server's words name,
// most often when they refuse.
func maskAttempt(a delivery.Attempt, mask func(string) string) delivery.Attempt {
	if shown := mask(a.Address); shown != a.Address {
		a.Response, a.Address = mail.MaskWords(a.Response, a.Address), shown
	}
	return a
}
