package db

import "time"

// Clock tells the time; tests bring their own.
type Clock interface{ Now() time.Time }

// SystemClock is the clock of the machine.
type SystemClock struct{}

// Now is the machine's time.
func (SystemClock) Now() time.Time { return time.Now() }

// Time is a moment as a column holds it: microseconds since 1970 UTC. 0 is no
// moment, as the zero time.Time is.
type Time int64

// At is the column's form of t.
func At(t time.Time) Time {
	if t.IsZero() {
		return 0
	}
	return Time(t.UnixMicro())
}

// Time is the moment in UTC, or the zero time.
func (t Time) Time() time.Time {
	if t == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(t)).UTC()
}

// Flag is a boolean as it is stored: 1 or 0.
func Flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
