package mail

import (
	"net/url"
	"strings"
	"time"
)

// Widths of header lines in characters, without CRLF.
const (
	softLine = 78  // RFC 5322, 2.1.1: should
	hardLine = 998 // RFC 5322, 2.1.1: must
	wordLine = 76  // RFC 2047, 2: a line that bears an encoded-word
)

// writer appends one message to buf. err is the first thing that could not be
// written; what follows it is of no use.
type writer struct {
	buf  []byte
	caps Caps
	err  error
}

func (w *writer) raw(s string) { w.buf = append(w.buf, s...) }

func (w *writer) fail(header, key, english string) {
	if w.err == nil {
		w.err = &HeaderError{Header: header, Key: key, Args: map[string]any{"Header": header}, english: english}
	}
}

// checked refuses what could break out of its header line.
func (w *writer) checked(header, value string) bool {
	if breaks(value) {
		w.fail(header, "mail.header_break", "line break or NUL in the value")
		return false
	}
	return true
}

func (w *writer) date(t time.Time) {
	if t.IsZero() {
		w.fail("Date", "mail.header_missing", "missing")
		return
	}
	w.raw("Date: ")
	w.buf = t.UTC().AppendFormat(w.buf, "Mon, 02 Jan 2006 15:04:05 +0000")
	w.raw("\r\n")
}

// messageID writes a msg-id of RFC 5322, 3.6.4, on one line.
func (w *writer) messageID(id string) {
	switch {
	case id == "":
		w.fail("Message-ID", "mail.header_missing", "missing")
	case !isPrintable(id), strings.ContainsAny(id, " <>"), len(id) > hardLine-len("Message-ID: <>"):
		w.fail("Message-ID", "mail.header_value", "not a message id")
	default:
		w.raw("Message-ID: <")
		w.raw(id)
		w.raw(">\r\n")
	}
}

// mailbox writes name-addr of RFC 5322, 3.4, or the bare address where there
// is no name.
func (w *writer) mailbox(header string, m Mailbox) {
	address := w.address(header, m.Address)
	if w.err != nil || !w.checked(header, m.Name) {
		return
	}
	start := len(w.buf)
	w.raw(header)
	w.raw(":")
	if m.Name == "" {
		w.raw(" ")
		w.raw(address)
		w.raw("\r\n")
		return
	}
	limit := w.phrase(start, m.Name)
	if w.column(start)+len(" <>")+len(address) > limit {
		w.raw("\r\n")
	}
	w.raw(" <")
	w.raw(address)
	w.raw(">\r\n")
}

// address is the form that caps can carry. Addresses are checked here anew:
// not every one comes from ParseAddress.
func (w *writer) address(header string, a Address) string {
	if a.Local == "" || a.Domain == "" {
		w.fail(header, "mail.header_missing", "missing")
		return ""
	}
	if strings.ContainsAny(a.Local, " \t\"()<>@,;:\\[]") || strings.ContainsAny(a.Domain, " \t\"()<>@,;\\") ||
		hasControl(a.Local) || hasControl(a.Domain) || len(a.Local)+len(a.Domain) > hardLine/3 {
		w.fail(header, "mail.header_value", "not an address")
		return ""
	}
	if w.caps.UTF8 {
		return a.String()
	}
	ascii, ok := a.ASCII()
	if !ok || !isASCII(ascii) {
		if w.err == nil {
			w.err = addressError("mail.address_needs_utf8", "the server takes only ASCII addresses", "Address", a.String())
		}
		return ""
	}
	return ascii
}

// phrase writes a display name after "Header:", as it is, quoted or encoded,
// and answers the width that its last line may have.
func (w *writer) phrase(start int, name string) (limit int) {
	switch {
	// A long name is encoded because encoded-words can be folded anywhere;
	// "=?" must not be taken for one of ours.
	case !isPrintable(name), len(name) > softLine-len("Reply-To: \"\""), strings.Contains(name, "=?"):
		w.encode(start, name)
		return wordLine
	case isPhrase(name):
		w.raw(" ")
		w.raw(name)
	default:
		w.raw(" \"")
		for i := range len(name) {
			if name[i] == '"' || name[i] == '\\' {
				w.buf = append(w.buf, '\\')
			}
			w.buf = append(w.buf, name[i])
		}
		w.raw("\"")
	}
	return softLine
}

// isPhrase reports whether s is atoms with single spaces between them, which
// need no quotes.
func isPhrase(s string) bool {
	for i := range len(s) {
		if s[i] == ' ' && i > 0 && i < len(s)-1 && s[i-1] != ' ' {
			continue
		}
		if !isAtext(s[i]) {
			return false
		}
	}
	return true
}

// text writes an unstructured field (RFC 5322, 3.6.5).
func (w *writer) text(header, value string) {
	if !w.checked(header, value) {
		return
	}
	start := len(w.buf)
	w.raw(header)
	w.raw(":")
	if mustEncode(header, value) {
		w.encode(start, value)
	} else {
		w.fold(start, value)
	}
	w.raw("\r\n")
}

// mustEncode reports whether a value would not come back as it is: other than
// printable ASCII, space at an end (readers trim it), something that looks like
// an encoded-word, or a word that no line can hold.
func mustEncode(header, value string) bool {
	return !isPrintable(value) ||
		strings.HasPrefix(value, " ") || strings.HasSuffix(value, " ") ||
		strings.Contains(value, "=?") ||
		longestChunk(value) > hardLine-len(header)-len(": ")
}

func (w *writer) listUnsubscribe(link string) {
	const header = "List-Unsubscribe"
	u, err := url.Parse(link)
	if err != nil || !isPrintable(link) || strings.ContainsAny(link, " <>") ||
		u.Host == "" || u.Scheme != "https" && u.Scheme != "http" ||
		len(link) > hardLine-len(header)-len(": <>") {
		w.fail(header, "mail.header_value", "not a web address")
		return
	}
	w.raw(header)
	w.raw(": <")
	w.raw(link)
	w.raw(">\r\n")
	if u.Scheme == "https" { // RFC 8058, 3.1: one click needs https
		w.raw("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n")
	}
}

func (w *writer) language(tag string) {
	for i := range len(tag) {
		c := tag[i]
		if c != '-' && !('a' <= c|0x20 && c|0x20 <= 'z') && !('0' <= c && c <= '9') || len(tag) > 64 {
			w.fail("Content-Language", "mail.header_value", "not a language tag")
			return
		}
	}
	w.raw("Content-Language: ")
	w.raw(tag)
	w.raw("\r\n")
}

// extra writes a field of the caller's. Those that Append writes itself are
// refused: a second one would be against RFC 5322, 3.6.
func (w *writer) extra(h Header) {
	if !isFieldName(h.Name) {
		w.fail(h.Name, "mail.header_name", "not a field name")
		return
	}
	switch strings.ToLower(h.Name) {
	case "date", "from", "reply-to", "to", "message-id", "subject", "mime-version", "content-type",
		"content-transfer-encoding", "content-language", "list-unsubscribe", "list-unsubscribe-post":
		w.fail(h.Name, "mail.header_reserved", "written by the message itself")
		return
	}
	w.text(h.Name, h.Value)
}

// isFieldName is ftext of RFC 5322, 3.6.8.
func isFieldName(s string) bool {
	return s != "" && len(s) <= softLine-2 && isPrintable(s) && !strings.ContainsAny(s, " :")
}

// hasControl reports whether s has a control character or, where it is no
// UTF-8, an octet that a reader could take for one.
func hasControl(s string) bool {
	for _, r := range s {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' || r == '\ufffd' {
			return true
		}
	}
	return false
}
