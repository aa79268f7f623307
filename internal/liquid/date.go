package liquid

import (
	"strconv"
	"strings"
	"time"
)

// latest is the last second that the filter date takes for a time, at the end
// of the year 9999; earliest is the first, at the beginning of the year 0.
const (
	latest   = 253402300799
	earliest = -62167219200
)

// layouts are the ways to write a time that the filter date reads. Those
// without a zone are in the zone of the rendering.
var layouts = []string{
	time.RFC3339,
	"2006-01-02 15:04:05 -0700",
	"2006-01-02 15:04:05 MST",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05",
	"2006-01-02T15:04",
	"2006-01-02 15:04",
	time.DateOnly,
	"2006/01/02",
	"2006/01/02 15:04:05",
	"02.01.2006",
	"02.01.2006 15:04",
	"02.01.2006 15:04:05",
	"02/01/2006",
	"January 2, 2006",
	"Jan 2, 2006",
	"January 2, 2006 15:04",
	"Jan 2, 2006 15:04",
	"2 January 2006",
	"2 Jan 2006",
	time.ANSIC,
	time.RFC1123,
	time.RFC1123Z,
}

// date formats a time. What is no time passes as it is, also without a format.
func date(c call) (any, error) {
	_, format, _, err := c.texts()
	if err != nil {
		return nil, err
	}
	if format == "" {
		return c.in, nil
	}
	t, ok := c.time(c.in)
	if !ok {
		return c.in, nil
	}
	most := c.limits.Output
	formatted := strftime(make([]byte, 0, 2*min(len(format), most)), t.In(c.zone), format, most)
	return c.made(string(formatted), nil)
}

// time reads a time, a number of seconds since 1970, "now", "today", or a text
// in one of the layouts.
func (c call) time(v any) (time.Time, bool) {
	switch v := v.(type) {
	case time.Time:
		return v, inYears(v.Unix())
	case int64:
		return time.Unix(v, 0), inYears(v)
	}
	s, _ := textOf(v)
	s = strings.Trim(s, space)
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n >= 0 {
		return time.Unix(n, 0), inYears(n)
	}
	const longest = 64
	if s == "" || len(s) > longest {
		return time.Time{}, false
	}
	if strings.EqualFold(s, "now") || strings.EqualFold(s, "today") {
		return c.now, inYears(c.now.Unix())
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, s, c.zone); err == nil {
			return t, inYears(t.Unix())
		}
	}
	return time.Time{}, false
}

func inYears(seconds int64) bool { return earliest <= seconds && seconds <= latest }
