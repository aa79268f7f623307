package recipient

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	utf16 "golang.org/x/text/encoding/unicode"
)

// charset is how the bytes of a file are to be read.
type charset string

const (
	ascii       charset = "ascii" // so far: what isn't UTF-8 is guessed, a cell at a time
	utf8Text    charset = "utf-8"
	windows1251 charset = "windows-1251" // what Excel writes in Russia
	windows1252 charset = "windows-1252" // and in western Europe
)

var byteOrderMark = []byte{0xEF, 0xBB, 0xBF}

// narrow makes UTF-8 of a stream that begins with the byte order mark of
// UTF-16, and leaves every other as it is. Behind it all files are supersets
// of ASCII, so that they can be cut at bytes.
func narrow(r io.Reader) (io.Reader, error) {
	buffered := bufio.NewReader(r)
	head, err := buffered.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if bytes.Equal(head, []byte{0xFE, 0xFF}) || bytes.Equal(head, []byte{0xFF, 0xFE}) {
		return utf16.UTF16(utf16.BigEndian, utf16.ExpectBOM).NewDecoder().Reader(buffered), nil
	}
	return buffered, nil
}

// sniff finds out the charset of a file from its beginning. Valid UTF-8 wins:
// other texts are hardly ever that by accident. A file that is nearly UTF-8
// is UTF-8 with broken rows.
func sniff(sample []byte) charset {
	var wide, broken int
	for i := 0; i < len(sample); {
		r, n := utf8.DecodeRune(sample[i:])
		if r == utf8.RuneError && n == 1 {
			if !utf8.FullRune(sample[i:]) { // cut by the sample's end
				break
			}
			broken++
		} else if n > 1 {
			wide++
		}
		i += n
	}
	switch {
	case wide == 0 && broken == 0:
		return ascii
	case broken == 0 || wide > 10*broken:
		return utf8Text
	}
	return guess(sample)
}

// guess tells the two charsets of one byte a letter by the company that letters
// beyond ASCII keep: western ones stand among those of ASCII, Cyrillic ones
// among themselves. Where neither prevails it is Windows-1251.
func guess(text []byte) charset {
	var western, cyrillic int
	for i := 1; i < len(text); i++ {
		switch one, other := text[i-1], text[i]; {
		case !letter(one) || !letter(other):
		case one >= utf8.RuneSelf && other >= utf8.RuneSelf:
			cyrillic++
		case one >= utf8.RuneSelf || other >= utf8.RuneSelf:
			western++
		}
	}
	if western > cyrillic {
		return windows1252
	}
	return windows1251
}

// letter reports whether a byte is a letter in Windows-1251. Nearly all that
// are one in Windows-1252 are one here, too.
func letter(b byte) bool { return unicode.IsLetter(charmap.Windows1251.DecodeByte(b)) }

// text reads a record's bytes; ok is false where they are none of the
// charset's.
func (c charset) text(raw []byte) (s string, ok bool) {
	switch c {
	case windows1251:
		return decode(charmap.Windows1251, raw), true
	case windows1252:
		return decode(charmap.Windows1252, raw), true
	case utf8Text:
		return string(raw), utf8.Valid(raw)
	default:
		if utf8.Valid(raw) {
			return string(raw), true
		}
		return guess(raw).text(raw)
	}
}

// excerpt reads the beginning of what is rejected: enough for a report. What is
// none of the charset's is a replacement character there.
func (c charset) excerpt(raw []byte) string {
	const enough = 1000
	end := min(len(raw), enough)
	for end < len(raw) && end > enough-utf8.UTFMax && !utf8.RuneStart(raw[end]) { // half a character is none of UTF-8's
		end--
	}
	text, _ := c.text(raw[:end])
	return strings.ToValidUTF8(text, string(utf8.RuneError))
}

func decode(table *charmap.Charmap, raw []byte) string {
	runes := make([]byte, 0, 2*len(raw))
	for _, b := range raw {
		runes = utf8.AppendRune(runes, table.DecodeByte(b))
	}
	return string(runes)
}
