package db

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold makes texts equal that differ in case or in Unicode composition, for
// columns that are searched or unique. Neither database does it for Cyrillic
// in every configuration.
func Fold(parts ...string) string {
	return cases.Fold().String(norm.NFKC.String(strings.TrimSpace(strings.Join(parts, " "))))
}

// Contains is the LIKE pattern (ESCAPE '\') for a folded column that contains
// what a person typed.
func Contains(typed string) string {
	escape := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
	return "%" + escape.Replace(Fold(typed)) + "%"
}
