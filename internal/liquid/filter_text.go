package liquid

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// made counts a text that a filter has made and passes it on.
func (c call) made(s string, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	if err := c.make(c.at, len(s)); err != nil {
		return nil, err
	}
	return s, nil
}

// kept is made for a text that the filter has made of its input, which like
// explains.
func (c call) kept(s string, err error) (any, error) {
	if err == nil {
		err = c.make(c.at, len(s))
	}
	if err != nil {
		return nil, err
	}
	return c.like(s), nil
}

// like is a text made of the input: Safe where the input was, unless a tag was
// cut into.
func (c call) like(s string) any {
	if c.fromSafe() && onlyBreaks(s) {
		return Safe(s)
	}
	return s
}

// fromSafe reports whether the input is HTML that is going to be printed as it
// is.
func (c call) fromSafe() bool {
	return c.mode == HTML && isSafe(c.in)
}

func asAny(s string, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// texts is the input and both arguments as text. The second comes to stand in
// the result, so it is escaped where the input is Safe.
func (c call) texts() (in, a, b string, err error) {
	if in, err = c.text(c.at, c.in); err != nil {
		return "", "", "", err
	}
	if a, err = c.text(c.at, c.a); err != nil {
		return "", "", "", err
	}
	if c.fromSafe() {
		b, err = c.markup(c.b)
	} else {
		b, err = c.text(c.at, c.b)
	}
	return in, a, b, err
}

// markup is v as it is printed in HTML.
func (c call) markup(v any) (string, error) {
	s, err := c.text(c.at, v)
	if isSafe(v) || err != nil {
		return s, err
	}
	n := escapedLen(s)
	if err := c.make(c.at, n); err != nil {
		return "", err
	}
	return string(Escape(make([]byte, 0, n), s)), nil
}

// appendText makes Safe text where either side is: the other is escaped.
func appendText(c call) (any, error) {
	if c.mode == HTML && (isSafe(c.in) || isSafe(c.a)) {
		return c.appendMarkup()
	}
	in, a, _, err := c.texts()
	if err == nil {
		err = c.make(c.at, len(in)+len(a))
	}
	if err != nil {
		return nil, err
	}
	return in + a, nil
}

func (c call) appendMarkup() (any, error) {
	in, err := c.markup(c.in)
	if err != nil {
		return nil, err
	}
	a, err := c.markup(c.a)
	if err == nil {
		err = c.make(c.at, len(in)+len(a))
	}
	if err != nil {
		return nil, err
	}
	return Safe(in + a), nil
}

func prependText(c call) (any, error) {
	c.in, c.a = c.a, c.in
	return appendText(c)
}

// replace counts the result before it makes it. What it looks for in Safe text
// is looked for as that is written: "<br />".
func replace(c call) (any, error) {
	in, old, by, err := c.texts()
	if err != nil {
		return nil, err
	}
	grown := strings.Count(in, old) * (len(by) - len(old))
	if err := c.make(c.at, len(in)+max(grown, 0)); err != nil {
		return nil, err
	}
	return c.like(strings.ReplaceAll(in, old, by)), nil
}

func remove(c call) (any, error) {
	c.b = ""
	return replace(c)
}

func upcase(c call) (any, error) {
	in, err := c.text(c.at, c.in)
	return c.kept(upper(in), err)
}

func downcase(c call) (any, error) {
	in, err := c.text(c.at, c.in)
	return c.kept(lower(in), err)
}

func capitalize(c call) (any, error) {
	in, err := c.text(c.at, c.in)
	return c.kept(capital(in), err)
}

func strip(c call) (any, error) {
	in, err := c.text(c.at, c.in)
	return c.kept(strings.Trim(in, space+"\x00"), err)
}

// truncate cuts text to c.a characters, of which the last are c.b.
func truncate(c call) (any, error) {
	if c.in == nil {
		return nil, nil
	}
	length, err := c.integer(c.at, c.a)
	if err != nil {
		return nil, err
	}
	in, _, end, err := c.texts()
	if err != nil {
		return nil, err
	}
	if runeOffset(in, length) == len(in) {
		return c.kept(in, nil)
	}
	kept := max(length-int64(utf8.RuneCountInString(end)), 0)
	return c.kept(in[:runeOffset(in, kept)]+end, nil)
}

// runeOffset is where the first n characters of s end.
func runeOffset(s string, n int64) int {
	if n >= int64(len(s)) {
		return len(s)
	}
	for i := range s {
		if n <= 0 {
			return i
		}
		n--
	}
	return len(s)
}

// truncateWords keeps the first c.a words, one at least, and ends them with c.b.
func truncateWords(c call) (any, error) {
	if c.in == nil {
		return nil, nil
	}
	most, err := c.integer(c.at, c.a)
	if err != nil {
		return nil, err
	}
	in, _, end, err := c.texts()
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	most = max(most, 1)
	for word := range strings.FieldsFuncSeq(in, isSpace) {
		if most == 0 {
			b.WriteString(end)
			return c.kept(b.String(), nil)
		}
		most--
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word)
	}
	return c.kept(in, nil)
}

func isSpace(r rune) bool { return r < 0x80 && strings.IndexByte(space, byte(r)) >= 0 }

// split cuts text at every c.a: at white space if that is one space, into
// characters if it is empty. Empty items at the end are left out.
func split(c call) (any, error) {
	in, at, _, err := c.texts()
	if err != nil {
		return nil, err
	}
	list := []any{}
	const item = 32 // bytes of a string in a list
	add := func(s string) bool {
		err = c.make(c.at, item+len(s))
		list = append(list, c.like(s))
		return err == nil
	}
	switch {
	case in == "":
	case at == " ":
		strings.FieldsFuncSeq(in, isSpace)(add)
	default:
		strings.SplitSeq(in, at)(add)
	}
	if err != nil {
		return nil, err
	}
	for len(list) > 0 && isEmpty(list[len(list)-1]) {
		list = list[:len(list)-1]
	}
	return list, nil
}

// escape makes Safe text; what is Safe stays as it is. In the mode HTML the
// escaping is left to the printing, so that filters behind this one see the
// characters and cut no entity in two.
func escape(c call) (any, error) {
	if c.in == nil || isSafe(c.in) || c.mode == HTML || c.mode == Plain {
		return c.in, nil
	}
	in, err := c.text(c.at, c.in)
	if err != nil {
		return nil, err
	}
	n := escapedLen(in)
	if err := c.make(c.at, n); err != nil {
		return nil, err
	}
	return Safe(Escape(make([]byte, 0, n), in)), nil
}

func urlEncode(c call) (any, error) {
	if c.in == nil {
		return nil, nil
	}
	in, err := c.text(c.at, c.in)
	return c.made(url.QueryEscape(in), err)
}

// newlineToBr puts <br /> before every line break. In the mode HTML its output
// is Safe, so what is not Safe yet is escaped first.
func newlineToBr(c call) (any, error) {
	if c.mode == Plain {
		return c.in, nil
	}
	var in string
	var err error
	if c.mode == HTML {
		in, err = c.markup(c.in)
	} else {
		in, err = c.text(c.at, c.in)
	}
	if err == nil {
		err = c.make(c.at, len(in)+strings.Count(in, "\n")*len("<br />"))
	}
	if err != nil {
		return nil, err
	}
	in = strings.ReplaceAll(in, "\r\n", "\n")
	in = strings.ReplaceAll(in, "\n", "<br />\n")
	if isSafe(c.in) || c.mode == HTML {
		return Safe(in), nil
	}
	return in, nil
}

// stripHTML removes scripts, comments and styles with what they hold, then all
// other tags.
func stripHTML(c call) (any, error) {
	in, err := c.text(c.at, c.in)
	if err != nil {
		return nil, err
	}
	in = cutAll(in, [][2]string{{"<script", "</script>"}, {"<!--", "-->"}, {"<style", "</style>"}})
	return c.kept(cutAll(in, [][2]string{{"<", ">"}}), nil)
}

// cutAll removes every stretch from an opening to its closing, and leaves an
// opening that is never closed. It looks for a missing closing only once.
func cutAll(s string, pairs [][2]string) string {
	var b strings.Builder
	missing := make([]bool, len(pairs))
	for {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			break
		}
		b.WriteString(s[:i])
		s = s[i:]
		length := stretch(s, pairs, missing)
		if length == 0 {
			b.WriteByte('<')
			length = 1
		}
		s = s[length:]
	}
	b.WriteString(s)
	return b.String()
}

// stretch is the length of the stretch that s begins with, or 0. It notes in
// missing which closings s does not have any more.
func stretch(s string, pairs [][2]string, missing []bool) int {
	for i, pair := range pairs {
		rest, opens := strings.CutPrefix(s, pair[0])
		if missing[i] || !opens {
			continue
		}
		if end := strings.Index(rest, pair[1]); end >= 0 {
			return len(pair[0]) + end + len(pair[1])
		}
		missing[i] = true
	}
	return 0
}
