package schedule

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/teambition/rrule-go"
)

// Description is a sentence about a schedule, not yet in any language: the key
// of its translation and the arguments. An argument is a plain value, a
// Description to translate first, or a list of either ([]string,
// []Description). An argument named Count chooses the plural form.
type Description struct {
	Key  string
	Args map[string]any
}

// Translate is the sentence of a key with plain arguments in some language.
type Translate func(key string, args map[string]any) string

// Sentence is the description in the language of translate.
func (d Description) Sentence(translate Translate) string {
	args := make(map[string]any, len(d.Args))
	for name, value := range d.Args {
		switch v := value.(type) {
		case Description:
			args[name] = v.Sentence(translate)
		case []Description:
			list := make([]string, len(v))
			for i, item := range v {
				list[i] = item.Sentence(translate)
			}
			args[name] = enumerate(list, translate)
		case []string:
			args[name] = enumerate(v, translate)
		default:
			args[name] = value
		}
	}
	return translate(d.Key, args)
}

// enumerate is "a", "a and b", "a, b and c".
func enumerate(list []string, translate Translate) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	last := len(list) - 1
	return translate("schedule.and", map[string]any{"List": strings.Join(list[:last], ", "), "Last": list[last]})
}

// Describe says in words when the schedule is due, on the wall clock of its
// zone. A rule that has no simple sentence is quoted.
func (s Schedule) Describe() Description {
	if s.Frequency == Once {
		return s.describeOnce()
	}
	r, problems := s.rule()
	if len(problems) > 0 {
		return say("schedule.rrule", "Rule", shorten(s.String()), "Zone", s.Zone)
	}
	d, ok := r.describe()
	if !ok {
		d = say("schedule.rrule", "Rule", s.RRule)
	}
	d.Args["Zone"] = s.Zone
	if r.count > 0 {
		d = say("schedule.times", "When", d, "Count", r.count)
	}
	if !r.until.IsZero() {
		d = say("schedule.until", "When", d, "End", dateOf(wallOf(r.last(), r.loc)))
	}
	return d
}

func (s Schedule) describeOnce() Description {
	loc, ok := s.location()
	if s.Start.IsZero() || !ok {
		return say("schedule.once_started")
	}
	wall := wallOf(s.Start, loc)
	return say("schedule.once", "Date", dateOf(wall), "Time", wall.Format("15:04"), "Zone", s.Zone)
}

// describe is false where the rule has parts that no sentence tells.
func (r *rule) describe() (Description, bool) {
	if len(r.setPos)+len(r.weekNos)+len(r.yearDays) > 0 || r.freq != rrule.YEARLY && len(r.months) > 0 {
		return Description{}, false
	}
	times := make([]string, len(r.hours))
	for i, hour := range r.hours {
		times[i] = fmt.Sprintf("%02d:%02d", hour, r.minute)
	}
	d, ok := r.describeDays()
	if d.Args == nil {
		d.Args = map[string]any{}
	}
	if _, has := d.Args["Time"]; !has {
		d.Args["Time"] = times
	}
	return d, ok
}

func (r *rule) describeDays() (Description, bool) {
	weekdays, plain := r.weekdays()
	switch r.freq {
	case rrule.HOURLY:
		from := fmt.Sprintf("%02d:%02d", r.wall.Hour(), r.minute)
		return r.every("schedule.hourly", "schedule.every_hours", "Time", from),
			len(r.hours)+len(r.days)+len(r.monthDays) == 0
	case rrule.DAILY:
		if len(r.days) > 0 && r.interval == 1 && len(r.monthDays) == 0 {
			return r.onWeekdays(weekdays), plain
		}
		return r.every("schedule.daily", "schedule.every_days"), len(r.days)+len(r.monthDays) == 0
	case rrule.WEEKLY:
		if r.interval == 1 {
			return r.onWeekdays(weekdays), plain
		}
		return r.every("", "schedule.every_weeks", "Weekdays", weekdayPhrases(weekdays)), plain
	case rrule.MONTHLY:
		if len(r.monthDays) > 0 {
			days, simple := r.monthDayPhrases()
			return r.every("schedule.monthly", "schedule.every_months", "Days", days), simple && len(r.days) == 0
		}
		days, simple := r.nthPhrases()
		return r.every("schedule.monthly_nth", "schedule.every_months_nth", "Days", days), simple
	}
	if r.interval != 1 || len(r.days) > 0 || len(r.months) != 1 || len(r.monthDays) != 1 || r.monthDays[0] < 0 {
		return Description{}, false
	}
	return say("schedule.yearly", "Day", r.monthDays[0], "Month", monthPhrase(time.Month(r.months[0]))), true
}

// every is the sentence for the interval 1, or the one that counts.
func (r *rule) every(one, many string, args ...any) Description {
	if r.interval == 1 {
		return say(one, args...)
	}
	return say(many, append(args, "Count", r.interval)...)
}

func (r *rule) onWeekdays(days []time.Weekday) Description {
	switch {
	case len(days) == 7:
		return say("schedule.daily")
	case slices.Equal(days, []time.Weekday{1, 2, 3, 4, 5}):
		return say("schedule.workdays")
	case len(days) == 1:
		return say("schedule.weekly_one", "Weekday", say("schedule.each_"+name(days[0])))
	}
	return say("schedule.weekly", "Weekdays", weekdayPhrases(days))
}

// weekdays is BYDAY; false where it has numbers.
func (r *rule) weekdays() ([]time.Weekday, bool) {
	var days []time.Weekday
	for _, d := range r.days {
		if d.n != 0 {
			return nil, false
		}
		days = append(days, d.day)
	}
	return sortedWeekdays(days), true
}

func weekdayPhrases(days []time.Weekday) []Description {
	var list []Description
	for _, day := range days {
		list = append(list, say("schedule.on_"+name(day)))
	}
	return list
}

// monthDayPhrases knows days from the start of a month, and its last.
func (r *rule) monthDayPhrases() ([]Description, bool) {
	days := distinct(r.monthDays)
	if days[0] == -1 { // last in the sentence too
		days = append(days[1:], -1)
	}
	var list []Description
	for _, day := range days {
		switch {
		case day > 0:
			list = append(list, say("schedule.month_day", "Day", day))
		case day == -1:
			list = append(list, say("schedule.month_day_last"))
		default:
			return nil, false
		}
	}
	return list, true
}

// nthPhrases knows the first to the fifth weekday of a month, and the last.
func (r *rule) nthPhrases() ([]Description, bool) {
	ordinals := map[int]string{1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last"}
	var list []Description
	for _, d := range r.days {
		ordinal, ok := ordinals[d.n]
		if !ok {
			return nil, false
		}
		list = append(list, say("schedule."+ordinal+"_"+name(d.day)))
	}
	return list, true
}

// dateOf is "31 December 2026" in the order and case of each language.
func dateOf(wall time.Time) Description {
	return say("schedule.date", "Day", wall.Day(), "Month", monthPhrase(wall.Month()), "Year", wall.Format("2006"))
}

func monthPhrase(m time.Month) Description { return say("schedule.of_" + strings.ToLower(m.String())) }

func name(day time.Weekday) string { return strings.ToLower(day.String()) }

func say(key string, args ...any) Description {
	d := Description{Key: key, Args: map[string]any{}}
	for i := 0; i+1 < len(args); i += 2 {
		d.Args[args[i].(string)] = args[i+1]
	}
	return d
}
