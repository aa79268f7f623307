package api

import (
	"time"

	"gonets/internal/fault"
	"gonets/internal/mailing"
	"gonets/internal/recipient"
)

// MailingSummary is a mailing in a list.
type MailingSummary struct {
	ID          string            `json:"id"`
	OwnerID     string            `json:"owner_id" doc:"The user's."`
	Name        string            `json:"name"`
	MessageID   string            `json:"message_id"`
	Schedule    Schedule          `json:"schedule"`
	Sender      Sender            `json:"sender"`
	OnUncertain string            `json:"on_uncertain" enum:"resend,hold"`
	State       string            `json:"state" enum:"draft,active,paused,finished"`
	Disabled    Null[Disabled]    `json:"disabled" doc:"Where a moderator stopped it."`
	NextRunAt   *time.Time        `json:"next_run_at"`
	LastAttempt Null[LastAttempt] `json:"last_attempt" doc:"Of the newest run."`
	LastRunID   string            `json:"last_run_id" doc:"The newest; empty: none yet."`
	CreatedAt   time.Time         `json:"created_at"`
	UpdatedAt   time.Time         `json:"updated_at"`
}

// Mailing is a message to an audience on a schedule.
type Mailing struct {
	MailingSummary

	Audience Audience    `json:"audience"`
	NextRuns []time.Time `json:"next_runs" nullable:"false" doc:"The next three due times, by the schedule."`
}

// Sender is who a mailing comes from.
type Sender struct {
	Name  string `json:"name" required:"false"`
	Email string `json:"email" required:"false"`
}

// Disabled says that a moderator stopped a mailing.
type Disabled struct {
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// LastAttempt is the newest attempt of a run.
type LastAttempt struct {
	At      time.Time `json:"at"`
	Outcome string    `json:"outcome" enum:"success,failure,unknown"`
}

// Audience is to whom a mailing goes: to all, or to whoever bears one of the
// tags or is named.
type Audience struct {
	All          bool     `json:"all" required:"false"`
	Tags         []string `json:"tags" required:"false" nullable:"false"`
	RecipientIDs []string `json:"recipient_ids" required:"false" nullable:"false"`
}

// Opened is the run that was opened.
type Opened struct {
	RunID string `json:"run_id"`
}

func mailingSummaryOf(m mailing.Mailing) MailingSummary {
	shown := MailingSummary{
		ID: formatID(m.ID), OwnerID: formatID(m.UserID), Name: m.Name, MessageID: formatID(m.MessageID),
		Schedule: scheduleOf(m.Schedule), Sender: Sender(m.Sender), OnUncertain: string(m.OnUncertain),
		State: string(m.State), NextRunAt: moment(m.NextDueAt),
		CreatedAt: m.CreatedAt.UTC(), UpdatedAt: m.UpdatedAt.UTC(),
	}
	if m.Disabled != nil {
		shown.Disabled.Object = &Disabled{m.Disabled.At.UTC(), m.Disabled.Reason}
	}
	if m.LastRun != nil {
		shown.LastRunID = formatID(m.LastRun.ID)
		if last := m.LastRun.Last; !last.At.IsZero() {
			shown.LastAttempt.Object = &LastAttempt{last.At.UTC(), last.Outcome.String()}
		}
	}
	return shown
}

// upcoming is how many due times a mailing tells ahead.
const upcoming = 3

func (a *API) mailingOf(m mailing.Mailing) Mailing {
	shown := Mailing{
		MailingSummary: mailingSummaryOf(m),
		Audience:       Audience{All: m.Audience.All, Tags: whole(m.Audience.Tags), RecipientIDs: []string{}},
		NextRuns:       []time.Time{},
	}
	for _, id := range m.Audience.RecipientIDs {
		shown.Audience.RecipientIDs = append(shown.Audience.RecipientIDs, formatID(id))
	}
	if m.State != mailing.Finished {
		for _, at := range m.Schedule.NextN(a.DB.Now(), upcoming) {
			shown.NextRuns = append(shown.NextRuns, at.UTC())
		}
	}
	return shown
}

// MailingFields are what may be set of a mailing.
type MailingFields struct {
	Name        *string         `json:"name,omitempty"`
	MessageID   *string         `json:"message_id,omitempty"`
	Audience    *Audience       `json:"audience,omitempty"`
	Schedule    *ScheduleFields `json:"schedule,omitempty"`
	Sender      *Sender         `json:"sender,omitempty"`
	OnUncertain *string         `json:"on_uncertain,omitempty" enum:"resend,hold" doc:"What becomes of a delivery whose end is not known: a copy is sent (the default), or it is left to you."`
}

// over lays the fields over an input. The error names ids that can't be.
func (f MailingFields) over(in mailing.Input) (mailing.Input, error) {
	var fields fault.Fields
	set(&in.Name, f.Name)
	set((*string)(&in.OnUncertain), f.OnUncertain)
	if f.MessageID != nil {
		in.MessageID = fieldID(&fields, "message_id", "mailing.message_missing", *f.MessageID)
	}
	if f.Audience != nil {
		in.Audience = f.Audience.audience(&fields)
	}
	if f.Schedule != nil {
		in.Schedule = f.Schedule.schedule(&fields)
	}
	if f.Sender != nil {
		in.Sender = mailing.Sender(*f.Sender)
	}
	return in, fields.Err()
}

func (a Audience) audience(fields *fault.Fields) recipient.Audience {
	chosen := recipient.Audience{All: a.All, Tags: a.Tags}
	failed := len(*fields)
	for _, s := range a.RecipientIDs {
		chosen.RecipientIDs = append(chosen.RecipientIDs, fieldID(fields, "audience.recipient_ids", "recipient.audience_recipient", s))
		if len(*fields) > failed {
			break // one reason is enough for a list
		}
	}
	return chosen
}
