package httpd

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/alexedwards/scs/v2"
)

// plainCodec writes sessions as JSON. They hold numbers and texts, nothing
// else; reading one is a tenth of what gob takes, which was a quarter of the
// time of a page that is kept.
type plainCodec struct{}

var _ scs.Codec = plainCodec{}

// plainSession is a session as the database has it.
type plainSession struct {
	Until   time.Time         `json:"until"`
	Numbers map[string]int64  `json:"numbers,omitempty"`
	Texts   map[string]string `json:"texts,omitempty"`
}

// Encode writes a session; a value that is neither an int64 nor a string is an
// error.
func (plainCodec) Encode(until time.Time, values map[string]any) ([]byte, error) {
	s := plainSession{Until: until, Numbers: map[string]int64{}, Texts: map[string]string{}}
	for name, value := range values {
		switch value := value.(type) {
		case int64:
			s.Numbers[name] = value
		case string:
			s.Texts[name] = value
		default:
			return nil, fmt.Errorf("keep %q in a session: no number or text, but %T", name, value)
		}
	}
	return json.Marshal(s)
}

// Decode reads a session. One that an older version wrote is over.
func (plainCodec) Decode(data []byte) (until time.Time, values map[string]any, err error) {
	values = map[string]any{}
	if len(data) == 0 || data[0] != '{' {
		return time.Time{}, values, nil
	}
	var s plainSession
	if err := json.Unmarshal(data, &s); err != nil {
		return time.Time{}, nil, fmt.Errorf("read a session: %w", err)
	}
	for name, number := range s.Numbers {
		values[name] = number
	}
	for name, text := range s.Texts {
		values[name] = text
	}
	return s.Until, values, nil
}
