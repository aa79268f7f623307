package mail

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"strings"
	"time"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/charset"
)

// maxDepth bounds multiparts in multiparts: real mail has four or five.
const maxDepth = 16

// Parsed is what a person sees of a message. What could not be read is empty.
type Parsed struct {
	Subject  string
	From, To string // decoded, as they stand: names and addresses
	Date     time.Time
	Text     string // all text/plain parts
	HTML     string // all text/html parts, as they came: not made safe

	Headers     []Header // every field of the message, decoded, in order
	Attachments int      // parts that are neither of the texts
}

// Read reads a raw message. The result is never nil: of a broken message it has
// what could be read, beside the error that says what broke first.
func Read(raw []byte) (*Parsed, error) {
	r := reader{parsed: &Parsed{}}
	entity, err := message.Read(bytes.NewReader(raw))
	if entity == nil {
		// The header itself is broken; show what there is.
		r.parsed.Text = strings.ToValidUTF8(string(raw), "\ufffd")
		return r.parsed, fmt.Errorf("read message: %w", err)
	}
	r.note(err)
	r.headers(&entity.Header)
	r.entity(entity, 0)
	if r.err != nil {
		return r.parsed, fmt.Errorf("read message: %w", r.err)
	}
	return r.parsed, nil
}

// Get is the decoded value of the first field of that name, or "".
func (p *Parsed) Get(name string) string {
	for _, h := range p.Headers {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

type reader struct {
	parsed *Parsed
	err    error // the first
}

func (r *reader) note(err error) {
	if r.err == nil && err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
}

func (r *reader) headers(h *message.Header) {
	decoder := mime.WordDecoder{CharsetReader: charset.Reader}
	for fields := h.Fields(); fields.Next(); {
		value, err := decoder.DecodeHeader(fields.Value())
		if err != nil { // an unknown charset: better the raw word than nothing
			r.note(err)
			value = fields.Value()
		}
		value = strings.ToValidUTF8(value, "\ufffd")
		r.parsed.Headers = append(r.parsed.Headers, Header{fields.Key(), value})
	}
	p := r.parsed
	p.Subject = p.Get("Subject")
	addresses := mail.AddressParser{WordDecoder: &decoder}
	p.From = readable(addresses, h.Get("From"), p.Get("From"))
	p.To = readable(addresses, h.Get("To"), p.Get("To"))
	if date := p.Get("Date"); date != "" {
		t, err := mail.ParseDate(date)
		r.note(err)
		p.Date = t
	}
}

// readable writes a list of mailboxes without the quotes that names need in a
// message; what is no such list stays as it stands.
func readable(parser mail.AddressParser, raw, decoded string) string {
	list, err := parser.ParseList(raw)
	if err != nil {
		return decoded
	}
	shown := make([]string, len(list))
	for i, a := range list {
		shown[i] = a.Address
		if a.Name != "" {
			shown[i] = a.Name + " <" + a.Address + ">"
		}
	}
	return strings.ToValidUTF8(strings.Join(shown, ", "), "\ufffd")
}

// entity gathers the texts of a message or part.
func (r *reader) entity(e *message.Entity, depth int) {
	mediaType, _, err := e.Header.ContentType()
	if err != nil {
		mediaType = "text/plain" // RFC 2045, 5.2, and kinder than an attachment
		r.note(err)
	}
	disposition, _, _ := e.Header.ContentDisposition()
	switch {
	case strings.HasPrefix(mediaType, "multipart/"):
		r.multipart(e, depth)
	case disposition == "attachment":
		r.parsed.Attachments++
	case mediaType == "text/plain" || mediaType == "":
		r.parsed.Text += r.body(e)
	case mediaType == "text/html":
		r.parsed.HTML += r.body(e)
	default:
		r.parsed.Attachments++
	}
}

func (r *reader) multipart(e *message.Entity, depth int) {
	parts := e.MultipartReader()
	if parts == nil || depth == maxDepth {
		r.note(errors.New("multipart without a boundary, or too deep"))
		return
	}
	for {
		part, err := parts.NextPart()
		if err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
			r.note(err)
			return
		}
		r.note(err)
		r.entity(part, depth+1)
	}
}

// body is the decoded text with LF line ends, as far as it can be decoded.
func (r *reader) body(e *message.Entity) string {
	body, err := io.ReadAll(e.Body)
	r.note(err)
	text := strings.ReplaceAll(string(body), "\r\n", "\n")
	return strings.ToValidUTF8(text, "\ufffd")
}
