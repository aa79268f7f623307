package api

import (
	"context"
	"net/http"
	"time"

	"gonets/internal/delivery"
	"gonets/internal/mailing"
)

// Run is one firing of a mailing.
type Run struct {
	ID         string     `json:"id"`
	MailingID  string     `json:"mailing_id"`
	Kind       string     `json:"kind" enum:"schedule,manual,failed" doc:"Why it was opened: by the schedule, by hand, or again for those who failed."`
	State      string     `json:"state" enum:"planning,sending,paused,done,stopped"`
	Planned    bool       `json:"planned" doc:"Every recipient is counted: from now on recipients is the sum of the other counts."`
	DueAt      time.Time  `json:"due_at"`
	StartedAt  *time.Time `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at"`
	Counts     Counts     `json:"counts"`
}

// Counts are the numbers of a run. Recipients are the sum of the rest.
type Counts struct {
	Recipients int64 `json:"recipients"`
	Accepted   int64 `json:"accepted" doc:"By the mail server."`
	Deferred   int64 `json:"deferred" doc:"Refused for now, and tried again."`
	Failed     int64 `json:"failed"`
	Uncertain  int64 `json:"uncertain" doc:"It is not known whether the mail server took it."`
	Skipped    int64 `json:"skipped"`
	Remaining  int64 `json:"remaining"`
}

func countsOf(c delivery.Counts) Counts {
	return Counts{c.Recipients, c.Accepted, c.Deferred, c.Failed, c.Uncertain, c.Skipped, c.Remaining()}
}

func runOf(r mailing.Run) Run {
	return Run{
		ID: formatID(r.ID), MailingID: formatID(r.MailingID), Kind: string(r.Kind), State: string(r.State), Planned: r.Planned,
		DueAt: r.DueAt.UTC(), StartedAt: moment(r.StartedAt), FinishedAt: moment(r.FinishedAt), Counts: countsOf(r.Counts),
	}
}

type runPage struct {
	ByID
	Page
}

func (a *API) runs() {
	handle(a, operation{
		method: http.MethodGet, path: "/mailings/{id}/runs", id: "listRuns", summary: "The runs of a mailing",
	}, func(ctx context.Context, c caller, in *runPage) (List[Run], error) {
		id, err := in.id()
		if err != nil {
			return List[Run]{}, err
		}
		after, err := in.after()
		if err != nil {
			return List[Run]{}, err
		}
		list, more, err := a.Mailings.Runs(ctx, c.Actor, id, after, in.Limit)
		var next int64
		if more {
			next = list[len(list)-1].ID
		}
		return listOf(list, next, runOf), err
	})
	handle(a, operation{
		method: http.MethodGet, path: "/runs/{id}", id: "getRun", summary: "One run with its counts",
	}, func(ctx context.Context, c caller, in *ByID) (Run, error) {
		r, err := a.run(ctx, c, *in)
		return runOf(r), err
	})
}

func (a *API) run(ctx context.Context, c caller, in ByID) (mailing.Run, error) {
	id, err := in.id()
	if err != nil {
		return mailing.Run{}, err
	}
	return a.Mailings.Run(ctx, c.Actor, id)
}
