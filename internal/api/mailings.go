package api

import (
	"context"
	"net/http"

	"gonets/internal/account"
	"gonets/internal/fault"
	"gonets/internal/mailing"
)

type mailingFilter struct {
	Page

	Owner    string `query:"owner" doc:"A user's id; without it moderators see the mailings of all."`
	Search   string `query:"search" doc:"Part of the name or of the message's subject."`
	State    string `query:"state" enum:"draft,active,paused,finished"`
	Disabled bool   `query:"disabled" doc:"Only those that a moderator stopped."`
}

type mailingChange struct {
	ByID
	Payload[MailingFields]
}

func (a *API) mailings() {
	handle(a, operation{
		method: http.MethodGet, path: "/mailings", id: "listMailings", refusals: []int{http.StatusForbidden},
		summary: "The caller's mailings; for moderators those of all users",
	}, a.listMailings)
	handle(a, operation{
		method: http.MethodPost, path: "/mailings", id: "createMailing", summary: "Draft a mailing",
		status: http.StatusCreated, required: []string{"name", "message_id", "audience", "schedule", "sender"},
	}, func(ctx context.Context, c caller, in *Payload[MailingFields]) (Mailing, error) {
		input, err := in.Data.over(mailing.Input{})
		if err != nil {
			return Mailing{}, err
		}
		m, err := a.Mailings.Create(ctx, c.Actor, input)
		return a.mailingOf(m), err
	})
	handle(a, operation{
		method: http.MethodGet, path: "/mailings/{id}", id: "getMailing", summary: "One mailing",
	}, func(ctx context.Context, c caller, in *ByID) (Mailing, error) {
		m, err := a.mailing(ctx, c, *in)
		return a.mailingOf(m), err
	})
	handle(a, operation{
		method: http.MethodPatch, path: "/mailings/{id}", id: "updateMailing",
		summary: "Change a mailing, from the next run on", refusals: []int{http.StatusForbidden},
	}, a.updateMailing)
	handle(a, operation{
		method: http.MethodDelete, path: "/mailings/{id}", id: "deleteMailing",
		summary: "Stop and hide a mailing; its runs stay on record", refusals: []int{http.StatusForbidden},
	}, func(ctx context.Context, c caller, in *ByID) (Deleted, error) {
		return remove(in, func(id int64) error { return a.Mailings.Delete(ctx, c.Actor, id) })
	})
	a.act("start", "Make a mailing active", a.Mailings.Start)
	a.act("pause", "Hold a mailing: nothing more leaves than what is leaving already", a.Mailings.Pause)
	a.act("resume", "Let a paused mailing go on", a.Mailings.Resume)
	a.act("stop", "End a mailing: who was not sent to is skipped", a.Mailings.Stop)
	handle(a, operation{
		method: http.MethodPost, path: "/mailings/{id}/send", id: "sendMailing", status: http.StatusAccepted,
		summary: "Open a run now, besides the schedule", refusals: []int{http.StatusForbidden, http.StatusConflict},
	}, func(ctx context.Context, c caller, in *ByID) (Opened, error) {
		id, err := in.id()
		if err != nil {
			return Opened{}, err
		}
		run, err := a.Mailings.Send(ctx, c.Actor, id)
		return Opened{formatID(run)}, err
	})
	a.judge("disable", "Stop a mailing by a moderator's word", a.Mailings.Disable, "reason")
	a.judge("enable", "Lift a disabling; the mailing goes on where it was (moderators)", a.Mailings.Enable)
}

func (a *API) listMailings(ctx context.Context, c caller, in *mailingFilter) (List[MailingSummary], error) {
	after, err := in.after()
	if err != nil {
		return List[MailingSummary]{}, err
	}
	f := mailing.Filter{Search: in.Search, State: mailing.State(in.State), Disabled: in.Disabled, Before: after, Limit: in.Limit}
	if in.Owner != "" {
		if f.Owner, err = parseID(in.Owner); err != nil {
			return List[MailingSummary]{Items: []MailingSummary{}}, nil //nolint:nilerr // nobody's id: nobody's mailings
		}
		if !account.Can(c.Actor, account.MailingView, account.Object{Kind: "mailing", Owner: f.Owner}) {
			return List[MailingSummary]{}, fault.Denied()
		}
	}
	list, more, err := a.Mailings.List(ctx, c.Actor, f)
	var next int64
	if more {
		next = list[len(list)-1].ID
	}
	return listOf(list, next, mailingSummaryOf), err
}

func (a *API) mailing(ctx context.Context, c caller, in ByID) (mailing.Mailing, error) {
	id, err := in.id()
	if err != nil {
		return mailing.Mailing{}, err
	}
	return a.Mailings.Get(ctx, c.Actor, id)
}

func (a *API) updateMailing(ctx context.Context, c caller, in *mailingChange) (Mailing, error) {
	m, err := a.mailing(ctx, c, in.ByID)
	if err != nil {
		return Mailing{}, err
	}
	input, err := in.Data.over(m.Input())
	if err != nil {
		return Mailing{}, err
	}
	m, err = a.Mailings.Update(ctx, c.Actor, m.ID, input)
	return a.mailingOf(m), err
}

// act registers what an owner does to a mailing.
func (a *API) act(verb, summary string,
	do func(ctx context.Context, actor account.Actor, id int64) (mailing.Mailing, error),
) {
	handle(a, operation{
		method: http.MethodPost, path: "/mailings/{id}/" + verb, id: verb + "Mailing", summary: summary,
		refusals: []int{http.StatusForbidden, http.StatusConflict},
	}, func(ctx context.Context, c caller, in *ByID) (Mailing, error) {
		id, err := in.id()
		if err != nil {
			return Mailing{}, err
		}
		m, err := do(ctx, c.Actor, id)
		return a.mailingOf(m), err
	})
}

// judge registers what a moderator does to a mailing.
func (a *API) judge(verb, summary string,
	do func(ctx context.Context, actor account.Actor, id int64, reason string) (mailing.Mailing, error), required ...string,
) {
	handle(a, operation{
		method: http.MethodPost, path: "/mailings/{id}/" + verb, id: verb + "Mailing", summary: summary,
		refusals: []int{http.StatusForbidden, http.StatusConflict}, required: required,
	}, func(ctx context.Context, c caller, in *reasoned) (Mailing, error) {
		id, err := in.id()
		if err != nil {
			return Mailing{}, err
		}
		m, err := do(ctx, c.Actor, id, in.Data.Reason)
		return a.mailingOf(m), err
	})
}
