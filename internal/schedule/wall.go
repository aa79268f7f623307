package schedule

import "time"

// A wall time is what the clock on the wall shows, kept as a time.Time in UTC
// so that its arithmetic knows no zone.

// wallOf is what the clock in loc shows at t.
func wallOf(t time.Time, loc *time.Location) time.Time {
	t = t.In(loc)
	_, offset := t.Zone()
	return t.Add(time.Duration(offset) * time.Second).UTC()
}

// resolve is the moment at which the clock in loc shows the wall time: the
// first, if there are two; by the offset before the change, if there is none.
func resolve(wall time.Time, loc *time.Location) time.Time {
	// Date is right where the time exists; which one of two it takes, and which
	// side of a gap, it leaves open.
	t := time.Date(wall.Year(), wall.Month(), wall.Day(),
		wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), loc)
	since, _ := t.ZoneBounds()
	shown := wallOf(t, loc)
	switch {
	case shown.Before(wall): // in a gap, and t lies before it
		_, offset := t.Zone()
		return wall.Add(-time.Duration(offset) * time.Second).In(loc)
	case shown.After(wall): // in a gap, and t lies behind it
		return t
	case since.IsZero():
		return t
	}
	_, offset := since.Add(-1).Zone()
	earlier := wall.Add(-time.Duration(offset) * time.Second).In(loc)
	if earlier.Before(since) {
		return earlier
	}
	return t
}
