package smtp

import "bytes"

// flushSize is how much content is gathered for one write, in bytes.
const flushSize = 64 << 10

// stuff appends lines of content to b, as they go on the wire, until b is full
// or the content is at its end; it returns what is left.
func stuff(b, content []byte) (full, rest []byte) {
	if len(content) < flushSize && onWire(content) {
		return append(b, content...), nil
	}
	for len(content) > 0 && len(b) < flushSize {
		var line []byte
		line, content, _ = bytes.Cut(content, []byte{'\n'})
		b = appendLine(b, line)
	}
	return b, content
}

// onWire reports whether content is already as it goes on the wire.
func onWire(content []byte) bool {
	if !bytes.HasSuffix(content, []byte{'\n'}) || content[0] == '.' {
		return false
	}
	lines := 0
	for rest := content; len(rest) > 0; lines++ {
		end := bytes.IndexByte(rest, '\n')
		if end == 0 || rest[end-1] != '\r' || end+1 < len(rest) && rest[end+1] == '.' {
			return false
		}
		rest = rest[end+1:]
	}
	return lines == bytes.Count(content, []byte{'\r'})
}

// appendLine appends one line of content, given without its LF, as it goes on
// the wire: ended by CRLF, a leading dot doubled (RFC 5321 4.5.2). A CR that is
// not part of a CRLF is a line end too: servers disagree about it, and that
// disagreement is how a second message is smuggled in.
func appendLine(b, line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte{'\r'})
	for {
		part, rest, more := bytes.Cut(line, []byte{'\r'})
		if len(part) > 0 && part[0] == '.' {
			b = append(b, '.')
		}
		b = append(b, part...)
		b = append(b, "\r\n"...)
		if !more {
			return b
		}
		line = rest
	}
}
