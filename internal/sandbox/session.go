package sandbox

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/emersion/go-smtp"

	gonetsmail "gonets/internal/mail"
)

var (
	notKept = refusal(451, 4, 3, 0, "The sandbox could not keep the message")
	closing = refusal(421, 4, 3, 2, "The sandbox is closing")
)

// session is one connection's side of the dialogue.
type session struct {
	inbox *Inbox
	stop  <-chan struct{}
	from  string
	to    []string
	size  int64 // announced (RFC 1870); 0: unknown
}

func (s *session) Mail(from string, o *smtp.MailOptions) error {
	s.from, s.size = from, o.Size
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := s.inbox.rules.recipient(to); err != nil {
		return err
	}
	s.to = append(s.to, to)
	return nil
}

// Data answers only when the mail is durably kept.
func (s *session) Data(r io.Reader) error {
	raw, err := s.read(r)
	if err != nil {
		return err
	}
	if err := s.inbox.rules.content(s.to); err != nil {
		return err
	}
	m := &mail{
		from: storable(s.from), to: storable(strings.Join(s.to, ", ")),
		subject: subject(raw), raw: raw, kept: make(chan error, 1),
	}
	select {
	case s.inbox.mails <- m:
	case <-s.stop:
		return closing
	}
	if err := <-m.kept; err != nil {
		s.inbox.o.Log.Error("keep a mail in the sandbox", "error", err)
		return notKept
	}
	return nil
}

func (s *session) read(r io.Reader) ([]byte, error) {
	var raw bytes.Buffer
	raw.Grow(int(min(s.size, s.inbox.o.MaxBytes)) + bytes.MinRead)
	if _, err := raw.ReadFrom(r); err != nil {
		if refused, ok := err.(*smtp.SMTPError); ok { //nolint:errorlint // the library's own answer, as it is: too large, too long a line
			return nil, refused
		}
		return nil, fmt.Errorf("read the message: %w", err)
	}
	return raw.Bytes(), nil
}

func (s *session) Reset() { s.from, s.to, s.size = "", nil, 0 }

func (s *session) Logout() error { return nil }

// subject reads the header alone: the body of a mail costs far more, and is
// read when someone opens it. What cannot be read is empty.
func subject(raw []byte) string {
	header := raw
	if end := bytes.Index(raw, []byte("\r\n\r\n")); end >= 0 {
		header = raw[:end+4]
	}
	parsed, _ := gonetsmail.Read(header) // the inbox keeps broken mails too
	return storable(parsed.Subject)
}

// storable makes a text fit for a PostgreSQL column, which takes no NUL.
func storable(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "\ufffd"), "\ufffd")
}
