package schedule

import (
	"slices"
	"strings"
	"time"

	"github.com/teambition/rrule-go"
)

// Bounds of an RRULE, which keep every question about it quick.
const (
	maxRuleLength = 1000
	maxCount      = 10_000
	maxInterval   = 10_000
)

// parse reads the RRULE; the problem is nil where it is sound. Parts that
// RFC 5545, 3.3.10, forbids together are refused: programs read them each in
// their own way.
func (r *rule) parse(text string) *Problem {
	text = strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(text)), "RRULE:")
	if text == "" {
		return problem("rrule", "schedule.rrule_missing")
	}
	parts, ok := split(text)
	if !ok {
		return problem("rrule", "schedule.rrule_syntax", "Rule", shorten(text))
	}
	option, err := rrule.StrToROptionInLocation(text, r.loc)
	if err != nil {
		return problem("rrule", "schedule.rrule_syntax", "Rule", shorten(text))
	}
	if _, err := rrule.NewRRule(*option); err != nil { // the ranges of its numbers
		return problem("rrule", "schedule.rrule_syntax", "Rule", shorten(text))
	}
	if part := forbidden(option, parts); part != "" {
		return problem("rrule", "schedule.rrule_part", "Part", part)
	}
	if tooOften(option) {
		return problem("rrule", "schedule.rrule_too_often")
	}
	r.take(option)
	if until := parts["UNTIL"]; len(until) == len(rrule.DateFormat) { // the whole day
		day := wallOf(option.Until, r.loc)
		r.until = resolve(day.AddDate(0, 0, 1), r.loc).Add(-time.Nanosecond)
	}
	return nil
}

// split is the parts of the rule by name; false where one comes twice.
func split(text string) (map[string]string, bool) {
	if len(text) > maxRuleLength || strings.ContainsAny(text, "\r\n") {
		return nil, false
	}
	parts := map[string]string{}
	for part := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(part, "=")
		if _, twice := parts[name]; twice {
			return nil, false
		}
		parts[name] = value
	}
	return parts, true
}

// forbidden is the name of a part that cannot stand in the rule, or "".
func forbidden(o *rrule.ROption, parts map[string]string) string {
	has := func(name string) bool { _, ok := parts[name]; return ok }
	nth, most := 0, 53
	for _, day := range o.Byweekday {
		nth = max(nth, day.N(), -day.N())
	}
	if o.Freq == rrule.MONTHLY || has("BYMONTH") {
		most = 5
	}
	for _, rule := range []struct {
		name string
		bad  bool
	}{
		{"DTSTART", has("DTSTART")}, // the start is a field of its own
		{"BYEASTER", has("BYEASTER")},
		{"INTERVAL", has("INTERVAL") && (o.Interval < 1 || o.Interval > maxInterval)},
		{"COUNT", has("COUNT") && (o.Count < 1 || o.Count > maxCount || has("UNTIL"))},
		{"WKST", o.Wkst.N() != 0},
		{"BYWEEKNO", has("BYWEEKNO") && o.Freq != rrule.YEARLY},
		{"BYYEARDAY", has("BYYEARDAY") && o.Freq != rrule.YEARLY && o.Freq != rrule.HOURLY},
		{"BYMONTHDAY", has("BYMONTHDAY") && o.Freq == rrule.WEEKLY},
		{"BYDAY", nth > most || nth > 0 && (o.Freq > rrule.MONTHLY || has("BYWEEKNO"))},
		{"BYSETPOS", has("BYSETPOS") && (o.Freq == rrule.HOURLY || !hasOther(parts))},
	} {
		if rule.bad {
			return rule.name
		}
	}
	return ""
}

// hasOther reports whether BYSETPOS has a part to choose from.
func hasOther(parts map[string]string) bool {
	for name := range parts {
		if strings.HasPrefix(name, "BY") && name != "BYSETPOS" {
			return true
		}
	}
	return false
}

// tooOften reports whether the rule can be due more than once in an hour. That
// BYSETPOS may thin it out again is not looked into.
func tooOften(o *rrule.ROption) bool {
	return o.Freq > rrule.HOURLY || len(distinct(o.Byminute)) > 1 || len(distinct(o.Bysecond)) > 1
}

// take copies the options, in the order in which they are asked.
func (r *rule) take(o *rrule.ROption) {
	r.freq, r.interval, r.count = o.Freq, max(o.Interval, 1), o.Count
	r.wkst = weekday(o.Wkst)
	r.until = o.Until
	r.months, r.monthDays, r.yearDays = o.Bymonth, o.Bymonthday, o.Byyearday
	r.weekNos, r.setPos, r.hours = o.Byweekno, o.Bysetpos, distinct(o.Byhour)
	for _, day := range o.Byweekday {
		r.days = append(r.days, nthDay{n: day.N(), day: weekday(day)})
	}
	if len(o.Byminute) > 0 {
		r.minute = o.Byminute[0]
	}
	if len(o.Bysecond) > 0 {
		r.second = o.Bysecond[0]
	}
}

// weekday turns the library's Monday-first number into Go's.
func weekday(d rrule.Weekday) time.Weekday { return time.Weekday((d.Day() + 1) % 7) }

func distinct(list []int) []int { return slices.Compact(slices.Sorted(slices.Values(list))) }

// shorten keeps a quoted rule fit for a sentence.
func shorten(s string) string {
	const most = 80
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
