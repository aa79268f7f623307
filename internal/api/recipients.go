package api

import (
	"context"
	"net/http"
	"time"

	"gonets/internal/recipient"
)

// Recipient is someone who gets mail.
type Recipient struct {
	ID         string         `json:"id"`
	Email      string         `json:"email"`
	Name       string         `json:"name"`
	Comment    string         `json:"comment"`
	Tags       []string       `json:"tags" nullable:"false"`
	Attributes map[string]any `json:"attributes" doc:"Texts, numbers, booleans, or lists of these."`
	TimeZone   string         `json:"time_zone"`
	Locale     string         `json:"locale"`
	Status     string         `json:"status" enum:"active,unsubscribed,suppressed" doc:"Only the active get mail."`
	StatusAt   *time.Time     `json:"status_at" doc:"When the status last changed."`
	CreatedAt  time.Time      `json:"created_at"`
	UpdatedAt  time.Time      `json:"updated_at"`
}

func recipientOf(r recipient.Recipient) Recipient {
	if r.Attributes == nil {
		r.Attributes = map[string]any{}
	}
	return Recipient{
		ID: formatID(r.ID), Email: r.Email, Name: r.Name, Comment: r.Comment, Tags: whole(r.Tags), Attributes: r.Attributes,
		TimeZone: r.TimeZone, Locale: r.Locale, Status: string(r.Status), StatusAt: moment(r.StatusAt),
		CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
	}
}

// RecipientFields are what may be set of a recipient.
type RecipientFields struct {
	Email      *string         `json:"email,omitempty" example:"anna@example.com"`
	Name       *string         `json:"name,omitempty"`
	Comment    *string         `json:"comment,omitempty" doc:"The owner's own note."`
	Tags       *[]string       `json:"tags,omitempty" nullable:"false"`
	Attributes *map[string]any `json:"attributes,omitempty" doc:"Texts, numbers, booleans, or lists of these, for templates to name."`
	TimeZone   *string         `json:"time_zone,omitempty" doc:"IANA name; empty: the owner's." example:"Europe/Moscow"`
	Locale     *string         `json:"locale,omitempty" doc:"BCP 47 tag; empty: the owner's." example:"ru"`
}

// over lays the fields over a draft.
func (f RecipientFields) over(d recipient.Draft) recipient.Draft {
	set(&d.Email, f.Email)
	set(&d.Name, f.Name)
	set(&d.Comment, f.Comment)
	set(&d.Tags, f.Tags)
	set(&d.Attributes, f.Attributes)
	set(&d.TimeZone, f.TimeZone)
	set(&d.Locale, f.Locale)
	return d
}

type recipientFilter struct {
	Page

	Search string `query:"search" doc:"Part of the address, the name or the comment."`
	Tag    string `query:"tag" doc:"A tag's name."`
	Status string `query:"status" enum:"active,unsubscribed,suppressed"`
}

type recipientChange struct {
	ByID
	Payload[RecipientFields]
}

func (a *API) recipients() {
	handle(a, operation{
		method: http.MethodGet, path: "/recipients", id: "listRecipients", summary: "The caller's recipients",
	}, func(ctx context.Context, c caller, in *recipientFilter) (List[Recipient], error) {
		after, err := in.after()
		if err != nil {
			return List[Recipient]{}, err
		}
		list, next, err := a.Recipients.List(ctx, c.Actor, recipient.Filter{
			Search: in.Search, Tag: in.Tag, Status: recipient.Status(in.Status), After: after, Limit: in.Limit,
		})
		return listOf(list, next, recipientOf), err
	})
	handle(a, operation{
		method: http.MethodPost, path: "/recipients", id: "createRecipient", summary: "Add a recipient",
		status: http.StatusCreated, required: []string{"email"},
	}, func(ctx context.Context, c caller, in *Payload[RecipientFields]) (Recipient, error) {
		r, err := a.Recipients.Create(ctx, c.Actor, in.Data.over(recipient.Draft{}))
		return recipientOf(r), err
	})
	handle(a, operation{
		method: http.MethodGet, path: "/recipients/{id}", id: "getRecipient", summary: "One recipient",
	}, func(ctx context.Context, c caller, in *ByID) (Recipient, error) {
		r, err := a.recipient(ctx, c, *in)
		return recipientOf(r), err
	})
	handle(a, operation{
		method: http.MethodPatch, path: "/recipients/{id}", id: "updateRecipient", summary: "Change a recipient",
	}, func(ctx context.Context, c caller, in *recipientChange) (Recipient, error) {
		r, err := a.recipient(ctx, c, in.ByID)
		if err == nil {
			r, err = a.Recipients.Update(ctx, c.Actor, r.ID, in.Data.over(r.Draft()))
		}
		return recipientOf(r), err
	})
	handle(a, operation{
		method: http.MethodDelete, path: "/recipients/{id}", id: "deleteRecipient",
		summary: "Delete a recipient; what was sent to them stays on record without their address",
	}, func(ctx context.Context, c caller, in *ByID) (Deleted, error) {
		return remove(in, func(id int64) error { return a.Recipients.Delete(ctx, c.Actor, id) })
	})
}

func (a *API) recipient(ctx context.Context, c caller, in ByID) (recipient.Recipient, error) {
	id, err := in.id()
	if err != nil {
		return recipient.Recipient{}, err
	}
	return a.Recipients.Get(ctx, c.Actor, id)
}
