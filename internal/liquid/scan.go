package liquid

import "strings"

// space is what white space control, strip and split take for white space.
const space = " \t\n\v\f\r"

type pieceKind int

const (
	pieceEnd pieceKind = iota
	pieceText
	pieceOutput
	pieceTag
)

// piece is one part of a source: a stretch of text, an output or a tag.
type piece struct {
	kind pieceKind
	open int    // offset of the first byte
	name string // of a tag
	at   int    // offset of name
	body string // text, or the inside of the braces after the name
	from int    // offset of body
}

// scanner cuts a source into pieces and does the white space control.
type scanner struct {
	source string
	pos    int
	trim   bool // the last closing had a dash
}

// next is the next piece, or the key of what is wrong with it.
func (s *scanner) next() (p piece, problem string) {
	for s.pos < len(s.source) {
		open := s.opening(s.pos)
		if open > s.pos {
			if p := s.text(open); p.body != "" {
				return p, ""
			}
			continue
		}
		s.trim = false
		if s.source[open+1] == '{' {
			return s.braces(pieceOutput, "}}", "liquid.unclosed_output")
		}
		p, problem := s.braces(pieceTag, "%}", "liquid.unclosed_tag")
		p.cutName()
		return p, problem
	}
	return piece{kind: pieceEnd, open: len(s.source)}, ""
}

// opening is the offset of the next "{{" or "{%", or the end.
func (s *scanner) opening(from int) int {
	for {
		i := strings.IndexByte(s.source[from:], '{')
		if i < 0 || from+i+1 >= len(s.source) {
			return len(s.source)
		}
		from += i
		if c := s.source[from+1]; c == '{' || c == '%' {
			return from
		}
		from++
	}
}

// text is the stretch up to end, trimmed where the neighbours have a dash.
func (s *scanner) text(end int) piece {
	p := piece{kind: pieceText, open: s.pos, body: s.source[s.pos:end]}
	if s.trim {
		p.body = strings.TrimLeft(p.body, space)
	}
	if strings.HasPrefix(s.source[end:], "{{-") || strings.HasPrefix(s.source[end:], "{%-") {
		p.body = strings.TrimRight(p.body, space)
	}
	s.pos = end
	return p
}

// braces is the output or tag at the scanner's place. As in Shopify's Liquid it
// goes to the first closing, even one in quotation marks.
func (s *scanner) braces(kind pieceKind, closing, unclosed string) (piece, string) {
	p := piece{kind: kind, open: s.pos, from: s.pos + 2}
	length := strings.Index(s.source[p.from:], closing)
	if length < 0 {
		return p, unclosed
	}
	p.body = s.source[p.from : p.from+length]
	s.pos = p.from + length + len(closing)
	if strings.HasPrefix(p.body, "-") {
		p.body = p.body[1:]
		p.from++
	}
	p.body, s.trim = strings.CutSuffix(p.body, "-")
	return p, ""
}

// cutName moves the first word of a tag from its body to its name.
func (p *piece) cutName() {
	inner := strings.TrimLeft(p.body, space)
	p.at = p.from + len(p.body) - len(inner)
	end := 0
	for end < len(inner) && isWord(inner[end]) {
		end++
	}
	if end == 0 { // no name: show the first word in the error
		end = len(inner)
		if i := strings.IndexAny(inner, space); i >= 0 {
			end = i
		}
	}
	p.name, p.body, p.from = inner[:end], inner[end:], p.at+end
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// raw is everything up to the tag end, unread, and passes that tag.
func (s *scanner) raw(end string) (body string, ok bool) {
	start := s.pos
	for {
		i := strings.Index(s.source[s.pos:], "{%")
		if i < 0 {
			return "", false
		}
		open := s.pos + i
		if after, trim, ok := bareTag(s.source[open:], end); ok {
			s.pos, s.trim = open+after, trim
			return s.source[start:open], true
		}
		s.pos = open + 2
	}
}

// bareTag is the length of the tag name without arguments that s begins with.
func bareTag(s, name string) (length int, trim, ok bool) {
	rest := strings.TrimLeft(strings.TrimPrefix(s[2:], "-"), space)
	rest, ok = strings.CutPrefix(rest, name)
	if !ok {
		return 0, false, false
	}
	rest, trim = strings.CutPrefix(strings.TrimLeft(rest, space), "-")
	rest, ok = strings.CutPrefix(rest, "%}")
	return len(s) - len(rest), trim, ok
}

// comment passes everything up to the endcomment of the comment that just
// began; comments nest, and raw stretches count as one.
func (s *scanner) comment() bool {
	for depth := 1; depth > 0; {
		i := strings.Index(s.source[s.pos:], "{%")
		if i < 0 {
			return false
		}
		s.pos += i
		p, problem := s.braces(pieceTag, "%}", "liquid.unclosed_tag")
		if problem != "" {
			return false
		}
		p.cutName()
		switch p.name {
		case "comment":
			depth++
		case "endcomment":
			depth--
		case "raw":
			if _, ok := s.raw("endraw"); !ok {
				return false
			}
		}
	}
	return true
}
