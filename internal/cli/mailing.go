package cli

import (
	"context"
	"strconv"
	"time"

	"gonets/internal/account"
	"gonets/internal/delivery"
	"gonets/internal/fault"
	"gonets/internal/mailing"
)

type mailingCommands struct {
	List    mailingListCommand    `cmd:"" help:"help.mailing_list"`
	Watch   mailingWatchCommand   `cmd:"" help:"help.mailing_watch"`
	Report  mailingReportCommand  `cmd:"" help:"help.mailing_report"`
	Send    mailingSendCommand    `cmd:"" help:"help.mailing_send"`
	Start   mailingStartCommand   `cmd:"" help:"help.mailing_start"`
	Pause   mailingPauseCommand   `cmd:"" help:"help.mailing_pause"`
	Resume  mailingResumeCommand  `cmd:"" help:"help.mailing_resume"`
	Stop    mailingStopCommand    `cmd:"" help:"help.mailing_stop"`
	Disable mailingDisableCommand `cmd:"" help:"help.mailing_disable"`
	Enable  mailingEnableCommand  `cmd:"" help:"help.mailing_enable"`
}

type mailingListCommand struct {
	User   string `placeholder:"E-MAIL" help:"help.only_user"`
	State  string `placeholder:"STATE" help:"help.mailing_state"`
	Search string `placeholder:"TEXT" help:"help.mailing_search"`
	Limit  int    `default:"50" help:"help.limit"`
}

func (c *mailingListCommand) Run(ctx context.Context, s *session) error {
	switch mailing.State(c.State) {
	case "", mailing.Draft, mailing.Active, mailing.Paused, mailing.Finished:
	default:
		return fault.Fields{{Name: "--state", Key: "cli.state_unknown"}}.Err()
	}
	a, err := s.open(ctx, duty{})
	if err != nil {
		return err
	}
	defer a.close()
	filter := mailing.Filter{Search: c.Search, State: mailing.State(c.State), Limit: max(c.Limit, 0)}
	if c.User != "" {
		u, err := a.user(ctx, c.User)
		if err != nil {
			return err
		}
		filter.Owner = u.ID
	}
	list, _, err := a.mailings.List(ctx, account.CommandLine(), filter)
	if err != nil {
		return err
	}
	if s.json {
		answer := make([]mailingJSON, len(list))
		for i := range list {
			answer[i] = mailingAsJSON(&list[i])
		}
		return s.write(answer)
	}
	rows := [][]string{{s.say.T("cli.column_id"), s.say.T("cli.column_name"), s.say.T("cli.column_state"), s.say.T("cli.column_next"), s.say.T("cli.column_last")}}
	for i := range list {
		m := &list[i]
		last := ""
		if m.LastRun != nil {
			last = s.moment(m.LastRun.DueAt) + ", " + s.say.T("run.state."+string(m.LastRun.State))
		}
		rows = append(rows, []string{strconv.FormatInt(m.ID, 10), m.Name, s.mailingState(m), s.moment(m.NextDueAt), last})
	}
	return s.table(rows)
}

func (t *terminal) mailingState(m *mailing.Mailing) string {
	state := t.say.T("mailing.state." + string(m.State))
	if m.Disabled != nil {
		state += ", " + t.say.T("mailing.state.disabled")
	}
	return state
}

// mailingJSON is a mailing for machines; names are those of the API.
type mailingJSON struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	State     string     `json:"state"`
	Disabled  bool       `json:"disabled"`
	NextRunAt *time.Time `json:"next_run_at"`
	LastRun   *runJSON   `json:"last_run"`
}

func mailingAsJSON(m *mailing.Mailing) mailingJSON {
	j := mailingJSON{
		ID: strconv.FormatInt(m.ID, 10), Name: m.Name, State: string(m.State),
		Disabled: m.Disabled != nil, NextRunAt: optional(m.NextDueAt),
	}
	if m.LastRun != nil {
		run := runAsJSON(m.LastRun)
		j.LastRun = &run
	}
	return j
}

// runJSON is a run for machines; names are those of the API.
type runJSON struct {
	ID         string     `json:"id"`
	MailingID  string     `json:"mailing_id"`
	State      string     `json:"state"`
	DueAt      time.Time  `json:"due_at"`
	StartedAt  *time.Time `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at"`
	Counts     countsJSON `json:"counts"`
	NextRetry  *time.Time `json:"next_retry_at,omitempty"`
}

type countsJSON struct {
	Recipients int64 `json:"recipients"`
	Accepted   int64 `json:"accepted"`
	Deferred   int64 `json:"deferred"`
	Failed     int64 `json:"failed"`
	Uncertain  int64 `json:"uncertain"`
	Skipped    int64 `json:"skipped"`
	Remaining  int64 `json:"remaining"`
}

func countsAsJSON(c delivery.Counts) countsJSON {
	return countsJSON{
		Recipients: c.Recipients, Accepted: c.Accepted, Deferred: c.Deferred, Failed: c.Failed,
		Uncertain: c.Uncertain, Skipped: c.Skipped, Remaining: c.Remaining(),
	}
}

func runAsJSON(r *mailing.Run) runJSON {
	return runJSON{
		ID: strconv.FormatInt(r.ID, 10), MailingID: strconv.FormatInt(r.MailingID, 10), State: string(r.State),
		DueAt: r.DueAt, StartedAt: optional(r.StartedAt), FinishedAt: optional(r.FinishedAt), Counts: countsAsJSON(r.Counts),
	}
}

// oneMailing is the argument of the commands that steer a mailing.
type oneMailing struct {
	ID int64 `arg:"" help:"help.mailing_id"`
}

// steer does one thing to the mailing and says how it then stands.
func (c *oneMailing) steer(ctx context.Context, s *session, do func(*mailing.Mailings, context.Context, account.Actor, int64) (mailing.Mailing, error)) error {
	a, err := s.open(ctx, duty{})
	if err != nil {
		return err
	}
	defer a.close()
	m, err := do(a.mailings, ctx, account.CommandLine(), c.ID)
	if err != nil {
		return noMailing(err, c.ID)
	}
	if s.json {
		return s.write(mailingAsJSON(&m))
	}
	s.tell("cli.mailing_is", "Name", m.Name, "State", s.mailingState(&m))
	return nil
}

type mailingStartCommand struct{ oneMailing }

func (c *mailingStartCommand) Run(ctx context.Context, s *session) error {
	return c.steer(ctx, s, (*mailing.Mailings).Start)
}

type mailingPauseCommand struct{ oneMailing }

func (c *mailingPauseCommand) Run(ctx context.Context, s *session) error {
	return c.steer(ctx, s, (*mailing.Mailings).Pause)
}

type mailingResumeCommand struct{ oneMailing }

func (c *mailingResumeCommand) Run(ctx context.Context, s *session) error {
	return c.steer(ctx, s, (*mailing.Mailings).Resume)
}

type mailingStopCommand struct{ oneMailing }

func (c *mailingStopCommand) Run(ctx context.Context, s *session) error {
	return c.steer(ctx, s, (*mailing.Mailings).Stop)
}

type mailingDisableCommand struct {
	oneMailing
	Reason string `required:"" placeholder:"TEXT" help:"help.disable_reason"`
}

func (c *mailingDisableCommand) Run(ctx context.Context, s *session) error {
	return c.steer(ctx, s, func(all *mailing.Mailings, ctx context.Context, actor account.Actor, id int64) (mailing.Mailing, error) {
		return all.Disable(ctx, actor, id, c.Reason)
	})
}

type mailingEnableCommand struct {
	oneMailing
	Reason string `placeholder:"TEXT" help:"help.enable_reason"`
}

func (c *mailingEnableCommand) Run(ctx context.Context, s *session) error {
	return c.steer(ctx, s, func(all *mailing.Mailings, ctx context.Context, actor account.Actor, id int64) (mailing.Mailing, error) {
		return all.Enable(ctx, actor, id, c.Reason)
	})
}
