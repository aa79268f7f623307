package smtp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// codeClosing is "service not available, closing transmission channel"; it may
// be the reply to any command (RFC 5321 4.2.2).
const codeClosing = 421

// Bounds of what we read of one reply.
const (
	// maxReplyLine is the longest line we take, in bytes with its line end. The
	// RFC allows 512 (RFC 5321 4.5.3.1.5); servers that explain themselves by
	// links are longer. It is the size of the connection's read buffer.
	maxReplyLine = 4 << 10
	// maxReplyLines is the number of lines we take.
	maxReplyLines = 128
	// maxReplyText bounds Reply.Text, in bytes.
	maxReplyText = 2 << 10
)

var (
	errMalformed = errors.New("malformed reply")
	errClosed    = errors.New("the server closed the connection")
)

// Reply is what the server said to one command.
type Reply struct {
	// Code is the three-digit reply code, 200 to 599; 0 means no reply.
	Code int
	// Enhanced is the enhanced status code (RFC 3463), as "5.1.1", or "".
	Enhanced string
	// Text holds the server's own words without the codes, one line per line
	// of the reply: valid UTF-8, at most 2 KiB, without control characters.
	Text string
}

// String returns the reply as a log shows it: "550 5.1.1 No such user".
func (r Reply) String() string {
	parts := make([]string, 0, 3)
	if r.Code != 0 {
		parts = append(parts, strconv.Itoa(r.Code))
	}
	for _, s := range []string{r.Enhanced, r.Text} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " ")
}

func (r Reply) positive() bool     { return r.Code/100 == 2 }
func (r Reply) intermediate() bool { return r.Code/100 == 3 }
func (r Reply) negative() bool     { return r.Code/100 == 4 || r.Code/100 == 5 }

// readReply reads one reply of one or more lines (RFC 5321 4.2.1). An error
// says that none came, or none that is SMTP; what follows on the connection
// then has no meaning.
func readReply(br *bufio.Reader) (Reply, error) {
	var (
		r    Reply
		text strings.Builder
	)
	for n := range maxReplyLines {
		line, err := readLine(br)
		if err != nil {
			return Reply{}, err
		}
		code, words, more, ok := parseLine(line)
		if !ok || n > 0 && code != r.Code {
			return Reply{}, fmt.Errorf("%w: %q", errMalformed, line[:min(len(line), 80)])
		}
		enhanced, words := cutEnhanced(code, words)
		if n == 0 {
			r.Code, r.Enhanced = code, string(enhanced)
		}
		if n == 0 && !more {
			r.Text = clip(clean(words))
			return r, nil
		}
		if n > 0 {
			text.WriteByte('\n')
		}
		if text.Len() <= maxReplyText {
			text.WriteString(clean(words))
		}
		if !more {
			r.Text = clip(text.String())
			return r, nil
		}
	}
	return Reply{}, fmt.Errorf("%w: more than %d lines", errMalformed, maxReplyLines)
}

// readLine reads one line and returns it without its line end; a bare LF is
// taken for one. The line is valid until the next read.
func readLine(br *bufio.Reader) ([]byte, error) {
	line, err := br.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, fmt.Errorf("%w: a line of more than %d bytes", errMalformed, maxReplyLine)
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%w: %w", errClosed, err)
	case err != nil:
		return nil, err
	}
	line = line[:len(line)-1]
	return bytes.TrimSuffix(line, []byte{'\r'}), nil
}

// parseLine splits "550-5.1.1 No such user" into its code and the rest, and
// says whether another line follows.
func parseLine(line []byte) (code int, words []byte, more, ok bool) {
	if len(line) < 3 || line[0] < '2' || line[0] > '5' || !isDigit(line[1]) || !isDigit(line[2]) {
		return 0, nil, false, false
	}
	code = int(line[0]-'0')*100 + int(line[1]-'0')*10 + int(line[2]-'0')
	if len(line) == 3 { // the text may be missing, and its space with it
		return code, nil, false, true
	}
	if line[3] != ' ' && line[3] != '-' {
		return 0, nil, false, false
	}
	return code, line[4:], line[3] == '-', true
}

// cutEnhanced splits the enhanced code off the words. Its class must be that of
// the reply code (RFC 2034 4); anything else is part of the words.
func cutEnhanced(code int, words []byte) (enhanced, rest []byte) {
	end := bytes.IndexByte(words, ' ')
	if end < 0 {
		end = len(words)
	}
	enhanced = words[:end]
	if !isEnhanced(enhanced) || int(enhanced[0]-'0') != code/100 {
		return nil, words
	}
	return enhanced, words[end:]
}

// isEnhanced reports whether b is class "." subject "." detail
// (RFC 3463 2): class 2, 4 or 5, the others of one to three digits.
func isEnhanced(b []byte) bool {
	if len(b) < 5 || len(b) > 9 || b[1] != '.' || b[0] != '2' && b[0] != '4' && b[0] != '5' {
		return false
	}
	subject, detail, found := bytes.Cut(b[2:], []byte{'.'})
	return found && isNumber(subject) && isNumber(detail)
}

func isNumber(b []byte) bool {
	for _, d := range b {
		if !isDigit(d) {
			return false
		}
	}
	return len(b) >= 1 && len(b) <= 3
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// clean makes the server's words fit to be shown: valid UTF-8 without control
// and format characters (which could hide or turn round text on a page).
func clean(words []byte) string {
	words = bytes.TrimSpace(words)
	for _, b := range words {
		if b < ' ' || b > '~' {
			return strings.TrimSpace(strings.Map(visible, strings.ToValidUTF8(string(words), "\uFFFD")))
		}
	}
	return string(words)
}

func visible(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case unicode.In(r, unicode.Cc, unicode.Cf):
		return -1
	case unicode.In(r, unicode.Zl, unicode.Zp):
		return ' '
	}
	return r
}

// clip cuts s to maxReplyText bytes, at the edge of a rune.
func clip(s string) string {
	if len(s) <= maxReplyText {
		return s
	}
	end := maxReplyText
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}
