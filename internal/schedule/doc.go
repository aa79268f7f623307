// Package schedule answers when a mailing is due. Every function is pure: the
// present is an argument, and the database of time zones is part of the binary.
//
// A schedule is kept on the clock on the wall of its zone, because that is what
// people mean: "on Mondays at nine" stays at nine when the clocks change. What
// the clocks' changing leaves open is decided here:
//
//   - A time that the clocks skip (02:30 on the night they go forward) is due
//     by the offset that held before: at 03:30, once, on that day, as RFC 5545,
//     3.3.5, has it. If 03:30 is due too, both are one occurrence.
//   - A time that comes twice (02:30 on the night they go back) is due once, at
//     the first of the two. Hourly rules count the hours of the wall, so that
//     night has one occurrence for the doubled hour.
//   - "Monthly on the 31st" skips the months without one, as do the 29th and
//     30th; MonthDay -1 is the last day of every month.
//   - The start is the first moment that can be due, and lends the rule its time
//     of day and whatever else the rule leaves out. It is an occurrence only if
//     the rule says so: weekly on Mondays from a Wednesday begins on the Monday.
//   - The end belongs to the schedule: an occurrence at that very moment is due.
//   - A schedule without an occurrence for a hundred years has none.
//
// # Rules
//
// An RRULE is RFC 5545 without DTSTART, and without what would fire more often
// than hourly or what the RFC forbids to combine. An UNTIL that is a date means
// the whole of that day; COUNT counts from the start. The text is read by
// rrule-go. Its occurrences are found here, not there: rrule-go's iterator runs
// up to the year 9999 for a rule that never matches, for ever for some hourly
// ones (INTERVAL=2;BYHOUR=1 from an even hour), and from the start for every
// question. Here a question goes straight to the period it asks about; the
// tests hold both against each other.
//
// # After downtime
//
// See [Due]: one late run, not one for each occurrence missed.
package schedule
