package mail

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// Mask hides the local part but its first letter, for moderators, who may know
// where mail goes but not to whom: "i***@example.com".
func Mask(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return "***"
	}
	_, n := utf8.DecodeRuneInString(address[:at])
	return address[:n] + "***" + address[at:]
}

// anyAddress finds whatever looks like an address, also with its @ as a link
// or a quoted-printable header writes it.
var anyAddress = regexp.MustCompile(`(?i)([\pL\pN.!#$&'*+/?^_{|}~-]+)(@|%40|=40)([\pL\pN][\pL\pN.-]*)`)

// MaskWords masks a server's words to a recipient with the address: it, any
// other address in them (an alias's target), and the name alone where the
// server says it without its domain ("Unknown user: ivan"). A name of two
// letters or fewer is left, for it says nobody.
func MaskWords(words, address string) string {
	if address != "" {
		words = folded(address).ReplaceAllLiteralString(words, Mask(address))
	}
	words = anyAddress.ReplaceAllStringFunc(words, func(found string) string {
		parts := anyAddress.FindStringSubmatch(found)
		_, n := utf8.DecodeRuneInString(parts[1])
		return parts[1][:n] + "***" + parts[2] + parts[3]
	})
	local, _, _ := strings.Cut(address, "@")
	if utf8.RuneCountInString(local) <= 2 {
		return words
	}
	// No letter of another word may be beside it; Go's \b knows only ASCII. A
	// match takes its neighbours, so of "ivan ivan" one is left for the second round.
	alone := regexp.MustCompile(`(?i)(^|[^\pL\pN])` + regexp.QuoteMeta(local) + `($|[^\pL\pN])`)
	for range 2 {
		words = alone.ReplaceAllString(words, "${1}***${2}")
	}
	return words
}

// folded finds a text whatever the case of its letters.
func folded(text string) *regexp.Regexp { return regexp.MustCompile(`(?i)` + regexp.QuoteMeta(text)) }
