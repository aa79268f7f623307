package cli

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"gonets/internal/account"
	"gonets/internal/delivery"
	"gonets/internal/fault"
	"gonets/internal/mailing"
)

type mailingReportCommand struct {
	oneMailing
	Runs int `default:"10" help:"help.report_runs"`
}

func (c *mailingReportCommand) Run(ctx context.Context, s *session) error {
	a, err := s.open(ctx, duty{})
	if err != nil {
		return err
	}
	defer a.close()
	m, err := a.mailings.Get(ctx, account.CommandLine(), c.ID)
	if err != nil {
		return noMailing(err, c.ID)
	}
	runs, _, err := a.mailings.Runs(ctx, account.CommandLine(), c.ID, 0, max(c.Runs, 1))
	if err != nil {
		return err
	}
	answers, err := a.ledger.Answers(ctx, c.ID, time.Time{})
	if err != nil {
		return err
	}
	if s.json {
		return s.reportJSON(ctx, a, &m, runs, answers)
	}
	s.println(fmt.Sprintf("%d  %s  (%s)", m.ID, m.Name, s.mailingState(&m)))
	for i := range runs {
		s.println("")
		if err := s.tellRun(ctx, a, &runs[i]); err != nil {
			return err
		}
	}
	return s.tellAnswers(answers)
}

// noMailing names the mailing that is not there.
func noMailing(err error, id int64) error {
	if fault.Is(err, fault.NotFound) {
		return fault.Because(err, fault.NotFound, "cli.no_mailing", fault.Args{"ID": strconv.FormatInt(id, 10)})
	}
	return err
}

// tellRun shows the figures of a run; their sum stands first.
func (s *session) tellRun(ctx context.Context, a *app, r *mailing.Run) error {
	s.println(s.say.T("cli.run", "ID", strconv.FormatInt(r.ID, 10), "Name", r.MailingName,
		"Due", s.moment(r.DueAt), "State", s.say.T("run.state."+string(r.State))))
	rows := [][]string{}
	add := func(label string, n int64, remark string) {
		rows = append(rows, []string{"  " + label, s.say.Number(n), remark})
	}
	c := r.Counts
	retry, err := s.retryRemark(ctx, a, r)
	if err != nil {
		return err
	}
	add(s.say.T("cli.count_recipients"), c.Recipients, "")
	add("= "+s.say.T("delivery.state.accepted"), c.Accepted, s.say.Percent(c.Accepted, c.Recipients))
	add("+ "+s.say.T("delivery.state.deferred"), c.Deferred, retry)
	add("+ "+s.say.T("delivery.state.failed"), c.Failed, "")
	add("+ "+s.say.T("delivery.state.uncertain"), c.Uncertain, "")
	add("+ "+s.say.T("delivery.state.skipped"), c.Skipped, "")
	add("+ "+s.say.T("delivery.state.remaining"), c.Remaining(), "")
	return s.table(rows)
}

// retryRemark says when the first of the deferred is tried again.
func (s *session) retryRemark(ctx context.Context, a *app, r *mailing.Run) (string, error) {
	if r.Counts.Deferred == 0 {
		return "", nil
	}
	at, err := a.ledger.NextRetry(ctx, r.ID)
	if err != nil || at.IsZero() {
		return "", err
	}
	return s.say.T("delivery.retry_at", "Time", s.moment(at)), nil
}

func (s *session) tellAnswers(answers []delivery.Answer) error {
	if len(answers) == 0 {
		return nil
	}
	s.println("")
	s.tell("cli.answers")
	var rows [][]string
	for _, answer := range answers {
		rows = append(rows, []string{"  " + s.say.Number(answer.Attempts), fmt.Sprint(answer.Code), answer.Enhanced, answer.Response})
	}
	return s.table(rows)
}

type answerJSON struct {
	Attempts int64  `json:"attempts"`
	Code     int64  `json:"code"`
	Enhanced string `json:"enhanced_code"`
	Response string `json:"response"`
}

func (s *session) reportJSON(ctx context.Context, a *app, m *mailing.Mailing, runs []mailing.Run, answers []delivery.Answer) error {
	report := struct {
		mailingJSON
		Runs    []runJSON    `json:"runs"`
		Answers []answerJSON `json:"answers"`
	}{mailingJSON: mailingAsJSON(m), Runs: []runJSON{}, Answers: []answerJSON{}}
	for i := range runs {
		run, err := s.runJSON(ctx, a, &runs[i])
		if err != nil {
			return err
		}
		report.Runs = append(report.Runs, run)
	}
	for _, answer := range answers {
		report.Answers = append(report.Answers, answerJSON{answer.Attempts, answer.Code, answer.Enhanced, answer.Response})
	}
	return s.write(report)
}

// runJSON is runAsJSON with the time of the next retry.
func (s *session) runJSON(ctx context.Context, a *app, r *mailing.Run) (runJSON, error) {
	run := runAsJSON(r)
	if r.Counts.Deferred == 0 {
		return run, nil
	}
	at, err := a.ledger.NextRetry(ctx, r.ID)
	run.NextRetry = optional(at)
	return run, err
}
