package mailing

import (
	"context"
	"slices"
	"strings"
	"time"

	"gonets/internal/db"
	"gonets/internal/schedule"
)

// mailingColumns of mailings m and messages g, in the order in which
// scanMailing reads them.
const mailingColumns = `
	m.id,
	m.user_id,
	m.name,
	m.message_id,
	g.subject,
	m.audience_all,
	m.sender_name,
	m.sender_email,
	m.frequency,
	m.weekdays,
	m.month_day,
	m.rrule,
	m.start_at,
	m.end_at,
	m.time_zone,
	m.on_uncertain,
	m.state,
	m.next_due_at,
	m.last_run_id,
	m.disabled_at,
	m.disabled_reason,
	m.created_at,
	m.updated_at`

const fromMailings = ` FROM mailings m JOIN messages g ON g.id = m.message_id `

// scanMailing reads a mailing's own row: not its tags and recipients, and of
// its last run the id alone.
func scanMailing(row db.Row) (m Mailing, lastRunID int64, err error) {
	var weekdays, reason string
	var all int64
	var startAt, endAt, nextDueAt, disabledAt, createdAt, updatedAt db.Time
	err = row.Scan(
		&m.ID,
		&m.UserID,
		&m.Name,
		&m.MessageID,
		&m.MessageSubject,
		&all,
		&m.Sender.Name,
		&m.Sender.Email,
		&m.Schedule.Frequency,
		&weekdays,
		&m.Schedule.MonthDay,
		&m.Schedule.RRule,
		&startAt,
		&endAt,
		&m.Schedule.Zone,
		&m.OnUncertain,
		&m.State,
		&nextDueAt,
		&lastRunID,
		&disabledAt,
		&reason,
		&createdAt,
		&updatedAt,
	)
	m.Audience.All = all == 1
	m.Schedule.Weekdays = parseWeekdays(weekdays)
	m.Schedule.Start, m.Schedule.End = startAt.Time(), endAt.Time()
	m.NextDueAt, m.CreatedAt, m.UpdatedAt = nextDueAt.Time(), createdAt.Time(), updatedAt.Time()
	if disabledAt != 0 {
		m.Disabled = &Disabled{At: disabledAt.Time(), Reason: reason}
	}
	return m, lastRunID, err
}

const runColumns = `
	r.id,
	r.mailing_id,
	r.user_id,
	r.due_at,
	r.kind,
	r.state,
	r.planned,
	r.source_run_id,
	r.message_version_id,
	r.mailing_name,
	r.sender_name,
	r.sender_email,
	r.on_uncertain,
	r.created_at,
	r.started_at,
	r.finished_at`

// scanRun reads a run without its counts.
func scanRun(row db.Row, more ...any) (r Run, err error) {
	var planned int64
	var dueAt, createdAt, startedAt, finishedAt db.Time
	err = row.Scan(append([]any{
		&r.ID,
		&r.MailingID,
		&r.UserID,
		&dueAt,
		&r.Kind,
		&r.State,
		&planned,
		&r.SourceRunID,
		&r.MessageVersionID,
		&r.MailingName,
		&r.Sender.Name,
		&r.Sender.Email,
		&r.OnUncertain,
		&createdAt,
		&startedAt,
		&finishedAt,
	}, more...)...)
	r.Planned = planned == 1
	r.DueAt, r.CreatedAt, r.StartedAt, r.FinishedAt = dueAt.Time(), createdAt.Time(), startedAt.Time(), finishedAt.Time()
	return r, err
}

// Weekdays are stored as RFC 5545 names them.
var weekdayNames = [...]string{"su", "mo", "tu", "we", "th", "fr", "sa"}

func formatWeekdays(days []time.Weekday) string {
	names := make([]string, len(days))
	for i, d := range days {
		names[i] = weekdayNames[d]
	}
	return strings.Join(names, ",")
}

func parseWeekdays(list string) []time.Weekday {
	var days []time.Weekday
	for name := range strings.SplitSeq(list, ",") {
		if d := slices.Index(weekdayNames[:], name); d >= 0 {
			days = append(days, time.Weekday(d))
		}
	}
	return days
}

// scheduleArgs are the columns of a schedule, from "frequency" to "time_zone".
func scheduleArgs(s schedule.Schedule) []any {
	return []any{
		string(s.Frequency), formatWeekdays(s.Weekdays), int64(s.MonthDay), s.RRule,
		db.At(s.Start), db.At(s.End), s.Zone,
	}
}

// ints reads a column of numbers.
func ints(ctx context.Context, q db.Q, query string, args ...any) ([]int64, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		list = append(list, id)
	}
	return list, rows.Err()
}
