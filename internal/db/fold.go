package db

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Text is what both databases can keep: PostgreSQL refuses bytes that are no
// UTF-8, and NUL, for which U+FFFD stands then.
func Text(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}

// Fold makes texts equal that differ in case or in Unicode composition, for
// columns that are searched or unique. Neither database does it for Cyrillic
// in every configuration.
func Fold(parts ...string) string {
	return cases.Fold().String(norm.NFKC.String(strings.TrimSpace(Text(strings.Join(parts, " ")))))
}

// maxTyped bounds what is searched for, in characters: SQLite refuses a pattern
// of over 50,000 bytes, and nobody types the like.
const maxTyped = 200

// Contains is the LIKE pattern (ESCAPE '\') for a folded column that contains
// what a person typed, or its first 200 characters.
func Contains(typed string) string {
	escape := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
	return "%" + escape.Replace(cut(Fold(typed), maxTyped)) + "%"
}

// cut is the text's first n characters.
func cut(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
