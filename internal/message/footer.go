package message

import (
	"bytes"
	"strings"

	"gonets/internal/i18n"
	"gonets/internal/liquid"
)

// footers are the words of the link to unsubscribe by, by language. The link
// is added behind the rendered parts and is no part of a template, so that no
// variable of a message can change where it leads.
type footers map[string]string

// in is the words in the language of the first BCP 47 tag that is one of ours:
// the recipient's, or else the owner's, in whose language the letter probably
// is. Where neither is, they are in the default one.
func (f footers) in(in *Input) string {
	for _, locale := range [...]string{in.Recipient.Locale, in.Locale} {
		lang, _, _ := strings.Cut(locale, "-")
		if words, ok := f[lang]; ok {
			return words
		}
	}
	return f[i18n.Default]
}

// html is s.buf, a rendered page, with the link at the end of its body.
func (f footers) html(s *scratch, hasBodyEnd bool, in *Input) string {
	page, end := len(s.buf), len(s.buf)
	if hasBodyEnd {
		end = lastBodyEnd(s.buf)
	}
	s.buf = append(s.buf, `<p style="margin: 32px 0 0; font-size: 13px; color: #767676"><a href="`...)
	s.buf = liquid.Escape(s.buf, in.UnsubscribeURL)
	s.buf = append(s.buf, `" style="color: #767676">`...)
	s.buf = liquid.Escape(s.buf, f.in(in))
	s.buf = append(s.buf, "</a></p>\n"...)
	var b strings.Builder
	b.Grow(len(s.buf))
	b.Write(s.buf[:end])
	b.Write(s.buf[page:])
	b.Write(s.buf[end:page])
	return b.String()
}

// text appends the link to s.buf, a rendered text, as a signature (RFC 3676,
// 4.3).
func (f footers) text(s *scratch, in *Input) {
	s.buf = append(s.buf, "\n-- \n"...)
	s.buf = append(s.buf, f.in(in)...)
	s.buf = append(s.buf, ": "...)
	s.buf = append(s.buf, in.UnsubscribeURL...)
	s.buf = append(s.buf, '\n')
}

// lastBodyEnd is the offset of the last "</body", in any case, or the end.
func lastBodyEnd(page []byte) int {
	const mark = "</body"
	for i := bytes.LastIndexByte(page, '<'); i >= 0; i = bytes.LastIndexByte(page[:i], '<') {
		if len(page)-i >= len(mark) && strings.EqualFold(string(page[i:i+len(mark)]), mark) {
			return i
		}
	}
	return len(page)
}
