package stats

import (
	"net/url"
	"strconv"
	"time"

	"gonets/internal/fault"
)

// Range is the time that is asked about: from From on and before To, both at
// the beginning of a quarter of an hour.
type Range struct{ From, To time.Time }

const (
	// DefaultDays are asked about where nothing else is said.
	DefaultDays = 30
	// MaxDays bound a range, and so the cost of an answer.
	MaxDays = 366
)

// Span is how a person names a range: the last so many days, today among them,
// or two dates, both of which are in it. All zero is the last 30 days.
type Span struct {
	Days     int
	From, To string // 2026-11-22; without To: up to today
}

// Values are the span as an address has it.
func (s Span) Values() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"from": s.From, "to": s.To} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if s.Days != 0 {
		q.Set("days", strconv.Itoa(s.Days))
	}
	return q
}

// Range is the span in days of a zone. Errors name the fields days, from, to.
func (s Span) Range(zone *time.Location, now time.Time) (Range, error) {
	today := midnight(now.In(zone), 0)
	if s.From == "" && s.To == "" {
		return s.last(today)
	}
	var fields fault.Fields
	from, to := s.date(&fields, "from", s.From, zone), today
	if s.To != "" {
		to = s.date(&fields, "to", s.To, zone)
	}
	if err := fields.Err(); err != nil {
		return Range{}, err
	}
	switch to = midnight(to, 1); {
	case !from.Before(to):
		fields.Add("to", "stats.backwards", nil)
	case midnight(from, MaxDays).Before(to):
		fields.Add("from", "stats.too_long", fault.Args{"Count": MaxDays})
	}
	return Range{from, to}, fields.Err()
}

// last are so many days, of which today is the last.
func (s Span) last(today time.Time) (Range, error) {
	days := s.Days
	if days == 0 {
		days = DefaultDays
	}
	if days < 1 || days > MaxDays {
		return Range{}, fault.Fields{{Name: "days", Key: "stats.days", Args: fault.Args{"Count": MaxDays}}}.Err()
	}
	return Range{midnight(today, 1-days), midnight(today, 1)}, nil
}

func (Span) date(fields *fault.Fields, name, text string, zone *time.Location) time.Time {
	begin, _ := Day(text, zone)
	if begin.IsZero() {
		fields.Add(name, "stats.date", nil)
	}
	return begin
}

// Day is where a date's day begins and where it ends; zero times where the
// text is no date.
func Day(text string, zone *time.Location) (begin, end time.Time) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, time.Time{}
	}
	begin = midnight(time.Date(t.Year(), t.Month(), t.Day(), 12, 0, 0, 0, zone), 0)
	return begin, midnight(begin, 1)
}

// midnight is where the day begins that is so many days after t's. Where a
// zone skips midnight, the day begins at its first moment.
func midnight(t time.Time, days int) time.Time {
	y, m, d := t.Date()
	start := time.Date(y, m, d+days, 0, 0, 0, 0, t.Location())
	if start.Day() != time.Date(y, m, d+days, 0, 0, 0, 0, time.UTC).Day() { // it is 23:00 of the day before
		start = start.Add(time.Hour)
	}
	return start
}
