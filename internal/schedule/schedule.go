package schedule

import (
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones on systems that have none: Windows, empty containers
)

// Frequency is how a schedule repeats.
type Frequency string

const (
	Once    Frequency = "once"
	Daily   Frequency = "daily"
	Weekly  Frequency = "weekly"
	Monthly Frequency = "monthly"
	RRule   Frequency = "rrule"
)

// Schedule is when a mailing is due. Check says whether it is sound; the
// questions put to one that is not have the answer "never".
type Schedule struct {
	Frequency Frequency
	Weekdays  []time.Weekday // weekly: any number, any order; empty: the start's own
	MonthDay  int            // monthly: 1 to 31, -1 the last day; 0: the start's own
	RRule     string         // rrule: RFC 5545, 3.3.10, without DTSTART
	Start     time.Time      // zero only for once: due when the person starts it
	End       time.Time      // the last moment that can be due; zero: no end
	Zone      string         // IANA name, as in "Europe/Moscow"
}

// Next is the first occurrence after the given time, never that time itself;
// false if there is none.
func (s Schedule) Next(after time.Time) (time.Time, bool) {
	for at := range s.from(after) {
		return at, true
	}
	return time.Time{}, false
}

// NextN is the first n occurrences after the given time, or as many as there
// are.
func (s Schedule) NextN(after time.Time, n int) []time.Time {
	var list []time.Time
	if n <= 0 {
		return nil
	}
	for at := range s.from(after) {
		if list = append(list, at); len(list) == n {
			break
		}
	}
	return list
}

// String is the schedule for logs. People read Describe.
func (s Schedule) String() string {
	var b strings.Builder
	b.WriteString(string(s.Frequency))
	switch s.Frequency {
	case Weekly:
		for _, day := range sortedWeekdays(s.Weekdays) {
			b.WriteString(" " + day.String()[:3])
		}
	case Monthly:
		if s.MonthDay != 0 {
			b.WriteString(" " + strconv.Itoa(s.MonthDay))
		}
	case RRule:
		b.WriteString(" " + s.RRule)
	}
	if !s.Start.IsZero() {
		b.WriteString(" from " + s.Start.UTC().Format(time.RFC3339))
	}
	if !s.End.IsZero() {
		b.WriteString(" to " + s.End.UTC().Format(time.RFC3339))
	}
	b.WriteString(" " + s.Zone)
	return b.String()
}

// sortedWeekdays is the days once each, the week beginning on Monday.
func sortedWeekdays(days []time.Weekday) []time.Weekday {
	sorted := slices.SortedFunc(slices.Values(days), func(a, b time.Weekday) int {
		return int(a+6)%7 - int(b+6)%7
	})
	return slices.Compact(sorted)
}

// location is the zone by its name. "Local", which LoadLocation knows, is none:
// it differs from node to node.
func (s Schedule) location() (*time.Location, bool) {
	if s.Zone == "" || s.Zone == "Local" {
		return nil, false
	}
	loc, err := time.LoadLocation(s.Zone)
	return loc, err == nil
}
