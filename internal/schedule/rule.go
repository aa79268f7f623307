package schedule

import (
	"slices"
	"time"

	"github.com/teambition/rrule-go"
)

// rule is a recurring schedule made ready for questions: an RRULE with all that
// it leaves to its start filled in. Daily, weekly and monthly ones are RRULEs
// too. Its times are wall times unless said otherwise.
type rule struct {
	loc      *time.Location
	start    time.Time // a moment
	until    time.Time // the last moment that can be due, zero: none
	wall     time.Time // the start
	freq     rrule.Frequency
	interval int
	count    int          // 0: no limit
	wkst     time.Weekday // first day of the week

	// The BY… parts; an empty one admits everything.
	months, monthDays, yearDays, weekNos, setPos []int

	days  []nthDay
	hours []int // sorted; never empty but for HOURLY

	minute, second, nanosecond int
}

// nthDay is a weekday of BYDAY: each one where n is 0, the nth of its month or
// year otherwise, from the end where n is negative.
type nthDay struct {
	n   int
	day time.Weekday
}

// fillIn takes from the start what the rule leaves out (RFC 5545, 3.3.10: "…
// the appropriate ones are taken from DTSTART").
func (r *rule) fillIn() {
	if r.freq != rrule.HOURLY && len(r.hours) == 0 {
		r.hours = []int{r.wall.Hour()}
	}
	anyDay := len(r.days)+len(r.monthDays)+len(r.yearDays) > 0
	switch {
	case anyDay:
	case r.freq == rrule.WEEKLY, len(r.weekNos) > 0:
		r.days = []nthDay{{day: r.wall.Weekday()}}
	case r.freq == rrule.MONTHLY:
		r.monthDays = []int{r.wall.Day()}
	case r.freq == rrule.YEARLY:
		r.monthDays = []int{r.wall.Day()}
		if len(r.months) == 0 {
			r.months = []int{int(r.wall.Month())}
		}
	}
}

// period is the kth period of the rule, the start's own being the 0th: its
// first day and the day behind its last. Hourly ones begin at their hour.
func (r *rule) period(k int) (begin, end time.Time) {
	n := k * r.interval
	y, m, d := r.wall.Date()
	switch r.freq {
	case rrule.YEARLY:
		return date(y+n, 1, 1), date(y+n+1, 1, 1)
	case rrule.MONTHLY:
		return date(y, m+time.Month(n), 1), date(y, m+time.Month(n)+1, 1)
	case rrule.WEEKLY:
		d -= daysSince(r.wkst, r.wall.Weekday())
		return date(y, m, d+7*n), date(y, m, d+7*n+7)
	case rrule.DAILY:
		return date(y, m, d+n), date(y, m, d+n+1)
	}
	begin = time.Date(y, m, d, r.wall.Hour()+n, 0, 0, 0, time.UTC)
	by, bm, bd := begin.Date()
	return begin, date(by, bm, bd+1)
}

// periodOf is the last period that begins at or before the wall time; 0 for
// one before the start.
func (r *rule) periodOf(wall time.Time) int {
	if !wall.After(r.wall) {
		return 0
	}
	first, _ := r.period(0)
	var n int
	switch r.freq {
	case rrule.YEARLY:
		n = wall.Year() - first.Year()
	case rrule.MONTHLY:
		n = 12*(wall.Year()-first.Year()) + int(wall.Month()-first.Month())
	default:
		// Not by Sub: a Duration ends after 292 years.
		n = int((wall.Unix() - first.Unix()) / 3600)
		switch r.freq {
		case rrule.WEEKLY:
			n /= 7 * 24
		case rrule.DAILY:
			n /= 24
		}
	}
	return n / r.interval
}

// occurrences appends the wall times of the kth period, in order.
func (r *rule) occurrences(list []time.Time, k int) []time.Time {
	begin, end := r.period(k)
	if r.freq == rrule.HOURLY {
		if (len(r.hours) == 0 || slices.Contains(r.hours, begin.Hour())) && r.onDay(begin) {
			list = append(list, r.at(begin, begin.Hour()))
		}
		return list
	}
	for day := begin; day.Before(end); day = day.AddDate(0, 0, 1) {
		if !r.onDay(day) {
			continue
		}
		for _, hour := range r.hours {
			list = append(list, r.at(day, hour))
		}
	}
	return r.positions(list)
}

func (r *rule) at(day time.Time, hour int) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d, hour, r.minute, r.second, r.nanosecond, time.UTC)
}

// positions keeps what BYSETPOS chooses from the times of one period.
func (r *rule) positions(list []time.Time) []time.Time {
	if len(r.setPos) == 0 {
		return list
	}
	var chosen []time.Time
	for i, at := range list {
		if slices.Contains(r.setPos, i+1) || slices.Contains(r.setPos, i-len(list)) {
			chosen = append(chosen, at)
		}
	}
	return chosen
}

// onDay reports whether every BY… part about days admits the day.
func (r *rule) onDay(day time.Time) bool {
	y, m, d := day.Date()
	if len(r.months) > 0 && !slices.Contains(r.months, int(m)) {
		return false
	}
	if len(r.monthDays) > 0 && !among(r.monthDays, d, daysIn(y, m)) {
		return false
	}
	if len(r.yearDays) > 0 && !among(r.yearDays, day.YearDay(), daysInYear(y)) {
		return false
	}
	if len(r.weekNos) > 0 && !among(r.weekNos, weekNo(day, r.wkst), weeksAround(day, r.wkst)) {
		return false
	}
	return len(r.days) == 0 || slices.ContainsFunc(r.days, func(n nthDay) bool { return r.isNth(n, day) })
}

func (r *rule) isNth(n nthDay, day time.Time) bool {
	if day.Weekday() != n.day {
		return false
	}
	if n.n == 0 {
		return true
	}
	// The nth of the year only for YEARLY without BYMONTH.
	y, m, d := day.Date()
	of := daysIn(y, m)
	if r.freq == rrule.YEARLY && len(r.months) == 0 {
		d, of = day.YearDay(), daysInYear(y)
	}
	return n.n == (d-1)/7+1 || n.n == -(of-d)/7-1
}

// among reports whether the ith of so many is listed, counted from either end.
func among(list []int, i, of int) bool {
	return slices.Contains(list, i) || slices.Contains(list, i-of-1)
}

func date(y int, m time.Month, d int) time.Time {
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// daysSince is how many days after the one weekday the other comes, 0 to 6.
func daysSince(first, day time.Weekday) int { return (int(day-first) + 7) % 7 }

func daysIn(y int, m time.Month) int { return date(y, m+1, 0).Day() }

func daysInYear(y int) int { return date(y, 12, 31).YearDay() }

// weekNo is the number of the day's week, the first being the one with at least
// four days in the year (ISO 8601, for weeks that begin on any day).
func weekNo(day time.Time, wkst time.Weekday) int {
	return (middle(day, wkst).YearDay()-1)/7 + 1
}

// weeksAround is the number of weeks in the year that the day's week counts to;
// 28 December lies in the last one.
func weeksAround(day time.Time, wkst time.Weekday) int {
	return weekNo(date(middle(day, wkst).Year(), 12, 28), wkst)
}

// middle is the fourth day of the day's week: its year is the week's.
func middle(day time.Time, wkst time.Weekday) time.Time {
	return day.AddDate(0, 0, 3-daysSince(wkst, day.Weekday()))
}
