package api

import (
	"context"
	"net/http"

	"gonets/internal/message"
	"gonets/internal/recipient"
)

// PreviewFields are for whom a message is previewed.
type PreviewFields struct {
	RecipientID *string `json:"recipient_id,omitempty" doc:"One of the caller's recipients; without it, a sample."`
}

// Preview is what a recipient would get.
type Preview struct {
	Subject  string   `json:"subject"`
	HTML     string   `json:"html" doc:"Empty for format text. It is the owner's own: show it in a sandbox."`
	Text     string   `json:"text"`
	Warnings []Reason `json:"warnings" nullable:"false" doc:"What is allowed, and probably not meant."`
}

// TestAnswer is what the mail server said to a test.
type TestAnswer struct {
	Code         int    `json:"code" doc:"Its reply code." example:"250"`
	EnhancedCode string `json:"enhanced_code" doc:"RFC 3463; may be empty."`
	Response     string `json:"response" doc:"Its own words."`
}

type previewRequest struct {
	ByID
	Payload[PreviewFields]
}

func (a *API) previews() {
	handle(a, operation{
		method: http.MethodPost, path: "/messages/{id}/preview", id: "previewMessage",
		summary: "What a recipient would get",
	}, func(ctx context.Context, c caller, in *previewRequest) (Preview, error) {
		p, err := a.preview(ctx, c, in)
		if err != nil {
			return Preview{}, err
		}
		shown := Preview{Subject: p.Subject, HTML: p.HTML, Text: p.Text, Warnings: make([]Reason, len(p.Warnings))}
		for i, w := range p.Warnings {
			shown.Warnings[i] = Reason{c.words.Sentence(w.Key, w.Args), w.Key}
		}
		return shown, nil
	})
	handle(a, operation{
		method: http.MethodPost, path: "/messages/{id}/test", id: "testMessage",
		refusals: []int{http.StatusTooManyRequests},
		summary:  "Send to the caller what a recipient would get; 503 with the mail server's words where it refuses",
	}, func(ctx context.Context, c caller, in *previewRequest) (TestAnswer, error) {
		p, err := a.preview(ctx, c, in)
		if err != nil {
			return TestAnswer{}, err
		}
		reply, err := a.Engine.SendTest(ctx, c.Actor, p.Content)
		return TestAnswer{reply.Code, reply.Enhanced, reply.Text}, err
	})
}

// preview composes a message of the caller's for a recipient of theirs.
func (a *API) preview(ctx context.Context, c caller, in *previewRequest) (message.Preview, error) {
	m, err := a.message(ctx, c, in.ByID)
	if err != nil {
		return message.Preview{}, err
	}
	var to *recipient.Recipient
	if in.Data.RecipientID != nil {
		r, err := a.recipient(ctx, c, ByID{*in.Data.RecipientID})
		if err != nil {
			return message.Preview{}, atField(err, "recipient_id", "api.recipient_missing")
		}
		to = &r
	}
	return a.Messages.Preview(ctx, c.Actor, m.Draft, to)
}
