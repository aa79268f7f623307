package api

import (
	"context"
	"net/http"
	"time"

	"gonets/internal/account"
	"gonets/internal/delivery"
	"gonets/internal/mail"
)

// Attempt is one try to hand a delivery to a mail server.
type Attempt struct {
	ID           string    `json:"id"`
	At           time.Time `json:"at"`
	Outcome      string    `json:"outcome" enum:"success,failure,unknown" doc:"Unknown: the message left, and no answer was read."`
	Stage        string    `json:"stage" doc:"Of the dialogue: connect, greeting, tls, auth, mail, rcpt, data, end_of_data."`
	Code         int64     `json:"code" doc:"The server's reply code; 0: no reply."`
	EnhancedCode string    `json:"enhanced_code" doc:"RFC 3463; may be empty." example:"5.1.1"`
	Response     string    `json:"response" doc:"The server's own words."`
	Server       string    `json:"server"`
	Recipient    Addressee `json:"recipient" doc:"With the address as it was used."`
	DeliveryID   string    `json:"delivery_id"`
	RunID        string    `json:"run_id"`
	MailingID    string    `json:"mailing_id"`
}

func attemptOf(c caller, t delivery.Attempt) Attempt {
	email, words := t.Address, t.Response
	if c.ID != t.UserID {
		email, words = seen(c, t.UserID, email), mail.MaskWords(words, email)
	}
	return Attempt{
		ID: formatID(t.ID), At: t.At.UTC(), Outcome: t.Outcome.String(), Stage: t.Stage, Code: t.Code,
		EnhancedCode: t.Enhanced, Response: words, Server: t.Server,
		Recipient:  Addressee{formatID(t.RecipientID), email},
		DeliveryID: formatID(t.DeliveryID), RunID: formatID(t.RunID), MailingID: formatID(t.MailingID),
	}
}

type attemptFilter struct {
	Page

	MailingID string `query:"mailing_id"`
	Outcome   string `query:"outcome" enum:"success,failure,unknown"`
	Code      int64  `query:"code" minimum:"200" maximum:"599" doc:"The server's reply code."`
}

func (a *API) attempts() {
	handle(a, operation{
		method: http.MethodGet, path: "/attempts", id: "listAttempts",
		summary: "What was tried, of the caller's mailings; for moderators of all",
	}, func(ctx context.Context, c caller, in *attemptFilter) (List[Attempt], error) {
		f, err := in.filter(c)
		if err != nil {
			return List[Attempt]{}, err
		}
		list, err := a.Ledger.Attempts(ctx, f)
		if err != nil {
			return List[Attempt]{}, err
		}
		var next int64
		if len(list) > in.Limit {
			list = list[:in.Limit]
			next = list[in.Limit-1].ID
		}
		return listOf(list, next, func(t delivery.Attempt) Attempt { return attemptOf(c, t) }), nil
	})
}

// filter asks for one more than a page, and for the caller's own where they
// may not see all.
func (in *attemptFilter) filter(c caller) (f delivery.Filter, err error) {
	f = delivery.Filter{Code: in.Code, Limit: in.Limit + 1}
	if f.Before, err = in.after(); err != nil {
		return f, err
	}
	if !account.Can(c.Actor, account.MailingView, account.Object{Kind: "mailing"}) {
		f.UserID = c.ID
	}
	if in.MailingID != "" {
		if f.MailingID, err = parseID(in.MailingID); err != nil {
			f.MailingID = -1 // nobody's: nothing was tried
		}
	}
	if outcome, ok := delivery.ParseOutcome(in.Outcome); ok {
		f.Outcomes = append(f.Outcomes, outcome)
	}
	return f, nil
}
