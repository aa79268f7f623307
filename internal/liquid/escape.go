package liquid

import "strings"

// Safe is text that is HTML already: it is not escaped again.
type Safe string

func isSafe(v any) bool {
	_, safe := v.(Safe)
	return safe
}

// onlyBreaks reports whether s has no markup but the line breaks that
// newline_to_br makes: no tag is cut in two, and none is made of parts.
func onlyBreaks(s string) bool {
	const rest = "br />"
	for {
		_, after, found := strings.Cut(s, "<")
		if !found {
			return true
		}
		if len(after) < len(rest) || !strings.EqualFold(after[:len(rest)], rest) {
			return false
		}
		s = after
	}
}

// Escape appends s to dst with the characters & < > " ' as HTML entities, so
// that it may stand in HTML text and in quoted attributes.
func Escape(dst []byte, s string) []byte {
	written := 0
	for i := range len(s) {
		entity := entityOf(s[i])
		if entity == "" {
			continue
		}
		dst = append(dst, s[written:i]...)
		dst = append(dst, entity...)
		written = i + 1
	}
	return append(dst, s[written:]...)
}

// entityOf is the entity of a byte that must not stand in HTML, or "".
func entityOf(b byte) string {
	switch b {
	case '&':
		return "&amp;"
	case '<':
		return "&lt;"
	case '>':
		return "&gt;"
	case '"':
		return "&quot;"
	case '\'':
		return "&#39;"
	}
	return ""
}

// escapedLen is how many bytes Escape appends for s.
func escapedLen(s string) int {
	n := len(s)
	for i := range len(s) {
		if entity := entityOf(s[i]); entity != "" {
			n += len(entity) - 1
		}
	}
	return n
}
