package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"gonets/internal/fault"
	"gonets/internal/schedule"
	"gonets/internal/web/ui"
)

// scheduleForm is when a mailing goes, as a person types it: moments are on
// the wall clock of the zone.
type scheduleForm struct {
	Frequency  string
	When       string // once: whenStarted or whenAt
	Weekdays   []string
	MonthDay   string // "": the start's own
	RRule      string
	Start, End string
	Zone       string
}

const (
	whenStarted = "started"
	whenAt      = "at"
)

// wallClock is how browsers write datetime-local; some leave out the seconds.
const wallClock = "2006-01-02T15:04"

func newSchedule(zone string) scheduleForm {
	if zone == "" {
		zone = "UTC"
	}
	return scheduleForm{Frequency: string(schedule.Once), When: whenStarted, Zone: zone}
}

func readSchedule(r *http.Request) scheduleForm {
	return scheduleForm{
		Frequency: r.FormValue("schedule.frequency"),
		When:      r.FormValue("when"),
		Weekdays:  r.Form["schedule.weekdays"],
		MonthDay:  r.FormValue("schedule.month_day"),
		RRule:     r.FormValue("schedule.rrule"),
		Start:     r.FormValue("schedule.start_at"),
		End:       r.FormValue("schedule.end_at"),
		Zone:      strings.TrimSpace(r.FormValue("schedule.time_zone")),
	}
}

func scheduleFormOf(s schedule.Schedule) scheduleForm {
	f := scheduleForm{Frequency: string(s.Frequency), When: whenAt, RRule: s.RRule, Zone: s.Zone}
	if s.Start.IsZero() {
		f.When = whenStarted
	}
	for _, d := range s.Weekdays {
		f.Weekdays = append(f.Weekdays, weekdayValue(d))
	}
	if s.MonthDay != 0 {
		f.MonthDay = strconv.Itoa(s.MonthDay)
	}
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		zone = time.UTC
	}
	f.Start, f.End = wall(s.Start, zone), wall(s.End, zone)
	return f
}

func wall(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format(wallClock)
}

// schedule is what the form says; fields that its frequency doesn't ask for
// are of no account, and what can't be read is wrong.
func (f *scheduleForm) schedule() (s schedule.Schedule, wrong fault.Fields) {
	s = schedule.Schedule{Frequency: schedule.Frequency(f.Frequency), Zone: f.Zone}
	zone, err := time.LoadLocation(f.Zone)
	if err != nil || f.Zone == "" {
		zone = time.UTC // the zone's own problem is told
	}
	at := func(name, text string) (t time.Time) {
		if text == "" {
			return t
		}
		t, err := time.ParseInLocation(wallClock, text[:min(len(text), len(wallClock))], zone)
		if err != nil {
			wrong.Add("schedule."+name, "error.time", nil)
		}
		return t
	}
	switch s.Frequency {
	case schedule.Once:
		if f.When != whenStarted {
			if f.Start == "" {
				wrong.Add("schedule.start_at", "error.time", nil)
			}
			s.Start = at("start_at", f.Start)
		}
		return s, wrong
	case schedule.Weekly:
		for _, d := range weekdays() {
			if slices.Contains(f.Weekdays, weekdayValue(d)) {
				s.Weekdays = append(s.Weekdays, d)
			}
		}
	case schedule.Monthly:
		if n, err := strconv.Atoi(f.MonthDay); err == nil {
			s.MonthDay = n
		}
	case schedule.RRule:
		s.RRule = strings.TrimPrefix(strings.TrimSpace(f.RRule), "RRULE:")
	}
	s.Start, s.End = at("start_at", f.Start), at("end_at", f.End)
	return s, wrong
}

// weekdays are those of a week, which begins on Monday.
func weekdays() []time.Weekday {
	return []time.Weekday{
		time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday,
	}
}

func weekdayValue(d time.Weekday) string { return strings.ToLower(d.String()[:2]) }

// preview is a schedule in words, with its next runs.
type preview struct {
	Sentence string
	Problem  string // in place of the sentence: what is missing yet
	Next     []time.Time
	Zone     *time.Location // in which they are told
	More     bool           // there are further ones
}

// shown is how many runs a preview tells.
const shown = 3

// previewOf reads a form as far as it is filled in.
func previewOf(v ui.View, f scheduleForm) preview {
	s, wrong := f.schedule()
	for _, p := range s.Check(v.Now) {
		wrong.Add(p.Field, p.Key, p.Args)
	}
	if len(wrong) > 0 {
		return preview{Problem: v.Sentence(wrong[0].Key, wrong[0].Args)}
	}
	return previewSchedule(v, s)
}

func previewSchedule(v ui.View, s schedule.Schedule) preview {
	p := preview{Sentence: s.Describe().Sentence(v.Sentence), Zone: v.Zone}
	if zone, err := time.LoadLocation(s.Zone); err == nil {
		p.Zone = zone
	}
	p.Next = s.NextN(v.Now, shown+1)
	if len(p.Next) > shown {
		p.Next, p.More = p.Next[:shown], true
	}
	return p
}

// schedulePreview is the part of the form that follows what is typed.
func (s *Web) schedulePreview(v *visit) error {
	_ = v.ParseForm() // what can't be read is missing, and the preview says so
	return v.render(http.StatusOK, schedulePreviewTempl(v.view, previewOf(v.view, readSchedule(v.Request))))
}

// frequencies are the choices of how often.
func frequencies(v ui.View) []ui.Option {
	var options []ui.Option
	for _, f := range []schedule.Frequency{schedule.Once, schedule.Daily, schedule.Weekly, schedule.Monthly, schedule.RRule} {
		options = append(options, ui.Option{Value: string(f), Label: v.T("mailings.frequency." + string(f))})
	}
	return options
}

// monthDays are the choices of a day of the month.
func monthDays(v ui.View) []ui.Option {
	options := []ui.Option{{Label: v.T("mailings.month_day_of_start")}}
	for day := 1; day <= 31; day++ {
		options = append(options, ui.Option{Value: strconv.Itoa(day), Label: strconv.Itoa(day)})
	}
	return append(options, ui.Option{Value: "-1", Label: v.T("mailings.month_day_last")})
}
