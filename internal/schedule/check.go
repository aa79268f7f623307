package schedule

import (
	"time"

	"github.com/teambition/rrule-go"
)

// late is how long ago a start may be: the form was filled in for a while.
const late = time.Minute

// lastDay is where dates end: whatever follows from one can still be written
// with four digits of a year (RFC 3339).
var lastDay = time.Date(2200, time.January, 1, 0, 0, 0, 0, time.UTC)

// Problem is a field of a schedule that cannot stay as it is, and the
// translation key of the reason.
type Problem struct {
	Field string // "frequency", "start_at", "end_at", "time_zone", "rrule", "weekdays", "month_day"
	Key   string
	Args  map[string]any
}

// Check says everything that is wrong with a schedule that a person has just
// set, all at once. For one that runs already, whose start may lie in the past,
// give its start, or the zero time, as now.
func (s Schedule) Check(now time.Time) []Problem {
	r, problems := s.rule()
	add := func(p *Problem) { problems = append(problems, *p) }
	switch {
	case s.Start.IsZero():
	case s.Start.Before(now.Add(-late)):
		add(problem("start_at", "schedule.start_past"))
	case s.Start.After(lastDay):
		add(problem("start_at", "schedule.too_far"))
	}
	switch {
	case s.End.IsZero():
	case s.End.After(lastDay):
		add(problem("end_at", "schedule.too_far"))
	case !s.Start.IsZero() && s.End.Before(s.Start):
		add(problem("end_at", "schedule.end_before_start"))
	case s.Start.IsZero() && s.End.Before(now):
		add(problem("end_at", "schedule.end_past"))
	}
	if len(problems) == 0 && s.Frequency != Once {
		if p := s.never(r); p != nil {
			add(p)
		}
	}
	return problems
}

// never is the problem of a rule without any occurrence: the end's fault, where
// there would be one without it.
func (s Schedule) never(r *rule) *Problem {
	if r.occurs() {
		return nil
	}
	endless := s
	endless.End = time.Time{}
	if r, _ := endless.rule(); r.occurs() {
		return problem("end_at", "schedule.end_too_early")
	}
	return problem("rrule", "schedule.rrule_never")
}

func (r *rule) occurs() bool {
	for range r.from(r.start.Add(-1)) {
		return true
	}
	return false
}

// rule makes the schedule ready, or says why it cannot be. Once has no rule,
// but its fields are looked at too.
func (s Schedule) rule() (*rule, []Problem) {
	var problems []Problem
	add := func(p *Problem) {
		if p != nil {
			problems = append(problems, *p)
		}
	}
	r := &rule{freq: rrule.DAILY, interval: 1, wkst: time.Monday, loc: time.UTC, start: s.Start}
	loc, ok := s.location()
	switch {
	case ok:
		r.loc = loc
	case s.Zone == "":
		add(problem("time_zone", "schedule.zone_missing"))
	default:
		add(problem("time_zone", "schedule.zone_unknown", "Zone", shorten(s.Zone)))
	}
	r.start = s.Start.In(r.loc)
	r.wall = wallOf(s.Start, r.loc)
	r.minute, r.second, r.nanosecond = r.wall.Minute(), r.wall.Second(), r.wall.Nanosecond()
	add(s.shape(r))
	if s.Frequency != Once && s.Start.IsZero() {
		add(problem("start_at", "schedule.start_missing"))
	}
	if !s.End.IsZero() && (r.until.IsZero() || s.End.Before(r.until)) {
		r.until = s.End
	}
	r.fillIn()
	return r, problems
}

// shape sets what the frequency is about.
func (s Schedule) shape(r *rule) *Problem {
	switch s.Frequency {
	case Once, Daily:
	case Weekly:
		r.freq = rrule.WEEKLY
		for _, day := range s.Weekdays {
			if day < time.Sunday || day > time.Saturday {
				return problem("weekdays", "schedule.weekday_unknown")
			}
			r.days = append(r.days, nthDay{day: day})
		}
	case Monthly:
		r.freq = rrule.MONTHLY
		switch {
		case s.MonthDay < -1 || s.MonthDay > 31:
			return problem("month_day", "schedule.month_day_range")
		case s.MonthDay != 0:
			r.monthDays = []int{s.MonthDay}
		}
	case RRule:
		return r.parse(s.RRule)
	default:
		return problem("frequency", "schedule.frequency_unknown", "Frequency", shorten(string(s.Frequency)))
	}
	return nil
}

// problem takes the arguments as name, value pairs.
func problem(field, key string, args ...string) *Problem {
	p := &Problem{Field: field, Key: key}
	for i := 0; i+1 < len(args); i += 2 {
		if p.Args == nil {
			p.Args = map[string]any{}
		}
		p.Args[args[i]] = args[i+1]
	}
	return p
}
