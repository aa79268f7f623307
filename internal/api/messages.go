package api

import (
	"context"
	"net/http"
	"time"

	"gonets/internal/message"
)

// MessageSummary is a message in a list.
type MessageSummary struct {
	ID        string    `json:"id"`
	Subject   string    `json:"subject"`
	Format    string    `json:"format" enum:"text,markdown,html"`
	Version   int       `json:"version" doc:"From 1; each edit makes a new one, used from the next run on."`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Message is what a mailing sends.
type Message struct {
	MessageSummary

	Body string `json:"body"`
	Text string `json:"text" doc:"The plain-text part; empty: made from the body."`
}

func messageSummaryOf(m message.Message) MessageSummary {
	return MessageSummary{
		ID: formatID(m.ID), Subject: m.Subject, Format: string(m.Format), Version: m.Number,
		CreatedAt: m.CreatedAt.UTC(), UpdatedAt: m.UpdatedAt.UTC(),
	}
}

func messageOf(m message.Message) Message {
	return Message{MessageSummary: messageSummaryOf(m), Body: m.Body, Text: m.Text}
}

// MessageFields are what may be set of a message.
type MessageFields struct {
	Subject *string `json:"subject,omitempty" example:"Hello, {{ recipient.name | default: 'friend' }}!"`
	Format  *string `json:"format,omitempty" enum:"text,markdown,html"`
	Body    *string `json:"body,omitempty" doc:"With variables; at most 1 MiB."`
	Text    *string `json:"text,omitempty" doc:"The plain-text part; empty: made from the body."`
}

func (f MessageFields) over(d message.Draft) message.Draft {
	set(&d.Subject, f.Subject)
	set((*string)(&d.Format), f.Format)
	set(&d.Body, f.Body)
	set(&d.Text, f.Text)
	return d
}

type messageFilter struct {
	Page

	Search string `query:"search" doc:"Part of the subject."`
}

type messageChange struct {
	ByID
	Payload[MessageFields]
}

func (a *API) messages() {
	handle(a, operation{
		method: http.MethodGet, path: "/messages", id: "listMessages", summary: "The caller's messages",
	}, func(ctx context.Context, c caller, in *messageFilter) (List[MessageSummary], error) {
		after, err := in.after()
		if err != nil {
			return List[MessageSummary]{}, err
		}
		list, next, err := a.Messages.List(ctx, c.Actor, message.Filter{Search: in.Search, After: after, Limit: in.Limit})
		return listOf(list, next, messageSummaryOf), err
	})
	handle(a, operation{
		method: http.MethodPost, path: "/messages", id: "createMessage", summary: "Write a message",
		status: http.StatusCreated, required: []string{"subject", "format", "body"},
	}, func(ctx context.Context, c caller, in *Payload[MessageFields]) (Message, error) {
		m, err := a.Messages.Create(ctx, c.Actor, in.Data.over(message.Draft{}))
		return messageOf(m), err
	})
	handle(a, operation{
		method: http.MethodGet, path: "/messages/{id}", id: "getMessage", summary: "One message",
	}, func(ctx context.Context, c caller, in *ByID) (Message, error) {
		m, err := a.message(ctx, c, *in)
		return messageOf(m), err
	})
	handle(a, operation{
		method: http.MethodPatch, path: "/messages/{id}", id: "updateMessage",
		summary: "Change a message, from the next run on",
	}, func(ctx context.Context, c caller, in *messageChange) (Message, error) {
		m, err := a.message(ctx, c, in.ByID)
		if err == nil {
			m, err = a.Messages.Update(ctx, c.Actor, m.ID, in.Data.over(m.Draft))
		}
		return messageOf(m), err
	})
	handle(a, operation{
		method: http.MethodDelete, path: "/messages/{id}", id: "deleteMessage",
		summary: "Delete a message that no mailing needs", refusals: []int{http.StatusConflict},
	}, func(ctx context.Context, c caller, in *ByID) (Deleted, error) {
		return remove(in, func(id int64) error { return a.Messages.Delete(ctx, c.Actor, id) })
	})
	a.previews()
}

func (a *API) message(ctx context.Context, c caller, in ByID) (message.Message, error) {
	id, err := in.id()
	if err != nil {
		return message.Message{}, err
	}
	return a.Messages.Get(ctx, c.Actor, id)
}
