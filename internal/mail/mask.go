package mail

import (
	"regexp"
	"strings"
	"unicode"
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
	return maskAlone(words, folded(local))
}

// maskAlone masks a name wherever no letter of another word is beside it.
// (Go's \b knows only ASCII, and an expression with the classes of all letters
// is too dear to make for each answer.)
func maskAlone(words string, name *regexp.Regexp) string {
	var masked strings.Builder
	rest := words
	for found := name.FindStringIndex(rest); found != nil; found = name.FindStringIndex(rest) {
		before, _ := utf8.DecodeLastRuneInString(words[:len(words)-len(rest)+found[0]])
		behind, _ := utf8.DecodeRuneInString(rest[found[1]:])
		next := found[1]
		if inWord(before) || inWord(behind) {
			_, size := utf8.DecodeRuneInString(rest[found[0]:])
			next = found[0] + size
			masked.WriteString(rest[:next])
		} else {
			masked.WriteString(rest[:found[0]] + "***")
		}
		rest = rest[next:]
	}
	return masked.String() + rest
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

// folded finds a text whatever the case of its letters.
func folded(text string) *regexp.Regexp { return regexp.MustCompile(`(?i)` + regexp.QuoteMeta(text)) }
