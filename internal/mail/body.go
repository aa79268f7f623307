package mail

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf8"
)

// encoding is a Content-Transfer-Encoding (RFC 2045, 6).
type encoding string

const (
	sevenBit encoding = "7bit"
	eightBit encoding = "8bit"
	base64d  encoding = "base64"
)

// Lines of base64: 76 characters (RFC 2045, 6.8) hold 57 octets.
const (
	base64Line = 76
	base64Raw  = 57
)

// content writes the fields about the body, and the body.
func (w *writer) content(m *Message) {
	text, html := validUTF8(m.Text), validUTF8(m.HTML)
	if html == "" {
		w.part("text/plain", text, w.encodingOf(text))
		if !bytes.HasSuffix(w.buf, []byte("\r\n")) {
			w.raw("\r\n")
		}
		return
	}
	textEncoding, htmlEncoding := w.encodingOf(text), w.encodingOf(html)
	boundary := boundaryFor(m.MessageID, text, html)
	w.raw("Content-Type: multipart/alternative;\r\n boundary=\"")
	w.raw(boundary)
	w.raw("\"\r\n")
	if textEncoding == eightBit || htmlEncoding == eightBit {
		// RFC 2045, 6.4: what is true of a part is said of the whole.
		w.raw("Content-Transfer-Encoding: 8bit\r\n")
	}
	w.delimiter(boundary, "\r\n")
	w.part("text/plain", text, textEncoding)
	w.delimiter(boundary, "\r\n")
	w.part("text/html", html, htmlEncoding)
	w.delimiter(boundary, "--\r\n")
}

// delimiter writes the line between parts. The CRLF before it is its own and
// not the part's (RFC 2046, 5.1.1).
func (w *writer) delimiter(boundary, end string) {
	w.raw("\r\n--")
	w.raw(boundary)
	w.raw(end)
}

func (w *writer) part(mediaType, text string, e encoding) {
	w.raw("Content-Type: ")
	w.raw(mediaType)
	w.raw("; charset=utf-8\r\nContent-Transfer-Encoding: ")
	w.raw(string(e))
	w.raw("\r\n\r\n")
	if e == base64d {
		w.base64(text)
	} else {
		w.lines(text)
	}
}

// encodingOf chooses the plainest encoding that text and way allow.
func (w *writer) encodingOf(text string) encoding {
	if strings.IndexByte(text, 0) >= 0 || longestLine(text) > hardLine {
		return base64d
	}
	switch {
	case isASCII(text):
		return sevenBit
	case w.caps.EightBit:
		return eightBit
	}
	return base64d
}

// longestLine is the octets of the longest line, whatever ends it.
func longestLine(s string) (longest int) {
	for s != "" {
		line, _, rest := cutLine(s)
		longest = max(longest, len(line))
		s = rest
	}
	return longest
}

// cutLine cuts behind the first line end: CRLF, a bare LF or a bare CR.
func cutLine(s string) (line string, ended bool, rest string) {
	end := strings.IndexByte(s, '\n')
	line, rest = s, ""
	if end >= 0 {
		line, rest = s[:end], s[end+1:]
	}
	if cr := strings.IndexByte(line, '\r'); cr >= 0 {
		if end >= 0 && cr == end-1 {
			return s[:cr], true, rest
		}
		return s[:cr], true, s[cr+1:]
	}
	return line, end >= 0, rest
}

// lines writes the text with every line end as CRLF.
func (w *writer) lines(s string) {
	for s != "" {
		line, ended, rest := cutLine(s)
		w.raw(line)
		if ended {
			w.raw("\r\n")
		}
		s = rest
	}
}

// base64 writes the text, its line ends as CRLF (RFC 2045, 6.8), encoded in
// lines, the last one ended too. The plain octets are first laid down where the
// encoded ones will end, in the same buffer, so that nothing is allocated.
func (w *writer) base64(s string) {
	start := len(w.buf)
	w.lines(s)
	n := len(w.buf) - start
	size := base64.StdEncoding.EncodedLen(n) + 2*((n+base64Raw-1)/base64Raw)
	w.buf = slices.Grow(w.buf, size)[:start+size+n]
	// copy minds the overlap; reading stays behind writing from here on.
	copy(w.buf[start+size:], w.buf[start:start+n])
	plain, dst := w.buf[start+size:], w.buf[start:start+size]
	for len(plain) > 0 {
		take := min(len(plain), base64Raw)
		base64.StdEncoding.Encode(dst, plain[:take])
		wide := base64.StdEncoding.EncodedLen(take)
		dst[wide], dst[wide+1] = '\r', '\n'
		dst, plain = dst[wide+2:], plain[take:]
	}
	w.buf = w.buf[:start+size]
}

// boundaryFor derives a boundary from the Message-ID that occurs in no part.
// Its "=_" cannot stand in base64 at all (RFC 2045, 6.8).
func boundaryFor(messageID string, parts ...string) string {
	sum := sha256.Sum256([]byte(messageID))
	for {
		boundary := "=_" + hex.EncodeToString(sum[:16])
		inside := func(part string) bool { return strings.Contains(part, boundary) }
		if !slices.ContainsFunc(parts, inside) {
			return boundary
		}
		sum = sha256.Sum256(sum[:])
	}
}

// validUTF8 replaces what is not UTF-8: the part says that it is.
func validUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\ufffd")
}
