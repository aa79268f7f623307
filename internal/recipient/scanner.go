package recipient

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"gonets/internal/fault"
)

// maxRecord bounds a record in bytes, and so what a quote that nobody closes
// can swallow, and the memory of a reader.
const maxRecord = 256 << 10

// scanner cuts the records of RFC 4180 out of a stream, as encoding/csv does
// without LazyQuotes, and differs in what an import needs:
//
//   - it works on raw bytes, so position is exact whatever the charset;
//   - a broken record ends with its first line, and the next begins behind it,
//     so that a stray quote costs one row and not those it swallowed;
//   - a record has at most maxRecord bytes.
type scanner struct {
	in       io.Reader
	buf      []byte // buf[from:to] is read and not yet passed
	from, to int
	ended    bool // in has no more

	comma    byte
	charset  charset
	position int64 // bytes of the file before buf[from]
	line     int64 // of the file, at buf[from], from 1

	quoted []byte // reused for the bytes of one quoted cell, never nil
	passed extent // the record before
}

// extent is what a record takes up.
type extent struct {
	first int // bytes of its first line
	size  int // bytes
	lines int64
}

// record is a row of the file. It is good until the next call of next.
type record struct {
	line  int64 // its first
	cells []string
}

// rowError says why a record is rejected. Reading goes on behind it.
type rowError struct {
	line int64
	fault.Field
	value string
}

func (e *rowError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.Key) }

// errLong says that a line or a record does not fit.
var errLong = errors.New("record too long")

func newScanner(in io.Reader, comma byte, set charset, position, line int64) *scanner {
	return &scanner{in: in, buf: make([]byte, 64<<10), quoted: []byte{}, comma: comma, charset: set, position: position, line: line}
}

// next is the next record. Empty lines are passed over. The error is io.EOF
// at the end, a *rowError for a broken record, or the stream's own.
func (s *scanner) next() (record, error) {
	for {
		end, err := s.lineEnd(0)
		switch {
		case errors.Is(err, errLong):
			return record{}, s.passLong()
		case err != nil:
			return record{}, err
		case end == 0:
			return record{}, io.EOF
		}
		if stop := s.lineStop(0, end); stop > 0 {
			return s.parse(end)
		}
		s.pass(extent{end, end, 1})
	}
}

// parse reads the record whose first line ends at first.
func (s *scanner) parse(first int) (record, error) {
	at := record{line: s.line}
	x := extent{first, first, 1}
	for i, more := 0, true; more; {
		var cell []byte // good until the buffer moves
		var err error
		if i < s.lineStop(i, x.size) && s.buf[s.from+i] == '"' {
			cell, i, more, err = s.quotedCell(i+1, &x)
		} else {
			cell, i, more = s.plainCell(i, x.size)
		}
		if err != nil && !errors.Is(err, errLong) {
			return record{}, err
		}
		if cell == nil {
			return record{}, s.reject(first, "import.quote")
		}
		text, ok := s.charset.text(cell)
		if !ok {
			return record{}, s.reject(first, "import.encoding")
		}
		at.cells = append(at.cells, text)
	}
	s.pass(x)
	return at, nil
}

// plainCell reads the unquoted cell at i of a record that ends at size. It is
// nil where a quote stands in it.
func (s *scanner) plainCell(i, size int) (cell []byte, next int, more bool) {
	cell = s.buf[s.from+i : s.from+s.lineStop(i, size)]
	if comma := bytes.IndexByte(cell, s.comma); comma >= 0 {
		cell, more = cell[:comma], true
	}
	if bytes.IndexByte(cell, '"') >= 0 {
		return nil, 0, false
	}
	return cell, i + len(cell) + 1, more
}

// quotedCell reads the cell whose opening quote stands before i, over as many
// lines as it takes; x grows with them. The cell is nil where the closing
// quote is missing, or does not end it.
func (s *scanner) quotedCell(i int, x *extent) (cell []byte, next int, more bool, err error) {
	s.quoted = s.quoted[:0]
	for {
		rest := s.buf[s.from+i : s.from+x.size]
		quote := bytes.IndexByte(rest, '"')
		if quote < 0 {
			s.quoted = append(s.quoted, unixEnd(rest)...)
			i = x.size
			end, err := s.lineEnd(x.size)
			if err != nil || end == x.size {
				return nil, 0, false, err
			}
			x.size, x.lines = end, x.lines+1
			continue
		}
		s.quoted = append(s.quoted, rest[:quote]...)
		i += quote + 1
		switch stop := s.lineStop(i, x.size); {
		case i >= stop:
			return s.quoted, i, false, nil
		case s.buf[s.from+i] == '"':
			s.quoted = append(s.quoted, '"')
			i++
		case s.buf[s.from+i] == s.comma:
			return s.quoted, i + 1, true, nil
		default:
			return nil, 0, false, nil
		}
	}
}

// unixEnd is a line with \n for \r\n at its end.
func unixEnd(line []byte) []byte {
	if bytes.HasSuffix(line, []byte("\r\n")) {
		return append(line[:len(line)-2:len(line)-2], '\n')
	}
	return line
}

// lineEnd is the end of the line at offset start behind from, its \n
// included; start itself at the end of the file.
func (s *scanner) lineEnd(start int) (int, error) {
	for searched := start; ; {
		if i := bytes.IndexByte(s.buf[s.from+searched:s.to], '\n'); i >= 0 {
			return searched + i + 1, nil
		}
		searched = s.to - s.from
		if s.ended {
			return searched, nil
		}
		if searched >= maxRecord {
			return 0, errLong
		}
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
}

// lineStop is end without the line's end, but not before start.
func (s *scanner) lineStop(start, end int) int {
	b := s.buf[s.from : s.from+end]
	if end > start && b[end-1] == '\n' {
		end--
	}
	if end > start && b[end-1] == '\r' {
		end--
	}
	return end
}

// fill reads more, behind what is there.
func (s *scanner) fill() error {
	if s.to == len(s.buf) && s.from > 0 { // what was passed makes room
		s.to = copy(s.buf, s.buf[s.from:s.to])
		s.from = 0
	}
	if s.to == len(s.buf) {
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	n, err := s.in.Read(s.buf[s.to:])
	s.to += n
	if errors.Is(err, io.EOF) {
		s.ended = true
		return nil
	}
	return err
}

func (s *scanner) pass(x extent) {
	s.from += x.size
	s.position += int64(x.size)
	s.line += x.lines
	s.passed = x
}

// reject passes the first line of a broken record.
func (s *scanner) reject(first int, key string) error {
	e := &rowError{line: s.line, Field: fault.Field{Key: key}, value: s.charset.excerpt(s.buf[s.from : s.from+s.lineStop(0, first)])}
	s.pass(extent{first, first, 1})
	return e
}

// passLong passes a line that does not fit into the buffer.
func (s *scanner) passLong() error {
	e := &rowError{line: s.line, Field: fault.Field{Key: "import.row_long", Args: fault.Args{"Max": maxRecord >> 10}}}
	e.value = s.charset.excerpt(s.buf[s.from:s.to])
	for {
		end, err := s.lineEnd(0)
		if err == nil {
			s.pass(extent{end, end, 1})
			return e
		}
		if !errors.Is(err, errLong) {
			return err
		}
		s.pass(extent{s.to - s.from, s.to - s.from, 0})
	}
}

// second is the second line of the record that next just answered, read as a
// row by itself; nil where there is none, or it is no row.
func (s *scanner) second() []string {
	x := s.passed
	if x.lines < 2 {
		return nil
	}
	line := s.buf[s.from-x.size+x.first : s.from]
	if end := bytes.IndexByte(line, '\n'); end >= 0 {
		line = line[:end+1]
	}
	alone := scanner{buf: line, to: len(line), ended: true, comma: s.comma, charset: s.charset, quoted: []byte{}}
	row, err := alone.next()
	if err != nil {
		return nil
	}
	return row.cells
}

// reread goes back to behind the first line of the record that next just
// answered.
func (s *scanner) reread() {
	x := s.passed
	s.pass(extent{size: x.first - x.size, lines: 1 - x.lines})
}
