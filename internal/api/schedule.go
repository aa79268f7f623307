package api

import (
	"slices"
	"time"

	"gonets/internal/fault"
	"gonets/internal/schedule"
)

// Schedule is when a mailing is due.
type Schedule struct {
	Frequency string     `json:"frequency" enum:"once,daily,weekly,monthly,rrule"`
	Weekdays  []string   `json:"weekdays" nullable:"false" doc:"Weekly: mo, tu, we, th, fr, sa, su; none: the start's own."`
	MonthDay  int        `json:"month_day" doc:"Monthly: 1 to 31, -1 for the last day; 0: the start's own."`
	RRule     string     `json:"rrule" doc:"RFC 5545, without DTSTART."`
	StartAt   *time.Time `json:"start_at" doc:"Null only for once: due when the mailing is started."`
	EndAt     *time.Time `json:"end_at" doc:"The last moment that can be due."`
	TimeZone  string     `json:"time_zone" doc:"IANA: the clock on whose wall the schedule runs." example:"Europe/Moscow"`
}

// weekdays as RFC 5545 abbreviates them, by time.Weekday.
var weekdays = []string{"su", "mo", "tu", "we", "th", "fr", "sa"}

func scheduleOf(s schedule.Schedule) Schedule {
	shown := Schedule{
		Frequency: string(s.Frequency), Weekdays: []string{}, MonthDay: s.MonthDay, RRule: s.RRule,
		StartAt: moment(s.Start), EndAt: moment(s.End), TimeZone: s.Zone,
	}
	for _, day := range s.Weekdays {
		shown.Weekdays = append(shown.Weekdays, weekdays[day])
	}
	return shown
}

// ScheduleFields are a schedule as a person sets it.
type ScheduleFields struct {
	Frequency string    `json:"frequency" enum:"once,daily,weekly,monthly,rrule"`
	Weekdays  []string  `json:"weekdays,omitempty" nullable:"false" enum:"mo,tu,we,th,fr,sa,su" doc:"Weekly; none: the start's own."`
	MonthDay  int       `json:"month_day,omitempty" minimum:"-1" maximum:"31" doc:"Monthly: 1 to 31, -1 for the last day; 0: the start's own."`
	RRule     string    `json:"rrule,omitempty" doc:"RFC 5545, without DTSTART." example:"FREQ=MONTHLY;BYDAY=1MO"`
	StartAt   time.Time `json:"start_at,omitzero" nullable:"true" doc:"Optional only for once: due when the mailing is started. The wall clock's time of all that follow."`
	EndAt     time.Time `json:"end_at,omitzero" nullable:"true" doc:"The last moment that can be due."`
	TimeZone  string    `json:"time_zone,omitempty" doc:"IANA; empty: UTC." example:"Europe/Moscow"`
}

// schedule notes days that there are not.
func (f ScheduleFields) schedule(fields *fault.Fields) schedule.Schedule {
	s := schedule.Schedule{
		Frequency: schedule.Frequency(f.Frequency), MonthDay: f.MonthDay, RRule: f.RRule,
		Start: f.StartAt.UTC(), End: f.EndAt.UTC(), Zone: f.TimeZone,
	}
	for _, name := range f.Weekdays {
		day := slices.Index(weekdays, name)
		if day < 0 {
			fields.Add("schedule.weekdays", "schedule.weekday_unknown", nil)
			break
		}
		s.Weekdays = append(s.Weekdays, time.Weekday(day))
	}
	return s
}
