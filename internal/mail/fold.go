package mail

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// column is the width so far of the last line, of a field that began at start.
func (w *writer) column(start int) int {
	if nl := bytes.LastIndexByte(w.buf[start:], '\n'); nl >= 0 {
		start += nl + 1
	}
	return len(w.buf) - start
}

// fold writes printable ASCII with a space before it, and breaks lines in
// front of spaces, so that unfolding (RFC 5322, 2.2.3) gives the very value.
// A word longer than a line stays whole.
func (w *writer) fold(start int, value string) {
	column := len(w.buf) - start
	for first := true; value != ""; first = false {
		end := chunk(value)
		if first {
			w.raw(" ")
			column++
		} else if column+end > softLine {
			w.raw("\r\n")
			column = 0
		}
		w.raw(value[:end])
		column += end
		value = value[end:]
	}
}

// chunk is the length of the first piece of s that stays together when folded:
// a run of spaces and the word behind it.
func chunk(s string) int {
	spaces := len(s) - len(strings.TrimLeft(s, " "))
	if word := strings.IndexByte(s[spaces:], ' '); word >= 0 {
		return spaces + word
	}
	return len(s)
}

func longestChunk(s string) (longest int) {
	for s != "" {
		n := chunk(s)
		longest = max(longest, n)
		s = s[n:]
	}
	return longest
}

const (
	wordStart = "=?utf-8?B?"
	wordEnd   = "?="
	maxWord   = 75 // RFC 2047, 2
)

// encode writes a text as encoded-words with a space before each (RFC 2047),
// broken between characters, never within one (section 5). What is not UTF-8
// becomes U+FFFD.
func (w *writer) encode(start int, value string) {
	value = strings.ToValidUTF8(value, "\ufffd")
	column := len(w.buf) - start
	var word [maxWord]byte
	for value != "" {
		n := wordFit(value, wordLine-column-len(" "))
		if n == 0 {
			w.raw("\r\n")
			column = 0
			continue
		}
		before := len(w.buf)
		w.raw(" " + wordStart)
		w.buf = base64.StdEncoding.AppendEncode(w.buf, word[:copy(word[:], value[:n])])
		w.raw(wordEnd)
		column += len(w.buf) - before
		value = value[n:]
	}
}

// wordFit is how many octets of s fit, as whole characters, into an
// encoded-word of at most width.
func wordFit(s string, width int) int {
	payload := min(width, maxWord) - len(wordStart) - len(wordEnd)
	n := payload / 4 * 3
	switch {
	case n <= 0:
		return 0
	case n >= len(s):
		return len(s)
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return n
}
