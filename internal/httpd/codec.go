package httpd

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
)

// plainCodec writes sessions as lines: until when one lasts (RFC 3339), and
// what it holds, which is numbers and texts, nothing else:
//
//	2026-12-24T18:00:00Z
//	user=5
//	flashes="…"
//
// Reading one comes before every page, kept ones too, so the form is simple.
type plainCodec struct{}

var _ scs.Codec = plainCodec{}

// Encode writes a session; a value that is neither an int64 nor a string is an
// error.
func (plainCodec) Encode(until time.Time, values map[string]any) ([]byte, error) {
	data := until.AppendFormat(nil, time.RFC3339Nano)
	for name, value := range values {
		data = append(append(append(data, '\n'), name...), '=')
		switch value := value.(type) {
		case int64:
			data = strconv.AppendInt(data, value, 10)
		case string:
			data = strconv.AppendQuote(data, value)
		default:
			return nil, fmt.Errorf("keep %q in a session: no number or text, but %T", name, value)
		}
	}
	return data, nil
}

// Decode reads a session. One that an older version wrote is over.
func (plainCodec) Decode(data []byte) (until time.Time, values map[string]any, err error) {
	values = map[string]any{}
	first, rest, _ := strings.Cut(string(data), "\n")
	if until, err = time.Parse(time.RFC3339Nano, first); err != nil {
		return time.Time{}, values, nil
	}
	for line := range strings.Lines(rest) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if strings.HasPrefix(value, `"`) {
			values[name], err = strconv.Unquote(value)
		} else {
			values[name], err = strconv.ParseInt(value, 10, 64)
		}
		if err != nil {
			return time.Time{}, nil, fmt.Errorf("read a session: %w", err)
		}
	}
	return until, values, nil
}
