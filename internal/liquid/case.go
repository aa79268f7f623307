package liquid

import (
	"strings"
	"unicode"
	"unicode/utf8"

	unicases "golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// The cases of letters are Unicode's in full: "ß" has the upper case "SS", and
// the last sigma of a word its own lower case. Where each letter has one of its
// own, package strings comes to the same, sooner.

func upper(s string) string {
	if oneToOne(s) {
		return strings.ToUpper(s)
	}
	return unicases.Upper(language.Und).String(s)
}

func lower(s string) string {
	if oneToOne(s) {
		return strings.ToLower(s)
	}
	return unicases.Lower(language.Und).String(s)
}

// capital is s with a large first character, and all others small.
func capital(s string) string {
	first, length := utf8.DecodeRuneInString(s)
	switch {
	case first == utf8.RuneError:
		return s[:length] + lower(s[length:])
	case oneToOne(s):
		return string(unicode.ToTitle(first)) + strings.ToLower(s[length:])
	}
	// The rest as it is behind the first: whether a sigma is the last of a word
	// is seen by what stands before it.
	rest := lower(s)[len(lower(s[:length])):]
	return unicases.Title(language.Und).String(s[:length]) + rest
}

// oneToOne reports whether s has only Latin and Cyrillic characters of which
// none becomes two, nor depends on its neighbours.
func oneToOne(s string) bool {
	for _, r := range s {
		if (r > 'ī' || r == 'ß') && (r < 'Ѐ' || r > 'ԯ') {
			return false
		}
	}
	return true
}
