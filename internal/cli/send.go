package cli

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"

	"gonets/internal/account"
	"gonets/internal/delivery"
	"gonets/internal/fault"
	"gonets/internal/mailing"
)

type mailingSendCommand struct {
	oneMailing
	NoWait bool `name:"no-wait" help:"help.send_no_wait"`
}

func (c *mailingSendCommand) Run(ctx context.Context, s *session) error {
	a, err := s.open(ctx, s.sending(!c.NoWait))
	if err != nil {
		return err
	}
	defer a.close()
	runID, err := a.mailings.Send(ctx, account.CommandLine(), c.ID)
	if err != nil {
		return noMailing(err, c.ID)
	}
	if c.NoWait {
		return s.enqueued(runID)
	}
	return s.workRuns(ctx, a, []int64{runID})
}

func (s *session) enqueued(runIDs ...int64) error {
	if s.json {
		ids := make([]string, len(runIDs))
		for i, id := range runIDs {
			ids[i] = strconv.FormatInt(id, 10)
		}
		return s.write(map[string]any{"run_ids": ids})
	}
	s.tell("cli.enqueued", "Count", len(runIDs))
	return nil
}

type sendDueCommand struct {
	NoWait bool `name:"no-wait" help:"help.due_no_wait"`
}

func (c *sendDueCommand) Run(ctx context.Context, s *session) error {
	a, err := s.open(ctx, s.sending(!c.NoWait))
	if err != nil {
		return err
	}
	defer a.close()
	if err := a.openDue(ctx); err != nil {
		return err
	}
	if err := a.retryDue(ctx); err != nil {
		return err
	}
	runIDs, err := a.unfinished(ctx)
	if err != nil {
		return err
	}
	if c.NoWait {
		return s.enqueued(runIDs...)
	}
	if len(runIDs) == 0 {
		if s.json {
			return s.write(map[string]any{"runs": []runJSON{}})
		}
		s.tell("cli.nothing_due")
		return nil
	}
	return s.workRuns(ctx, a, runIDs)
}

// sending is the duty of a command that sends: a node of its own beside any
// server. Opening due runs is not part of it, for nobody would wait for those.
func (s *session) sending(yes bool) duty {
	if !yes {
		return duty{}
	}
	return duty{node: fmt.Sprintf("%s/%d", s.config.Node, os.Getpid()), worker: true}
}

// openDue opens every run that is due, however many.
func (a *app) openDue(ctx context.Context) error {
	for {
		opened, err := a.mailings.OpenDue(ctx)
		if err != nil || opened == 0 {
			return err
		}
	}
}

// retryDue plans deferred deliveries anew whose time has come.
func (a *app) retryDue(ctx context.Context) error {
	const chunk = 500
	for {
		retried, err := a.ledger.RetryDue(ctx, chunk)
		if err != nil || retried < chunk {
			return err
		}
	}
}

// unfinished are the runs in which something remains to be sent now.
func (a *app) unfinished(ctx context.Context) ([]int64, error) {
	runs, err := a.mailings.OpenRuns(ctx)
	if err != nil {
		return nil, err
	}
	var ids []int64
	for i := range runs {
		if remains(&runs[i]) {
			ids = append(ids, runs[i].ID)
		}
	}
	return ids, nil
}

// remains says that somebody can still be sent to now. Who was deferred waits
// for a time, and who is paused for the owner: neither counts.
func remains(r *mailing.Run) bool {
	return r.Open() && r.State != mailing.RunPaused && (!r.Planned || r.Counts.Remaining() > 0)
}

// lookEvery is how often a command looks how far its runs are.
const lookEvery = 200 * time.Millisecond

// workRuns sends in this process until nothing remains in the runs, and says
// what became of them.
func (s *session) workRuns(ctx context.Context, a *app, runIDs []int64) error {
	if err := a.start(ctx); err != nil {
		return err
	}
	runs, err := s.watch(ctx, a, runIDs)
	if stopped := a.stop(ctx); err == nil {
		err = stopped
	}
	if err != nil {
		return err
	}
	return s.tellRuns(ctx, a, runs)
}

// watch shows how runs go until nothing remains in them.
func (s *session) watch(ctx context.Context, a *app, runIDs []int64) ([]mailing.Run, error) {
	bar := s.progress(s.say.T("cli.sending"), 0, false)
	defer bar.end()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		runs, busy, err := a.look(ctx, runIDs)
		if err != nil {
			return nil, err
		}
		var done, all int64
		for i := range runs {
			all += runs[i].Counts.Recipients
			done += runs[i].Counts.Recipients - runs[i].Counts.Remaining()
		}
		bar.show(done, all, s.trouble(ctx, a))
		if !busy {
			return runs, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-look.C:
		}
	}
}

// look reads runs, and says whether anything remains in one of them. A run in
// which everything is final is awaited until it is closed, so that the answer
// and the state agree.
func (a *app) look(ctx context.Context, runIDs []int64) (runs []mailing.Run, busy bool, err error) {
	for _, id := range runIDs {
		r, err := a.mailings.Run(ctx, account.CommandLine(), id)
		if err != nil {
			return nil, false, err
		}
		runs = append(runs, r)
		closing := r.Open() && r.Planned && r.Counts.Final() && r.State != mailing.RunPaused
		busy = busy || remains(&r) || closing
	}
	return runs, busy, nil
}

// trouble says which mail server is awaited, if one is.
func (s *session) trouble(ctx context.Context, a *app) string {
	list, err := a.ledger.Troubles(ctx)
	if err != nil || len(list) == 0 {
		return ""
	}
	// A command that sends waits for its own server; one that watches, for any.
	mine := slices.IndexFunc(list, func(t delivery.Trouble) bool { return t.Node == a.node || a.node == "" })
	if mine < 0 {
		return ""
	}
	reason := list[mine].Server + ": " + list[mine].Response
	if list[mine].Server == "" {
		reason = s.say.T("common.no_server")
	}
	return s.say.T("common.waiting_server", "Reason", reason)
}

// tellRuns answers what became of runs; the exit code says whether somebody's
// delivery failed.
func (s *session) tellRuns(ctx context.Context, a *app, runs []mailing.Run) error {
	failed := false
	list := make([]runJSON, 0, len(runs))
	for i := range runs {
		r := &runs[i]
		failed = failed || r.Counts.Failed > 0 || r.Counts.Uncertain > 0
		if s.json {
			run, err := s.runJSON(ctx, a, r)
			if err != nil {
				return err
			}
			list = append(list, run)
			continue
		}
		if err := s.tellRun(ctx, a, r); err != nil {
			return err
		}
	}
	if s.json {
		if err := s.write(map[string]any{"runs": list}); err != nil {
			return err
		}
	}
	if failed {
		return partly()
	}
	return nil
}

type mailingWatchCommand struct{ oneMailing }

// Run watches from outside: it sends nothing itself.
func (c *mailingWatchCommand) Run(ctx context.Context, s *session) error {
	a, err := s.open(ctx, duty{})
	if err != nil {
		return err
	}
	defer a.close()
	m, err := a.mailings.Get(ctx, account.CommandLine(), c.ID)
	if err != nil {
		return noMailing(err, c.ID)
	}
	if m.LastRun == nil {
		return fault.New(fault.Conflict, "cli.no_run", fault.Args{"Name": m.Name})
	}
	runs, err := s.watch(ctx, a, []int64{m.LastRun.ID})
	if err != nil {
		return err
	}
	return s.tellRuns(ctx, a, runs)
}
