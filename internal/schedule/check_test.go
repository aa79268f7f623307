package schedule

import (
	"slices"
	"testing"
	"time"
)

func TestCheck(t *testing.T) {
	now := time.Date(2025, 6, 1, 9, 0, 0, 0, time.UTC)
	recurring := func(text string) Schedule {
		return Schedule{Frequency: RRule, RRule: text, Start: now, Zone: "UTC"}
	}
	for _, tt := range []struct {
		name string
		s    Schedule
		want []string // "field: key", sorted
	}{
		{"once, when started", Schedule{Frequency: Once, Zone: "UTC"}, nil},
		{"a moment ago", Schedule{Frequency: Daily, Start: now.Add(-time.Minute), Zone: "UTC"}, nil},
		{"far", Schedule{Frequency: Daily, Start: lastDay.Add(time.Second), End: lastDay.Add(time.Hour), Zone: "UTC"}, []string{"end_at: schedule.too_far", "start_at: schedule.too_far"}},
		{"past", Schedule{Frequency: Once, Start: now.Add(-61 * time.Second), Zone: "UTC"}, []string{"start_at: schedule.start_past"}},
		{
			"everything at once",
			Schedule{Frequency: "yearly", Start: now.AddDate(0, 0, -1), End: now.AddDate(0, 0, -2), Zone: "Mars/Base"},
			[]string{"end_at: schedule.end_before_start", "frequency: schedule.frequency_unknown", "start_at: schedule.start_past", "time_zone: schedule.zone_unknown"},
		},
		{"nothing", Schedule{}, []string{"frequency: schedule.frequency_unknown", "start_at: schedule.start_missing", "time_zone: schedule.zone_missing"}},
		{"local", Schedule{Frequency: Once, Zone: "Local"}, []string{"time_zone: schedule.zone_unknown"}},
		{"path", Schedule{Frequency: Once, Zone: "../../etc/passwd"}, []string{"time_zone: schedule.zone_unknown"}},
		{"ended", Schedule{Frequency: Once, End: now.Add(-1), Zone: "UTC"}, []string{"end_at: schedule.end_past"}},
		{"weekday", Schedule{Frequency: Weekly, Weekdays: []time.Weekday{7}, Start: now, Zone: "UTC"}, []string{"weekdays: schedule.weekday_unknown"}},
		{"month day", Schedule{Frequency: Monthly, MonthDay: 32, Start: now, Zone: "UTC"}, []string{"month_day: schedule.month_day_range"}},
		{"ends too early", Schedule{Frequency: Monthly, MonthDay: 31, Start: now, End: now.AddDate(0, 0, 3), Zone: "UTC"}, []string{"end_at: schedule.end_too_early"}},

		{"rule missing", recurring(" "), []string{"rrule: schedule.rrule_missing"}},
		{"sound", recurring("FREQ=MONTHLY;INTERVAL=2;BYDAY=MO,-1FR;BYHOUR=9,18;BYMINUTE=30,30;WKST=SU"), nil},
		{"leap monday", recurring("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO"), nil},
		{"no frequency", recurring("BYDAY=MO"), []string{"rrule: schedule.rrule_syntax"}},
		{"nonsense", recurring("every day"), []string{"rrule: schedule.rrule_syntax"}},
		{"range", recurring("FREQ=DAILY;BYHOUR=24"), []string{"rrule: schedule.rrule_syntax"}},
		{"zero", recurring("FREQ=MONTHLY;BYMONTHDAY=0"), []string{"rrule: schedule.rrule_syntax"}},
		{"twice", recurring("FREQ=DAILY;FREQ=DAILY"), []string{"rrule: schedule.rrule_syntax"}},
		{"two lines", recurring("DTSTART:20250101T000000Z\nRRULE:FREQ=DAILY"), []string{"rrule: schedule.rrule_syntax"}},
		{"dtstart", recurring("FREQ=DAILY;DTSTART=20250101T000000Z"), []string{"rrule: schedule.rrule_part"}},
		{"easter", recurring("FREQ=YEARLY;BYEASTER=1000"), []string{"rrule: schedule.rrule_part"}},
		{"count and until", recurring("FREQ=DAILY;COUNT=3;UNTIL=20300101"), []string{"rrule: schedule.rrule_part"}},
		{"count", recurring("FREQ=DAILY;COUNT=10001"), []string{"rrule: schedule.rrule_part"}},
		{"interval", recurring("FREQ=DAILY;INTERVAL=0"), []string{"rrule: schedule.rrule_part"}},
		{"53rd of a month", recurring("FREQ=MONTHLY;BYDAY=53MO"), []string{"rrule: schedule.rrule_part"}},
		{"second of a week", recurring("FREQ=WEEKLY;BYDAY=2MO"), []string{"rrule: schedule.rrule_part"}},
		{"setpos alone", recurring("FREQ=MONTHLY;BYSETPOS=1"), []string{"rrule: schedule.rrule_part"}},
		{"minutely", recurring("FREQ=MINUTELY"), []string{"rrule: schedule.rrule_too_often"}},
		{"secondly", recurring("FREQ=SECONDLY"), []string{"rrule: schedule.rrule_too_often"}},
		{"minutes", recurring("FREQ=DAILY;BYMINUTE=0,30"), []string{"rrule: schedule.rrule_too_often"}},
		{"seconds", recurring("FREQ=YEARLY;BYSECOND=0,1"), []string{"rrule: schedule.rrule_too_often"}},
		{"30 february", recurring("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"), []string{"rrule: schedule.rrule_never"}},
		{"30 february, hourly", recurring("FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30"), []string{"rrule: schedule.rrule_never"}},
		{"odd hours from nine", recurring("FREQ=HOURLY;INTERVAL=2;BYHOUR=10"), []string{"rrule: schedule.rrule_never"}},
		{"366th position", recurring("FREQ=DAILY;BYHOUR=9;BYSETPOS=366"), []string{"rrule: schedule.rrule_never"}},
		{"until before the start", recurring("FREQ=DAILY;UNTIL=20200101"), []string{"rrule: schedule.rrule_never"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			began := time.Now()
			if got := keys(tt.s.Check(now)); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestDue(t *testing.T) {
	day := func(d, hour int) time.Time { return time.Date(2025, 6, d, hour, 0, 0, 0, time.UTC) }
	daily := Schedule{Frequency: Daily, Start: day(1, 9), End: day(20, 9), Zone: "UTC"}
	for _, tt := range []struct {
		name     string
		s        Schedule
		due, now time.Time
		want     Decision
	}{
		{"in time", daily, day(2, 9), day(2, 9), Decision{Run: day(2, 9), Next: day(3, 9)}},
		{"not yet", daily, day(2, 9), day(2, 8), Decision{Next: day(2, 9)}},
		{"late", daily, day(2, 9), day(2, 15), Decision{Run: day(2, 9), Next: day(3, 9)}},
		{"too late", daily, day(2, 9), day(2, 16), Decision{Skipped: Skipped{1, day(2, 9), day(2, 9)}, Next: day(3, 9)}},
		{"days, latest in grace", daily, day(2, 9), day(5, 10), Decision{Run: day(5, 9), Skipped: Skipped{3, day(2, 9), day(4, 9)}, Next: day(6, 9)}},
		{"days, none in grace", daily, day(2, 9), day(6, 8), Decision{Skipped: Skipped{4, day(2, 9), day(5, 9)}, Next: day(6, 9)}},
		{"last one", daily, day(20, 9), day(20, 9), Decision{Run: day(20, 9)}},
		{"after the end", daily, day(19, 9), day(25, 9), Decision{Skipped: Skipped{2, day(19, 9), day(20, 9)}}},
		{"once, much later", Schedule{Frequency: Once, Start: day(1, 9), Zone: "UTC"}, day(1, 9), day(9, 9), Decision{Run: day(1, 9)}},
		{"once, when started", Schedule{Frequency: Once, Zone: "UTC"}, day(1, 9), day(1, 9), Decision{Run: day(1, 9)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Due(tt.s, tt.due, tt.now, DefaultGrace); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestDueAfterYears(t *testing.T) {
	start := time.Date(2005, 1, 1, 0, 0, 0, 0, time.UTC)
	s := Schedule{Frequency: RRule, RRule: "FREQ=HOURLY", Start: start, Zone: "UTC"}
	began := time.Now()
	d := Due(s, start, start.Add(10_000*time.Hour), DefaultGrace)
	if d.Skipped.Count != 10_000 || !d.Run.Equal(start.Add(10_000*time.Hour)) || !d.Next.Equal(d.Run.Add(time.Hour)) {
		t.Errorf("got %+v", d)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("took %v", took)
	}
}
