package liquid

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// directive is one % of a format: %, flags, width, letter.
type directive struct {
	pad    byte // '0', ' ', '-' for none, 0 for the letter's own
	upper  bool // ^
	swap   bool // #
	colons int  // %:z, %::z
	width  int  // 0: the letter's own
	letter byte
}

// strftime appends t in the format of Ruby's strftime, in English. It stops
// soon after dst is longer than most. An unknown directive stays as it is.
func strftime(dst []byte, t time.Time, format string, most int) []byte {
	for len(dst) <= most {
		i := strings.IndexByte(format, '%')
		if i < 0 {
			return append(dst, format...)
		}
		dst = append(dst, format[:i]...)
		format = format[i:]
		d, length := parseDirective(format)
		formatted, ok := d.format(t)
		if !ok {
			formatted = format[:length]
		}
		dst = append(dst, formatted...)
		format = format[length:]
	}
	return dst
}

// parseDirective reads the directive that s begins with and its length. The
// letter is 0 where there is none.
func parseDirective(s string) (d directive, length int) {
	const widest = 99
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '-' || c == '0' && d.width == 0:
			d.pad = c
		case c == '_':
			d.pad = ' '
		case c == '^':
			d.upper = true
		case c == '#':
			d.swap = true
		case c == ':':
			d.colons++
		case '1' <= c && c <= '9' || c == '0':
			if d.width = 10*d.width + int(c-'0'); d.width > widest {
				return directive{}, i
			}
		case c >= 0x80:
			return directive{}, i
		default:
			d.letter = c
			return d, i + 1
		}
	}
	return directive{}, len(s)
}

// format is the directive for t; ok is false where the letter is unknown.
func (d directive) format(t time.Time) (s string, ok bool) {
	if d.colons > 0 && d.letter != 'z' {
		return "", false
	}
	if n, width, pad, ok := d.number(t); ok {
		return d.padNumber(n, width, pad), true
	}
	switch d.letter {
	case 'L', 'N':
		return d.fraction(t), true
	case 'z':
		return d.offset(t), true
	}
	s, ok = d.words(t)
	switch {
	case !ok:
		return "", false
	case d.swap && (d.letter == 'p' || d.letter == 'Z'):
		s = strings.ToLower(s)
	case d.upper || d.swap:
		s = strings.ToUpper(s)
	}
	return padLeft(s, d.width, d.padOr(' ')), true
}

// number is the value of a directive that is a number, with its own width.
func (d directive) number(t time.Time) (n int64, width int, pad byte, ok bool) {
	isoYear, isoWeek := t.ISOWeek()
	weekday, yearDay := int(t.Weekday()), t.YearDay()
	number := func(n, width int) (int64, int, byte, bool) { return int64(n), width, '0', true }
	spaced := func(n, width int) (int64, int, byte, bool) { return int64(n), width, ' ', true }
	switch d.letter {
	case 'Y':
		return number(t.Year(), 4)
	case 'C':
		return number(t.Year()/100, 2)
	case 'y':
		return number(t.Year()%100, 2)
	case 'm':
		return number(int(t.Month()), 2)
	case 'd':
		return number(t.Day(), 2)
	case 'e':
		return spaced(t.Day(), 2)
	case 'j':
		return number(yearDay, 3)
	case 'H':
		return number(t.Hour(), 2)
	case 'k':
		return spaced(t.Hour(), 2)
	case 'I':
		return number((t.Hour()+11)%12+1, 2)
	case 'l':
		return spaced((t.Hour()+11)%12+1, 2)
	case 'M':
		return number(t.Minute(), 2)
	case 'S':
		return number(t.Second(), 2)
	case 's':
		return t.Unix(), 1, '0', true
	case 'u':
		return number((weekday+6)%7+1, 1)
	case 'w':
		return number(weekday, 1)
	case 'G':
		return number(isoYear, 4)
	case 'g':
		return number(isoYear%100, 2)
	case 'V':
		return number(isoWeek, 2)
	case 'U': // weeks begin on Sunday
		return number((yearDay+6-weekday)/7, 2)
	case 'W': // weeks begin on Monday
		return number((yearDay+6-(weekday+6)%7)/7, 2)
	}
	return 0, 0, 0, false
}

// words is the text of a directive that is no number.
func (d directive) words(t time.Time) (string, bool) {
	switch d.letter {
	case 'A':
		return t.Weekday().String(), true
	case 'a':
		return t.Weekday().String()[:3], true
	case 'B':
		return t.Month().String(), true
	case 'b', 'h':
		return t.Month().String()[:3], true
	case 'p':
		return t.Format("PM"), true
	case 'P':
		return t.Format("pm"), true
	case 'Z':
		return t.Format("MST"), true
	case 'n':
		return "\n", true
	case 't':
		return "\t", true
	case '%':
		return "%", true
	}
	composed, ok := map[byte]string{
		'c': "%a %b %e %H:%M:%S %Y",
		'D': "%m/%d/%y",
		'F': "%Y-%m-%d",
		'R': "%H:%M",
		'r': "%I:%M:%S %p",
		'T': "%H:%M:%S",
		'v': "%e-%^b-%Y",
		'X': "%H:%M:%S",
		'x': "%m/%d/%y",
		'+': "%a %b %e %H:%M:%S %Z %Y",
	}[d.letter]
	if !ok {
		return "", false
	}
	return string(strftime(nil, t, composed, len(composed)*10)), true
}

// fraction is the parts of the second: 3 digits for L, 9 for N.
func (d directive) fraction(t time.Time) string {
	width := d.width
	if width == 0 {
		width = 9
		if d.letter == 'L' {
			width = 3
		}
	}
	s := fmt.Sprintf("%09d", t.Nanosecond())
	return (s + strings.Repeat("0", width))[:width]
}

// offset is the distance from UTC: +0300, +03:00, +03:00:00.
func (d directive) offset(t time.Time) string {
	layout := "-0700"
	switch d.colons {
	case 1:
		layout = "-07:00"
	case 2:
		layout = "-07:00:00"
	}
	return t.Format(layout)
}

func (d directive) padOr(own byte) byte {
	if d.pad == 0 {
		return own
	}
	return d.pad
}

func (d directive) padNumber(n int64, width int, pad byte) string {
	if d.width > 0 {
		width = d.width
	}
	return padLeft(fmt.Sprint(n), width, d.padOr(pad))
}

// padLeft fills s up to the width; '-' fills nothing.
func padLeft(s string, width int, pad byte) string {
	missing := width - len(s)
	switch {
	case missing <= 0 || pad == '-':
		return s
	case pad == '0' && s[0] == '-':
		return "-" + string(bytes.Repeat([]byte{'0'}, missing)) + s[1:]
	}
	return string(bytes.Repeat([]byte{pad}, missing)) + s
}
