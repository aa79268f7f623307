package schedule

import "time"

// DefaultGrace is how late a recurring mailing may still leave. A newsletter a
// few hours after a restart is welcome; yesterday's "today only" is not.
const DefaultGrace = 6 * time.Hour

// Decision says what becomes of a due time when it is looked at, which may be
// long after.
type Decision struct {
	Run     time.Time // the occurrence to run now; zero: none
	Skipped Skipped   // the occurrences that are not made up for
	Next    time.Time // the first occurrence after now; zero: no more
}

// Skipped is the occurrences that downtime has cost, to be told to the owner.
type Skipped struct {
	Count       int
	First, Last time.Time // zero where Count is 0
}

// Due decides what to do now about the occurrence that was due. In time there
// is one occurrence and it runs. After downtime the latest one missed runs if
// it is no later than grace; the earlier ones, or all, are skipped: nobody
// wants five newsletters in a row. A mailing that goes once always runs, for no
// other occurrence follows it.
//
// A due time in the future is left as the next. Next always lies after now, so
// that a caller that stores it makes progress.
func Due(s Schedule, due, now time.Time, grace time.Duration) Decision {
	if due.After(now) {
		return Decision{Next: due}
	}
	if s.Frequency == Once {
		return Decision{Run: due}
	}
	var d Decision
	latest := due
	for at := range s.from(due) {
		if at.After(now) {
			d.Next = at
			break
		}
		d.Skipped.add(latest)
		latest = at
	}
	if now.Sub(latest) <= grace {
		d.Run = latest
	} else {
		d.Skipped.add(latest)
	}
	return d
}

func (s *Skipped) add(at time.Time) {
	if s.Count == 0 {
		s.First = at
	}
	s.Last = at
	s.Count++
}
