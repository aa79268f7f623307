package account

import (
	_ "embed"
	"strings"
	"unicode/utf8"

	"gonets/internal/db"
	"gonets/internal/fault"
)

const (
	minPassword = 10  // characters
	maxPassword = 200 // characters; hashing is work, and so is typing
)

// commonSource lists the passwords of ten characters or more that leaked lists
// have most often, folded, one a line.
//
//go:embed common.txt
var commonSource string

// checkPassword adds what is wrong with a new password for the address. No
// rule asks for digits or capitals: length is what counts (NIST SP 800-63B).
func checkPassword(fields *fault.Fields, name, password, email string) {
	length := utf8.RuneCountInString(password)
	local, _, _ := strings.Cut(email, "@")
	folded := db.Fold(password)
	switch {
	case password == "":
		fields.Add(name, "error.required", nil)
	case !utf8.ValidString(password):
		fields.Add(name, "error.not_text", nil)
	case length < minPassword:
		fields.Add(name, "error.too_short", fault.Args{"Min": minPassword})
	case length > maxPassword:
		fields.Add(name, "error.too_long", fault.Args{"Max": maxPassword})
	case folded == db.Fold(email) || folded == db.Fold(local):
		fields.Add(name, "account.password_address", nil)
	case common(folded):
		fields.Add(name, "account.password_common", nil)
	}
}

func common(folded string) bool {
	for line := range strings.Lines(commonSource) {
		if strings.TrimSpace(line) == folded {
			return true
		}
	}
	return false
}
