package stats

import (
	"time"

	"gonets/internal/delivery"
)

// Step is how wide a column of a chart is.
type Step string

const (
	Hourly Step = "hour"
	Daily  Step = "day"
	Weekly Step = "week" // from Monday on
)

// Point is what was tried from At on, for as long as a step.
type Point struct {
	At time.Time
	delivery.Tries
}

// Points are the quarters put together in the steps of a person's calendar,
// those without an attempt among them: hours in up to three days, days in up
// to a hundred, weeks beyond.
func (a *Answer) Points(zone *time.Location) (Step, []Point) {
	from, to := a.From.In(zone), a.To.In(zone)
	if a.Range == (Range{}) {
		if len(a.Quarters) == 0 {
			return Hourly, nil
		}
		from, to = a.Quarters[0].At.In(zone), a.Quarters[len(a.Quarters)-1].At.In(zone).Add(delivery.Quarter)
	}
	step := Hourly
	switch days := to.Sub(from) / (24 * time.Hour); {
	case days > 100:
		step = Weekly
	case days > 3:
		step = Daily
	}
	points := []Point{{At: step.begin(from)}}
	for next := step.next(points[0].At); next.Before(to); next = step.next(next) {
		points = append(points, Point{At: next})
	}
	i := 0
	for _, q := range a.Quarters {
		for i+1 < len(points) && !q.At.Before(points[i+1].At) {
			i++
		}
		points[i].Add(q.Tries)
	}
	return step, points
}

// begin is where the step begins in which t lies.
func (s Step) begin(t time.Time) time.Time {
	switch s {
	case Hourly:
		return t.Add(-time.Duration(t.Minute())*time.Minute - time.Duration(t.Second())*time.Second)
	case Weekly:
		return midnight(t, -weekday(t))
	default:
		return midnight(t, 0)
	}
}

func (s Step) next(t time.Time) time.Time {
	switch s {
	case Hourly:
		return t.Add(time.Hour)
	case Weekly:
		return midnight(t, 7)
	default:
		return midnight(t, 1)
	}
}

// weekday counts from Monday, which is 0.
func weekday(t time.Time) int { return (int(t.Weekday()) + 6) % 7 }

// Hours are the attempts by the weekday, from Monday on, and the hour of a
// person's clock.
func (a *Answer) Hours(zone *time.Location) (hours [7][24]delivery.Tries) {
	for _, q := range a.Quarters {
		at := q.At.In(zone)
		hours[weekday(at)][at.Hour()].Add(q.Tries)
	}
	return hours
}
