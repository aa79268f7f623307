package message

import (
	"regexp"
	"strconv"
	"strings"
)

// shield keeps Liquid out of the hands of converters that do not know it
// (Markdown to HTML, HTML to plain text): every construct becomes a word of
// letters and digits, which passes through text, links, attributes and code
// unchanged, and is exchanged back afterwards.
type shield struct {
	prefix string // of every word; occurs nowhere in the source
	pieces []piece
}

// piece is one Liquid construct of a source.
type piece struct {
	source string
	name   string // of a tag; "": an output
}

// protect answers the source with a word in place of every construct. The
// source must be one that liquid.Parse takes. What stands between raw and
// endraw is text, and is converted as such.
func protect(source string) (string, *shield) {
	s := &shield{prefix: "lqdx"}
	// No end of the prefix is its beginning, so it can't arise where a word
	// follows upon text.
	for strings.Contains(source, s.prefix) {
		s.prefix += "x"
	}
	var b strings.Builder
	for pos := 0; pos < len(source); {
		open := pos + opening(source[pos:])
		b.WriteString(source[pos:open])
		if open == len(source) {
			break
		}
		p := cut(source[open:])
		b.WriteString(s.word(p))
		pos = open + len(p.source)
		if p.name == "raw" {
			end := pos + indexOf(endRaw, source[pos:])
			b.WriteString(source[pos:end])
			pos = end
			if pos < len(source) {
				p = cut(source[pos:])
				b.WriteString(s.word(p))
				pos += len(p.source)
			}
		}
	}
	return b.String(), s
}

// word keeps the piece and answers what stands for it.
func (s *shield) word(p piece) string {
	s.pieces = append(s.pieces, p)
	return s.prefix + strconv.Itoa(len(s.pieces)-1) + "z"
}

// next cuts text at its first word: what stands before it, its piece and what
// follows. It is false where there is no word any more.
func (s *shield) next(text string) (before string, p piece, after string, ok bool) {
	for from := 0; ; {
		i := strings.Index(text[from:], s.prefix)
		if i < 0 {
			return text, piece{}, "", false
		}
		start := from + i
		digits := start + len(s.prefix)
		end := digits
		for end < len(text) && '0' <= text[end] && text[end] <= '9' {
			end++
		}
		n, err := strconv.Atoi(text[digits:end])
		if err == nil && n < len(s.pieces) && end < len(text) && text[end] == 'z' {
			return text[:start], s.pieces[n], text[end+1:], true
		}
		from = digits
	}
}

// restore puts the constructs back as they were.
func (s *shield) restore(text string) string {
	var b strings.Builder
	for {
		before, p, after, ok := s.next(text)
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		b.WriteString(p.source)
		text = after
	}
}

// tagsOnly reports whether a line has tags and white space and nothing else,
// and the names of its tags.
func (s *shield) tagsOnly(line string) (names []string, ok bool) {
	for {
		before, p, after, more := s.next(line)
		if strings.TrimSpace(before) != "" || more && p.name == "" {
			return nil, false
		}
		if !more {
			return names, len(names) > 0
		}
		names = append(names, p.name)
		line = after
	}
}

var (
	endRaw  = regexp.MustCompile(`\{%-?\s*endraw\s*-?%\}`)
	tagName = regexp.MustCompile(`^\{%-?\s*(\w+)`)
)

// opening is the offset of the first "{{" or "{%", or the end.
func opening(s string) int {
	for i := 0; i+1 < len(s); i++ {
		if s[i] == '{' && (s[i+1] == '{' || s[i+1] == '%') {
			return i
		}
	}
	return len(s)
}

// cut is the construct that s begins with: an output, a tag, or a comment up
// to its end.
func cut(s string) piece {
	if s[1] == '{' {
		return piece{source: s[:after(s, "}}")]}
	}
	p := piece{source: s[:after(s, "%}")], name: "?"}
	if m := tagName.FindStringSubmatch(p.source); m != nil {
		p.name = m[1]
	}
	if p.name == "comment" {
		p.source = s[:commentEnd(s, len(p.source))]
	}
	return p
}

// commentEnd is the offset behind the endcomment that belongs to the comment
// whose tag ends at pos. Comments nest, and raw stretches in them count as one.
func commentEnd(s string, pos int) int {
	for depth := 1; depth > 0; {
		i := strings.Index(s[pos:], "{%")
		if i < 0 {
			return len(s)
		}
		pos += i
		tag := s[pos : pos+after(s[pos:], "%}")]
		pos += len(tag)
		m := tagName.FindStringSubmatch(tag)
		if m == nil {
			continue
		}
		switch m[1] {
		case "comment":
			depth++
		case "endcomment":
			depth--
		case "raw":
			pos += indexOf(endRaw, s[pos:])
			pos += after(s[pos:], "%}")
		}
	}
	return pos
}

// after is the offset behind the first mark, or the end.
func after(s, mark string) int {
	if i := strings.Index(s, mark); i >= 0 {
		return i + len(mark)
	}
	return len(s)
}

// indexOf is the offset of the first match, or the end.
func indexOf(re *regexp.Regexp, s string) int {
	if at := re.FindStringIndex(s); at != nil {
		return at[0]
	}
	return len(s)
}
