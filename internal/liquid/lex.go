package liquid

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind int

const (
	tokenEnd tokenKind = iota
	tokenName
	tokenInt
	tokenFloat
	tokenString // text is what the quotation marks hold
	tokenSymbol // text is one of symbols
)

// token is a word of the inside of an output or tag.
type token struct {
	kind tokenKind
	text string
	at   int // offset in the source
}

// symbols are ordered so that the longer come before their beginnings.
var symbols = []string{"==", "!=", "<=", ">=", "<>", "..", "<", ">", "=", "|", ".", ":", ",", "[", "]", "(", ")"}

// lex cuts the inside of braces, which begins at the offset from, into tokens
// with a tokenEnd as the last.
func (p *parser) lex(s string, from int) ([]token, error) {
	var tokens []token
	for i := 0; ; {
		i += len(s[i:]) - len(strings.TrimLeft(s[i:], space))
		if i == len(s) {
			return append(tokens, token{kind: tokenEnd, at: from + i}), nil
		}
		t, length := cutToken(s[i:])
		t.at = from + i
		switch {
		case length > 0:
		case s[i] == '\'' || s[i] == '"':
			return nil, p.fail(t.at, "liquid.unclosed_string", nil)
		default:
			r, _ := utf8.DecodeRuneInString(s[i:])
			return nil, p.fail(t.at, "liquid.unexpected", args{"Found": string(r)})
		}
		tokens = append(tokens, t)
		i += length
	}
}

// cutToken is the token that s begins with and its length; 0 if there is none.
func cutToken(s string) (token, int) {
	if c := s[0]; c == '\'' || c == '"' {
		end := strings.IndexByte(s[1:], c)
		if end < 0 {
			return token{}, 0
		}
		return token{kind: tokenString, text: s[1 : 1+end]}, end + 2
	}
	if n, kind := numberLen(s); n > 0 {
		return token{kind: kind, text: s[:n]}, n
	}
	if n := nameLen(s); n > 0 {
		return token{kind: tokenName, text: s[:n]}, n
	}
	for _, symbol := range symbols {
		if strings.HasPrefix(s, symbol) {
			return token{kind: tokenSymbol, text: symbol}, len(symbol)
		}
	}
	return token{}, 0
}

// numberLen is the length of the number that s begins with: -?d+ or -?d+.d+
func numberLen(s string) (int, tokenKind) {
	n := 0
	if s[0] == '-' {
		n = 1
	}
	whole := digits(s[n:])
	if whole == 0 {
		return 0, 0
	}
	n += whole
	if n < len(s) && s[n] == '.' {
		if fraction := digits(s[n+1:]); fraction > 0 {
			return n + 1 + fraction, tokenFloat
		}
	}
	return n, tokenInt
}

func digits(s string) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}

// nameLen is the length of the name that s begins with: a letter or _, then
// letters, digits, _ and -, and perhaps a last ?.
func nameLen(s string) int {
	for i, r := range s {
		switch {
		case r == '_' || unicode.IsLetter(r):
		case i > 0 && (r == '-' || unicode.IsDigit(r) || unicode.IsMark(r)):
		case i > 0 && r == '?':
			return i + 1
		default:
			return i
		}
	}
	return len(s)
}
