package schedule

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const layout = "2006-01-02 15:04 -0700"

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// in reads "2025-03-28 02:30" as the wall clock of the zone shows it.
func in(t testing.TB, zoneName, wall string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", wall, zone(t, zoneName))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func formatted(list []time.Time, loc *time.Location) string {
	var out []string
	for _, at := range list {
		out = append(out, at.In(loc).Format(layout))
	}
	return strings.Join(out, ", ")
}

func TestNext(t *testing.T) {
	for _, tt := range []struct {
		name  string
		s     Schedule // Start is read from start, in its zone
		start string
		want  string // the first occurrences
	}{
		// The clocks of Berlin go from 02:00 to 03:00 on 2025-03-30, back on 10-26.
		{
			"gap",
			Schedule{Frequency: Daily, Zone: "Europe/Berlin"},
			"2025-03-29 02:30",
			"2025-03-29 02:30 +0100, 2025-03-30 03:30 +0200, 2025-03-31 02:30 +0200",
		},
		{
			"overlap",
			Schedule{Frequency: Daily, Zone: "Europe/Berlin"},
			"2025-10-25 02:30",
			"2025-10-25 02:30 +0200, 2025-10-26 02:30 +0200, 2025-10-27 02:30 +0100",
		},
		{
			"nine stays nine",
			Schedule{Frequency: Daily, Zone: "Europe/Berlin"},
			"2025-03-29 09:00",
			"2025-03-29 09:00 +0100, 2025-03-30 09:00 +0200, 2025-03-31 09:00 +0200",
		},
		{
			"hourly gap",
			Schedule{Frequency: RRule, RRule: "FREQ=HOURLY", Zone: "Europe/Berlin"},
			"2025-03-30 01:30",
			"2025-03-30 01:30 +0100, 2025-03-30 03:30 +0200, 2025-03-30 04:30 +0200",
		},
		{
			"hourly overlap",
			Schedule{Frequency: RRule, RRule: "FREQ=HOURLY", Zone: "Europe/Berlin"},
			"2025-10-26 01:30",
			"2025-10-26 01:30 +0200, 2025-10-26 02:30 +0200, 2025-10-26 03:30 +0100",
		},
		{
			"two hours, one a gap",
			Schedule{Frequency: RRule, RRule: "FREQ=DAILY;BYHOUR=2,3;BYMINUTE=30", Zone: "Europe/Berlin"},
			"2025-03-30 00:00",
			"2025-03-30 03:30 +0200, 2025-03-31 02:30 +0200, 2025-03-31 03:30 +0200",
		},
		{
			"new york gap",
			Schedule{Frequency: Weekly, Zone: "America/New_York"},
			"2025-03-02 02:30",
			"2025-03-02 02:30 -0500, 2025-03-09 03:30 -0400, 2025-03-16 02:30 -0400",
		},
		{
			"new york overlap",
			Schedule{Frequency: Weekly, Zone: "America/New_York"},
			"2025-10-26 01:30",
			"2025-10-26 01:30 -0400, 2025-11-02 01:30 -0400, 2025-11-09 01:30 -0500",
		},
		{
			"moscow 2011, to summer time for good",
			Schedule{Frequency: Daily, Zone: "Europe/Moscow"},
			"2011-03-26 02:30",
			"2011-03-26 02:30 +0300, 2011-03-27 03:30 +0400, 2011-03-28 02:30 +0400",
		},
		{
			"moscow 2014, back for good",
			Schedule{Frequency: Daily, Zone: "Europe/Moscow"},
			"2014-10-25 01:30",
			"2014-10-25 01:30 +0400, 2014-10-26 01:30 +0400, 2014-10-27 01:30 +0300",
		},
		{
			"lord howe gap of half an hour",
			Schedule{Frequency: Daily, Zone: "Australia/Lord_Howe"},
			"2025-10-04 02:15",
			"2025-10-04 02:15 +1030, 2025-10-05 02:45 +1100, 2025-10-06 02:15 +1100",
		},
		{
			"lord howe overlap of half an hour",
			Schedule{Frequency: Daily, Zone: "Australia/Lord_Howe"},
			"2025-04-05 01:45",
			"2025-04-05 01:45 +1100, 2025-04-06 01:45 +1100, 2025-04-07 01:45 +1030",
		},
		{
			"apia without 30 december 2011",
			Schedule{Frequency: Daily, Zone: "Pacific/Apia"},
			"2011-12-29 10:00",
			"2011-12-29 10:00 -1000, 2011-12-31 10:00 +1400, 2012-01-01 10:00 +1400",
		},

		{
			"31st skips",
			Schedule{Frequency: Monthly, MonthDay: 31, Zone: "UTC"},
			"2025-01-01 09:00",
			"2025-01-31 09:00 +0000, 2025-03-31 09:00 +0000, 2025-05-31 09:00 +0000",
		},
		{
			"start's own day",
			Schedule{Frequency: Monthly, Zone: "UTC"},
			"2025-01-30 09:00",
			"2025-01-30 09:00 +0000, 2025-03-30 09:00 +0000, 2025-04-30 09:00 +0000",
		},
		{
			"last day",
			Schedule{Frequency: Monthly, MonthDay: -1, Zone: "UTC"},
			"2024-01-31 09:00",
			"2024-01-31 09:00 +0000, 2024-02-29 09:00 +0000, 2024-03-31 09:00 +0000",
		},
		{
			"weekdays",
			Schedule{Frequency: Weekly, Weekdays: []time.Weekday{5, 1, 1}, Zone: "UTC"},
			"2025-01-01 09:00",
			"2025-01-03 09:00 +0000, 2025-01-06 09:00 +0000, 2025-01-10 09:00 +0000",
		},
		{
			"start's own weekday",
			Schedule{Frequency: Weekly, Zone: "UTC"},
			"2025-01-01 09:00",
			"2025-01-01 09:00 +0000, 2025-01-08 09:00 +0000, 2025-01-15 09:00 +0000",
		},
		{
			"leap day",
			Schedule{Frequency: RRule, RRule: "FREQ=YEARLY", Zone: "UTC"},
			"2096-02-29 09:00",
			"2096-02-29 09:00 +0000, 2104-02-29 09:00 +0000, 2108-02-29 09:00 +0000",
		},
		{
			"last friday",
			Schedule{Frequency: RRule, RRule: "FREQ=MONTHLY;BYDAY=-1FR", Zone: "UTC"},
			"2025-01-01 09:00",
			"2025-01-31 09:00 +0000, 2025-02-28 09:00 +0000, 2025-03-28 09:00 +0000",
		},
		{
			"last working day",
			Schedule{Frequency: RRule, RRule: "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", Zone: "UTC"},
			"2025-05-01 09:00",
			"2025-05-30 09:00 +0000, 2025-06-30 09:00 +0000, 2025-07-31 09:00 +0000",
		},
		{
			"count",
			Schedule{Frequency: RRule, RRule: "rrule:freq=daily;count=2", Zone: "UTC"},
			"2025-01-01 09:00",
			"2025-01-01 09:00 +0000, 2025-01-02 09:00 +0000",
		},
		{
			"until, in the zone",
			Schedule{Frequency: RRule, RRule: "FREQ=DAILY;UNTIL=20250102T090000", Zone: "Asia/Tokyo"},
			"2025-01-01 09:00",
			"2025-01-01 09:00 +0900, 2025-01-02 09:00 +0900",
		},
		{
			"until, in UTC",
			Schedule{Frequency: RRule, RRule: "FREQ=DAILY;UNTIL=20250102T090000Z", Zone: "America/New_York"},
			"2025-01-01 09:00",
			"2025-01-01 09:00 -0500",
		},
		{
			"until a day",
			Schedule{Frequency: RRule, RRule: "FREQ=DAILY;UNTIL=20250102", Zone: "America/New_York"},
			"2025-01-01 23:00",
			"2025-01-01 23:00 -0500, 2025-01-02 23:00 -0500",
		},
		{
			"end is due",
			Schedule{Frequency: Daily, Zone: "UTC", End: time.Date(2025, 1, 2, 9, 0, 0, 0, time.UTC)},
			"2025-01-01 09:00",
			"2025-01-01 09:00 +0000, 2025-01-02 09:00 +0000",
		},
		{"once", Schedule{Frequency: Once, Zone: "UTC"}, "2025-01-01 09:00", "2025-01-01 09:00 +0000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			loc := zone(t, tt.s.Zone)
			tt.s.Start = in(t, tt.s.Zone, tt.start)
			if problems := tt.s.Check(tt.s.Start); len(problems) > 0 {
				t.Fatal(problems)
			}
			if got := formatted(tt.s.NextN(tt.s.Start.Add(-1), 3), loc); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestNextHasNone(t *testing.T) {
	start := time.Date(2025, 1, 1, 9, 0, 0, 0, time.UTC)
	for name, s := range map[string]Schedule{
		"once, past":          {Frequency: Once, Start: start, Zone: "UTC"},
		"once, when started":  {Frequency: Once, Zone: "UTC"},
		"ended":               {Frequency: Daily, Start: start, End: start, Zone: "UTC"},
		"no zone":             {Frequency: Daily, Start: start},
		"no start":            {Frequency: Daily, Zone: "UTC"},
		"no such frequency":   {Frequency: "hourly", Start: start, Zone: "UTC"},
		"a rule of no sense":  {Frequency: RRule, RRule: "FREQ=", Start: start, Zone: "UTC"},
		"a date never comes":  {Frequency: RRule, RRule: "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", Start: start, Zone: "UTC"},
		"the zero schedule":   {},
		"an hour never comes": {Frequency: RRule, RRule: "FREQ=HOURLY;INTERVAL=2;BYHOUR=2", Start: start, Zone: "UTC"},
	} {
		if at, ok := s.Next(start); ok || !at.IsZero() || s.NextN(start, 3) != nil {
			t.Errorf("%s: got %v", name, at)
		}
	}
}

// A start in the second of two equal hours is an occurrence all the same.
func TestStartInOverlap(t *testing.T) {
	s := Schedule{Frequency: Daily, Zone: "Europe/Berlin", Start: time.Date(2025, 10, 26, 1, 30, 0, 0, time.UTC)}
	want := "2025-10-26 02:30 +0100, 2025-10-27 02:30 +0100"
	if got := formatted(s.NextN(s.Start.Add(-1), 2), zone(t, s.Zone)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Next from an old start takes the work of a new one.
func TestNextOldStart(t *testing.T) {
	for _, text := range []string{"FREQ=HOURLY", "FREQ=DAILY;BYHOUR=1,2,3", "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=YEARLY", "FREQ=HOURLY;COUNT=10000;INTERVAL=100"} {
		s := Schedule{Frequency: RRule, RRule: text, Zone: "Europe/Moscow", Start: time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)}
		began := time.Now()
		if _, ok := s.Next(time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)); !ok {
			t.Errorf("%s: no occurrence", text)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("%s: took %v", text, took)
		}
	}
}

// That an hour never comes is known at once, without a search of a hundred years.
func TestNeverIsQuick(t *testing.T) {
	start := time.Date(2025, 1, 1, 0, 30, 0, 0, time.UTC)
	for _, text := range []string{"INTERVAL=2;BYHOUR=1,3", "INTERVAL=24;BYHOUR=1", "INTERVAL=2;BYHOUR=1;UNTIL=99990101"} {
		s := Schedule{Frequency: RRule, RRule: "FREQ=HOURLY;" + text, Start: start, Zone: "UTC"}
		began := time.Now()
		for range 20 {
			if _, ok := s.Next(start); ok || len(s.Check(start)) == 0 || s.Describe().Key == "" {
				t.Errorf("%s: comes", text)
			}
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("%s: took %v", text, took)
		}
	}
}

func TestString(t *testing.T) {
	s := Schedule{
		Frequency: Weekly, Weekdays: []time.Weekday{0, 3, 1}, Zone: "Europe/Moscow",
		Start: time.Date(2025, 1, 1, 6, 0, 0, 0, time.UTC), End: time.Date(2026, 1, 1, 6, 0, 0, 0, time.UTC),
	}
	want := "weekly Mon Wed Sun from 2025-01-01T06:00:00Z to 2026-01-01T06:00:00Z Europe/Moscow"
	if got := s.String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

var zones = []string{"UTC", "Europe/Berlin", "Europe/Moscow", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "Antarctica/Troll", "Africa/Casablanca"}

func drawSchedule(t *rapid.T) Schedule {
	s := Schedule{
		Frequency: rapid.SampledFrom([]Frequency{Once, Daily, Weekly, Monthly, RRule}).Draw(t, "frequency"),
		Zone:      rapid.SampledFrom(zones).Draw(t, "zone"),
		Start:     time.Unix(rapid.Int64Range(1_000_000_000, 2_000_000_000).Draw(t, "start"), 0),
	}
	switch s.Frequency {
	case Weekly:
		s.Weekdays = rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 6), func(i int) time.Weekday { return time.Weekday(i) }), 0, 4).Draw(t, "weekdays")
	case Monthly:
		s.MonthDay = rapid.IntRange(-1, 31).Draw(t, "month day")
	case RRule:
		s.RRule = drawRule(t)
	}
	if rapid.Bool().Draw(t, "ends") {
		s.End = s.Start.Add(time.Duration(rapid.IntRange(0, 400*24).Draw(t, "hours")) * time.Hour)
	}
	return s
}

// Occurrences come in order, between start and end, at the right hour of the
// wall, and asking from any moment gives the same ones.
func TestOccurrencesRapid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSchedule(t)
		list := s.NextN(s.Start.Add(-time.Hour), 20)
		loc, _ := s.location()
		for i, at := range list {
			if i > 0 && !at.After(list[i-1]) {
				t.Fatalf("%v: %v is not after %v", s, at, list[i-1])
			}
			if at.Before(s.Start) || !s.End.IsZero() && at.After(s.End) {
				t.Fatalf("%v: %v is outside", s, at)
			}
			if s.Frequency != RRule && !rightHour(at, s.Start, loc) {
				t.Fatalf("%v: %v is not the hour of %v", s, at.In(loc), s.Start.In(loc))
			}
			if next, ok := s.Next(at.Add(-1)); !ok || !next.Equal(at) {
				t.Fatalf("%v: just before %v got %v", s, at, next)
			}
			if i+1 < len(list) {
				if next, ok := s.Next(at); !ok || !next.Equal(list[i+1]) {
					t.Fatalf("%v: after %v got %v, want %v", s, at, next, list[i+1])
				}
			}
		}
	})
}

// rightHour allows for the night on which the hour does not exist.
func rightHour(at, start time.Time, loc *time.Location) bool {
	wall, first := wallOf(at, loc), wallOf(start, loc)
	if wall.Format("15:04:05") == first.Format("15:04:05") {
		return true
	}
	since, _ := at.In(loc).ZoneBounds()
	return at.Sub(since) < 24*time.Hour
}

func TestResolve(t *testing.T) {
	for _, name := range zones {
		loc := zone(t, name)
		for at := time.Date(2010, 1, 1, 0, 15, 0, 0, time.UTC); at.Year() < 2016; at = at.Add(30 * time.Minute) {
			wall := wallOf(at, loc)
			got := resolve(wall, loc)
			if got.After(at) || !wallOf(got, loc).Equal(wall) {
				t.Fatalf("%s: %v shows %v, resolved to %v", name, at, wall, got)
			}
		}
	}
}

func BenchmarkNext(b *testing.B) {
	now := time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)
	for _, text := range []string{"FREQ=DAILY", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO", "FREQ=HOURLY;COUNT=10000;INTERVAL=100"} {
		b.Run(text, func(b *testing.B) {
			s := Schedule{Frequency: RRule, RRule: text, Zone: "Europe/Moscow", Start: now.AddDate(-20, 0, 0)}
			for b.Loop() {
				s.Next(now)
			}
		})
	}
}

func keys(problems []Problem) []string {
	var list []string
	for _, p := range problems {
		list = append(list, p.Field+": "+p.Key)
	}
	slices.Sort(list)
	return list
}
