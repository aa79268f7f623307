package api

import (
	"context"
	"net/http"
	"time"

	"gonets/internal/delivery"
	"gonets/internal/fault"
	"gonets/internal/mail"
	"gonets/internal/mailing"
)

// DeliverySummary is one recipient in one run.
type DeliverySummary struct {
	ID        string     `json:"id"`
	RunID     string     `json:"run_id"`
	MailingID string     `json:"mailing_id"`
	Recipient Addressee  `json:"recipient"`
	State     string     `json:"state" enum:"planned,leaving,accepted,deferred,failed,uncertain,skipped"`
	Reason    string     `json:"reason" doc:"Why it was skipped, failed or is uncertain: unsubscribed, suppressed, deleted, stopped, refused, gave_up, unsendable, crashed, lost_reply. Empty where there is none."`
	NextAt    *time.Time `json:"next_at" doc:"Deferred: when it is tried again."`
	UpdatedAt time.Time  `json:"updated_at"`
}

// Delivery is a delivery with all that was tried.
type Delivery struct {
	DeliverySummary

	MessageID string    `json:"message_id" doc:"The Message-ID of its letter, without brackets; the same in every copy."`
	Attempts  []Attempt `json:"attempts" nullable:"false" doc:"Oldest first."`
}

// Addressee is to whom something went. Moderators see the addresses of others
// masked; that of a deleted recipient is empty.
type Addressee struct {
	ID    string `json:"id"`
	Email string `json:"email"`
}

type deliveryFilter struct {
	ByID
	Page

	State string `query:"state" enum:"planned,leaving,accepted,deferred,failed,uncertain,skipped"`
}

func (a *API) deliveries() {
	handle(a, operation{
		method: http.MethodGet, path: "/runs/{id}/deliveries", id: "listDeliveries", summary: "The recipients of a run",
	}, a.listDeliveries)
	handle(a, operation{
		method: http.MethodGet, path: "/deliveries/{id}", id: "getDelivery", summary: "One recipient in one run, with every attempt",
	}, a.delivery)
}

func (a *API) listDeliveries(ctx context.Context, c caller, in *deliveryFilter) (List[DeliverySummary], error) {
	run, err := a.run(ctx, c, in.ByID)
	if err != nil {
		return List[DeliverySummary]{}, err
	}
	after, err := in.after()
	if err != nil {
		return List[DeliverySummary]{}, err
	}
	var states []delivery.State
	if state, ok := delivery.ParseState(in.State); ok {
		states = append(states, state)
	}
	list, err := a.Ledger.Deliveries(ctx, run.ID, states, after, in.Limit+1)
	if err != nil {
		return List[DeliverySummary]{}, err
	}
	var next int64
	if len(list) > in.Limit {
		list = list[:in.Limit]
		next = list[in.Limit-1].ID
	}
	emails, err := a.emails(ctx, c, run, list...)
	return listOf(list, next, func(d delivery.Delivery) DeliverySummary { return deliveryOf(d, run, emails) }), err
}

func deliveryOf(d delivery.Delivery, run mailing.Run, emails map[int64]string) DeliverySummary {
	return DeliverySummary{
		ID: formatID(d.ID), RunID: formatID(d.RunID), MailingID: formatID(run.MailingID),
		Recipient: Addressee{formatID(d.RecipientID), emails[d.RecipientID]},
		State:     d.State.String(), Reason: d.Reason, NextAt: moment(d.NextAt), UpdatedAt: d.UpdatedAt.UTC(),
	}
}

// emails are the addresses of deliveries' recipients, as the caller may see
// them. The caller may see the run.
func (a *API) emails(ctx context.Context, c caller, run mailing.Run, list ...delivery.Delivery) (map[int64]string, error) {
	ids := make([]int64, len(list))
	for i := range list {
		ids[i] = list[i].RecipientID
	}
	found, err := a.Recipients.ForSending(ctx, a.DB.Read(), ids)
	if err != nil {
		return nil, err
	}
	emails := make(map[int64]string, len(found))
	for id, r := range found {
		emails[id] = seen(c, run.UserID, r.Email)
	}
	return emails, nil
}

// seen is an address as the caller may see it.
func seen(c caller, owner int64, email string) string {
	if email == "" || c.ID == owner {
		return email
	}
	return mail.Mask(email)
}

func (a *API) delivery(ctx context.Context, c caller, in *ByID) (Delivery, error) {
	id, err := in.id()
	if err != nil {
		return Delivery{}, err
	}
	d, _, attempts, found, err := a.Ledger.Delivery(ctx, id)
	if err != nil {
		return Delivery{}, err
	}
	if !found {
		return Delivery{}, fault.Missing()
	}
	run, err := a.Mailings.Run(ctx, c.Actor, d.RunID)
	if err != nil {
		return Delivery{}, err
	}
	emails, err := a.emails(ctx, c, run, d)
	if err != nil {
		return Delivery{}, err
	}
	shown := Delivery{DeliverySummary: deliveryOf(d, run, emails), MessageID: a.Engine.MessageID(d.RunID, d.ID), Attempts: make([]Attempt, len(attempts))}
	for i := range attempts {
		shown.Attempts[i] = attemptOf(c, attempts[i])
	}
	return shown, nil
}
