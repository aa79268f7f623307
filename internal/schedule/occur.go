package schedule

import (
	"iter"
	"slices"
	"time"

	"github.com/teambition/rrule-go"
)

const (
	// horizon is how many years ahead an occurrence is looked for. The rarest
	// that people mean, 29 February on a given weekday, comes every 40 at worst.
	horizon = 100
	// shift is more than any change of a zone's clock has been: a day, where the
	// date line moved.
	shift = 26 * time.Hour
)

// from yields the occurrences after the given time, in order.
func (s Schedule) from(after time.Time) iter.Seq[time.Time] {
	if s.Frequency == Once {
		return func(yield func(time.Time) bool) {
			if s.Start.After(after) && (s.End.IsZero() || !s.Start.After(s.End)) {
				yield(s.Start)
			}
		}
	}
	r, problems := s.rule()
	if len(problems) > 0 {
		return func(func(time.Time) bool) {}
	}
	return r.from(after)
}

// from goes straight to the period of the question, however long ago the start
// is; only COUNT, which is bounded, makes it count from there.
func (r *rule) from(after time.Time) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		if !r.reachesHours() {
			return
		}
		asked := wallOf(after, r.loc).Add(-shift)
		last := laterOf(asked, r.wall).AddDate(horizon, 0, 0)
		k := 0
		if r.count == 0 {
			k = r.periodOf(asked)
		}
		var walls []time.Time // of one period
		for counted := 0; ; k++ {
			if begin, _ := r.period(k); begin.After(last) {
				return
			}
			walls = r.occurrences(walls[:0], k)
			if len(walls) == 0 {
				k += r.idle(k)
			}
			for _, wall := range walls {
				if wall.Before(r.wall) {
					continue
				}
				if counted++; r.count > 0 && counted > r.count {
					return
				}
				if wall.Before(asked) {
					continue
				}
				at := r.moment(wall)
				if !r.until.IsZero() && at.After(r.until) {
					return
				}
				// Skipped wall times fall on later ones: both are one.
				if at.After(after) {
					after = at
					if !yield(at) {
						return
					}
				}
			}
		}
	}
}

// last is the last occurrence up to the end, COUNT aside; the end itself, where
// there is none within the horizon. The day of the end may be one on which
// nothing is due any more.
func (r *rule) last() time.Time {
	if !r.reachesHours() {
		return r.until
	}
	end := wallOf(r.until, r.loc).Add(shift)
	first := laterOf(end.AddDate(-horizon, 0, 0), r.wall)
	var walls []time.Time // of one period
	for k := r.periodOf(end); k >= 0; k-- {
		begin, over := r.period(k)
		if !over.After(first) {
			break
		}
		walls = r.occurrences(walls[:0], k)
		for _, wall := range slices.Backward(walls) {
			if at := r.moment(wall); !wall.Before(r.wall) && !at.After(r.until) {
				return at
			}
		}
		if r.freq == rrule.HOURLY && !r.onDay(begin) { // nor in the day's earlier hours
			k -= begin.Hour() / r.interval
		}
	}
	return r.until
}

// moment is when the wall time is due. The start is itself, also where its wall
// time comes twice and it is the second.
func (r *rule) moment(wall time.Time) time.Time {
	if wall.Equal(r.wall) {
		return r.start
	}
	return resolve(wall, r.loc)
}

// idle is how many more periods cannot have an occurrence: an hourly rule
// passes over the rest of a day that its day parts exclude.
func (r *rule) idle(k int) int {
	begin, end := r.period(k)
	if r.freq != rrule.HOURLY || r.onDay(begin) {
		return 0
	}
	hours := int(end.Sub(begin).Hours())
	return (hours - 1) / r.interval
}

// reachesHours is false for an hourly rule that passes all its hours by. Those
// that it comes to repeat after 24 periods at most.
func (r *rule) reachesHours() bool {
	if r.freq != rrule.HOURLY || len(r.hours) == 0 {
		return true
	}
	for k := range 24 {
		if begin, _ := r.period(k); slices.Contains(r.hours, begin.Hour()) {
			return true
		}
	}
	return false
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
