package recipient

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/wlynxg/chardet"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// charset is how the bytes of a file are to be read.
type charset string

const (
	ascii       charset = "ascii" // so far: what isn't UTF-8 is taken for Windows-1251
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
		return unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM).NewDecoder().Reader(buffered), nil
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
	if guess := chardet.Detect(sample); guess.Confidence > 0.7 && (guess.Encoding == "Windows-1252" || guess.Encoding == "ISO-8859-1") {
		return windows1252
	}
	return windows1251
}

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
		return decode(charmap.Windows1251, raw), true
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
