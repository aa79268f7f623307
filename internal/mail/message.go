package mail

import (
	"slices"
	"strings"
	"time"
)

// Mailbox is an address with the name shown for it; the name may be empty.
type Mailbox struct {
	Name    string
	Address Address
}

// Header is one header field, name and unfolded value.
type Header struct{ Name, Value string }

// Caps is what the way to the server can carry. The zero value suits every
// server.
type Caps struct {
	EightBit bool // 8BITMIME: octets above 127 in bodies
	// UTF8 says that this message is sent with SMTPUTF8. Set it only where an
	// address needs it (see Message.NeedsUTF8): a later server without the
	// extension sends such a message back.
	UTF8 bool
}

// Message is all that Append needs to compose. From, To, MessageID and Date
// are needed; the rest may be empty.
type Message struct {
	From, ReplyTo, To Mailbox

	Subject string
	Text    string // the plain text
	HTML    string // empty: the message is text/plain alone

	MessageID string // without brackets, see NewMessageID
	Date      time.Time

	// ListUnsubscribe is the URL that ends the subscription. An https URL is
	// announced for one click (RFC 8058), an http one only shown (RFC 2369).
	ListUnsubscribe string

	Language string   // BCP 47 tag for Content-Language
	Headers  []Header // more fields, none of those that Append writes itself
}

// HeaderError says which field of a message cannot be written, and why. Key is
// the translation key of the sentence for a person, Args its values.
type HeaderError struct {
	Header string // the field's name as it stands in the message
	Key    string
	Args   map[string]any

	english string
}

func (e *HeaderError) Error() string { return "mail: " + e.Header + ": " + e.english }

// NeedsUTF8 reports whether the message can leave only with SMTPUTF8.
func (m *Message) NeedsUTF8() bool {
	return m.From.Address.NeedsUTF8() || m.ReplyTo.Address.NeedsUTF8() || m.To.Address.NeedsUTF8()
}

// Append writes the message to the end of dst and returns the longer slice.
// Every line ends in CRLF, also the last. The error is a *HeaderError or, for
// an address that caps cannot carry, an *AddressError; dst then comes back as
// it was.
func Append(dst []byte, m *Message, caps Caps) ([]byte, error) {
	w := writer{
		// One growth in the first use of a buffer, none later: base64 takes 4/3
		// and its line ends.
		buf:  slices.Grow(dst, 2048+len(m.Text)*3/2+len(m.HTML)*3/2),
		caps: caps,
	}
	w.headers(m)
	if w.err != nil {
		return dst, w.err
	}
	w.content(m)
	return w.buf, nil
}

// headers writes the fields in the order in which mail programs do. The first
// error stays in w.err and the rest is written for nothing: errors are rare.
func (w *writer) headers(m *Message) {
	w.date(m.Date)
	w.mailbox("From", m.From)
	if !m.ReplyTo.Address.IsZero() {
		w.mailbox("Reply-To", m.ReplyTo)
	}
	w.mailbox("To", m.To)
	w.messageID(m.MessageID)
	w.text("Subject", m.Subject)
	if m.ListUnsubscribe != "" {
		w.listUnsubscribe(m.ListUnsubscribe)
	}
	if m.Language != "" {
		w.language(m.Language)
	}
	for _, h := range m.Headers {
		w.extra(h)
	}
	w.raw("MIME-Version: 1.0\r\n")
}

// NewMessageID makes a Message-ID, without brackets, from a text unique to the
// message and the host that sends it. What RFC 5322, 3.6.4, does not admit
// becomes a hyphen.
func NewMessageID(unique, host string) string {
	return dotAtom(unique, "0") + "@" + dotAtom(asciiDomain(host), "localhost")
}

func dotAtom(s, otherwise string) string {
	if isDotAtom(s) {
		return s
	}
	clean := strings.Map(func(r rune) rune {
		if r == '.' || r < 0x80 && isAtext(byte(r)) {
			return r
		}
		return '-'
	}, s)
	parts := strings.FieldsFunc(clean, func(r rune) bool { return r == '.' })
	if len(parts) == 0 {
		return otherwise
	}
	return strings.Join(parts, ".")
}

// isDotAtom reports whether s is one already, as nearly always.
func isDotAtom(s string) bool {
	for i := range len(s) {
		if s[i] != '.' && !isAtext(s[i]) || s[i] == '.' && (i == 0 || i == len(s)-1 || s[i-1] == '.') {
			return false
		}
	}
	return s != ""
}
